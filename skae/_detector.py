"""AutoencoderDetector: anomalies, by the score of any autoencoder, and what causes them."""

from __future__ import annotations

from typing import Literal, Self, final

import numpy as np
import pandas as pd
from sklearn.base import OutlierMixin, clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from ._autoencoder import AutoencoderTransformer
from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions, check_feature_names_in
from ._constraints import parameters_checked, real_in
from ._data._rows import chunk_slices, take
from ._data._validation import checked_rows, checked_weight, nothing_lost
from ._onnx import ConvertsToOnnx, outputs_of_detector
from ._state import StoredState
from ._typing import ArrayLike, Auto, Rows, Seed

FENCE = 3  # Tukey's, in distances from the median to the upper quartile
MOST_SPREAD = 10.0  # that quartile over the median, where more than half of the rows repeat


@final
class AutoencoderDetector(OutlierMixin, ConvertsToOnnx, StoredState):
    """Detector of anomalies that tells which cells cause them.

    A row is unusual if its code is, or if it departs from what an autoencoder gives back
    in a way that other rows do not: the score is the autoencoder's `score_samples`. The
    columns are brought to one scale within, so the table is given in its own units. It may
    be fitted to rows that are all normal, and judge new ones, or to rows with anomalies
    among them, and judge these: rows that are far from the middle are not compared with.

    Parameters
    ----------
    autoencoder : estimator, default=None
        Any transformer of skae; a clone of it is fitted. None takes
        :class:`AutoencoderTransformer` with two components. Few components serve best: a
        code that gives back everything finds nothing unusual.

    contamination : float or "auto", default="auto"
        Share of the training rows that are anomalies, in (0, 0.5]: as many are given -1.
        ``"auto"`` draws the line at Tukey's fence for the logarithm of the distances of
        the training rows: above the third quartile by three times what this is above the
        median.

    random_state : int, RandomState instance or None, default=None
        Seeds the autoencoder of ``autoencoder=None``; one that is given brings its own.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder. It sees columns divided by `scale_`.

    offset_ : float
        The score of the line: rows with a lower one are anomalies.

    scale_ : ndarray of shape (n_features,)
        Standard deviation of each column, 1 for constant ones.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Random trees, which isolate anomalies soon.
    sklearn.neighbors.LocalOutlierFactor : Compares the density at a row with its
        neighbours'.

    References
    ----------
    Hawkins, He, Williams and Baxter, "Outlier Detection Using Replicator Neural Networks",
    DaWaK 2002. Tukey, "Exploratory Data Analysis", 1977.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skae import AutoencoderDetector
    >>> X = load_wine(as_frame=True).data
    >>> X.loc[17, "magnesium"] = 300
    >>> detector = AutoencoderDetector(contamination=0.02, random_state=0)
    >>> bool(detector.fit_predict(X)[17] == -1)
    True
    >>> detector.explain(X.loc[[17]]).idxmax(axis=1).item()
    'magnesium'
    """

    autoencoder_: BaseAutoencoder
    offset_: float
    scale_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints: dict = {
        "autoencoder": [BaseAutoencoder, None],
        "contamination": [real_in(0, 0.5, closed="right"), StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        autoencoder: BaseAutoencoder | None = None,
        *,
        contamination: float | Auto = "auto",
        random_state: Seed = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.contamination = contamination
        self.random_state = random_state

    @parameters_checked
    def fit(
        self,
        X: Rows,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: Rows | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the autoencoder on the rows of `X`, and draw the line.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Training rows, with or without anomalies.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, for the autoencoder and for the share of anomalies.
        X_val : {array-like, CSR matrix} of shape (n_validation, n_features), \
default=None
            Rows that choose the autoencoder's best epoch.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group are held out for validation together, or not at all.

        Returns
        -------
        self : object
            The fitted detector. If `fit` fails or is interrupted, it is as it was before.
        """
        with nothing_lost(self):
            X = checked_rows(self, X, reset=True)
            if sample_weight is not None:
                sample_weight = checked_weight(sample_weight, X)
            if X_val is not None:
                X_val = checked_rows(self, X_val, name="X_val")
            self.scale_ = _scale_of(X, sample_weight)
            self.autoencoder_ = self._autoencoder().fit(
                self._scaled(X),
                sample_weight=sample_weight,
                X_val=None if X_val is None else self._scaled(X_val),
                groups=groups,
            )
            self.offset_ = self._offset(self._score(X), sample_weight)
        return self

    def score_samples(self, X: Rows) -> np.ndarray:
        """Return how normal each row is: higher is more normal.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to judge, those of `fit` or new ones. A row is not compared with itself.

        Returns
        -------
        ndarray of shape (n_samples,)
            `score_samples` of the autoencoder: minus the distances from training rows.
        """
        check_is_fitted(self)
        return self._score(checked_rows(self, X))

    def decision_function(self, X: Rows) -> np.ndarray:
        """Return how far each row is on the normal side of the line.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``, negative for anomalies.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Rows) -> np.ndarray:
        """Return +1 for normal rows and -1 for anomalies.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to judge, those of `fit` or new ones.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            +1 or -1.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: Rows, what: Literal["gain", "expected"] = "gain") -> pd.DataFrame:
        """Return how much each cell makes its row unusual, or what was expected there.

        Each cell in turn is replaced, by what the autoencoder gives back for it or by the
        median of its column, whichever makes the row more normal.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to explain. Each column costs the scores of two rows.
        what : {"gain", "expected"}, default="gain"
            ``"gain"``: by how much the row's score would rise, 0 if it would not.
            ``"expected"``: the value that would make it rise most, in the units of `X`.

        Returns
        -------
        DataFrame of shape (n_samples, n_features)
            A line for each row, with the index and the columns of `X`.
        """
        check_is_fitted(self)
        if what not in ("gain", "expected"):
            raise ValueError(f"what={what!r} must be 'gain' or 'expected'.")
        rows = checked_rows(self, X)
        cells = np.empty(rows.shape)
        for part in chunk_slices(*rows.shape):
            found = self._replaced(take(self._scaled(rows[part]), slice(None)))
            cells[part] = found[what]
        if what == "expected":
            cells *= self.scale_
        names = check_feature_names_in(self)
        return pd.DataFrame(cells, getattr(X, "index", None), names)

    def _replaced(self, rows):
        """Return what the rows gain if a cell is replaced, and by what, cell by cell."""
        autoencoder = self.autoencoder_
        back = autoencoder._model.reconstruct(rows)
        medians = np.median(autoencoder._kept_rows.rows, axis=0)
        before = autoencoder.score_samples(rows)
        gain, expected = np.zeros(rows.shape), back.copy()
        changed = rows.copy()
        for column, median in enumerate(medians):
            for values in (back[:, column], np.full(len(rows), median)):
                changed[:, column] = values
                gains = autoencoder.score_samples(changed) - before
                is_better = gains > gain[:, column]
                gain[is_better, column] = gains[is_better]
                expected[is_better, column] = values[is_better]
            changed[:, column] = rows[:, column]
        return {"gain": gain, "expected": expected}

    def _autoencoder(self):
        if self.autoencoder is None:
            return AutoencoderTransformer(random_state=self.random_state)
        return clone(self.autoencoder)

    def _scaled(self, X):
        if isinstance(X, np.ndarray):
            return X / self.scale_.astype(X.dtype)
        return X.multiply(1 / self.scale_.astype(X.dtype)).tocsr()

    def _score(self, X):
        return self.autoencoder_.score_samples(self._scaled(X))

    def _offset(self, scores, weight):
        """Return the score of the line between normal rows and anomalies."""
        if self.contamination != "auto":
            return float(_quantile(scores, self.contamination, weight))
        middle, upper = _quantile(-scores, [0.5, 0.75], weight)
        # Of the upper half alone: where rows repeat, the lower one has no logarithms.
        return -float(upper * (upper / max(middle, upper / MOST_SPREAD or 1)) ** FENCE)

    def _onnx_outputs(self):
        return outputs_of_detector(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _scale_of(X, weight):
    """Return what columns are divided by; no shift, so that zeros of sparse rows stay."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale = StandardScaler(with_mean=False).fit(X, sample_weight=weight).scale_
    if not np.isfinite(scale).all():
        column = int(np.argmin(np.isfinite(scale)))
        raise ValueError(
            f"Column {column} of X varies more than can be squared; divide it by a large "
            "number first."
        )
    return scale


def _quantile(values, q, weight):
    if weight is None:
        return np.quantile(values, q)
    return np.quantile(values, q, weights=weight, method="inverted_cdf")
