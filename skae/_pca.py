"""Principal components in float64, from one pass for the mean and one for the rest."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from ._rows import chunk_slices, take
from ._threads import one_blas_thread


@dataclass(frozen=True)
class PrincipalComponents:
    """The linear solution that an autoencoder starts from.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    components : ndarray of shape (n_found, n_features)
        Orthonormal rows in descending order of variance, signed as by
        :class:`sklearn.decomposition.PCA`. Directions without variance are left out,
        so `n_found` may be smaller than the number asked for.
    variance : ndarray of shape (n_found,)
        Variance along each component (normalised by the sum of the weights).
    total_variance : float
        Sum of the columns' variances.
    column_scale : ndarray of shape (n_features,)
        Standard deviation of each column.
    n_effective : float
        Sum of the sample weights: the number of rows, if there are none.
    """

    mean: np.ndarray
    components: np.ndarray
    variance: np.ndarray
    total_variance: float
    column_scale: np.ndarray
    n_effective: float

    @property
    def scale(self):
        """Root mean square of the columns' standard deviations, 1 if all are 0."""
        return float(np.sqrt(self.total_variance / len(self.mean))) or 1.0

    @property
    def explained_variance(self):
        """Unbiased variance along each component, as scikit-learn's PCA reports it."""
        unbias = self.n_effective / max(self.n_effective - 1, 1.0)
        return self.variance * unbias

    @property
    def explained_variance_ratio(self):
        """Fraction of the total variance along each component."""
        return self.variance / (self.total_variance or 1.0)

    def first(self, n_components):
        """Return the same solution with at most `n_components` components."""
        return replace(
            self,
            components=self.components[:n_components],
            variance=self.variance[:n_components],
        )

    def n_components_for(self, fraction):
        """Return the smallest number of components that keeps `fraction`."""
        kept = np.cumsum(self.explained_variance_ratio)
        n_components = int(np.searchsorted(kept, fraction, side="right")) + 1
        return max(1, min(n_components, len(kept)))


def principal_components(X, n_components=None, sample_weight=None):
    """Compute the principal components of the rows of `X`.

    Parameters
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    n_components : int, default=None
        How many at most; None finds all.
    sample_weight : ndarray of shape (n_samples,), default=None

    Returns
    -------
    PrincipalComponents
    """
    n_samples, n_features = X.shape
    weight = np.ones(n_samples) if sample_weight is None else sample_weight
    n_wanted = min(n_samples, n_features, n_components or n_features)
    with one_blas_thread():
        n_effective = float(weight.sum())
        mean = _weighted_mean(X, weight, n_effective)
        if n_samples < n_features:
            column_variance, variance, components = _from_gram(X, mean, weight, n_wanted)
        else:
            column_variance, variance, components = _from_covariance(
                X, mean, weight, n_wanted
            )
    column_variance /= n_effective
    variance /= n_effective
    # What rounding alone gives a constant column, the same bound as StandardScaler's.
    eps = np.finfo(np.float64).eps
    rounding = (n_samples * eps * mean) ** 2
    column_variance[column_variance <= rounding] = 0.0
    smallest = variance.max(initial=0) * max(X.shape) * eps
    found = variance > max(smallest, rounding.sum())
    return PrincipalComponents(
        mean=mean,
        components=_with_fixed_signs(components[found]),
        variance=variance[found],
        total_variance=float(column_variance.sum()),
        column_scale=np.sqrt(column_variance),
        n_effective=n_effective,
    )


def _weighted_mean(X, weight, n_effective):
    total = np.zeros(X.shape[1])
    for rows in chunk_slices(*X.shape):
        total += weight[rows] @ take(X, rows, np.float64)
    return total / n_effective


def _from_covariance(X, mean, weight, n_wanted):
    scatter = np.zeros((len(mean), len(mean)))
    for rows in chunk_slices(*X.shape):
        centred = take(X, rows, np.float64) - mean
        centred *= np.sqrt(weight[rows])[:, np.newaxis]
        scatter += centred.T @ centred
    n_features = len(mean)
    variance, vectors = linalg.eigh(
        scatter, subset_by_index=[n_features - n_wanted, n_features - 1]
    )
    return np.diag(scatter).copy(), variance[::-1].copy(), vectors.T[::-1]


def _from_gram(X, mean, weight, n_wanted):
    """With fewer rows than columns, the matrix of inner products is the smaller one."""
    centred = take(X, slice(None), np.float64) - mean
    centred *= np.sqrt(weight)[:, np.newaxis]
    n_samples = len(centred)
    variance, vectors = linalg.eigh(
        centred @ centred.T, subset_by_index=[n_samples - n_wanted, n_samples - 1]
    )
    variance, vectors = variance[::-1].copy(), vectors.T[::-1]
    found = variance > variance.max(initial=0) * 1e-14
    components = np.zeros((n_wanted, len(mean)))
    components[found] = vectors[found] @ centred
    components[found] /= np.sqrt(variance[found])[:, np.newaxis]
    return np.einsum("ij,ij->j", centred, centred), variance, components


def _with_fixed_signs(components):
    """Make the largest loading of each component positive."""
    if not components.size:
        return components
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    return components * signs[:, np.newaxis]
