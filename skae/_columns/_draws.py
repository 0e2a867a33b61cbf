"""Draws of what a missing cell may have been, around what is expected there."""

import numpy as np

from ._levels import Levels, OrderedLevels
from ._measures import likelihoods
from ._times import DAY


def drawn(column, block, std, rng):
    """Return values for missing cells, each drawn for itself.

    Parameters
    ----------
    column : Column
    block : ndarray of shape (n_rows, n_coded)
        What is expected in the coded columns.
    std : ndarray of shape (n_rows,)
        Of numbers, and of times in days; of levels, how likely it is another one.
    rng : numpy.random.RandomState

    Returns
    -------
    ndarray of shape (n_rows,)
        Within what was seen in fit, as `decode` fills holes.
    """
    values, code = column.decode(block, is_filled=True), column.code
    if values.dtype == object:
        return _levels_drawn(code, block, values, std, rng)
    noise = std * rng.standard_normal(len(values))
    if values.dtype.kind in "mM":
        changed = values.view(np.int64) + noise * DAY
    else:
        changed = values + noise
    return code.decode(code.encode(changed), is_filled=True)


def _levels_drawn(code, block, values, std, rng):
    if isinstance(code, Levels):
        levels = code.levels
        likely = likelihoods(code.shares, block)[:, : len(levels)]
    elif isinstance(code, OrderedLevels):
        seen = np.flatnonzero(code.is_seen)
        levels = [code.levels[i] for i in seen]
        likely = 1 / (1e-9 + (block - code.scores[seen]) ** 2)
    else:  # buckets, from which there is no way back
        return values
    order = np.argsort(likely, axis=1)
    likely[np.arange(len(block)), order[:, -1]] = 0.0
    ends = np.cumsum(likely, axis=1)
    places = (ends < rng.random_sample((len(block), 1)) * ends[:, -1:]).sum(axis=1)
    is_other = (rng.random_sample(len(block)) < std) & (ends[:, -1] > 0)
    others = np.empty(len(levels), dtype=object)
    others[:] = levels
    return np.where(is_other, others[np.minimum(places, len(levels) - 1)], values)
