"""Corruptions of the input: what a denoising autoencoder learns to undo.

Each is a small object that is called with rows and a random generator and returns
corrupted rows; none changes what it is given, and none needs Keras. A `level` may be
one number or one for each column. Columns that belong together, such as those of a
one-hot block, can be named in `groups`: a group is corrupted as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class GaussianNoise:
    """Additive normal noise, independent for every cell.

    Parameters
    ----------
    level : float or array-like of shape (n_features,)
        Standard deviation of the noise, in units of `scale`.
    scale : float or array-like of shape (n_features,), default=1.0
        The unit of each column, such as its standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.corruption import GaussianNoise
    >>> noise = GaussianNoise(0.5, scale=[1.0, 0.0])
    >>> noise(np.zeros((2, 2)), np.random.default_rng(0)).round(2)
    array([[0.06, 0.  ],
           [0.32, 0.  ]])
    """

    level: ArrayLike
    scale: ArrayLike = 1.0

    def __post_init__(self) -> None:
        _check_level(self.level, np.inf)

    def __call__(self, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return corrupted rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), float32 or float64
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (n_samples, n_features), of the dtype of `X`
        """
        noise = rng.standard_normal(X.shape, dtype=X.dtype)
        noise *= np.multiply(self.level, self.scale).astype(X.dtype)
        noise += X
        return noise


@dataclass(frozen=True, eq=False)
class MaskingNoise:
    """Cells lost: replaced by a fixed value, each with the same probability.

    Parameters
    ----------
    level : float or array-like of shape (n_features,)
        Probability that a cell is replaced, in [0, 1).
    fill : float or array-like of shape (n_features,), default=0.0
        What replaces it, such as the mean of the column.
    groups : sequence of sequences of int, default=None
        Columns that are lost together.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and
       composing robust features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.corruption import MaskingNoise
    >>> noise = MaskingNoise(0.5, fill=[-1.0, -2.0])
    >>> noise(np.zeros((2, 2)), np.random.default_rng(0))
    array([[ 0.,  0.],
           [ 0., -2.]])
    """

    level: ArrayLike
    fill: ArrayLike = 0.0
    groups: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        _check_level(self.level, 1)

    def __call__(self, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return corrupted rows; see :meth:`GaussianNoise.__call__`."""
        cells, columns, _, _ = _chosen_cells(self.level, self.groups, X.shape, rng)
        return _replaced(X, cells, np.broadcast_to(self.fill, X.shape[1])[columns])


@dataclass(frozen=True, eq=False)
class SaltAndPepperNoise:
    """Cells driven to an extreme: the lowest or the highest value, at even odds.

    Parameters
    ----------
    level : float or array-like of shape (n_features,)
        Probability that a cell is replaced, in [0, 1).
    low, high : float or array-like of shape (n_features,), default=0.0 and 1.0
        The extremes, such as the minimum and the maximum of the column.
    groups : sequence of sequences of int, default=None
        Columns that go to the same extreme together.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio and P.-A. Manzagol, "Stacked
       denoising autoencoders", Journal of Machine Learning Research 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.corruption import SaltAndPepperNoise
    >>> noise = SaltAndPepperNoise(0.5, low=0.0, high=9.0)
    >>> noise(np.full((2, 2), 5.0), np.random.default_rng(0))
    array([[5., 5.],
           [5., 9.]])
    """

    level: ArrayLike
    low: ArrayLike = 0.0
    high: ArrayLike = 1.0
    groups: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        _check_level(self.level, 1)

    def __call__(self, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return corrupted rows; see :meth:`GaussianNoise.__call__`."""
        cells, columns, draw, n_draws = _chosen_cells(self.level, self.groups, X.shape, rng)
        extremes = np.broadcast_arrays(self.low, self.high, np.empty(X.shape[1]))[:2]
        is_high = rng.integers(2, size=n_draws, dtype=np.uint8)
        return _replaced(X, cells, np.stack(extremes)[is_high[draw], columns])


@dataclass(frozen=True, eq=False)
class SwapNoise:
    """Cells swapped: replaced by the cell of another row, drawn anew for each cell.

    Every column keeps its own distribution; what breaks is how the columns go
    together, and that is what a network must learn to undo it.

    Parameters
    ----------
    level : float or array-like of shape (n_features,)
        Probability that a cell is replaced, in [0, 1).
    donors : ndarray of shape (n_donors, n_features), default=None
        Rows to draw from; None draws from the rows that are corrupted.
    groups : sequence of sequences of int, default=None
        Columns that come from the same donor.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.corruption import SwapNoise
    >>> X = np.array([[1, 10], [2, 20], [3, 30], [4, 40.0]])
    >>> SwapNoise(0.5)(X, np.random.default_rng(0))
    array([[ 1., 10.],
           [ 2., 10.],
           [ 4., 30.],
           [ 4., 30.]])
    """

    level: ArrayLike
    donors: ArrayLike | None = None
    groups: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        _check_level(self.level, 1)

    def __call__(self, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return corrupted rows; see :meth:`GaussianNoise.__call__`."""
        donors = X if self.donors is None else np.asarray(self.donors)
        cells, columns, draw, n_draws = _chosen_cells(self.level, self.groups, X.shape, rng)
        donor = rng.integers(len(donors), size=n_draws)
        return _replaced(X, cells, donors[donor[draw], columns])


def _check_level(level, bound):
    allowed = ">= 0 and finite" if bound == np.inf else f"in [0, {bound})"
    try:
        levels = np.asarray(level, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"level={level!r} must be a number {allowed}.") from None
    wrong = np.flatnonzero(~((levels >= 0) & (levels < bound)))
    if len(wrong):
        place = f" of column {wrong[0]}" if levels.ndim else ""
        raise ValueError(f"level={levels.flat[wrong[0]]}{place} must be {allowed}.")


def _replaced(X, cells, values):
    """Return a copy of `X` with other values in some cells, numbered row by row."""
    corrupted = np.array(X, order="C")
    corrupted.reshape(-1)[cells] = values
    return corrupted


def _chosen_cells(level, groups, shape, rng):
    """Draw the cells to corrupt.

    Returns
    -------
    cells : ndarray of int
        Their numbers, row by row.
    columns : ndarray of int
        Their columns.
    draw : ndarray of int or slice
        Number of the random draw that chose each cell: one a cell, or one for all the
        cells of a group.
    n_draws : int
    """
    n_rows, n_columns = shape
    level = np.broadcast_to(np.asarray(level, dtype=np.float32), n_columns)
    if groups is None:
        cells = np.flatnonzero(rng.random(shape, dtype=np.float32) < level)
        return cells, cells % n_columns, slice(None), len(cells)
    units = _units(groups, n_columns)
    unit_level = np.array([level[columns[0]] for columns in units])
    if any(np.ptp(level[columns]) > 0 for columns in units):
        raise ValueError(
            "level differs within a group, which is corrupted as one; give its columns "
            "the same level."
        )
    chosen = rng.random((n_rows, len(units)), dtype=np.float32) < unit_level
    rows, unit = np.nonzero(chosen)
    sizes = np.array([len(columns) for columns in units])
    draw = np.repeat(np.arange(len(rows)), sizes[unit])
    first_cell = np.cumsum(sizes[unit]) - sizes[unit]
    within = np.arange(len(draw)) - first_cell[draw]
    starts = np.cumsum(sizes) - sizes
    columns = np.concatenate(units)[starts[unit][draw] + within]
    return rows[draw] * n_columns + columns, columns, draw, len(rows)


def _units(groups, n_columns):
    """Return what is corrupted as one: the groups, then each column in none of them."""
    grouped = [np.asarray(columns, dtype=np.intp) for columns in groups]
    named = np.concatenate([*grouped, np.array([], dtype=np.intp)])
    if len(np.unique(named)) < len(named):
        raise ValueError("groups names a column twice; name each in one group at most.")
    alone = np.setdiff1d(np.arange(n_columns), named)
    return [*(columns for columns in grouped if len(columns)), *alone[:, np.newaxis]]
