"""What "auto" means: sizes and regularisation from the shape of the table.

The constants were chosen on open tables with ``benchmarks/quality.py``; the docs page
"How it works" says how.
"""

import itertools
import math

import numpy as np

MIN_UPDATES, MAX_UPDATES = 2500, 8000
WORK = 8e10  # of a default fit of up to WORK_ROWS rows: some seconds on two cores
WORK_ROWS = 8000
MIN_EPOCHS = 20  # not below this for the sake of the work
MAX_EPOCHS = 600  # above it a tiny table only learns its rows by heart
SECONDS_OF_PROGRAM = 1.0  # about what ``benchmarks/quality.py`` takes on two cores
SECONDS_OF_UPDATE = 2.6e-4
SECONDS_OF_WORK = 4.8e-11
NOISE = 0.4
NOISE_ROWS = 10_000


def batch_size(n_rows):
    """Return a power of two, about a fortieth of the rows, between 32 and 512."""
    return int(2 ** np.clip(round(math.log2(max(n_rows, 1) / 40)), 5, 9))


def max_epochs(n_rows, batch_size, n_weights, most_work=math.inf):
    """Return how many epochs give about the right number of updates.

    That is two updates a row between `MIN_UPDATES` and `MAX_UPDATES`, fewer for a
    network so wide that they would take too long: an update costs each weight its
    products with the rows of the batch, and the optimizer's memory traffic, which is
    worth about 64 rows. A tiny table gets `MAX_EPOCHS`.
    """
    steps = math.ceil(n_rows / batch_size)
    wanted = np.clip(2 * n_rows, MIN_UPDATES, MAX_UPDATES)
    work = min(WORK * max(1.0, n_rows / WORK_ROWS), most_work)
    affordable = work / (n_weights * (batch_size + 64))
    n_updates = max(min(wanted, affordable), min(wanted, MIN_EPOCHS * steps))
    return int(np.clip(math.ceil(n_updates / steps), 1, MAX_EPOCHS))


def seconds(n_rows, sizes, batch, n_epochs):
    """Return about how long a fit takes, the compilation of its program included.

    Parameters
    ----------
    n_rows : int
        To train on.
    sizes : sequence of int
        Widths of the layers from the columns to the code.
    batch, n_epochs : int or "auto"
    """
    n_weights = 2 * sum(before * behind for before, behind in itertools.pairwise(sizes))
    batch = batch_size(n_rows) if batch == "auto" else batch
    if n_epochs == "auto":
        n_epochs = max_epochs(n_rows, batch, n_weights)
    n_updates = math.ceil(n_rows / batch) * n_epochs
    seconds_of_one = SECONDS_OF_UPDATE + SECONDS_OF_WORK * n_weights * (batch + 64)
    return SECONDS_OF_PROGRAM + n_updates * seconds_of_one


def input_noise(pca, n_rows):
    """Return the level of the noise on the inputs, in standard deviations.

    It is a part of what the principal components leave unexplained, so that it never
    drowns the structure that the network is to find, and fades as the table grows.
    """
    unexplained = max(0.0, 1.0 - pca.explained_variance_ratio.sum())
    fading = min(1.0, math.sqrt(NOISE_ROWS / max(n_rows, 1)))
    return NOISE * math.sqrt(unexplained) * fading
