"""What the held-out rows of a split say of transformers."""

import time
from dataclasses import dataclass

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.manifold import trustworthiness
from sklearn.utils.validation import has_fit_parameter

from .._data._errors import sum_of_squares, variance_explained
from ..metrics import continuity, reconstruction_error, reconstruction_r2
from ._pipelines import (
    as_dense,
    is_of_tables,
    last_step,
    needs_target,
    only_codes,
    path_to_last_step,
)

N_NEIGHBORS = 5
N_TIMES = 3
MAX_ROWS = 1000  # whose neighbours are compared
ROUNDING = 1e-9  # of the variance


@dataclass(frozen=True)
class Split:
    """A split of a table that is prepared.

    Attributes
    ----------
    number : int
        For messages, counted from 0.
    rows, unseen : ndarray of shape (n_rows, n_features)
        Training and held-out rows.
    targets : tuple of two ndarray, default=None
        What to predict for them.
    groups : ndarray of shape (n_rows,), default=None
        Groups of the training rows.
    frames : tuple of two DataFrame, default=None
        The same rows as they came, for estimators that take these.
    """

    number: int
    rows: np.ndarray
    unseen: np.ndarray
    targets: tuple | None = None
    groups: np.ndarray | None = None
    frames: tuple | None = None

    def seen_by(self, estimator):
        """Return training and held-out rows in the form that an estimator takes."""
        return self.frames if is_of_tables(estimator) else (self.rows, self.unseen)


def measured_on_split(estimators, split, predictor, scorer):
    """Fit estimators on one split and return what the held-out rows say of each.

    Parameters
    ----------
    estimators : dict of transformers
        The first is PCA, with which the others are compared.
    split : Split
    predictor, scorer : estimator and callable, or None
    """
    measured, pca_errors = {}, None
    variance = split.unseen.var(axis=0).mean()
    for name, estimator in estimators.items():
        try:
            record, errors = _measured(estimator, split, predictor, scorer)
        except Exception as error:
            place = f"in split {split.number + 1}"
            error.add_note(f"This happened to {name!r}, {estimator}, {place}.")
            raise
        pca_errors = errors if pca_errors is None else pca_errors
        relative = _relative(errors, pca_errors, variance)
        measured[name] = {"r2": record.pop("r2")} | relative | record
    return measured


def fit_in_groups(estimator, X, groups, y=None):
    """Fit an estimator, and give the groups of the rows to the step that takes them.

    `y` is for estimators that cannot do without.
    """
    last = last_step(estimator)
    given = (X, y) if needs_target(estimator) else (X,)
    if groups is None or not has_fit_parameter(last, "groups"):
        return estimator.fit(*given)
    if last is estimator:
        return estimator.fit(*given, groups=groups)
    if get_config()["enable_metadata_routing"]:
        last.set_fit_request(groups=True)
        return estimator.fit(*given, groups=groups)
    return estimator.fit(*given, **{f"{path_to_last_step(estimator)}groups": groups})


def _measured(estimator, split, predictor, scorer):
    """Return a record of measurements, and the error of each held-out row."""
    rows, held_out = split.seen_by(estimator)
    unseen, training = split.unseen, rows.copy()  # a step may work in place
    start = time.perf_counter()
    targets = None if split.targets is None else split.targets[0]
    fit_in_groups(estimator, training, split.groups, targets)
    fit_seconds = time.perf_counter() - start
    outputs, seconds = _timed_transform(estimator, held_out)
    decode = estimator._decoded if is_of_tables(estimator) else estimator.inverse_transform
    back = as_dense(decode(outputs.copy()))
    record = {"r2": reconstruction_r2(unseen, back)}
    record |= _neighbourhoods(unseen, only_codes(estimator, outputs))
    if split.targets is not None:
        known = as_dense(estimator.transform(rows.copy()))
        fitted = clone(predictor).fit(known, split.targets[0])
        record["score"] = float(scorer(fitted, outputs, split.targets[1]))
    record["fit_seconds"] = fit_seconds
    record["transform_microseconds"] = 1e6 * seconds / len(unseen)
    return record, reconstruction_error(unseen, back)


def _timed_transform(estimator, X):
    """Return the outputs, and the median of some times."""
    seconds = []
    for _ in range(N_TIMES):
        rows = X.copy()
        start = time.perf_counter()
        outputs = estimator.transform(rows)
        seconds.append(time.perf_counter() - start)
    return as_dense(outputs), np.median(seconds)


def _relative(errors, pca_errors, variance):
    """Return the ratio of two sums over rows, and its standard error to first order.

    Both sums are raised by a part of the variance that rounding may make of no error, so
    that a table of low rank, of which PCA leaves nothing, gives 1.
    """
    rounding = ROUNDING * variance * len(errors) + np.finfo(np.float64).tiny
    total = pca_errors.sum() + rounding
    ratio = (errors.sum() + rounding) / total
    spread = np.sqrt(np.sum((errors - ratio * pca_errors) ** 2)) / total
    return {"relative_error": ratio, "standard_error": spread}


def _neighbourhoods(rows, codes):
    """Return what is kept of who is next to whom, among rows that are not the same."""
    some = np.random.default_rng(0).permutation(len(rows))[:MAX_ROWS]
    _, first = np.unique(rows[some], axis=0, return_index=True)
    rows, codes = rows[some][first], codes[some][first]
    if len(rows) <= 3 * N_NEIGHBORS:
        return {"trustworthiness": np.nan, "continuity": np.nan}
    return {
        "trustworthiness": trustworthiness(rows, codes, n_neighbors=N_NEIGHBORS),
        "continuity": continuity(rows, codes, n_neighbors=N_NEIGHBORS),
    }


def pca_curve(pca, rows, unseen, n_columns):
    """Return the R² of PCA on held-out rows with 1, 2, ..., `n_columns` components.

    Where there are fewer rows than columns, it ends level.
    """
    pca = clone(pca).fit(rows)
    squares = (pca.transform(unseen) ** 2).sum(axis=0)[:n_columns]
    kept = np.cumsum(np.pad(squares, (0, n_columns - len(squares))))
    total = ((unseen - pca.mean_) ** 2).sum()
    variance = sum_of_squares(unseen)
    return np.array([variance_explained(total - some, variance) for some in kept])
