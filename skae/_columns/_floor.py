"""The linear floor: what a normal distribution expects in the cells that are missing."""

from dataclasses import dataclass

import numpy as np

from .._data._threads import one_blas_thread

MAX_ROWS = 10_000  # that tell of the distribution
MAX_STEPS = 12
TOLERANCE = 1e-3
RIDGE = 0.01  # of the variance, for each column a row
LEAST_RIDGE = 1e-9
BLOCK_VALUES = 1 << 21
COMMON = 2000  # work of rows with the same cells missing, which are then filled at once


@dataclass(frozen=True)
class LinearFloor:
    """A normal distribution of the rows of a coded table.

    Its expectations of missing cells, given those that are there, are what chained linear
    regressions settle at.

    Attributes
    ----------
    mean : ndarray of shape (n_coded,)
    precision : ndarray of shape (n_coded, n_coded)
        Inverse of the covariance.
    """

    mean: np.ndarray
    precision: np.ndarray

    def fill(self, coded, missing=None, spread=None):
        """Return rows with what is expected of the missing cells, NaN if none is given.

        Parameters
        ----------
        coded : ndarray of shape (n_rows, n_coded)
        missing : ndarray of bool of shape (n_rows, n_coded), default=None
        spread : ndarray of shape (n_coded, n_coded), default=None
            To which the covariance of each row's missing cells given the others is added.
        """
        if missing is None:
            missing = np.isnan(coded)
        filled = coded.copy()
        common, alone = _common_patterns(missing)
        with one_blas_thread():
            for is_gone, rows in common:
                gone, there = np.flatnonzero(is_gone), np.flatnonzero(~is_gone)
                own = self.precision[gone]
                known = coded[np.ix_(rows, there)] - self.mean[there]
                pull = -own[:, there] @ known.T
                step, inverse = _solved(own[:, gone], pull, spread is not None)
                filled[np.ix_(rows, gone)] = step.T + self.mean[gone]
                if spread is not None:
                    spread[np.ix_(gone, gone)] += len(rows) * inverse
            for rows, cells, is_cell, inner in self._parts(alone):
                centred = np.where(missing[rows], 0.0, coded[rows] - self.mean)
                pull = np.take_along_axis(centred @ self.precision, cells, 1)
                pull = -(pull * is_cell)[:, :, np.newaxis]
                step, inverse = _solved(inner, pull, spread is not None)
                expected = step[:, :, 0] + self.mean[cells]
                some = filled[rows]
                kept = np.take_along_axis(some, cells, 1)
                np.put_along_axis(some, cells, np.where(is_cell, expected, kept), 1)
                filled[rows] = some
                if spread is not None:
                    inverse *= is_cell[:, :, np.newaxis] & is_cell[:, np.newaxis, :]
                    _add_each(spread, cells, inverse)
        return filled

    def _parts(self, missing):
        """Yield rows, their missing cells, which of these are some, and their precision.

        Rows with about as many missing cells go together; the matrices of those with fewer
        are filled up with ones on the diagonal.
        """
        n_missing = missing.sum(axis=1)
        order = np.flatnonzero(n_missing)
        order = order[np.argsort(n_missing[order], kind="stable")]
        start = 0
        while start < len(order):
            n_rows = max(1, BLOCK_VALUES // int(n_missing[order[start]] + 4) ** 2)
            rows = order[start : start + n_rows]
            start += len(rows)
            gone = missing[rows]
            width = int(n_missing[rows].max())
            cells = np.argsort(~gone, axis=1, kind="stable")[:, :width]
            is_cell = np.take_along_axis(gone, cells, 1)
            inner = self.precision[cells[:, :, np.newaxis], cells[:, np.newaxis, :]]
            inner *= is_cell[:, :, np.newaxis] & is_cell[:, np.newaxis, :]
            inner[:, np.arange(width), np.arange(width)] += ~is_cell
            yield rows, cells, is_cell, inner


def _solved(matrix, right, wants_inverse):
    """Return the solution of linear equations, and the inverse of the matrix or None."""
    if not wants_inverse:
        return np.linalg.solve(matrix, right), None
    inverse = np.linalg.inv(matrix)
    return inverse @ right, inverse


def _add_each(total, cells, blocks):
    """Add blocks to a matrix, each in the rows and columns that its cells say."""
    n = len(total)
    places = cells[:, :, np.newaxis] * n + cells[:, np.newaxis, :]
    total += np.bincount(places.ravel(), blocks.ravel(), n * n).reshape(n, n)


def _common_patterns(missing):
    """Return which cells many rows miss, with these rows, and a mask of the other rows."""
    holed = np.flatnonzero(missing.any(axis=1))
    alone = missing.copy()
    work = (missing[holed].sum(axis=1) + 4) ** 2
    if work.sum() < COMMON:
        return [], alone
    bits = np.packbits(missing[holed], axis=1)
    keys = np.ascontiguousarray(bits).view(f"V{bits.shape[1]}").ravel()
    _, pattern_of = np.unique(keys, return_inverse=True)
    is_common = np.bincount(pattern_of, work) >= COMMON
    order = np.argsort(pattern_of, kind="stable")
    ends = np.cumsum(np.bincount(pattern_of))
    common = []
    for i in np.flatnonzero(is_common):
        rows = holed[order[ends[i - 1] if i else 0 : ends[i]]]
        common.append((missing[rows[0]], rows))
        alone[rows] = False
    return common, alone


def fit_floor(coded, weight=None, start=None):
    """Return the normal distribution that makes the cells that are there likeliest.

    By expectation and maximisation (Dempster, Laird and Rubin, 1977), on some of the rows
    of a large table.

    Parameters
    ----------
    coded : ndarray of shape (n_samples, n_coded)
        NaN where a cell is missing.
    weight : ndarray of shape (n_samples,), default=None
    start : LinearFloor, default=None
        That of about the same rows.

    Returns
    -------
    LinearFloor
    """
    n_samples, n_coded = coded.shape
    some = np.unique(np.linspace(0, n_samples - 1, min(n_samples, MAX_ROWS)).astype(int))
    if weight is not None:
        some = some[weight[some] > 0]
    coded = coded[some]
    weight = np.ones(len(some)) if weight is None else weight[some]
    weight = weight / weight.sum()
    missing = np.isnan(coded)
    ridge = max(RIDGE * n_coded / len(some), LEAST_RIDGE)
    mean, covariance = np.zeros(n_coded), np.eye(n_coded)
    if start is not None:
        mean, covariance = start.mean, np.linalg.inv(start.precision)
    for _ in range(MAX_STEPS):
        spread = np.zeros((n_coded, n_coded))
        floor = LinearFloor(mean, np.linalg.inv(covariance))
        filled = floor.fill(coded, missing, spread)
        new_mean = weight @ filled
        centred = filled - new_mean
        new = (centred.T * weight) @ centred + spread / len(some)
        variance = np.maximum(np.diag(new), LEAST_RIDGE)
        new[np.diag_indices(n_coded)] = variance * (1 + ridge)
        change = np.abs(new - covariance).max()
        mean, covariance = new_mean, new
        if change < TOLERANCE or not missing.any():
            break
    return LinearFloor(mean, np.linalg.inv(covariance))
