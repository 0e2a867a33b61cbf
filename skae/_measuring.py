"""What the held-out rows of a split say of transformers."""

import time

import numpy as np
from sklearn.base import clone
from sklearn.manifold import trustworthiness

from ._preparation import as_dense
from .metrics import continuity, reconstruction_error, reconstruction_r2

N_NEIGHBORS = 5
MAX_ROWS = 1000  # whose neighbours are compared
ROUNDING = 1e-9  # of the variance


def measured_on_split(estimators, rows, unseen, targets, predictor, scorer):
    """Fit estimators on one split and return what the held-out rows say of each."""
    measured = {}
    for name, estimator in estimators.items():
        start = time.perf_counter()
        estimator.fit(rows)
        fitted = time.perf_counter()
        codes = estimator.transform(unseen)
        transformed = time.perf_counter()
        codes = as_dense(codes)
        back = estimator.inverse_transform(codes)
        errors = reconstruction_error(unseen, back)
        if name == "PCA":
            pca_errors = errors
        record = {"r2": reconstruction_r2(unseen, back)}
        record |= _relative(errors, pca_errors, unseen.var(axis=0).mean())
        record |= _neighbourhoods(unseen, codes)
        if targets is not None:
            known = as_dense(estimator.transform(rows))
            record["score"] = scorer(
                clone(predictor).fit(known, targets[0]), codes, targets[1]
            )
        record["fit_seconds"] = fitted - start
        record["transform_microseconds"] = 1e6 * (transformed - fitted) / len(unseen)
        measured[name] = record
    return measured


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
    if len(rows) <= 3 * N_NEIGHBORS:
        return {"trustworthiness": np.nan, "continuity": np.nan}
    some = np.random.default_rng(0).permutation(len(rows))[:MAX_ROWS]
    rows, codes = rows[some], codes[some]
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
    variance = ((unseen - unseen.mean(axis=0)) ** 2).sum() + np.finfo(np.float64).tiny
    return 1 - (total - kept) / variance
