"""How much of a table a code keeps: reconstructions, and who is next to whom.

For trustworthiness see :func:`sklearn.manifold.trustworthiness`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.manifold import trustworthiness
from sklearn.utils import check_array, check_consistent_length, check_random_state

from ._data._errors import in_unit_range, squared_errors, sum_of_squares, variance_explained
from ._data._kinds import check_kind, collected, conversion_error
from ._data._rows import chunk_slices
from ._data._seeds import fresh_seed
from ._typing import ArrayLike, Seed

__all__ = [
    "NeighborhoodPreservation",
    "continuity",
    "neighborhood_preservation",
    "reconstruction_error",
    "reconstruction_r2",
]

MAX_ROWS = 2000  # above it, a random sample of the rows is compared


def reconstruction_r2(X: ArrayLike, X_reconstructed: ArrayLike) -> float:
    """Return the fraction of the variance of `X` that is reconstructed.

    This is ``1 - ||X - X_reconstructed||² / ||X - mean(X)||²``, over all cells, and what
    the `score` of an autoencoder gives.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows.
    X_reconstructed : array-like of shape (n_samples, n_features)
        What was made of them.

    Returns
    -------
    float
        At most 1; 0 for the means of the columns. Rows without variance give 1 if they
        are reconstructed without error, and 0 otherwise; a single row gives NaN.

    Examples
    --------
    >>> from skae.metrics import reconstruction_r2
    >>> float(reconstruction_r2([[0, 0], [2, 2]], [[0, 0], [2, 0]]))
    0.0
    """
    table, back = _same_shape(X, X_reconstructed)
    if len(table) < 2:
        warnings.warn(
            "R² is not defined for fewer than two rows.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
        return float("nan")
    differences, of_error = in_unit_range(table / 4 - back / 4)
    rows, of_variance = in_unit_range(table / 4 - table[0] / 4)
    with np.errstate(over="ignore"):
        error = np.ldexp(np.sum(differences**2), 2 * (of_error - of_variance))
    variance = sum_of_squares(rows)
    return variance_explained(error, variance)


def reconstruction_error(
    X: ArrayLike, X_reconstructed: ArrayLike, *, per_feature: bool = False
) -> np.ndarray:
    """Return how far reconstructions are from the rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows.
    X_reconstructed : array-like of shape (n_samples, n_features)
        What was made of them.
    per_feature : bool, default=False
        Give the squared error of each cell, instead of its mean over each row.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_features)
        Squared errors, in the squared units of `X`; infinite where they are too large
        for a number.

    Examples
    --------
    >>> from skae.metrics import reconstruction_error
    >>> reconstruction_error([[0, 0], [2, 2]], [[0, 0], [2, 0]]).tolist()
    [0.0, 2.0]
    """
    table, back = _same_shape(X, X_reconstructed)
    return squared_errors(table, back, per_feature)


def continuity(
    X: ArrayLike,
    X_embedded: ArrayLike,
    *,
    n_neighbors: int = 5,
    max_rows: int = MAX_ROWS,
    random_state: Seed = 0,
) -> float:
    r"""Return to what extent neighbours in the table stay neighbours in the code.

    It is trustworthiness with the roles exchanged,

    .. math::

        1 - \frac{2}{nk(2n - 3k - 1)} \sum_i \sum_{j \in N_k(i),\ j \notin M_k(i)}
        (r(i, j) - k),

    where :math:`N_k(i)` are the `k` nearest neighbours of row `i` in `X`,
    :math:`M_k(i)` those in `X_embedded`, and :math:`r(i, j)` is the rank of `j` among
    the neighbours of `i` there.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows.
    X_embedded : array-like of shape (n_samples, n_components)
        Their codes.
    n_neighbors : int, default=5
        The `k` of the formula, less than half of the rows.
    max_rows : int, default=2000
        If there are more rows, so many of them are drawn at random.
    random_state : int, RandomState instance or None, default=0
        Draws them; None takes fresh entropy.

    Returns
    -------
    float
        Between 0 and 1; 1 for the identity, if no two distances from a row are equal.

    References
    ----------
    .. [1] J. Venna and S. Kaski, "Neighborhood preservation in nonlinear projection
       methods: an experimental study", ICANN 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skae.metrics import continuity
    >>> X = load_iris().data
    >>> continuity(X, PCA(2).fit_transform(X)) > 0.95
    True
    """
    rows, codes = _sampled(X, X_embedded, max_rows, random_state)
    return float(trustworthiness(codes, rows, n_neighbors=n_neighbors))


@dataclass(frozen=True, eq=False)
class NeighborhoodPreservation:
    """What :func:`neighborhood_preservation` found.

    Attributes
    ----------
    n_neighbors : ndarray of shape (n_rows - 2,)
        Numbers of neighbours, 1 to ``n_rows - 2``, of the rows compared.
    curve : ndarray of shape (n_rows - 2,)
        For each, the part of the neighbours that is kept, on a scale where chance is 0
        and all of them is 1.
    area : float
        The mean of the curve, each number of neighbours weighted by its reciprocal.
    """

    n_neighbors: np.ndarray
    curve: np.ndarray
    area: float


def neighborhood_preservation(
    X: ArrayLike,
    X_embedded: ArrayLike,
    *,
    max_rows: int = MAX_ROWS,
    random_state: Seed = 0,
) -> NeighborhoodPreservation:
    r"""Return what part of the nearest neighbours a code keeps, for all sizes of them.

    With :math:`Q(k)` the mean part of the `k` nearest neighbours of a row that are also
    among the `k` nearest of its code, the curve is

    .. math:: R(k) = \frac{(n - 1) Q(k) - k}{n - 1 - k},

    0 for random codes and 1 for the identity, and its area is
    :math:`\sum_k R(k) / k` over :math:`\sum_k 1 / k`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, at least three.
    X_embedded : array-like of shape (n_samples, n_components)
        Their codes.
    max_rows : int, default=2000
        If there are more rows, so many of them are drawn at random.
    random_state : int, RandomState instance or None, default=0
        Draws them; None takes fresh entropy.

    Returns
    -------
    NeighborhoodPreservation
        Its curve and the area under it.

    References
    ----------
    .. [1] J. A. Lee, D. H. Peluffo-Ordonez and M. Verleysen, "Multi-scale similarities
       in stochastic neighbour embedding: reducing dimensionality while preserving both
       local and global structure", Neurocomputing 169, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skae.metrics import neighborhood_preservation
    >>> X = load_iris().data
    >>> kept = neighborhood_preservation(X, PCA(2).fit_transform(X))
    >>> kept.area > 0.5
    True
    """
    table, codes = _sampled(X, X_embedded, max_rows, random_state)
    n = len(table)
    if n < 3:
        raise ValueError(f"X has {n} rows, but neighbourhoods need at least three.")
    n_kept = np.zeros(n + 1, dtype=np.int64)
    for rows in chunk_slices(n, n):
        furthest = np.maximum(_ranks(table, rows), _ranks(codes, rows))
        n_kept += np.bincount(furthest.ravel(), minlength=n + 1)
    k = np.arange(1, n - 1)
    quality = np.cumsum(n_kept[1 : n - 1]) / (k * n)
    curve = ((n - 1) * quality - k) / (n - 1 - k)
    return NeighborhoodPreservation(k, curve, float(np.average(curve, weights=1 / k)))


def _ranks(X, rows):
    """Return the rank of each row by its distance from some rows, n for themselves."""
    distances = cdist(X[rows], X)
    own = np.arange(len(distances)), np.arange(len(X))[rows]
    distances[own] = np.inf
    order = np.argsort(distances, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(X) + 1)[np.newaxis], axis=1)
    return ranks


def _checked(X, name):
    X = collected(X)
    check_kind(X, name)
    try:
        return check_array(X, dtype=np.float64, input_name=name)
    except (TypeError, ValueError) as error:
        raise conversion_error(error, X, name) from None


def _same_shape(X, X_reconstructed):
    X = _checked(X, "X")
    X_reconstructed = _checked(X_reconstructed, "X_reconstructed")
    if X.shape != X_reconstructed.shape:
        raise ValueError(
            f"X_reconstructed has the shape {X_reconstructed.shape}, but must have that of "
            f"X, {X.shape}."
        )
    return X, X_reconstructed


def _sampled(X, X_embedded, max_rows, random_state):
    X, X_embedded = _checked(X, "X"), _checked(X_embedded, "X_embedded")
    check_consistent_length(X, X_embedded)
    if max_rows < 3:
        raise ValueError(f"max_rows={max_rows} must be at least 3, to have neighbours.")
    if len(X) > max_rows:
        chosen = check_random_state(fresh_seed(random_state)).permutation(len(X))[:max_rows]
        X, X_embedded = X[chosen], X_embedded[chosen]
    return in_unit_range(X)[0], in_unit_range(X_embedded)[0]
