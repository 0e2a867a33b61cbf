"""AutoencoderTransformer: the plain autoencoder, nonlinear PCA."""

from __future__ import annotations

from typing import Literal, final

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import real_in
from ._fits import _defaults
from ._fits._noise import gaussian_input
from ._typing import Auto, BuildNetwork, Callbacks, Loss, Optimizer, Seed, Widths


@final
class AutoencoderTransformer(BaseAutoencoder):
    """Autoencoder with the interface of PCA.

    An encoder maps rows to a code of `n_components` numbers, a decoder maps the code
    back, and both are trained to give back the rows. With ``init="pca"`` each half is
    a linear path plus a perceptron: the linear path starts at the principal
    components, the perceptron's last layer at zero. The network therefore starts as
    PCA, that start is a candidate when the best epoch is chosen on validation rows,
    and it is kept if the gain over it could be an accident.

    The loss is taken in the units of the table, as PCA takes it, so columns of
    different units should be scaled first, with
    :class:`~sklearn.preprocessing.StandardScaler`.

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
        ``"threshold"``. The code and the output are linear.

    init : {"pca", "random"}, default="pca"
        ``"pca"`` starts at PCA, with a linear path beside the layers; ``"random"`` is
        the plain multilayer perceptron of the textbooks, from He's or Glorot's random
        weights. Not used with `build_network`.

    input_noise : float or "auto", default="auto"
        Standard deviation of Gaussian noise on the inputs while training, in standard
        deviations of each column. It regularises; 0 turns it off. ``"auto"`` takes 0.4
        times the square root of the fraction of variance that PCA leaves unexplained,
        and less above 10,000 rows.

    build_network : callable, default=None
        ``(n_features, n_components) -> (encoder, decoder)``, two Keras models of any
        layers, in place of the dense network. It sees the rows as they are, and
        `hidden_layer_sizes`, `activation` and `init` are not used. It must be
        importable for the estimator to be pickled.

    loss : str, keras.losses.Loss or callable, default="mse"
        Name or instance of a Keras loss, computed in the units of the table.

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
        Number of passes over the rows. ``"auto"`` gives two updates a row, between
        2,500 and 8,000 altogether, fewer for very wide networks, and at most 600
        epochs.

    features : {"code", "all"}, default="code"
        What `transform` gives: the code, or beside it the activations of all hidden
        layers of encoder and decoder, which can serve a classifier better.

    validation_fraction : float, default=0.1
        Fraction of the rows held out, at random, to choose the best epoch. With 0 the
        last epoch stays, and so does the risk of being worse than PCA.

    patience : int, default=None
        Stop after so many epochs without a better validation loss. Needs validation
        rows.

    callbacks : list of keras.callbacks.Callback, default=None
        Called at the beginning and end of training and of each epoch. A clone, as each
        fit of a search is, calls copies. One that sets the learning rate takes it over
        from the schedule.

    warm_start : bool, default=False
        Go on from the weights of the last fit.

    verbose : int, default=0
        1 prints about ten lines a fit and how the result compares with PCA, 2 a line
        each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the split, the order of rows, the noise and the dropout,
        each by a stream of its own. An int gives the same bits in any thread or
        process. None takes fresh entropy; no global generator is read or moved.

    Attributes
    ----------
    n_components_ : int
        Width of the code.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    mean_ : ndarray of shape (n_features,)
        Means of the columns.

    explained_variance_ : ndarray of shape (n_principal_components,)
        Variance along the principal components that the network started from, not of
        the codes; at most `n_components_` of them, and only those that have any.

    explained_variance_ratio_ : ndarray of shape (n_principal_components,)
        The same as fractions of the total variance.

    history_ : dict of list of float
        One value an epoch: "loss" (on the inputs with noise), "val_loss",
        "penalty" (what regularizers of a custom network add) and "learning_rate".

    n_epochs_ : int
        Number of epochs trained.

    best_epoch_ : int
        The epoch whose weights were kept; 0 if the start was.

    pca_loss_ : float
        Mean squared error of PCA of the same width on the validation rows: with the
        loss "mse", what "val_loss" is to be compared with.

    pca_score_ : float
        R² of PCA of the same width on the validation rows: what had to be beaten. NaN
        without validation rows.

    validation_score_ : float
        R² of the autoencoder on the validation rows.

    encoder_, decoder_, autoencoder_ : keras.Model
        The fitted network as Keras models in float32, built when first asked for. They
        are copies: the estimator itself does not change with them.

    See Also
    --------
    sklearn.decomposition.PCA : The linear autoencoder with the least error.

    Notes
    -----
    The dense network's code is linear in the last hidden layer, which leaves its basis
    open. After training it is rotated so that the codes of the training rows are centred,
    uncorrelated, and sorted by variance, as PCA's are; the reconstruction stays. Unlike
    PCA's, the codes are not in the units of the table and depend on `random_state`, so
    a scaler behind the autoencoder helps methods that need one.

    A fitted dense network is a few NumPy arrays: transforming, scoring and unpickling
    need neither Keras nor TensorFlow.

    References
    ----------
    .. [1] G. E. Hinton and R. R. Salakhutdinov, "Reducing the dimensionality of data
       with neural networks", Science 313, 504-507, 2006.
    .. [2] P. Baldi and K. Hornik, "Neural networks and principal component analysis:
       learning from examples without local minima", Neural Networks 2, 53-58, 1989.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae import AutoencoderTransformer
    >>> X = load_digits().data
    >>> autoencoder = AutoencoderTransformer(5, max_epochs=20, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (1797, 5)
    >>> bool(autoencoder.validation_score_ > autoencoder.pca_score_ + 0.1)
    True
    """

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "input_noise": [real_in(0), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_components: float = 2,
        *,
        hidden_layer_sizes: Widths = (128, 64),
        activation: str = "silu",
        init: Literal["pca", "random"] = "pca",
        input_noise: float | Auto = "auto",
        build_network: BuildNetwork | None = None,
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
        self.init = init
        self.input_noise = input_noise
        self.build_network = build_network
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

    def _corruptions(self, pca, table, row_index):
        level = self.input_noise
        if level == "auto":
            level = _defaults.input_noise(pca, table.n_behind or len(row_index))
        return [gaussian_input(level, pca, table)]
