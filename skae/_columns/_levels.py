"""Columns of categories, text and truth values, as a column for each level."""

import zlib
from dataclasses import dataclass

import numpy as np

RARE = "rare"  # ends the name of the column that rare levels share


@dataclass(frozen=True)
class Levels:
    """Levels without an order: a block with the squared distance 1 from its mean.

    Attributes
    ----------
    levels : list
        Those with a column of their own.
    rare : list
        Those that share one.
    shares : ndarray of shape (n_levels,)
        What part of the cells seen has each, the rare ones together last.
    """

    levels: list
    rare: list
    shares: np.ndarray

    @classmethod
    def fitted(cls, levels, counts, min_frequency):
        """Return what is known of the column, None if it has a single level.

        Parameters
        ----------
        levels : list
        counts : ndarray of int
        min_frequency : int
            Levels seen less often share a column.
        """
        is_own = (counts >= min_frequency) | (len(levels) == 2)
        if len(levels) < 2:
            return None
        own = [level for level, keeps in zip(levels, is_own) if keeps]
        rare = [level for level, keeps in zip(levels, is_own) if not keeps]
        if not own:
            return None
        shares = counts[is_own].tolist() + ([counts[~is_own].sum()] if rare else [])
        return cls(own, rare, np.array(shares) / counts.sum())

    @property
    def suffixes(self):
        """What stands behind the column's name in those of its coded columns."""
        own = tuple(f"={level}" for level in self.levels)
        return (*own, f"={RARE}") if self.rare else own

    @property
    def n_levels(self):
        """Number of coded columns, of which one is 1 and the others 0 before scaling."""
        return len(self.shares)

    @property
    def scale(self):
        """Root of the block's variance before scaling."""
        return scale_of(self.shares)

    def encode(self, values):
        """Return a block of shape (n_rows, n_levels), NaN for levels never seen."""
        place = {level: i for i, level in enumerate(self.levels)}
        place |= dict.fromkeys(self.rare, len(self.levels))
        return indicators([_found(place, value) for value in values], self.shares)

    def decode(self, block, is_filled=False):
        """Return the likeliest levels; None for the rare ones, which never fill a hole."""
        likely = block * self.scale + self.shares
        if is_filled:
            likely = likely[:, : len(self.levels)]
        places = np.argmax(likely, axis=1) if len(block) else np.zeros(0, dtype=int)
        return _taken([*self.levels, None], places)


@dataclass(frozen=True)
class Hashed:
    """Text of many levels in a few buckets, from which there is no way back.

    Attributes
    ----------
    shares : ndarray of shape (n_buckets,)
    """

    shares: np.ndarray

    @classmethod
    def fitted(cls, levels, counts, n_buckets):
        """Return what is known of the column."""
        buckets = [bucket_of(level, n_buckets) for level in levels]
        shares = np.bincount(buckets, counts, n_buckets) / counts.sum()
        return cls(shares)

    @property
    def suffixes(self):
        """What stands behind the column's name in those of its coded columns."""
        return tuple(f"#{bucket}" for bucket in range(len(self.shares)))

    @property
    def n_levels(self):
        """Number of coded columns."""
        return len(self.shares)

    def encode(self, values):
        """Return a block of shape (n_rows, n_buckets)."""
        n_buckets = len(self.shares)
        places = [-1 if v is None else bucket_of(v, n_buckets) for v in values]
        return indicators(places, self.shares)

    def decode(self, block, is_filled=False):
        """Return nothing but missing cells."""
        return np.full(len(block), None, dtype=object)


@dataclass(frozen=True)
class OrderedLevels:
    """Levels in order, by their middle rank, standardised.

    Attributes
    ----------
    levels : list
        In ascending order.
    scores : ndarray of shape (n_levels,)
        What stands for each.
    is_seen : ndarray of bool of shape (n_levels,)
    """

    levels: list
    scores: np.ndarray
    is_seen: np.ndarray

    suffixes = ("",)
    n_levels = 0

    @classmethod
    def fitted(cls, levels, counts):
        """Return what is known of the column, None if it has a single level."""
        if (counts > 0).sum() < 2:
            return None
        shares = counts / counts.sum()
        scores = np.cumsum(shares) - shares / 2
        scores -= scores @ shares
        scores /= np.sqrt(scores**2 @ shares)
        return cls(levels, scores, counts > 0)

    def encode(self, values):
        """Return a column of shape (n_rows, 1), NaN for levels that are not known."""
        place = {level: i for i, level in enumerate(self.levels)}
        places = np.array([_found(place, value) for value in values], dtype=int)
        return np.where(places < 0, np.nan, self.scores[places])[:, np.newaxis]

    def decode(self, block, is_filled=False):
        """Return the nearest of the levels seen."""
        seen = np.flatnonzero(self.is_seen)
        scores = self.scores[seen]
        border = (scores[1:] + scores[:-1]) / 2
        return _taken(self.levels, seen[np.searchsorted(border, block[:, 0])])


def scale_of(shares):
    """Return the root of the variance of the indicators of levels."""
    return float(np.sqrt(np.sum(shares * (1 - shares)))) or 1.0


def indicators(places, shares):
    """Return centred and scaled indicators, NaN where a place is -1."""
    places = np.asarray(places, dtype=int)
    block = np.zeros((len(places), len(shares)))
    block[np.arange(len(places)), places] = 1.0
    block -= shares
    block /= scale_of(shares)
    block[places < 0] = np.nan
    return block


def bucket_of(level, n_buckets):
    """Return the bucket of a level, the same in every process."""
    return zlib.crc32(str(level).encode()) % n_buckets


def _found(place, value):
    return -1 if value is None else place.get(value, -1)


def _taken(levels, places):
    found = np.empty(len(levels), dtype=object)
    found[:] = levels
    return found[places]
