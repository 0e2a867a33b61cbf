"""What fills holes: how far a network is trusted beside the floor, and how exact it is."""

from dataclasses import dataclass

import numpy as np

from .._data._split import gain_is_real

PRIOR_ROWS = 10  # by which a column's share leans to that of all columns
BINS = 5
LEAST_IN_BIN = 50
COVERED = 0.9  # part of the residuals that lie within 1.645 standard deviations
QUANTILE = 1.6448536269514722


@dataclass(frozen=True)
class Filling:
    """How much of the way from the floor to the network each column goes.

    Attributes
    ----------
    shares : ndarray of shape (n_columns,)
        Between 0, the floor, and 1, the network.
    """

    shares: np.ndarray

    def filled(self, floor, network, slices):
        """Return the coded cells that fill holes."""
        share = np.zeros(floor.shape[1])
        for (first, last), of_column in zip(slices, self.shares):
            share[first:last] = of_column
        return floor + share * (network - floor)


def fit_filling(truth, hidden, floor, network, *, slices, clusters):
    """Return how far a network is trusted, by the cells hidden from it and from the floor.

    Where it is not beyond doubt that it gains anything over the floor, it is not at all.

    Parameters
    ----------
    truth : ndarray of shape (n_rows, n_coded)
    hidden : ndarray of bool of shape (n_rows, n_columns)
    floor, network : ndarray of shape (n_rows, n_coded)
        What was expected in each cell.
    slices : list of list of int
        First coded column of each column, and that behind its last one.
    clusters : ndarray of shape (n_rows,)
        Rows that say the same thing again.

    Returns
    -------
    Filling
    """
    squares, products = np.zeros((2, *hidden.shape))
    for i, (first, last) in enumerate(slices):
        is_hidden = hidden[:, i : i + 1]
        error = np.where(is_hidden, truth[:, first:last] - floor[:, first:last], 0.0)
        step = np.where(is_hidden, network[:, first:last] - floor[:, first:last], 0.0)
        squares[:, i], products[:, i] = (step**2).sum(axis=1), (step * error).sum(axis=1)
    return Filling(_shares(squares, products, clusters))


def _shares(squares, products, clusters):
    total = squares.sum()
    if not total:
        return np.zeros(squares.shape[1])
    of_all = float(np.clip(products.sum() / total, 0, 1))
    prior = PRIOR_ROWS * squares.mean(axis=0)
    shares = (products.sum(axis=0) + of_all * prior) / (
        squares.sum(axis=0) + prior + np.finfo(float).tiny
    )
    shares = np.clip(shares, 0, 1)
    gains = (2 * shares * products - shares**2 * squares).sum(axis=1)
    weight = np.full(len(gains), 1 / len(gains))
    return shares if gain_is_real(gains, weight, clusters) else np.zeros(len(shares))


@dataclass(frozen=True)
class Spread:
    """How far hidden cells were from what was expected there, by what that was.

    Attributes
    ----------
    edges : ndarray
        Between bins of expected values.
    values : ndarray
        A standard deviation for each bin, or the part that was wrong.
    """

    edges: np.ndarray
    values: np.ndarray

    def of(self, expected):
        """Return the spread at expected values."""
        return self.values[np.searchsorted(self.edges, expected)]


def fit_spread(expected, residuals, is_level):
    """Return the spread of residuals, so that intervals cover what they say.

    Parameters
    ----------
    expected : ndarray of shape (n_hidden,)
        What was expected; of a level, its share among the others.
    residuals : ndarray of shape (n_hidden,)
        How far the truth was from it; of a level, whether it was another one.
    is_level : bool
    """
    n_bins = int(np.clip(len(expected) // LEAST_IN_BIN, 1, BINS))
    edges = np.unique(np.quantile(expected, np.arange(1, n_bins) / n_bins))
    places = np.searchsorted(edges, expected)
    values = []
    for i in range(len(edges) + 1):
        some = residuals[places == i] if (places == i).any() else residuals
        if is_level:
            values.append(float(np.mean(some)))
        else:
            within = min(1.0, COVERED * (1 + 1 / len(some)))
            values.append(float(np.quantile(np.abs(some), within)) / QUANTILE)
    return Spread(edges, np.array(values))
