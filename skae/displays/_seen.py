"""What the last step of a Pipeline sees and gives."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array, check_is_fitted

from .._data._kinds import check_kind, collected
from ..compare._pipelines import as_dense, last_step, only_codes


@dataclass(frozen=True)
class Seen:
    """A fitted transformer and rows as it sees them.

    Attributes
    ----------
    estimator : transformer
        The last step of a Pipeline, or the estimator itself.
    X : array-like of shape (n_samples, n_features)
        The rows as the estimator takes them, with their names if they have any.
    rows : ndarray of shape (n_samples, n_features)
        The same as plain numbers.
    feature_names : list of str
    row_names : ndarray of shape (n_samples,)
    """

    estimator: object
    X: object
    rows: np.ndarray
    feature_names: list
    row_names: np.ndarray

    @property
    def name(self):
        """What to call the estimator beside a PCA."""
        name = type(self.estimator).__name__
        return name if name != "PCA" else "given PCA"

    def codes(self, X):
        """Return the codes, without the hidden activations of ``features="all"``."""
        return only_codes(self.estimator, as_dense(self.estimator.transform(X)))

    def reconstructed(self, codes):
        """Return the rows that the codes stand for."""
        if not hasattr(self.estimator, "inverse_transform"):
            raise ValueError(
                f"{self.name} has no inverse_transform, so there are no reconstructions to "
                "show; pass a transformer that has one, such as the autoencoder_ of a "
                "predictor."
            )
        return np.asarray(self.estimator.inverse_transform(codes))

    def pca(self, n_components, pca):
        """Return a fitted PCA, the one given or a new one."""
        if pca is None:
            if len(self.rows) < 2:
                raise ValueError("X has one row, of which PCA cannot be made; pass pca.")
            n_components = min(n_components, *self.rows.shape)
            return PCA(n_components, svd_solver="full").fit(self.rows)
        check_is_fitted(pca)
        return pca

    def seen_by(self, pca):
        """Return the rows as a PCA takes them, with names if it was fitted with any."""
        return self.X if hasattr(pca, "feature_names_in_") else self.rows


def seen(estimator, X, method="transform"):
    """Return what a fitted estimator, or the last step of a Pipeline, sees of a table.

    This last step must have the method.
    """
    check_is_fitted(estimator)
    last = last_step(estimator)
    if not hasattr(last, method):
        raise ValueError(
            f"{last!r} has no {method}, so there are no codes to show; pass a fitted "
            "transformer, or a Pipeline that ends with one."
        )
    X = np.asarray(X) if isinstance(X, list | tuple) else collected(X)
    check_kind(X)
    rows, step, names = X, estimator, getattr(X, "columns", None)
    while isinstance(step, Pipeline):
        if len(step) > 1:
            rows, names = step[:-1].transform(rows), _names_behind(step[:-1], names)
        step = step[-1]
    if sparse.issparse(rows):
        rows = rows.tocsr()  # of which some rows can be taken
    numbers = as_dense(
        check_array(rows, accept_sparse="csr", dtype=np.float64, input_name="X")
    )
    names = getattr(rows, "columns", getattr(last, "feature_names_in_", names))
    if names is None:
        names = range(numbers.shape[1])
    row_names = getattr(X, "index", np.arange(len(numbers)))
    names = [str(name) for name in names]
    return Seen(last, rows, numbers, names, np.asarray(row_names))


def _names_behind(steps, names):
    """Return what transformers call the columns that they give, or None."""
    try:
        return None if names is None else steps.get_feature_names_out(names)
    except (AttributeError, ValueError):  # some have no names, or were fitted without
        return None
