"""What autoencoders reached on open tables where closed forms came so far.

With `both`, the error of the closed forms over PCA's, minus the logarithm of the ratio
that a default fit reaches is about ``sqrt(-log(both))`` times a factor, which is larger for
more rows and for codes that have more of a table's directions. ``benchmarks/gain.py``
finds these numbers by least squares. Where closed forms gain nothing, nothing is expected.
"""

import numpy as np

FACTOR, FACTOR_OF_ROWS, FACTOR_OF_WIDTH = 2.06, 0.35, 0.275
FEWEST_ROWS, TYPICAL_ROWS, MOST_ROWS = 100, 2000, 6000  # of the tables
BEST = 0.005  # below it, they were not looked at
SPREAD, RELATIVE_SPREAD = 0.077, 0.29  # of the logarithm
LOWER, UPPER = -1.75, 1.2  # of these spreads: of five fits, four are between


def drivers(both, n_rows, directions):
    """Return what minus the logarithm of a ratio is linear in.

    Parameters
    ----------
    both : array-like
        The error of the closed forms, divided by PCA's.
    n_rows : array-like
        Rows that differ.
    directions : array-like
        The part of a table's directions that a code has.

    Returns
    -------
    ndarray of shape (..., 3)
    """
    root = np.sqrt(np.maximum(-np.log(np.maximum(both, BEST)), 0.0))
    rows = np.log(np.clip(n_rows, FEWEST_ROWS, MOST_ROWS) / TYPICAL_ROWS)
    parts = np.broadcast_arrays(root, root * rows, root * np.log(directions))
    return np.stack(parts, axis=-1)


def expected(drivers, factors=(FACTOR, FACTOR_OF_ROWS, FACTOR_OF_WIDTH)):
    """Return the ratios to be expected, and the ends of their intervals.

    Parameters
    ----------
    drivers : ndarray of shape (..., 3)
    factors : sequence of three float
    """
    log = -np.maximum(drivers @ np.asarray(factors), 0.0)
    spread = SPREAD - RELATIVE_SPREAD * log
    ends = (np.exp(np.minimum(log + end * spread, 0.0)) for end in (LOWER, UPPER))
    return np.exp(log), *ends
