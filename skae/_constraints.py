"""What numbers parameters may be: any kind of number, but no truth values."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from ._compat import Interval, fit_context

Method = TypeVar("Method", bound=Callable[..., Any])


class _Number(Interval):
    """An interval of numbers that True and False, which are int in Python, are not in."""

    def is_satisfied_by(self, val):
        return not isinstance(val, bool) and super().is_satisfied_by(val)


def integer_from(lowest):
    """Return the constraint to an int of at least `lowest`."""
    return _Number(Integral, lowest, None, closed="left")


def real_in(left, right=None, closed="left"):
    """Return the constraint to a number in an interval, without an upper bound for None."""
    return _Number(Real, left, right, closed=closed)


def as_plain(number):
    """Return a number of NumPy, whose arithmetic may overflow, as one of Python."""
    return number.item() if isinstance(number, np.generic) else number


def parameters_checked(fit: Method) -> Method:
    """Check the parameters of an estimator before it is fitted; keeps the type of `fit`."""
    return fit_context(prefer_skip_nested_validation=True)(fit)
