"""Arrays of numbers: coded and filled all columns at once, for a row in a service."""

from dataclasses import dataclass

import numpy as np

from ._numbers import Numbers


@dataclass(frozen=True)
class PlainNumbers:
    """Columns of numbers that are all standardised.

    Attributes
    ----------
    mean, scale, low, high : ndarray of shape (n_columns,)
    is_whole : ndarray of bool of shape (n_columns,)
    """

    mean: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_whole: np.ndarray

    def encode(self, X):
        """Return the coded table."""
        return (X - self.mean) / self.scale

    def fill(self, X, expected):
        """Return rows with their holes filled by what was expected in the coded table."""
        hole = np.isnan(X)
        values = np.clip(expected * self.scale + self.mean, self.low, self.high)
        values = np.where(self.is_whole, np.rint(values), values)
        return np.where(hole, values, X).astype(X.dtype)


def plain_numbers(columns, X, estimator):
    """Return the columns as numbers alone if rows are an array of such, else None."""
    is_array = type(X) is np.ndarray and X.dtype.kind == "f" and X.ndim == 2
    if (
        not is_array
        or X.shape[1] != len(columns)
        or hasattr(estimator, "feature_names_in_")
    ):
        return None
    codes = [column.code for column in columns]
    if not all(type(code) is Numbers for code in codes) or np.isinf(X).any():
        return None
    names = "mean", "scale", "low", "high", "is_whole"
    return PlainNumbers(*(np.array([getattr(c, name) for c in codes]) for name in names))
