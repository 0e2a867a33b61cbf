"""Columns that nothing can be learnt from: constant, missing, or left out by the user."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Aside:
    """A column with no coded columns, which comes back as one value.

    Attributes
    ----------
    value : object
        None if it is missing, or if the column was left out.
    kind : str or None
    """

    value: Any
    kind: str | None = None

    suffixes = ()
    n_levels = 0

    def encode(self, values):
        """Return a block without columns."""
        return np.empty((len(values), 0))

    def decode(self, block, is_filled=False):
        """Return the value for each row."""
        n_rows = len(block)
        if self.kind == "number":
            return np.full(n_rows, np.nan if self.value is None else self.value)
        if self.kind in ("date", "duration"):
            dtype = "datetime64[us]" if self.kind == "date" else "timedelta64[us]"
            value = "NaT" if self.value is None else int(self.value)
            return np.full(n_rows, np.array(value, dtype=dtype))
        return np.full(n_rows, self.value, dtype=object)
