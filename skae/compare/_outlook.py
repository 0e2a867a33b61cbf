"""What can be said of a comparison before it is made, and while it runs."""

import sys
import time

from joblib import effective_n_jobs

from ._gain import expected_gain_of_splits
from ._pipelines import last_step

SECONDS_OF_IMPORT = 6.0  # of Keras and its backend, once
SECONDS_OF_MEASURING = 0.3  # neighbours and scores, of each estimator at each width


def expected_lines(splits, widths, n_different):
    """Yield what a default autoencoder is likely to gain over PCA, a line a width."""
    frame = expected_gain_of_splits(splits, widths, n_different)
    for width, row in frame.iterrows():
        interval = f"{row['low']:.2f} to {row['high']:.2f}"
        yield (
            f"expected of an AutoencoderTransformer with {counted(width, 'component')}: "
            f"{row['expected_error']:.2f} of PCA's error ({interval}): {row['limit']}"
        )


def expected_seconds(estimators, splits, n_jobs):
    """Return about how long a comparison takes, or None if an estimator cannot say.

    Parameters
    ----------
    estimators : list of transformers
        Those of all widths.
    splits : list of Split
    n_jobs : int or None
    """
    n_rows, n_columns = splits[0].rows.shape
    seconds = [_seconds_of(estimator, n_rows, n_columns) for estimator in estimators]
    if None in seconds:
        return None
    n_fits = len(splits) * len(seconds)
    fitting = len(splits) * sum(seconds) + n_fits * SECONDS_OF_MEASURING
    start = 0.0 if "keras" in sys.modules else SECONDS_OF_IMPORT
    return start + fitting / min(effective_n_jobs(n_jobs), n_fits)


def _seconds_of(estimator, n_rows, n_columns):
    last = last_step(estimator)
    last = getattr(last, "estimator", last)  # inside a TableAutoencoder
    try:
        return last._expected_seconds(n_rows, n_columns)
    except (AttributeError, TypeError, ValueError):  # of others, or what no fit will take
        return None


class Clock:
    """How long what is left will take, from what has been done."""

    def __init__(self, n_all):
        self.n_all = n_all
        self.start = time.perf_counter()

    def left(self, n_done):
        """Return what to add to a line, nothing at the end."""
        if n_done == self.n_all:
            return ""
        seconds = (time.perf_counter() - self.start) / n_done * (self.n_all - n_done)
        return f"; about {in_words(seconds)} left"


def counted(number, noun):
    """Return a number of things."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def in_words(seconds):
    """Return a time, as precisely as an estimate deserves."""
    if seconds < 1.5:
        return "1 s"
    if seconds < 10:
        return f"{seconds:.0f} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    return f"{round(seconds / 60)} min"
