"""Columns of dates and durations: their course, and where they stand in day, week, year."""

from dataclasses import dataclass

import numpy as np

from ._numbers import Numbers

DAY = 86_400_000_000  # microseconds
STEPS = DAY, 1_000_000, 1_000  # the units above a microsecond that types of times have
PERIODS = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}
MONDAY = 4 * DAY  # 1970 began on a Thursday
LIMIT = 2.5e17  # microseconds: the years that Python has
COURSE = 0.5  # part of the variance, where there are periods


@dataclass(frozen=True)
class Times:
    """Dates or durations, in microseconds.

    Attributes
    ----------
    course : Numbers
    kind : {"date", "duration"}
    periods : list of str
        Within which their place counts.
    means : list of float
        Of the sine and cosine of each period.
    step : int
        Of which all are multiples: one of `STEPS`, or a microsecond.
    """

    course: Numbers
    kind: str
    periods: list
    means: list
    step: int

    n_levels = 0

    @classmethod
    def fitted(cls, values, kind):
        """Return what is known of the column, None if it is constant."""
        course = Numbers.fitted(values)
        if course is None:
            return None
        known = values[~np.isnan(values)]
        step = next((step for step in STEPS if not np.any(known % step)), 1)
        span = course.high - course.low
        periods = []
        if kind == "date":
            periods = [name for name in PERIODS if span > 2 * PERIODS[name]]
            periods = [name for name in periods if name != "day" or step < DAY]
        waves = _waves(known, periods)
        kept = [i for i in range(len(periods)) if waves[:, 2 * i : 2 * i + 2].std() > 1e-3]
        periods = [periods[i] for i in kept]
        means = _waves(known, periods).mean(axis=0).tolist()
        return cls(course, kind, periods, means, step)

    @property
    def suffixes(self):
        """What stands behind the column's name in those of its coded columns."""
        waves = [f"_{name}_{wave}" for name in self.periods for wave in ("sin", "cos")]
        return ("", *waves)

    @property
    def _sizes(self):
        """What course and waves are multiplied with, for a variance of 1 altogether."""
        if not self.periods:
            return 1.0, 1.0
        variance = 1 - np.square(self.means).reshape(-1, 2).sum(axis=1)
        total = max(float(variance.sum()), 1e-12)
        return float(np.sqrt(COURSE)), float(np.sqrt((1 - COURSE) / total))

    def encode(self, values):
        """Return a block of shape (n_rows, 1 + 2 * n_periods)."""
        of_course, of_waves = self._sizes
        waves = (_waves(values, self.periods) - self.means) * of_waves
        return np.hstack([self.course.encode(values) * of_course, waves])

    def decode(self, block, is_filled=False):
        """Return times by their course, to a day or a second if all seen were."""
        micro = self.course.decode(block[:, :1] / self._sizes[0], is_filled)
        missing = np.isnan(micro)
        steps = np.rint(np.clip(np.where(missing, 0, micro), -LIMIT, LIMIT) / self.step)
        whole = (steps * self.step).astype(np.int64)
        times = whole.view("datetime64[us]" if self.kind == "date" else "timedelta64[us]")
        times[missing] = "NaT"
        return times


def _waves(values, periods):
    waves = np.empty((len(values), 2 * len(periods)))
    for i, name in enumerate(periods):
        angle = 2 * np.pi * ((values - MONDAY) % PERIODS[name]) / PERIODS[name]
        waves[:, 2 * i], waves[:, 2 * i + 1] = np.sin(angle), np.cos(angle)
    return waves
