"""A network as it is while it is trained, in NumPy."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._data._rows import map_rows


@dataclass(frozen=True)
class Forward:
    """The forward pass of a network that is being trained, in conditioned units.

    Attributes
    ----------
    encode : callable
        ``(rows) -> codes``, which leaves the rows as they are.
    decode : callable
        ``(codes) -> outputs``.
    n_outputs, n_values_per_row : int
        Width of the outputs, and how many values a row needs on its way.
    """

    encode: Callable
    decode: Callable
    n_outputs: int
    n_values_per_row: int

    def __call__(self, rows):
        """Return the outputs for rows, shape (n_rows, n_outputs)."""
        return map_rows(self._outputs, rows, self.n_outputs, self.n_values_per_row)

    def _outputs(self, rows):
        # Training that diverges is told of by its loss.
        with np.errstate(all="ignore"):
            return self.decode(self.encode(rows))
