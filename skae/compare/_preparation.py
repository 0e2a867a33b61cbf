"""A table as it is, made into numbers within a split."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from .._columns._floor import fit_floor
from .._data._kinds import collected
from ._pipelines import as_dense

DATES = {"datetime64", "datetime", "date"}  # names that pandas gives to kinds of values
DURATIONS = {"timedelta64", "timedelta"}
NUMBERS = {"boolean", "decimal", "empty", "floating", "integer", "mixed-integer-float"}
MAX_CLASSES = 50
LARGEST_WHOLE = 2**53  # above it, all floats are whole numbers
MIN_ROWS_OF_CLASS = 3  # in the mean
MAX_CATEGORIES = 20
LARGE_EXPONENT = 300  # of two: squares of such numbers, or their inverses, overflow


def as_frame(X):
    """Return columns of numbers or text, dates and durations being numbers of days.

    They are called 0, 1, ..., since names may be double or missing.
    """
    table = as_table(X)
    if not table.size:
        raise ValueError(f"X has no cells to compare: its shape is {table.shape}.")
    numbers = _numbers(table)
    if numbers is not None:
        return pd.DataFrame(numbers)
    columns = [
        _as_column(column, f"Column {name!r} of X")
        for name, column in table.infer_objects().items()
    ]
    columns = [_in_range(c) if c.dtype.kind == "f" else c for c in columns]
    return pd.concat(columns, axis=1, ignore_index=True)


def as_table(X):
    """Return a DataFrame of a table of any kind, as it is."""
    X = collected(X)
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, np.ma.MaskedArray) and X.ndim == 2:
        return pd.DataFrame(X)  # masked cells become missing ones
    if hasattr(X, "column_names"):  # of Arrow, whose NumPy gives missing categories a level
        return X.to_pandas()
    if hasattr(X, "columns"):  # of another library
        return pd.DataFrame({name: np.asarray(X[name]) for name in X.columns})
    if isinstance(X, list | tuple) and all(
        isinstance(row, list | tuple | dict) for row in X
    ):
        lengths = sorted({len(row) for row in X if not isinstance(row, dict)})
        if len(lengths) > 1:
            raise ValueError(
                f"X has rows of {lengths[0]} and of {lengths[-1]} values; give all rows "
                "the same number."
            )
        return pd.DataFrame(list(X))
    array = as_dense(X)
    if array.ndim != 2:
        raise ValueError(
            f"X has the shape {array.shape}, but must be a table, of shape (n_samples, "
            "n_features)."
        )
    return pd.DataFrame(array)


def _numbers(table):
    """Return a table of nothing but ordinary numbers at once, None for any other one.

    Column by column, one of thousands of columns would take seconds.
    """
    if not all(isinstance(d, np.dtype) and d.kind in "biuf" for d in table.dtypes):
        return None
    numbers = table.to_numpy(dtype=np.float64)
    largest = np.fmax.reduce(np.abs(numbers), axis=0)
    is_ordinary = np.abs(np.frexp(largest)[1]) < LARGE_EXPONENT  # or missing altogether
    return numbers if is_ordinary.all() and not np.isinf(largest).any() else None


def _as_column(column, what):
    """Return a column of floats or of text."""
    try:
        column = _converted(column)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f"{what} cannot be read as numbers, dates or text; convert it before: {error}"
        ) from error
    if column.dtype.kind == "f" and np.isinf(column).any():
        raise ValueError(
            f"{what} has infinite values; replace them, or leave out rows that have any."
        )
    return column


def _in_range(column):
    """Return numbers times a power of two, which standardising takes back, if need be."""
    exponent = int(np.frexp(column.abs().max())[1]) if column.notna().any() else 0
    return column if abs(exponent) < LARGE_EXPONENT else np.ldexp(column, -exponent)


def _converted(column):
    kind = pd.api.types.infer_dtype(column)
    if kind == "period":
        column, kind = column.astype("datetime64[ns]"), "datetime64"
    if kind in DATES:
        column = pd.to_datetime(column.astype(object))
        column, kind = column - column.min(), "timedelta64"
    if kind in DURATIONS:
        column = pd.to_timedelta(column.astype(object)) / pd.Timedelta(days=1)
    elif kind == "complex":
        raise ValueError("complex values are two columns each.")
    elif kind not in NUMBERS and not pd.api.types.is_numeric_dtype(column):
        return column.astype(str)
    return column.where(column.notna(), np.nan).astype(np.float64)


def coded(frame, train, test, codec):
    """Return training and held-out rows as a codec has them, and both as they came.

    Holes are filled with what linear regressions on the training rows expect there.
    """
    frames = frame.iloc[train], frame.iloc[test]
    rows = codec.fit(frames[0]).transform(frames[0])
    floor = fit_floor(rows)
    return floor.fill(rows), floor.fill(codec.transform(frames[1])), frames


def as_target(y):
    """Return a target of one dimension without missing values, numbers or text."""
    n_masked = np.ma.count_masked(y) if np.ma.is_masked(y) else 0
    y = pd.Series(column_or_1d(np.asarray(y))).infer_objects()
    n_missing = y.isna().sum() + n_masked
    if n_missing:
        raise ValueError(
            f"y has {n_missing} missing values; leave these rows out of X and y, or leave "
            "y out."
        )
    if y.dtype.kind in "iub":
        return y.to_numpy()
    y = _as_column(y, "y").to_numpy()
    return y if y.dtype.kind == "f" else y.astype(object)


def holds_classes(y):
    """Whether targets are classes: text, or few whole numbers that come again."""
    if y.dtype.kind == "f" and np.abs(y).max() >= LARGEST_WHOLE:
        return False
    if type_of_target(y) not in ("binary", "multiclass"):
        return False
    if y.dtype.kind not in "iuf":
        return True
    return len(np.unique(y)) <= min(MAX_CLASSES, len(y) / MIN_ROWS_OF_CLASS)


def prepared(table, train, test):
    """Return training and held-out rows as numbers, prepared on the training rows."""
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    text = OneHotEncoder(
        max_categories=MAX_CATEGORIES,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (text, make_column_selector(dtype_exclude="number")),
        sparse_threshold=0,
    ).set_output(transform="default")
    return columns.fit_transform(table.iloc[train]), columns.transform(table.iloc[test])
