"""Sums of squares of a table in blocks, of errors and about the mean, for R²."""

from dataclasses import dataclass

import numpy as np

from ._errors import variance_explained
from ._rows import chunk_slices, take


@dataclass(frozen=True)
class SquareSums:
    """What R² is made of, merged over blocks as :class:`Moments` are.

    Attributes
    ----------
    n_rows : int
    mean : ndarray of shape (n_features,)
    error, variance : float
        Sums over all cells, in squares of the unit.
    """

    n_rows: int
    mean: np.ndarray
    error: float
    variance: float

    @classmethod
    def of(cls, model, rows):
        """Return the sums of the rows of a block.

        Parameters
        ----------
        model : Model
            Reconstructs them; its units are those of the mean.
        rows : ndarray of shape (n_rows, n_features)
        """
        found = None
        for part in chunk_slices(*rows.shape):
            chunk = take(rows, part, np.float64)
            errors = (chunk - model.reconstruct(chunk)) / model.scale
            seen = (chunk - model.shift) / model.scale
            mean = seen[0] + (seen - seen[0]).mean(axis=0)
            variance = float(((seen - mean) ** 2).sum())
            sums = cls(len(chunk), mean, float((errors**2).sum()), variance)
            found = sums if found is None else found.merged(sums)
        return found

    def merged(self, other):
        """Return the sums of these rows and others."""
        n_rows, step = self.n_rows + other.n_rows, other.mean - self.mean
        share = other.n_rows / n_rows
        between = float((step**2).sum()) * self.n_rows * share
        return SquareSums(
            n_rows,
            self.mean + step * share,
            self.error + other.error,
            self.variance + other.variance + between,
        )

    @property
    def r2(self):
        """The fraction of the variance that is reconstructed, NaN for a single row."""
        if self.n_rows < 2:
            return float("nan")
        return variance_explained(self.error, self.variance)
