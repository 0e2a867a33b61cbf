"""Principal components in float64, from one pass for the mean and one for the rest."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from ._rows import chunk_slices, power_of_two, take
from ._threads import one_blas_thread

EPS = np.finfo(np.float64).eps
ACCURATE = 1e-8  # below this part of the largest variance, products have lost the digits
JACOBI_FEATURES = 500  # above it, Jacobi's method would take many seconds


@dataclass(frozen=True)
class PrincipalComponents:
    """The linear solution that an autoencoder starts from.

    Standard deviations are kept in place of variances, since the square of a number as
    large as 1e160, or as small as 1e-170, is not a number of its kind any more.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    components : ndarray of shape (n_found, n_features)
        Orthonormal rows in descending order of variance, signed as by
        :class:`sklearn.decomposition.PCA`. Directions without variance are left out,
        so `n_found` may be smaller than the number asked for.
    deviation : ndarray of shape (n_found,)
        Standard deviation along each component (normalised by the sum of the weights).
    column_scale : ndarray of shape (n_features,)
        Standard deviation of each column.
    n_effective : float
        Sum of the sample weights: the number of rows, if there are none.
    """

    mean: np.ndarray
    components: np.ndarray
    deviation: np.ndarray
    column_scale: np.ndarray
    n_effective: float

    @property
    def scale(self):
        """Root mean square of the columns' standard deviations, 1 if all are 0."""
        largest = self.column_scale.max()
        if largest == 0:
            return 1.0
        relative = self.column_scale / largest
        return float(largest * np.sqrt(np.mean(relative**2)))

    @property
    def explained_variance(self):
        """Unbiased variance along each component, as scikit-learn's PCA reports it."""
        unbias = self.n_effective / max(self.n_effective - 1, 1.0)
        with np.errstate(over="ignore", under="ignore"):
            return self.deviation**2 * unbias

    @property
    def explained_variance_ratio(self):
        """Fraction of the total variance along each component."""
        return (self.deviation / self.scale) ** 2 / len(self.mean)

    @property
    def is_accurate(self):
        """Whether no component is so small that products have lost its digits."""
        return bool(self.deviation.min() > np.sqrt(ACCURATE) * self.deviation.max())

    def first(self, n_components):
        """Return the same solution with at most `n_components` components."""
        return replace(
            self,
            components=self.components[:n_components],
            deviation=self.deviation[:n_components],
        )

    def n_components_for(self, fraction):
        """Return the smallest number of components that keeps `fraction`."""
        kept = np.cumsum(self.explained_variance_ratio)
        n_components = int(np.searchsorted(kept, fraction, side="right")) + 1
        return max(1, min(n_components, len(kept)))

    def reconstruct(self, X):
        """Return the projections of rows onto the components."""
        return (X - self.mean) @ self.components.T @ self.components + self.mean


def principal_components(X, n_components=None, sample_weight=None):
    """Compute the principal components of the rows of `X`.

    The matrix of products is the fast way, but it squares the numbers: components with
    less than `ACCURATE` of the largest variance are lost in its rounding. Where these are
    wanted, they come from the centred table itself.

    Parameters
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    n_components : int or float, default=None
        How many at most, or which fraction of the variance they keep; None finds all.
    sample_weight : ndarray of shape (n_samples,), default=None

    Returns
    -------
    PrincipalComponents
    """
    n_wanted, cut = wanted(n_components, *X.shape)
    with one_blas_thread():
        table = _CentredTable.of(X, sample_weight)
        found = cut(_from_products(table, n_wanted))
        if table.is_graded or not found.is_accurate:
            found = cut(_from_rows(table, n_wanted))
    return found


def wanted(n_components, n_samples, n_features):
    """Return how many components are to be found, and what cuts them to a fraction."""
    is_fraction = n_components is not None and not isinstance(
        n_components, int | np.integer
    )
    n_wanted = n_features if is_fraction or n_components is None else n_components

    def cut(found):
        return found.first(found.n_components_for(n_components)) if is_fraction else found

    return min(max(n_samples - 1, 1), n_features, n_wanted), cut


@dataclass(frozen=True)
class _CentredTable:
    """The rows less their mean, in a unit that lets their squares be added up.

    Differences from one of the rows are exact where it matters: a constant column gives
    zeros, however large it is, and an offset does not cost the digits behind it.

    Attributes
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    share : ndarray of shape (n_samples,)
        The weight of each row; they sum to 1.
    n_effective : float
    origin, offset : ndarray of shape (n_features,)
        The mean is their sum.
    reach : ndarray of shape (n_features,)
        The largest difference from `origin` in each column.
    """

    X: object
    share: np.ndarray
    n_effective: float
    origin: np.ndarray
    offset: np.ndarray
    reach: np.ndarray

    @classmethod
    def of(cls, X, sample_weight):
        weight = np.ones(X.shape[0]) if sample_weight is None else sample_weight
        n_effective = float(weight.sum())
        share = weight / n_effective
        first = int(np.argmax(weight > 0))
        origin = take(X, slice(first, first + 1), np.float64)[0]
        offset, reach = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for rows in chunk_slices(*X.shape):
            differences = take(X, rows, np.float64) - origin
            offset += share[rows] @ differences
            counts = share[rows] > 0
            if not counts.all():
                differences = differences[counts]
            if len(differences):
                np.maximum(reach, differences.max(axis=0), out=reach)
                np.maximum(reach, -differences.min(axis=0), out=reach)
        return cls(X, share, n_effective, origin, offset, reach)

    @property
    def unit(self):
        """What the centred rows are divided by."""
        return power_of_two(self.reach.max())

    @property
    def is_graded(self):
        """Whether the squares of some columns vanish beside those of others."""
        return bool(self.reach[self.reach > 0].min(initial=np.inf) < 1e-100 * self.unit)

    def chunks(self):
        """Yield centred rows in the unit, each times the root of its share."""
        for rows in chunk_slices(*self.X.shape):
            centred = take(self.X, rows, np.float64) - self.origin
            centred -= self.offset
            centred /= self.unit
            centred *= np.sqrt(self.share[rows])[:, np.newaxis]
            yield centred

    def components(self, components, deviation, column_scale):
        """Return the solution in the units of the table."""
        return PrincipalComponents(
            mean=self.origin + self.offset,
            components=with_fixed_signs(components),
            deviation=deviation * self.unit,
            column_scale=column_scale * self.unit,
            n_effective=self.n_effective,
        )


def _from_products(table, n_wanted):
    """Take the eigenvectors of the smaller matrix of products."""
    n_samples, n_features = table.X.shape
    if n_samples < n_features:
        centred = np.concatenate(list(table.chunks()))
        products, squares = centred @ centred.T, np.einsum("ij,ij->j", centred, centred)
    else:
        products = np.zeros((n_features, n_features))
        for centred in table.chunks():
            products += centred.T @ centred
        squares = np.diag(products).copy()
    deviation, vectors = largest_of(products, n_wanted)
    if n_samples < n_features:
        vectors = vectors @ centred / np.where(deviation > 0, deviation, 1.0)[:, np.newaxis]
    return table.components(vectors, deviation, np.sqrt(squares))


def largest_of(products, n_wanted):
    """Return the roots of the largest eigenvalues, descending, and their vectors."""
    last = len(products) - 1
    variance, vectors = linalg.eigh(products, subset_by_index=[last + 1 - n_wanted, last])
    return np.sqrt(np.maximum(variance[::-1], 0.0)), vectors.T[::-1]


def _from_rows(table, n_wanted):
    """Take the singular vectors of the centred table, or of its triangular factor.

    Jacobi's method finds small columns beside huge ones as exactly as if they were alone
    (Drmač and Veselić, "New fast and accurate Jacobi SVD algorithm", SIAM Journal on
    Matrix Analysis and Applications 29, 2008). A direction is found if it has more
    variance than rounding gives to the columns that it is made of.
    """
    n_samples, n_features = table.X.shape
    if n_samples < n_features:
        rows = np.concatenate(list(table.chunks()))
    else:
        rows = triangle_of(table.chunks(), n_features)
    return from_triangle(rows, table, n_wanted, max(n_samples, n_features))


def triangle_of(chunks, n_features):
    """Return the triangular factor of all rows of some chunks."""
    rows = np.zeros((0, n_features))
    for block in _blocks(chunks, n_features):
        rows = linalg.qr(np.concatenate([rows, block]), mode="r")[0][:n_features]
    return rows


def from_triangle(rows, table, n_wanted, n_rounded):
    """Take the singular vectors of a centred table from its triangular factor.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features)
        The factor, or the centred table itself where it has fewer rows than columns.
    table : object
        With `reach`, `unit` and `components`, as :class:`_CentredTable` has them.
    n_wanted : int
    n_rounded : int
        How many numbers rounding has added up.
    """
    n_features = rows.shape[1]
    if rows.shape[0] == n_features <= JACOBI_FEATURES:
        deviation, _, vectors, work, *_ = linalg.lapack.dgejsv(
            rows, joba=0, jobu=3, jobv=0, jobr=0, jobt=0, jobp=0
        )
        deviation = deviation * (work[0] / work[1])
        vectors = vectors.T / np.linalg.norm(vectors, axis=0)[:, np.newaxis]
    else:
        _, deviation, vectors = linalg.svd(rows, full_matrices=False)
    reach = np.where(table.reach > 0, table.reach / table.unit, 1.0)
    column_scale = reach * np.sqrt(np.mean((rows / reach) ** 2, axis=0) * len(rows))
    rounding = EPS * n_rounded * np.abs(vectors * column_scale).max(axis=1)
    is_found = (deviation > rounding) & (np.arange(len(deviation)) < n_wanted)
    return table.components(vectors[is_found], deviation[is_found], column_scale)


def _blocks(chunks, n_features):
    """Yield chunks put together to at least `n_features` rows."""
    waiting, n_waiting = [], 0
    for chunk in chunks:
        waiting.append(chunk)
        n_waiting += len(chunk)
        if n_waiting >= n_features:
            yield np.concatenate(waiting)
            waiting, n_waiting = [], 0
    if waiting:
        yield np.concatenate(waiting)


def with_fixed_signs(components):
    """Make the largest loading of each component positive."""
    if not components.size:
        return components
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    return components * signs[:, np.newaxis]
