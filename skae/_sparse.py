"""SparseAutoencoder: a code of many units, of which few are active in a row."""

from __future__ import annotations

import math
from typing import Literal, final

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import integer_from, real_in
from ._data._rows import chunk_slices, take
from ._data._threads import one_blas_thread
from ._data._validation import checked_rows
from ._fits._noise import gaussian_input
from ._models._code import TopKCode, penalised_code
from ._typing import Auto, Callbacks, Given, Loss, Optimizer, Rows, Seed, Widths


@final
class SparseAutoencoder(BaseAutoencoder):
    """Autoencoder whose code is sparse: a row is described by a few of many units.

    With `hidden_layer_sizes` empty, each row is approximated as a constant plus a sum of
    few *atoms*, the rows of the decoder's weights, as in dictionary learning; but the
    code comes from one matrix product instead of an optimisation for each row.

    Parameters
    ----------
    n_components : int, float or None, default=None
        Number of units, commonly more than the table has columns. None takes twice the
        number of columns. A float between 0 and 1 asks for the smallest number of
        principal components that keeps more than this fraction of the variance.

    sparsity : {"topk", "kl", "l1"}, default="topk"
        ``"topk"`` keeps the largest `n_nonzero` rectified activations of each row;
        ``"kl"`` has logistic units and draws the mean activation of each over the data
        towards `sparsity_target`; ``"l1"`` has rectified units and penalises the sum of
        a row's activations.

    n_nonzero : int, default=None
        For ``"topk"``, the number of activations to keep. None takes a tenth of the
        units, rounded up.

    sparsity_target : float, default=0.05
        For ``"kl"``, the mean activation to reach, in (0, 1).

    sparsity_weight : float, default=None
        For ``"kl"``, the weight of the penalty beside the mean squared error of a row's
        cells; for ``"l1"``, beside their sum; both errors in units of the mean variance
        of the columns. None means 0.03 for ``"kl"`` and 0.1 for ``"l1"``.

    sparse_output : bool, default=False
        Whether `transform` gives a CSR matrix.

    hidden_layer_sizes : int or sequence of int, default=()
        Widths of the encoder's hidden layers before the code; the decoder mirrors them.

    activation : str, default="relu"
        Activation of the hidden layers, any Keras name but ``"glu"`` and
        ``"threshold"``.

    input_noise : float, default=0.0
        Standard deviation of Gaussian noise on the inputs while training, in standard
        deviations of each column.

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
        last epoch stays.

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
    mean_activation_ : ndarray of shape (n_components,)
        Mean of each unit over the training rows, those of the last call after
        `partial_fit`, weighted by `sample_weight`.

    active_fraction_ : ndarray of shape (n_components,)
        Fraction of these rows in which each unit is active: above 0, or above one half
        with ``"kl"``.

    dead_units_ : ndarray of int
        The units that are active in none of these rows.

    n_components_ : int
        Number of units.

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
        One value an epoch: "loss" (the error alone), "penalty" (of the sparsity, with
        its weight), "val_loss" and "learning_rate".

    n_epochs_ : int
        Number of epochs trained.

    best_epoch_ : int
        The epoch whose weights were kept: the one with the least validation loss, to
        which ``"kl"`` and ``"l1"`` add the penalty.

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
    skae.sparsity : The code layers, to be used in Keras models.
    sklearn.decomposition.DictionaryLearning : Sparse codes by optimisation.

    References
    ----------
    .. [1] Alireza Makhzani and Brendan Frey, "k-sparse autoencoders", ICLR 2014.
    .. [2] Andrew Ng, "Sparse autoencoder", CS294A lecture notes, Stanford, 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae import SparseAutoencoder
    >>> X = load_digits().data
    >>> autoencoder = SparseAutoencoder(
    ...     100, n_nonzero=8, max_epochs=20, random_state=0
    ... ).fit(X)
    >>> codes = autoencoder.transform(X)
    >>> codes.shape, int((codes != 0).sum(axis=1).max())
    ((1797, 100), 8)
    """

    mean_activation_: np.ndarray
    active_fraction_: np.ndarray
    dead_units_: np.ndarray

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "n_components": [*BaseAutoencoder._parameter_constraints["n_components"], None],
        "sparsity": [StrOptions({"topk", "kl", "l1"})],
        "n_nonzero": [integer_from(1), None],
        "sparsity_target": [real_in(1e-6, 1 - 1e-6, closed="both")],
        "sparsity_weight": [real_in(0), None],
        "sparse_output": ["boolean"],
        "input_noise": [real_in(0)],
    }
    del _parameter_constraints["init"], _parameter_constraints["build_network"]

    init = "random"  # a sparse code has no PCA to start from
    build_network = None  # takes the layers of skae.sparsity, with AutoencoderTransformer

    def __init__(
        self,
        n_components: float | None = None,
        *,
        sparsity: Literal["topk", "kl", "l1"] = "topk",
        n_nonzero: int | None = None,
        sparsity_target: float = 0.05,
        sparsity_weight: float | None = None,
        sparse_output: bool = False,
        hidden_layer_sizes: Widths = (),
        activation: str = "relu",
        input_noise: float = 0.0,
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
        self.sparsity = sparsity
        self.n_nonzero = n_nonzero
        self.sparsity_target = sparsity_target
        self.sparsity_weight = sparsity_weight
        self.sparse_output = sparse_output
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.input_noise = input_noise
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

    def transform(self, X: Rows) -> Given:
        """Return the codes of `X`.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        {ndarray, CSR matrix} of shape (n_samples, n_components)
            The codes, in float32 for float32 rows and in float64 for all others. With
            ``features="all"``, the activations of the encoder's hidden layers stand
            before the codes, and those of the decoder's behind them.
        """
        if not self.sparse_output:
            return super().transform(X)
        check_is_fitted(self)
        rows = checked_rows(self, X)
        encode = self._model.encode_all if self._gives_all else self._model.encode
        parts = chunk_slices(rows.shape[0], self._n_features_out)
        return sparse.vstack(
            [sparse.csr_matrix(encode(take(rows, part))) for part in parts], format="csr"
        )

    def _width(self, n_features):
        return 2 * n_features if self.n_components is None else super()._width(n_features)

    def _corruptions(self, pca, table, row_index):
        return [gaussian_input(self.input_noise, pca, table)]

    def _code_layer(self, n_components):
        if self.sparsity != "topk":
            return penalised_code(
                self.sparsity,
                self.sparsity_target,
                self.sparsity_weight,
                self.n_features_in_,
            )
        n_nonzero = math.ceil(n_components / 10)
        if self.n_nonzero is not None:
            n_nonzero = int(self.n_nonzero)
        if n_nonzero > n_components:
            raise ValueError(
                f"n_nonzero={n_nonzero} must be at most n_components={n_components}, the "
                "number of units."
            )
        return TopKCode(n_nonzero)

    @one_blas_thread()
    def _about_codes(self, model, table):
        n_components = model.network.n_components
        threshold = 0.5 if self.sparsity == "kl" else 0.0
        total, n_active = np.zeros(n_components), np.zeros(n_components)
        n_total = 0.0
        for rows in chunk_slices(table.X.shape[0], model.network.n_values_per_row):
            codes = model.encode(take(table.X, rows))
            weight = np.ones(len(codes)) if table.weight is None else table.weight[rows]
            total += weight @ codes
            n_active += weight @ (codes > threshold)
            n_total += weight.sum()
        return {
            "mean_activation_": total / n_total,
            "active_fraction_": n_active / n_total,
            "dead_units_": np.flatnonzero(n_active == 0),
        }
