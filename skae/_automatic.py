"""What "auto" means: sizes and regularisation from the shape of the table.

The constants come from ``benchmarks/tune.py``; the table is in the docs.
"""

import math

import numpy as np

N_UPDATES = 3000


def batch_size(n_rows):
    """Return a power of two, about a fortieth of the rows, between 32 and 512."""
    return int(2 ** np.clip(round(math.log2(max(n_rows, 1) / 40)), 5, 9))


def max_epochs(n_rows, batch_size):
    """Return how many epochs give about the right number of updates."""
    return max(1, math.ceil(N_UPDATES / math.ceil(n_rows / batch_size)))


def input_noise(n_rows):
    """Return the level of the noise on the inputs, in standard deviations."""
    return 0.3 * min(1.0, (500 / max(n_rows, 1)) ** 0.5)
