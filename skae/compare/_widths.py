"""The widths to compare at."""

from numbers import Integral

import numpy as np


def is_int(value):
    """Whether a value is a whole number, of Python or of NumPy."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def widths_below(n_components, limit):
    """Return the widths to compare at, and those that are not below the limit."""
    widths = np.ravel(np.asarray(n_components, dtype=object)).tolist()
    if not widths or not all(map(is_int, widths)) or any(width < 1 for width in widths):
        raise ValueError(
            f"n_components={n_components!r} must be an int of at least 1 or a sequence of "
            "these, the widths to compare at."
        )
    widths = sorted({int(width) for width in widths})
    narrow = [width for width in widths if width < limit]
    if limit <= 1:
        raise ValueError(
            "X leaves nothing to compare: a width must be below the number of prepared "
            f"columns and that of training rows, and one of these is {limit}; give more."
        )
    if not narrow:
        raise ValueError(
            f"n_components={n_components} leaves nothing to compare: a width must be below "
            f"{limit}, the smaller number of prepared columns and of training rows."
        )
    return narrow, widths[len(narrow) :]
