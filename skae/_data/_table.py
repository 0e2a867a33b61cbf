"""A table as a fit sees it: which rows, their weights, and how to condition them."""

import functools
from dataclasses import dataclass

import numpy as np

from ._errors import variance_explained
from ._rows import chunk_slices, power_of_two, take
from ._threads import one_blas_thread

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
        What the rows have been labelled with, as a task takes it.
    observed : ndarray of bool of shape (n_samples, n_features), default=None
        Which cells are what they were measured to be; the others are estimates, and no
        task compares with them.
    n_behind : int, default=None
        Of how many rows these are a sample; None for the rows of a fit themselves.
    """

    X: object
    weight: np.ndarray | None
    shift: np.ndarray
    scale: float
    labels: np.ndarray | None = None
    observed: np.ndarray | None = None
    n_behind: int | None = None

    def rows(self, index):
        """Return conditioned rows, a new array in float32."""
        if self.X.shape[0] * self.X.shape[1] > CACHE_VALUES:
            return self.conditioned(index)
        return self._conditioned[index]

    def conditioned(self, index):
        """Return conditioned rows without keeping any, a new array in float32."""
        return self._condition(take(self.X, index))  # a copy: `index` is no slice

    def shuffled(self, row_index, n_rows, n_epochs, rng):
        """Yield this table and rows of it, `n_rows` at a time, in a new order each epoch.

        Parameters
        ----------
        row_index : ndarray of int
            The rows of an epoch, of which the last part may hold fewer.
        n_rows, n_epochs : int
        rng : numpy.random.Generator
        """
        for _ in range(n_epochs):
            order = rng.permutation(row_index)
            for start in range(0, len(order), n_rows):
                yield self, order[start : start + n_rows]

    def pairs(self, index, targets_of):
        """Return conditioned rows, and what a network should give for them.

        Parameters
        ----------
        index : ndarray of int
        targets_of : callable
            ``(rows, labels) -> targets``, as a task says it: of rows that are NaN where
            cells are not observed.
        """
        rows = known = self.rows(index)
        if self.observed is not None:
            known = np.where(self.observed[index], rows, np.float32(np.nan))
        return rows, targets_of(known, None if self.labels is None else self.labels[index])

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
        limits = np.finfo(rows.dtype)
        if not limits.tiny < self.scale < 1 / limits.tiny:
            rows = rows.astype(np.float64) / self.scale  # its inverse is no such number
        else:
            rows *= rows.dtype.type(1 / self.scale)
        with np.errstate(over="ignore"):  # an infinite loss is told of, and of what it is
            return rows.astype(np.float32, copy=False)

    def copies(self, index):
        """Return a number for each row, the same for rows that a network cannot tell apart.

        These are the rows that are equal when they are conditioned and in float32. The
        number is a hash of 64 bits: to take two rows for equal by accident, once in some
        billion tables, would do no harm but to keep them together.
        """
        numbers = np.empty(len(index), dtype=np.uint64)
        for part in chunk_slices(len(index), self.X.shape[1]):
            numbers[part] = numbers_of(self.rows(index[part]))
        return numbers

    def weights(self, index):
        """Return the sample weights of rows in float32."""
        if self.weight is None:
            return np.ones(len(index), dtype=np.float32)
        return self.weight[index].astype(np.float32)

    def losses(self, reconstruct, power, index):
        """Return the mean error of each row, to a power, in conditioned units.

        Parameters
        ----------
        reconstruct : callable
            ``(rows in float64) -> reconstructions``.
        power : int
        index : ndarray of int
        """
        losses = np.empty(len(index))
        for part in chunk_slices(len(index), self.X.shape[1]):
            rows = take(self.X, index[part], np.float64)
            errors = np.abs(reconstruct(rows) - rows) / self.scale
            losses[part] = (errors**power).mean(axis=1)
        return losses

    def r2(self, reconstruct, index=None):
        """Return the fraction of the variance of rows that is reconstructed."""
        return self.mse_and_r2(reconstruct, index)[1]

    @one_blas_thread()
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
        parts = [index[part] for part in chunk_slices(len(index), self.X.shape[1])]
        origin = take(self.X, index[:1], np.float64)  # so that equal rows differ by 0
        reach = max(np.abs(take(self.X, part, np.float64) - origin).max() for part in parts)
        if not reach:  # without variance, errors are all that is squared
            reach = np.abs(origin - reconstruct(origin)).max()
        unit = power_of_two(reach)  # so that no square is out of range
        mean, n_total, variance, error = 0.0, 0.0, 0.0, 0.0
        for part in parts:
            rows = take(self.X, part, np.float64)
            weight = self.weights(part).astype(np.float64)
            error += weight @ (((rows - reconstruct(rows)) / unit) ** 2).sum(axis=1)
            n_part = weight.sum()
            if n_part:  # the rule of Chan, Golub and LeVeque (1979)
                differences = (rows - origin) / unit
                part_mean = weight @ differences / n_part
                step, n_before, n_total = part_mean - mean, n_total, n_total + n_part
                variance += weight @ ((differences - part_mean) ** 2).sum(axis=1)
                variance += np.sum(step**2) * n_before * n_part / n_total
                mean += step * (n_part / n_total)
        with np.errstate(over="ignore", under="ignore"):
            mse = float(error / (n_total * self.X.shape[1]) * unit * unit)
        if len(index) < 2:
            return mse, float("nan")
        return mse, variance_explained(error, variance)


def numbers_of(rows):
    """Return a hash for each of some conditioned rows, as :meth:`Table.copies` does."""
    words = np.random.default_rng(0).integers(2**63, size=rows.shape[1], dtype=np.uint64)
    bits = np.ascontiguousarray(rows + np.float32(0))  # -0 is 0
    bits = bits.view(np.uint32).astype(np.uint64)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    bits *= 2 * words + 1
    return bits.sum(axis=1)
