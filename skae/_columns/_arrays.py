"""Rows of numbers alone: coded and filled all columns at once, for one in a service."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
        return (np.asarray(X) - self.mean) / self.scale

    def fill(self, X, expected):
        """Return rows with their holes filled by what was expected in the coded table."""
        rows = np.asarray(X)
        values = np.clip(expected * self.scale + self.mean, self.low, self.high)
        values = np.where(self.is_whole, np.rint(values), values)
        filled = np.where(np.isnan(rows), values, rows).astype(rows.dtype)
        if isinstance(X, pd.DataFrame):
            return pd.DataFrame(filled, X.index, X.columns).__finalize__(X)
        return filled


def plain_numbers(columns, X, estimator):
    """Return the columns as numbers alone, if rows are an array or frame of such."""
    if not _has_floats(X) or X.shape[1] != len(columns):
        return None
    codes = [column.code for column in columns]
    if not all(type(code) is Numbers for code in codes) or np.isinf(np.asarray(X)).any():
        return None
    if isinstance(X, pd.DataFrame):
        if list(X.columns) != [column.name for column in columns]:
            return None
    elif hasattr(estimator, "feature_names_in_"):
        return None
    names = "mean", "scale", "low", "high", "is_whole"
    return PlainNumbers(*(np.array([getattr(c, name) for c in codes]) for name in names))


def _has_floats(X):
    """Whether rows are an array or a frame of pandas of floats of NumPy."""
    if type(X) is pd.DataFrame:
        return len(X.columns) > 0 and all(dtype == np.float64 for dtype in X.dtypes)
    return type(X) is np.ndarray and X.dtype.kind == "f" and X.ndim == 2
