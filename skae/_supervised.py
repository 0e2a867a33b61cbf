"""SupervisedAutoencoder: a code that keeps the rows, and what the target needs of them."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NoReturn, Self, final

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import parameters_checked, real_in
from ._data._labels import check_labels
from ._data._validation import nothing_lost
from ._fits._autoencoder import Fit
from ._fits._noise import NOISES, Corruption, check_level, noise_maker
from ._fits._supervised import SupervisedPlan, prior_of, rows_and_labels
from ._fits._targets import labels_of, targets_of
from ._typing import (
    ArrayLike,
    Auto,
    BuildNetwork,
    Callbacks,
    Loss,
    NoiseName,
    Optimizer,
    Rows,
    Seed,
    Widths,
)


@final
class SupervisedAutoencoder(BaseAutoencoder):
    """Autoencoder whose code also serves a target.

    While it is trained, a linear model, the head, predicts the target `y` from the code:
    the network minimises the error of the reconstruction plus `target_weight` times the
    loss of the head. Ahead of a classifier or regressor, a few of its codes can hold what
    those of PCA, which knows the rows alone, spread over many. The head is not kept.

    Rows without a label count in the reconstruction only, so a few labels shape the code
    of all rows.

    Parameters
    ----------
    n_components : int or float, default=2
        Width of the code. A float between 0 and 1 asks for the smallest number of
        principal components that keeps more than this fraction of the variance. The
        code may be wider than the table.

    target_weight : float, default=3.0
        What the loss of the target counts beside that of the rows, each in units of its
        value before training, when nothing but means and shares is known. 0 is the plain
        autoencoder.

    target_type : {"auto", "categorical", "continuous"}, default="auto"
        What `y` holds: classes, told apart by their cross-entropy, or numbers, predicted
        with the least squared error. ``"auto"`` takes numbers with digits behind the
        point, whole numbers of more than 100 values, and several columns as continuous.

    noise : {"swap", "masking", "gaussian", "salt_and_pepper"}, default="swap"
        What is done to the inputs while training, as in :class:`DenoisingAutoencoder`: it
        keeps the encoder from learning the labels of the training rows by heart.

    noise_level : float, default=0.1
        Probability that a cell is corrupted, in [0, 1); with ``"gaussian"`` the
        standard deviation of the noise, in standard deviations of the column.

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
    target_type_ : {"categorical", "continuous"}
        What `y` was taken for.

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
        One value an epoch: "loss" (on the inputs with noise) and "val_loss", the sums
        of both losses, "penalty" (what regularizers of a custom network add) and
        "learning_rate".

    n_epochs_ : int
        Number of epochs trained.

    best_epoch_ : int
        The epoch whose weights were kept; 0 if the start was.

    pca_loss_ : float
        Mean squared error of PCA of the same width on the validation rows.

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
    AutoencoderClassifier : Predicts classes itself.
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : Linear codes for classes, at
        most one less than there are.
    sklearn.cross_decomposition.PLSRegression : Linear codes for numbers.

    Notes
    -----
    The best epoch is the one with the lowest sum of both losses on the validation rows, and
    PCA is kept where no epoch is beyond doubt below it. The codes are centred, uncorrelated
    and sorted by variance, as those of :class:`AutoencoderTransformer` are.

    Codes of the training rows fit their labels better than those of new rows do. In a
    pipeline this is as it is with any supervised transformer: judge it by
    cross-validation of the whole.

    References
    ----------
    .. [1] L. Le, A. Patterson and M. White, "Supervised autoencoders: Improving
       generalization performance with unsupervised regularizers", NeurIPS 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import SupervisedAutoencoder
    >>> X, y = load_digits(return_X_y=True)
    >>> supervised = SupervisedAutoencoder(2, max_epochs=30, random_state=0)
    >>> pipeline = make_pipeline(supervised, StandardScaler(), LogisticRegression())
    >>> bool(cross_val_score(pipeline, X, y, cv=3).mean() > 0.85)  # of PCA: 0.57
    True
    """

    target_type_: str

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "target_weight": [real_in(0)],
        "target_type": [StrOptions({"auto", "categorical", "continuous"})],
        "noise": [StrOptions(set(NOISES))],
        "noise_level": [real_in(0)],
    }

    def __init__(
        self,
        n_components: float = 2,
        *,
        target_weight: float = 3.0,
        target_type: Literal["auto", "categorical", "continuous"] = "auto",
        noise: NoiseName = "swap",
        noise_level: float = 0.1,
        hidden_layer_sizes: Widths = (128, 64),
        activation: str = "silu",
        init: Literal["pca", "random"] = "pca",
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
        self.target_weight = target_weight
        self.target_type = target_type
        self.noise = noise
        self.noise_level = noise_level
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
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

    @parameters_checked
    def fit(
        self,
        X: Rows,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: Rows | None = None,
        y_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the autoencoder on the rows of `X` and their target.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their target: classes, or one or several numbers. None and NaN mark rows
            without one, and so does -1 beside two or more classes that are whole numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.
        X_val : {array-like, CSR matrix} of shape (n_validation, n_features), \
default=None
            Rows that choose the best epoch, in place of a `validation_fraction` of
            `X`.
        y_val : array-like of shape (n_validation,) or (n_validation, n_targets), \
default=None
            Their target.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group are held out for validation together, or not at all.

        Returns
        -------
        self : object
            The fitted autoencoder. If `fit` fails or is interrupted, the estimator is
            as it was before.

        Raises
        ------
        ValueError
            If `y` is missing, holds no label or classes where numbers are asked for.
        """
        labels = partial(self._labels, y, y_val)
        with nothing_lost(self):
            return self._fit(Fit, X, sample_weight, X_val, groups, labels=labels)

    @property
    def partial_fit(self) -> NoReturn:
        """Not there: a later call may bring classes that the first one has not seen."""
        raise AttributeError(
            "SupervisedAutoencoder has no partial_fit; call fit with all rows."
        )

    def _labels(self, y, y_val, rows):
        """Return what the labels add to checked rows."""
        check_labels(self, rows.X, y, "X", "y")
        target, labels = targets_of(y, self.target_type, rows.weight)
        added = {"target": target, "labels": labels}
        if rows.X_val is not None or y_val is not None:
            if rows.X_val is None or y_val is None:
                raise ValueError("X_val and y_val go together; pass both, or none.")
            check_labels(self, rows.X_val, y_val, "X_val", "y_val")
            added["labels_val"] = labels_of(target, y_val, "y_val")
        self.target_type_ = target.kind
        return added

    def _corruptions(self, pca, table, row_index):
        check_level(self.noise, self.noise_level)
        if not self.noise_level:
            return [Corruption()]
        make = noise_maker(self.noise, pca, table, row_index)
        return [Corruption(make(self.noise_level))]

    def _task(self, rows):
        reconstruction = super()._task(rows)
        if not self.target_weight:
            return reconstruction
        has_units = self.build_network is None
        return rows_and_labels(reconstruction, rows, self.target_weight, has_units)

    def _plan(self, rows, goes_on):
        plan = super()._plan(rows, goes_on)
        if not self.target_weight:
            return plan
        return SupervisedPlan(plan, prior_of(rows))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
