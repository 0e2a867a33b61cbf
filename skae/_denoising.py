"""DenoisingAutoencoder: trained to give back clean rows from corrupted ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Literal, final

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import real_in
from ._data._output import in_table_columns
from ._data._validation import checked_rows
from ._fits._noise import NOISES, Corruption, check_level, in_user_units, noise_maker
from ._training import Reconstruction
from ._typing import (
    Auto,
    BuildNetwork,
    Callbacks,
    Given,
    Loss,
    NoiseName,
    Optimizer,
    Rows,
    Seed,
    Widths,
)

LADDER = (0.05, 0.1, 0.2, 0.4)


@final
class DenoisingAutoencoder(BaseAutoencoder):
    """Autoencoder that learns to undo a corruption of its input.

    Each time a row is presented, some of its cells are corrupted anew, and the network
    is trained to give back the clean row: it must learn how the columns depend on each
    other. Nothing is corrupted in `transform`.

    Parameters
    ----------
    n_components : int or float, default=2
        Width of the code. A float between 0 and 1 asks for the smallest number of
        principal components that keeps more than this fraction of the variance. The
        code may be wider than the table: the corruption keeps it from copying.

    noise : str or callable, default="swap"
        What is done to the input. ``"swap"`` replaces a cell by that of another row,
        drawn anew for each cell; ``"masking"`` by the mean of the column;
        ``"salt_and_pepper"`` by the minimum or the maximum of the column;
        ``"gaussian"`` adds normal noise. A callable ``(X, rng) -> X``, such as an
        object of :mod:`skae.corruption`, is given rows in the units of the table,
        rounded to about seven digits, and brings its own level. It runs in a thread
        beside the training, and must depend on nothing but its arguments for fits to
        be reproducible.

    noise_level : float, dict or "auto", default=0.2
        Probability that a cell is corrupted, in [0, 1); with ``"gaussian"`` the
        standard deviation of the noise, in standard deviations of the column. A dict
        gives the level of columns by their names (or numbers, if they have no names),
        and 0 to all others. ``"auto"`` tries 0.05, 0.1, 0.2 and 0.4 in runs of a
        quarter of the epochs and takes what gives back clean validation rows best; it
        takes 0.2 if the code is as wide as the table, where this cannot tell. Not
        used if `noise` is a callable.

    emphasis : float, default=0.0
        Extra weight of the corrupted cells in the loss: they count ``1 + emphasis``
        times. Needs a loss that is a mean over the cells.

    column_groups : sequence of sequences of str or int, default=None
        Columns that are corrupted together, such as those of a one-hot block, by their
        names or numbers. Not for ``"gaussian"``, which leaves no cell alone.

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
        Stop after so many epochs without a better ``"val_noisy_loss"``, that of corrupted
        validation rows. Needs validation rows.

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
    noise_level_ : float, ndarray of shape (n_features,) or None
        The level that was used; None if `noise` is a callable.

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
        One value an epoch: "loss" (on corrupted inputs, with the emphasis), "val_loss"
        (on clean inputs), "penalty" (what regularizers of a custom network add),
        "learning_rate"; "val_noisy_loss" is the loss on validation rows that are
        corrupted, in the same way at each epoch.

    n_epochs_ : int
        Number of epochs trained.

    best_epoch_ : int
        The epoch whose weights were kept, the one with the least "val_noisy_loss"; 0 if
        the start was.

    pca_loss_ : float
        Mean squared error of PCA of the same width on the validation rows: with the
        loss "mse", what "val_loss" is to be compared with.

    pca_score_ : float
        R² of PCA of the same width on the clean validation rows. NaN without
        validation rows.

    validation_score_ : float
        R² of the autoencoder on the clean validation rows.

    encoder_, decoder_, autoencoder_ : keras.Model
        The fitted network as Keras models in float32, built when first asked for. They
        are copies: the estimator itself does not change with them.

    See Also
    --------
    AutoencoderTransformer : The plain autoencoder.
    skae.corruption : The corruptions, to be used alone.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio and P.-A. Manzagol, "Stacked
       denoising autoencoders: learning useful representations in a deep network with
       a local denoising criterion", Journal of Machine Learning Research 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skae import DenoisingAutoencoder
    >>> X = load_digits().data
    >>> denoiser = DenoisingAutoencoder(
    ...     32, noise="gaussian", noise_level=1.0, max_epochs=20, random_state=0
    ... ).fit(X)
    >>> noisy = X + np.random.default_rng(0).normal(0, 4, X.shape)
    >>> bool(((denoiser.denoise(noisy) - X) ** 2).mean() < 0.5 * ((noisy - X) ** 2).mean())
    True
    """

    noise_level_: float | np.ndarray | None

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "noise": [StrOptions(set(NOISES)), callable],
        "noise_level": [
            real_in(0),
            dict,
            StrOptions({"auto"}),
        ],
        "emphasis": [real_in(0)],
        "column_groups": ["array-like", None],
    }

    def __init__(
        self,
        n_components: float = 2,
        *,
        noise: NoiseName | Callable[..., Any] = "swap",
        noise_level: float | dict[Any, float] | Auto = 0.2,
        emphasis: float = 0.0,
        column_groups: Sequence[Sequence[Any]] | None = None,
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
        self.noise = noise
        self.noise_level = noise_level
        self.emphasis = emphasis
        self.column_groups = column_groups
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

    def denoise(self, X: Rows) -> Given:
        """Return what the autoencoder takes for the clean rows behind noisy ones.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Noisy rows.

        Returns
        -------
        ndarray or frame of shape (n_samples, n_features)
            The reconstructions, in the units of the training rows; a frame with the names
            of the columns if `set_output` asks for frames.
        """
        check_is_fitted(self)
        return in_table_columns(self, self._model.reconstruct(checked_rows(self, X)), X)

    def _corruptions(self, pca, table, row_index):
        if callable(self.noise):
            if self.column_groups is not None:
                raise ValueError(
                    "column_groups is for the noises that have a name; with a callable "
                    "noise, give the groups to the callable and set column_groups=None."
                )
            draw, level = in_user_units(self.noise, table), None
            return [Corruption(draw, {"noise_level_": level}, is_the_task=True)]
        make = noise_maker(self.noise, pca, table, row_index, self._groups())
        return [
            Corruption(
                make(level) if np.any(level) else None,
                {"noise_level_": level},
                is_the_task=True,
            )
            for level in self._levels(pca)
        ]

    def _task(self, rows):
        return Reconstruction(self.loss, self.emphasis)

    def _levels(self, pca):
        """Return the noise levels to choose from, each a number or one a column."""
        if isinstance(self.noise_level, str):
            is_open = pca.explained_variance_ratio.sum() < 1 - 1e-6
            return LADDER if is_open else (0.2,)
        if isinstance(self.noise_level, dict):
            levels = np.zeros(self.n_features_in_)
            for column, level in self.noise_level.items():
                check_level(self.noise, level, column)
                levels[self._column_number(column, "noise_level")] = level
            return [levels]
        if np.ndim(self.noise_level) == 0:  # else fine-tuning gives what was checked
            check_level(self.noise, self.noise_level)
        return [self.noise_level]

    def _groups(self):
        if self.column_groups is None:
            return None
        if self.noise == "gaussian":
            raise ValueError(
                "column_groups has no meaning for noise='gaussian', which adds noise to "
                "every cell; set column_groups=None."
            )
        groups = self.column_groups if np.iterable(self.column_groups) else [None]
        if any(isinstance(group, str) or not np.iterable(group) for group in groups):
            raise ValueError(
                f"column_groups={self.column_groups!r} must be a list of lists of columns, "
                "one list for each group."
            )
        return [
            [self._column_number(column, "column_groups") for column in group]
            for group in self.column_groups
        ]

    def _column_number(self, column, parameter):
        names = list(getattr(self, "feature_names_in_", ()))
        if column in names:
            return names.index(column)
        is_number = isinstance(column, Integral) and not isinstance(column, bool)
        if is_number and 0 <= column < self.n_features_in_:
            return int(column)
        close = difflib.get_close_matches(str(column), names, n=1)
        hint = (
            f"did you mean {close[0]!r}?"
            if close
            else f"choose from {names or f'0 to {self.n_features_in_ - 1}'}."
        )
        raise ValueError(f"{parameter} names the column {column!r}, unknown to X; {hint}")
