"""A table as a fit sees it: which rows, their weights, and how to condition them."""

import functools
from dataclasses import dataclass

import numpy as np

from ._rows import chunk_slices, take

CACHE_VALUES = 1 << 23  # tables up to 32 MiB of float32 are conditioned only once


@dataclass(frozen=True)
class Table:
    """The rows that a fit may use, and how to condition them.

    Attributes
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    weight : ndarray of shape (n_samples,) or None
    shift : ndarray of shape (n_features,)
    scale : float
        A conditioned row is ``(x - shift) / scale``.
    labels : ndarray of shape (n_samples, n_outputs), default=None
        What a network should give for the rows; None asks for the rows themselves.
    """

    X: object
    weight: np.ndarray | None
    shift: np.ndarray
    scale: float
    labels: np.ndarray | None = None

    def rows(self, index):
        """Return conditioned rows, a new array in float32."""
        if self.X.shape[0] * self.X.shape[1] > CACHE_VALUES:
            return self._condition(take(self.X, index))  # a copy: `index` is no slice
        return self._conditioned[index]

    def pairs(self, index):
        """Return conditioned rows, and what a network should give for them."""
        rows = self.rows(index)
        return rows, rows if self.labels is None else self.labels[index]

    @functools.cached_property
    def _conditioned(self):
        """All rows of a small table, conditioned once for all epochs."""
        return self._condition(np.array(take(self.X, slice(None))))

    def _condition(self, rows):
        """Condition new rows in place, and return them in float32.

        The subtraction is done in the table's own precision, so that a large common
        offset does not cost the digits behind it.
        """
        rows -= self.shift.astype(rows.dtype, copy=False)
        rows *= rows.dtype.type(1 / self.scale)
        return rows.astype(np.float32, copy=False)

    def weights(self, index):
        """Return the sample weights of rows in float32."""
        if self.weight is None:
            return np.ones(len(index), dtype=np.float32)
        return self.weight[index].astype(np.float32)

    def r2(self, reconstruct, index=None):
        """Return the fraction of the variance of rows that is reconstructed."""
        return self.mse_and_r2(reconstruct, index)[1]

    def mse_and_r2(self, reconstruct, index=None):
        """Return the mean squared error of reconstructed rows, and their R².

        Parameters
        ----------
        reconstruct : callable
            ``(rows in float64) -> reconstructions``.
        index : ndarray of int, default=None
            Which rows; None takes all.

        Returns
        -------
        mse, r2 : float
            R² is NaN for fewer than two rows, which have no variance. Rows without
            variance give 1 if they are reconstructed without error, and 0 otherwise.
        """
        if index is None:
            index = np.arange(self.X.shape[0])
        origin = take(self.X, index[:1], np.float64)  # so that equal rows differ by 0
        total, n_total, squares, error = np.zeros(self.X.shape[1]), 0.0, 0.0, 0.0
        for part in chunk_slices(len(index), self.X.shape[1]):
            rows = take(self.X, index[part], np.float64)
            weight = self.weights(index[part]).astype(np.float64)
            differences = rows - origin
            total += weight @ differences
            n_total += weight.sum()
            squares += weight @ (differences**2).sum(axis=1)
            error += weight @ ((rows - reconstruct(rows)) ** 2).sum(axis=1)
        mse = float(error / (n_total * self.X.shape[1]))
        variance = squares - total @ total / n_total
        if len(index) < 2:
            return mse, float("nan")
        if variance > 0:
            return mse, float(1 - error / variance)
        return mse, 1.0 if error == 0 else 0.0
