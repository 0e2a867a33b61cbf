"""AutoencoderClassifier: pre-trained without labels, fine-tuned with them."""

from __future__ import annotations

from typing import Any, Literal, Self, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight

from ._base_predictor import DEFAULT_WIDTH, BasePredictor
from ._compat import StrOptions
from ._constraints import parameters_checked
from ._data._labels import known_classes
from ._data._validation import with_mean_one
from ._denoising import DenoisingAutoencoder
from ._fits._targets import Classes
from ._typing import ArrayLike, Auto, Rows, Seed, Widths


@final
class AutoencoderClassifier(ClassifierMixin, BasePredictor):
    """Classifier whose first layers are an encoder, pre-trained without labels.

    An autoencoder is trained on all rows, with and without labels. A head is put on its
    encoder, and the whole is fine-tuned with the labels. This is of use where rows are
    many and labels few; with labels for all rows it mostly does no better than the same
    network from random weights, which `compare_from_scratch` tells.

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

    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss; ``"balanced"`` weighs each inversely to the
        number of its rows.

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
        Fraction of the labelled rows held out, the same of each class, to choose the
        best epoch. ``"auto"`` is 0.1, and 0 with fewer than 1,000 labels:
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

    classes_ : ndarray of shape (n_classes,)
        The labels.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    history_ : dict of list of float
        One value an epoch of the last part of the fit: "loss" (cross-entropy, with the
        noise), "val_loss", "penalty" and "learning_rate".

    n_epochs_ : int
        Number of epochs of that part.

    best_epoch_ : int
        The epoch whose weights were kept.

    pretrained_score_ : float
        Accuracy, on the validation rows, of the head on the encoder as pre-trained: NaN
        if ``fine_tune=True``, which never trains the head alone, or without validation
        rows.

    validation_score_ : float
        Accuracy on the validation rows; NaN without any.

    scratch_ : AutoencoderClassifier
        The same network, with the same noise, trained from random weights, if
        `compare_from_scratch` asks for it: a fitted classifier to compare with on unseen
        rows.

    scratch_validation_score_ : float
        Its score on the validation rows.

    See Also
    --------
    AutoencoderRegressor : The same for numbers.
    DenoisingAutoencoder : What is pre-trained by default.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio and P.-A. Manzagol, "Stacked
       denoising autoencoders: learning useful representations in a deep network with
       a local denoising criterion", Journal of Machine Learning Research 11, 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae import AutoencoderClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> labelled, unlabelled, unseen = X[:100], X[100:1300], X[1300:]
    >>> classifier = AutoencoderClassifier(max_epochs=100, random_state=0)
    >>> classifier = classifier.fit(labelled, y[:100], X_unlabeled=unlabelled)
    >>> classifier.score(unseen, y[1300:]) > 0.8
    True
    """

    classes_: np.ndarray

    _parameter_constraints: dict = {
        **BasePredictor._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        autoencoder: Any = None,
        *,
        fine_tune: bool | Literal["head_first"] = True,
        head_hidden_layer_sizes: Widths = (),
        keep_noise: bool | Auto = "auto",
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
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
        self.class_weight = class_weight
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
        """Pre-train on all rows, then fine-tune on those with labels.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows, with or without labels.
        y : array-like of shape (n_samples,)
            Their labels, of at least two classes. None and NaN mark rows without a label,
            which count in pre-training alone, and so does -1 beside two or more classes
            numbered from 0. With one other class, as in -1 and 1, it is a class.
        X_unlabeled : {array-like, CSR matrix} of shape (n_unlabeled, n_features), \
default=None
            More rows without labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row of `X`; those of `X_unlabeled` weigh 1.
        X_val : {array-like, CSR matrix} of shape (n_validation, n_features), \
default=None
            Rows that choose the best epoch, in place of a `validation_fraction` of
            `X`.
        y_val : array-like of shape (n_validation,), default=None
            Their labels.
        groups : array-like of shape (n_samples,), default=None
            What rows of `X` belong together, such as those of one patient: rows of a group
            are held out for validation together, or not at all. Without groups, equal
            rows stay together.

        Returns
        -------
        self : object
            The fitted classifier. If `fit` fails or is interrupted, the estimator is
            as it was before.
        """
        return self._fit(X, y, X_unlabeled, sample_weight, X_val, y_val, groups)

    def decision_function(self, X: Rows) -> np.ndarray:
        """Return the network's outputs: the logarithms of odds.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            One value a row if there are two classes, above 0 for the second; else one a
            class, the largest for the class that is predicted.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._task.n_outputs == 1 else outputs

    def predict_proba(self, X: Rows) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; rows sum to 1.
        """
        outputs = self._outputs(X)
        return self._task.probabilities(outputs)

    def predict(self, X: Rows) -> np.ndarray:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        outputs = self._outputs(X)
        return self._task.predictions(outputs)

    def score(self, X: Rows, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to predict for.
        y : array-like of shape (n_samples,)
            True labels; rows without one are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        float
            At most 1; higher is better.
        """
        return super().score(*self._with_label(X, y, sample_weight, self.classes_))

    def _default_autoencoder(self):
        return DenoisingAutoencoder(DEFAULT_WIDTH)

    def _known(self, y):
        return known_classes(y)

    def _task_of(self, y, sample_weight):
        task = Classes.of(y)
        self.classes_ = task.classes
        weight = sample_weight
        if self.class_weight is not None:
            weight = compute_sample_weight(self.class_weight, y)
            if not np.isfinite(weight).all() or (weight < 0).any():
                raise ValueError(
                    f"class_weight={self.class_weight} must hold finite weights >= 0."
                )
            if sample_weight is not None:
                weight = with_mean_one(weight) * with_mean_one(sample_weight)
            if not weight.any():
                raise ValueError(
                    f"class_weight={self.class_weight} leaves no row with a weight above 0."
                )
        return task, weight
