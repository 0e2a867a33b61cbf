"""Columns of numbers as one column of variance 1."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

N_QUANTILES = 1000


@dataclass(frozen=True)
class Numbers:
    """Numbers, standardised.

    Attributes
    ----------
    mean, scale : float
        In the unit, which keeps squares in the range of numbers.
    low, high : float
        The least and the largest value seen.
    is_whole : bool
        Whether all values seen were whole numbers.
    """

    mean: float
    scale: float
    low: float
    high: float
    is_whole: bool

    suffixes = ("",)
    n_levels = 0

    @classmethod
    def fitted(cls, values):
        """Return what is known of the column, None if it is constant."""
        known = values[~np.isnan(values)]
        low, high = known.min(), known.max()
        if low == high:
            return None
        unit = max(abs(low), abs(high))
        mean = float(np.mean(known / unit) * unit)
        scale = float(np.sqrt(np.mean(((known - mean) / unit) ** 2)) * unit)
        if not 0 < scale < np.inf:
            return None
        whole = bool(np.all(known == np.rint(known)))
        return cls(mean, scale, float(low), float(high), whole)

    def encode(self, values):
        """Return a column of shape (n_rows, 1)."""
        return ((values - self.mean) / self.scale)[:, np.newaxis]

    def decode(self, block, is_filled=False):
        """Return the numbers; those that fill holes lie among the values seen."""
        values = block[:, 0].astype(np.float64) * self.scale + self.mean
        if not is_filled:
            return values
        values = np.clip(values, self.low, self.high)
        return np.rint(values) if self.is_whole else values


@dataclass(frozen=True)
class Quantiles:
    """Numbers by their rank, as a normal variable: for heavy tails.

    Attributes
    ----------
    values, scores : ndarray
        Different values seen in ascending order, and where they lie.
    is_whole : bool
    """

    values: np.ndarray
    scores: np.ndarray
    is_whole: bool

    suffixes = ("",)
    n_levels = 0

    @classmethod
    def fitted(cls, values):
        """Return what is known of the column, None if it is constant."""
        known = np.sort(values[~np.isnan(values)])
        if known[0] == known[-1]:
            return None
        levels, first, counts = np.unique(known, return_index=True, return_counts=True)
        middle = (first + counts / 2) / len(known)
        some = np.unique(np.linspace(0, len(levels) - 1, N_QUANTILES).astype(int))
        scores = ndtri(middle)
        scores -= np.average(scores, weights=counts)
        scale = np.sqrt(np.average(scores**2, weights=counts))
        whole = bool(np.all(known == np.rint(known)))
        return cls(levels[some], scores[some] / scale, whole)

    def encode(self, values):
        """Return a column of shape (n_rows, 1); beyond the values seen it goes on level."""
        codes = np.interp(values, self.values, self.scores)
        return np.where(np.isnan(values), np.nan, codes)[:, np.newaxis]

    def decode(self, block, is_filled=False):
        """Return the numbers, all of which lie among the values seen."""
        values = np.interp(block[:, 0].astype(np.float64), self.scores, self.values)
        return np.rint(values) if is_filled and self.is_whole else values
