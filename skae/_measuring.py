"""What the held-out rows of a split say of transformers."""

import time

import numpy as np
from sklearn.base import clone
from sklearn.manifold import trustworthiness
from sklearn.pipeline import Pipeline

from ._preparation import as_dense
from .metrics import continuity, reconstruction_error, reconstruction_r2, sum_of_squares

N_NEIGHBORS = 5
N_TIMES = 3
MAX_ROWS = 1000  # whose neighbours are compared
ROUNDING = 1e-9  # of the variance


def measured_on_split(estimators, split, pair, targets, predictor, scorer):
    """Fit estimators on one split and return what the held-out rows say of each.

    Parameters
    ----------
    estimators : dict of transformers
        The first is PCA, with which the others are compared.
    split : int
        Number of the split, for messages.
    pair : tuple of two ndarray
        Training and held-out rows.
    targets : tuple of two ndarray, or None
        What to predict for them.
    predictor, scorer : estimator and callable, or None
    """
    measured, pca_errors = {}, None
    variance = pair[1].var(axis=0).mean()
    for name, estimator in estimators.items():
        try:
            record, errors = _measured(estimator, *pair, targets, predictor, scorer)
        except Exception as error:
            error.add_note(f"This happened to {name!r}, {estimator}, in split {split + 1}.")
            raise
        pca_errors = errors if pca_errors is None else pca_errors
        relative = _relative(errors, pca_errors, variance)
        measured[name] = {"r2": record.pop("r2")} | relative | record
    return measured


def _measured(estimator, rows, unseen, targets, predictor, scorer):
    """Return a record of measurements, and the error of each held-out row."""
    training = rows.copy()  # a step may work in place
    start = time.perf_counter()
    estimator.fit(training)
    fit_seconds = time.perf_counter() - start
    outputs, seconds = _timed_transform(estimator, unseen)
    back = as_dense(estimator.inverse_transform(outputs.copy()))
    record = {"r2": reconstruction_r2(unseen, back)}
    record |= _neighbourhoods(unseen, only_codes(estimator, outputs))
    if targets is not None:
        known = as_dense(estimator.transform(rows.copy()))
        fitted = clone(predictor).fit(known, targets[0])
        record["score"] = float(scorer(fitted, outputs, targets[1]))
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


def last_step(estimator):
    """Return the last step of a Pipeline, which may be one too, or the estimator."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return estimator


def only_codes(estimator, outputs):
    """Return outputs without the hidden activations of ``features="all"``."""
    last = last_step(estimator)
    if getattr(last, "features", "code") != "all":
        return outputs
    names, hidden = last.get_feature_names_out(), f"{type(last).__name__.lower()}_hidden"
    return outputs[:, [not name.startswith(hidden) for name in names]]


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
    lost, variance = total - kept, sum_of_squares(unseen)
    return 1 - lost / variance if variance else np.where(lost == 0, 1.0, 0.0)
