"""StackedAutoencoder: trained a layer at a time, then as a whole."""

from __future__ import annotations

from typing import Literal, final

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import real_in
from ._fits._noise import NOISES, Corruption, noise_maker
from ._fits._stack import StackPlan
from ._layer import LayerAutoencoder
from ._models._code import penalised_code
from ._typing import Auto, Callbacks, Curves, Loss, NoiseName, Optimizer, Seed, Widths


@final
class StackedAutoencoder(BaseAutoencoder):
    """Deep autoencoder built of shallow ones, trained one after the other.

    Each layer is an autoencoder of its own: the first of the rows, each further one of
    the clean codes of the one below. Unrolled, they make a deep autoencoder, which is
    then fine-tuned as a whole. This is how deep autoencoders were first trained.
    Training them holds the table in memory, once more and dense.

    Parameters
    ----------
    n_components : int or float, default=2
        Width of the code. A float between 0 and 1 asks for the smallest number of
        principal components that keeps more than this fraction of the variance. The
        code may be wider than the table.

    hidden_layer_sizes : int or sequence of int, default=(128, 64)
        Widths of the encoder's hidden layers; the decoder mirrors them. ``()`` is a
        linear autoencoder.

    activation : str, default="silu"
        Activation of the hidden layers, any Keras name but ``"glu"`` and
        ``"threshold"``. Not used with `sparsity`. The output is linear, and the code
        too without `sparsity`.

    pretrain_epochs : int or "auto", default="auto"
        Number of epochs that each layer is trained alone; ``"auto"`` as for
        `max_epochs`.

    fine_tune : bool, default=True
        Whether to train the whole after its layers.

    noise : {"swap", "masking", "gaussian", "salt_and_pepper"}, default=None
        Makes each layer a denoising autoencoder: what is done to its input while it is
        trained alone, as in :class:`DenoisingAutoencoder`.

    noise_level : float, default=0.2
        Level of the noise in units of each layer's input. Not used without `noise`.

    sparsity : {"kl", "l1"}, default=None
        Makes each layer a sparse autoencoder, as in :class:`SparseAutoencoder`:
        ``"kl"`` with logistic units, ``"l1"`` with rectified ones, in the code and in
        the hidden layers.

    sparsity_target : float, default=0.05
        For ``"kl"``, the mean activation to reach, in (0, 1).

    sparsity_weight : float, default=None
        For ``"kl"``, the weight of the penalty beside the mean squared error of a row's
        cells; for ``"l1"``, beside their sum; both errors in units of the mean variance
        of the columns. None means 0.03 for ``"kl"`` and 0.1 for ``"l1"``.

    loss : str, keras.losses.Loss or callable, default="mse"
        Name or instance of a Keras loss, computed in the units of the table. Inner
        layers, alone, take the squared error of the codes below.

    optimizer : str or keras.optimizers.Optimizer, default="adamw"
        Name or instance of a Keras optimizer. An instance is copied, never changed.

    learning_rate : float, default=None
        Highest learning rate: it warms up over the first 5 % of the updates and then
        falls to zero as a cosine. None means 5e-3, or the rate that an optimizer
        instance brings; a schedule that it brings is followed.

    weight_decay : float, default=None
        Decoupled weight decay. None means 1e-2, or what an optimizer instance brings.

    batch_size : int or "auto", default="auto"
        Rows in a batch. ``"auto"`` is a power of two, about a fortieth of the rows,
        between 32 and 512.

    max_epochs : int or "auto", default="auto"
        Number of passes over the rows in fine-tuning. ``"auto"`` gives two updates a
        row, between 2,500 and 8,000 altogether, fewer for very wide networks, and at
        most 600 epochs.

    features : {"code", "all"}, default="code"
        What `transform` gives: the code, or beside it the activations of all hidden
        layers of encoder and decoder, which can serve a classifier better.

    validation_fraction : float, default=0.1
        Fraction of the rows held out, at random, to choose the best epoch of
        each layer and of the whole. With 0 the last epochs stay.

    patience : int, default=None
        Stop fine-tuning after so many epochs without a better validation loss. Needs
        validation rows. Pre-training does not stop early.

    callbacks : list of keras.callbacks.Callback, default=None
        Called in fine-tuning, at its beginning and end and those of each epoch. A clone,
        as each fit of a search is, calls copies. One that sets the learning rate takes
        it over from the schedule.

    warm_start : bool, default=False
        Go on from the weights of the last fit, without training layers alone again.

    verbose : int, default=0
        1 prints about ten lines a fit and how the result compares with PCA, 2 a line
        each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the split, the order of rows, the noise and the dropout,
        each by a stream of its own. An int gives the same bits in any thread or
        process. None takes fresh entropy; no global generator is read or moved.

    Attributes
    ----------
    layers_ : list of estimator
        The autoencoders of the layers as they were before fine-tuning, with `transform`
        and all else. Before fine-tuning the whole gives what they give one after the
        other.

    layer_history_ : list of dict
        The `history_` of each layer.

    pretrained_score_ : float
        R² of the whole on the validation rows before fine-tuning. NaN without
        validation rows.

    n_components_ : int
        Width of the code.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    mean_ : ndarray of shape (n_features,)
        Means of the columns.

    explained_variance_ : ndarray of shape (n_principal_components,)
        Variance along the principal components of the training rows, not of the codes;
        at most `n_components_` of them, and only those that have any.

    explained_variance_ratio_ : ndarray of shape (n_principal_components,)
        The same as fractions of the total variance.

    history_ : dict of list of float
        One value an epoch of fine-tuning: "loss", "val_loss", "penalty" and
        "learning_rate". Empty without fine-tuning.

    n_epochs_ : int
        Number of epochs of fine-tuning.

    best_epoch_ : int
        The epoch of fine-tuning whose weights were kept; 0 if those from before were.

    pca_loss_ : float
        Mean squared error of PCA of the same width on the validation rows: with the
        loss "mse", what "val_loss" is to be compared with.

    pca_score_ : float
        R² of PCA of the same width on the validation rows. NaN without validation rows.

    validation_score_ : float
        R² of the autoencoder on the validation rows.

    encoder_, decoder_, autoencoder_ : keras.Model
        The fitted network as Keras models in float32, built when first asked for. They
        are copies: the estimator itself does not change with them.

    See Also
    --------
    AutoencoderTransformer : A deep autoencoder trained at once.

    References
    ----------
    .. [1] G. E. Hinton and R. R. Salakhutdinov, "Reducing the dimensionality of data
       with neural networks", Science 313, 504-507, 2006.
    .. [2] Y. Bengio, P. Lamblin, D. Popovici and H. Larochelle, "Greedy layer-wise
       training of deep networks", NIPS 2006.
    .. [3] P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio and P.-A. Manzagol, "Stacked
       denoising autoencoders", Journal of Machine Learning Research 11, 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae import StackedAutoencoder
    >>> X = load_digits().data
    >>> stack = StackedAutoencoder(
    ...     5, pretrain_epochs=10, max_epochs=20, random_state=0
    ... ).fit(X)
    >>> [layer.n_components_ for layer in stack.layers_]
    [128, 64, 5]
    >>> bool(stack.validation_score_ >= stack.pretrained_score_)
    True
    """

    layers_: list[LayerAutoencoder]
    layer_history_: list[Curves]
    pretrained_score_: float

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "pretrain_epochs": BaseAutoencoder._parameter_constraints["max_epochs"],
        "fine_tune": ["boolean"],
        "noise": [StrOptions(set(NOISES)), None],
        "noise_level": [real_in(0)],
        "sparsity": [StrOptions({"kl", "l1"}), None],
        "sparsity_target": [real_in(1e-6, 1 - 1e-6, closed="both")],
        "sparsity_weight": [real_in(0), None],
    }
    del _parameter_constraints["init"], _parameter_constraints["build_network"]

    init = "random"  # of the layers; the whole starts from them
    build_network = None

    def __init__(
        self,
        n_components: float = 2,
        *,
        hidden_layer_sizes: Widths = (128, 64),
        activation: str = "silu",
        pretrain_epochs: int | Auto = "auto",
        fine_tune: bool = True,
        noise: NoiseName | None = None,
        noise_level: float = 0.2,
        sparsity: Literal["kl", "l1"] | None = None,
        sparsity_target: float = 0.05,
        sparsity_weight: float | None = None,
        loss: Loss = "mse",
        optimizer: Optimizer = "adamw",
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        batch_size: int | Auto = "auto",
        max_epochs: int | Auto = "auto",
        features: Literal["code", "all"] = "code",
        validation_fraction: float = 0.1,
        patience: int | None = None,
        callbacks: Callbacks = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Seed = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.pretrain_epochs = pretrain_epochs
        self.fine_tune = fine_tune
        self.noise = noise
        self.noise_level = noise_level
        self.sparsity = sparsity
        self.sparsity_target = sparsity_target
        self.sparsity_weight = sparsity_weight
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.features = features
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def _plan(self, rows, goes_on):
        dense = super()._plan(rows, goes_on)
        return StackPlan(
            hidden_layer_sizes=dense.hidden_layer_sizes,
            activation=self._hidden_activation,
            init=self.init,
            code_layer=self._code_layer,
            make_layer=self._layer,
            layers=self.layers_ if goes_on else None,
            pretrained_score=self.pretrained_score_ if goes_on else None,
        )

    def _epochs(self):
        return self.max_epochs if self.fine_tune else 0

    @property
    def _hidden_activation(self):
        """The activation of the hidden layers, which a sparsity brings along."""
        return {"kl": "sigmoid", "l1": "relu"}.get(self.sparsity, self.activation)

    def _input_noise(self, pca, table, row_index):
        if self.noise is None:
            return Corruption()
        return Corruption(noise_maker(self.noise, pca, table, row_index)(self.noise_level))

    def _code_layer(self, n_components):
        if self.sparsity is None:
            return None
        return penalised_code(
            self.sparsity, self.sparsity_target, self.sparsity_weight, self.n_features_in_
        )

    def _layer(self, width, is_first, is_last, seed):
        """Return the autoencoder to train as one of the layers."""
        return LayerAutoencoder(
            width,
            activation=self._hidden_activation,
            is_first=is_first,
            is_last=is_last,
            noise=self.noise,
            noise_level=self.noise_level,
            sparsity=self.sparsity,
            sparsity_target=self.sparsity_target,
            sparsity_weight=self.sparsity_weight,
            loss=self.loss if is_first else "mse",
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.pretrain_epochs,
            validation_fraction=0,  # the whole's validation rows are given
            verbose=self.verbose,
            random_state=seed,
        )
