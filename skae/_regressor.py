"""AutoencoderRegressor: pre-trained without labels, fine-tuned with them."""

from __future__ import annotations

from typing import Any, Literal, Self, final

import numpy as np
from sklearn.base import RegressorMixin

from ._base_predictor import DEFAULT_WIDTH, BasePredictor
from ._constraints import parameters_checked
from ._data._labels import known_values
from ._data._validation import with_mean_one
from ._denoising import DenoisingAutoencoder
from ._fits._targets import Values
from ._typing import ArrayLike, Auto, Rows, Seed, Widths


@final
class AutoencoderRegressor(RegressorMixin, BasePredictor):
    """Regressor whose first layers are an encoder, pre-trained without labels.

    An autoencoder is trained on all rows, with and without targets. A head is put on
    its encoder, and the whole is fine-tuned with the targets. They are standardised
    inside, and predictions are in their own units.

    Parameters
    ----------
    autoencoder : transformer of skae, default=None
        The autoencoder to pre-train; a copy of it is fitted. None takes
        ``DenoisingAutoencoder(64)``, which swaps cells between rows; give one to set or
        tune its parameters. One that is fitted already is used as it is within a
        :class:`~sklearn.frozen.FrozenEstimator`. A :class:`SupervisedAutoencoder` is
        given the labels too.

    fine_tune : bool or "head_first", default=True
        True trains encoder and head together; False the head alone; ``"head_first"``
        the head alone for a quarter of the epochs, and then both.

    head_hidden_layer_sizes : int or sequence of int, default=()
        Widths of hidden layers between code and outputs. ``()`` is a linear head.

    keep_noise : bool or "auto", default="auto"
        Whether inputs are corrupted in fine-tuning as they were in pre-training, which
        regularises; values to swap in are drawn from all rows given to this fit.
        ``"auto"`` does so with fewer than 1,000 labels.

    learning_rate : float, default=0.001
        Highest learning rate of AdamW: it warms up over the first 5 % of the updates
        and then falls to zero as a cosine.

    weight_decay : float, default=0.01
        Decoupled weight decay.

    batch_size : int or "auto", default="auto"
        Labelled rows in a batch. ``"auto"`` is a power of two, about a fortieth of the
        rows, between 32 and 512.

    max_epochs : int or "auto", default="auto"
        Number of passes over the labelled rows. ``"auto"`` gives two updates a row,
        between 2,500 and 8,000 altogether, and at most 150 epochs.

    validation_fraction : float or "auto", default="auto"
        Fraction of the labelled rows held out, over the whole range of targets, to
        choose the best epoch. ``"auto"`` is 0.1, and 0 with fewer than 1,000 labels:
        then labels are worth more in training, and the last epoch stays.

    patience : int, default=None
        Stop after so many epochs without a better validation loss. Needs validation
        rows.

    compare_from_scratch : bool, default=False
        Also train the same network from random weights, to tell whether pre-training
        has helped.

    verbose : int, default=0
        1 prints about ten lines for each part of the fit, 2 a line each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds the head, the split, the order of rows and the noise; and the autoencoder,
        if it has no `random_state` of its own.

    Attributes
    ----------
    autoencoder_ : transformer of skae
        The autoencoder as pre-training has left it.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    history_ : dict of list of float
        One value an epoch of the last part of the fit: "loss" (mean squared error of
        standardised targets, with the noise), "val_loss", "penalty" and
        "learning_rate".

    n_epochs_ : int
        Number of epochs of that part.

    best_epoch_ : int
        The epoch whose weights were kept.

    pretrained_score_ : float
        R², on the validation rows, of the head on the encoder as pre-trained: NaN if
        ``fine_tune=True``, which never trains the head alone, or without validation
        rows.

    validation_score_ : float
        R² on the validation rows; NaN without any.

    scratch_ : AutoencoderRegressor
        The same network, with the same noise, trained from random weights, if
        `compare_from_scratch` asks for it: a fitted regressor to compare with on unseen
        rows.

    scratch_validation_score_ : float
        Its score on the validation rows.

    See Also
    --------
    AutoencoderClassifier : The same for classes.
    DenoisingAutoencoder : What is pre-trained by default.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import AutoencoderRegressor, DenoisingAutoencoder
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regressor = AutoencoderRegressor(
    ...     DenoisingAutoencoder(5), max_epochs=50, random_state=0
    ... )
    >>> pipeline = make_pipeline(StandardScaler(), regressor).fit(X[:300], y[:300])
    >>> pipeline.score(X[300:], y[300:]) > 0.3
    True
    """

    def __init__(
        self,
        autoencoder: Any = None,
        *,
        fine_tune: bool | Literal["head_first"] = True,
        head_hidden_layer_sizes: Widths = (),
        keep_noise: bool | Auto = "auto",
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int | Auto = "auto",
        max_epochs: int | Auto = "auto",
        validation_fraction: float | Auto = "auto",
        patience: int | None = None,
        compare_from_scratch: bool = False,
        verbose: int = 0,
        random_state: Seed = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.fine_tune = fine_tune
        self.head_hidden_layer_sizes = head_hidden_layer_sizes
        self.keep_noise = keep_noise
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.compare_from_scratch = compare_from_scratch
        self.verbose = verbose
        self.random_state = random_state

    @parameters_checked
    def fit(
        self,
        X: Rows,
        y: ArrayLike,
        *,
        X_unlabeled: Rows | None = None,
        sample_weight: ArrayLike | None = None,
        X_val: Rows | None = None,
        y_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Pre-train on all rows, then fine-tune on those with targets.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows, with or without targets.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets. A row with a NaN has none, and counts in pre-training alone.
        X_unlabeled : {array-like, CSR matrix} of shape (n_unlabeled, n_features), \
default=None
            More rows without targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row of `X`; those of `X_unlabeled` weigh 1.
        X_val : {array-like, CSR matrix} of shape (n_validation, n_features), \
default=None
            Rows that choose the best epoch, in place of a `validation_fraction` of
            `X`.
        y_val : array-like of shape (n_validation,) or (n_validation, n_targets), \
default=None
            Their targets.
        groups : array-like of shape (n_samples,), default=None
            What rows of `X` belong together, such as those of one patient: rows of a group
            are held out for validation together, or not at all. Without groups, equal
            rows stay together.

        Returns
        -------
        self : object
            The fitted regressor. If `fit` fails or is interrupted, the estimator is as
            it was before.
        """
        return self._fit(X, y, X_unlabeled, sample_weight, X_val, y_val, groups)

    def predict(self, X: Rows) -> np.ndarray:
        """Return the predicted targets.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to predict for.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions in the units of the targets.
        """
        outputs = self._outputs(X)
        return self._task.predictions(outputs)

    def score(self, X: Rows, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R², the mean over the targets, of the predictions.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to predict for.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True targets; rows with a missing one are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        float
            At most 1; higher is better.
        """
        return super().score(*self._with_label(X, y, sample_weight))

    def _default_autoencoder(self):
        return DenoisingAutoencoder(DEFAULT_WIDTH)

    def _known(self, y):
        return known_values(y)

    def _task_of(self, y, sample_weight):
        weight = None if sample_weight is None else with_mean_one(sample_weight)
        return Values.of(y, weight), sample_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
