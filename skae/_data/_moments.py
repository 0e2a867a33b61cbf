"""Mean, variance and principal components of tables in blocks, merged exactly."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import linalg

from ._blocks import OfRows
from ._pca import (
    PrincipalComponents,
    from_triangle,
    largest_of,
    triangle_of,
    wanted,
    with_fixed_signs,
)
from ._rows import chunk_slices, power_of_two, take
from ._threads import one_blas_thread

GRADED = 1e-100  # of the largest reach: squares of columns with less vanish


@dataclass(frozen=True)
class Moments:
    """Count, mean, range and centred products of rows, in float64.

    Those of two sets of rows give those of both (Chan, Golub and LeVeque, "Updating
    formulae and a pairwise algorithm for computing sample variances", 1979), so blocks
    may be read in any order and anywhere.

    Attributes
    ----------
    n_rows : int
    mean, low, high : ndarray of shape (n_features,)
    products : ndarray of shape (n_features, n_features)
        Of the centred rows, in squares of the unit.
    unit : float
        A power of two near the largest difference from the mean, 0 if there is none.
    """

    n_rows: int
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    products: np.ndarray
    unit: float

    @classmethod
    def of(cls, rows):
        """Return the moments of the rows of an array, at least one."""
        origin = take(rows, slice(0, 1), np.float64)[0]  # exact for a constant column
        parts = chunk_slices(*rows.shape)
        offset = sum((take(rows, p, np.float64) - origin).sum(axis=0) for p in parts)
        offset = offset / len(rows)
        low, high = (f(rows, axis=0).astype(np.float64) for f in (np.min, np.max))
        reach = np.maximum(high - origin - offset, origin - low + offset).max()
        unit = power_of_two(reach) if reach > 0 else 0.0
        products = np.zeros((rows.shape[1],) * 2)
        if unit:
            with one_blas_thread():
                for part in parts:
                    centred = take(rows, part, np.float64) - origin
                    centred -= offset
                    centred /= unit
                    products += centred.T @ centred
        return cls(len(rows), origin + offset, low, high, products, unit)

    def merged(self, other):
        """Return the moments of these rows and others."""
        n_rows = self.n_rows + other.n_rows
        step = other.mean - self.mean
        reach = np.abs(step).max()
        unit = max(self.unit, other.unit, power_of_two(reach) if reach else 0.0)
        products = np.zeros_like(self.products)
        if unit:
            for part in self, other:
                products += part.products * (part.unit / unit) ** 2
            step = step / unit
            products += np.outer(step, step) * (self.n_rows * (other.n_rows / n_rows))
        return Moments(
            n_rows,
            self.mean + (other.mean - self.mean) * (other.n_rows / n_rows),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            products,
            unit,
        )

    @property
    def reach(self):
        """The largest difference from the mean in each column, 0 in a constant one."""
        reach = np.maximum(self.high - self.mean, self.mean - self.low)
        return np.where(self.high > self.low, reach, 0.0)

    @property
    def is_graded(self):
        """Whether the squares of some columns vanish beside those of others."""
        reach = self.reach
        return bool(reach[reach > 0].min(initial=np.inf) < GRADED * self.unit)

    def components(self, components, deviation, column_scale):
        """Return principal components in the units of the table."""
        return PrincipalComponents(
            mean=self.mean,
            components=with_fixed_signs(components),
            deviation=deviation * self.unit,
            column_scale=column_scale * self.unit,
            n_effective=float(self.n_rows),
        )


def principal_components_of(moments, n_components, blocks):
    """Return the principal components of a table in blocks.

    Parameters
    ----------
    moments : Moments
        Of all rows, of which there are at least as many as columns.
    n_components : int, float or None
        As :func:`principal_components` takes it.
    blocks : RowBlocks
        Read once more where some components are so small that products have lost their
        digits.

    Returns
    -------
    PrincipalComponents
    """
    moments = moments if moments.unit else replace(moments, unit=1.0)
    n_features = len(moments.mean)
    n_wanted, cut = wanted(n_components, moments.n_rows, n_features)
    with one_blas_thread():
        deviation, vectors = largest_of(moments.products / moments.n_rows, n_wanted)
        scale = np.sqrt(np.diag(moments.products) / moments.n_rows)
        found = cut(moments.components(vectors, deviation, scale))
        if moments.is_graded or not found.is_accurate:
            centred = OfRows(partial(_triangle, moments.mean, moments.unit))
            triangle = blocks.reduced(centred, _joined) / np.sqrt(moments.n_rows)
            found = from_triangle(
                triangle, moments, n_wanted, max(moments.n_rows, n_features)
            )
    return cut(found)


def _triangle(mean, unit, rows):
    """Return the triangular factor of the centred rows of a block."""
    chunks = (
        (take(rows, part, np.float64) - mean) / unit for part in chunk_slices(*rows.shape)
    )
    with one_blas_thread():
        return triangle_of(chunks, rows.shape[1])


def _joined(first, second):
    """Return the triangular factor of the rows behind two."""
    return linalg.qr(np.concatenate([first, second]), mode="r")[0][: first.shape[1]]
