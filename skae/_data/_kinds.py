"""Which kinds of tables are rows of numbers, before anything is converted."""

import datetime
import re

import numpy as np
from scipy import sparse

TIMES = re.compile(r"^(date|time|period|duration)", re.IGNORECASE)  # names of dtypes
HAVE_CELLS = ("shape", "__len__", "__array__", "__dataframe__")

TIME_TYPES = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
)


def collected(X):
    """Return the frame that a lazy one of polars stands for, and all else as it is."""
    is_lazy = hasattr(X, "collect_schema") and hasattr(X, "collect")
    return X.collect() if is_lazy else X


def check_kind(X, name="X"):
    """Raise a ValueError for what conversion to numbers would take in silence, or badly.

    Those are masked cells, whose values would come back, and dates and durations, which
    would become numbers of whatever their unit is.
    """
    if sparse.issparse(X):
        check_dtype(X.dtype, name)
        return
    has_cells = any(hasattr(X, attribute) for attribute in HAVE_CELLS)
    if isinstance(X, (str, bytes, dict, set)) or not has_cells:
        raise ValueError(
            f"{name} must be a table of numbers, of shape (n_samples, n_features), but is "
            f"of the type {type(X).__name__!r}."
        )
    if np.ma.is_masked(X):
        raise ValueError(
            f"{name} has masked cells; fill them first, by `filled(numpy.nan)` and "
            "SimpleImputer."
        )
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        check_dtype(getattr(X, "dtype", None), name)
        _check_no_times(X, name)
        return
    seen = set()
    for label, dtype in zip(X.columns, X.dtypes):
        check_dtype(dtype, name, f", in column {label!r}")
        if label in seen:
            raise ValueError(
                f"{name} has more than one column {label!r}; give each its own name."
            )
        seen.add(label)


def _check_no_times(X, name):
    """Raise a ValueError for a time of NumPy's among objects, which float would take."""
    if isinstance(X, list | tuple) or getattr(getattr(X, "dtype", None), "kind", "") == "O":
        for row in X:
            for column, cell in enumerate(row if np.iterable(row) else ()):
                if isinstance(cell, np.datetime64 | np.timedelta64):
                    raise _time_in_column(name, f"{cell!r} in column {column}")


def check_dtype(dtype, name, where=""):
    """Raise a ValueError for values whose type no column of numbers has."""
    if TIMES.match(str(dtype)):
        raise _time_in_column(name, f"{dtype} values{where}")
    if getattr(dtype, "kind", "") == "c":  # scikit-learn's words, with a remedy
        raise ValueError(
            f"Complex data not supported: {name} contains {dtype} values{where}; give real "
            "and imaginary parts as two columns."
        )


def _time_in_column(name, what):
    """Return an error that tells of a time where a number is meant."""
    return ValueError(
        f"{name} contains {what}, but must hold numbers; turn dates and durations into "
        "numbers first, such as days."
    )


def conversion_error(error, X, name):
    """Return an error that names the first cell that is no number, if there is one."""
    if sparse.issparse(X):
        return error
    table = np.asarray(X, dtype=object)
    if table.ndim == 2:
        labels = getattr(X, "columns", range(table.shape[1]))
        for label, column in zip(labels, table.T):
            for value in column:
                if value is not None and not _is_number(value):
                    return _no_number(value, f"in column {label!r}", name)
    if str(error).startswith("The feature names") and name != "X":
        return ValueError(
            f"{name} has other column names than X, or in another order; give it the same "
            "columns."
        )
    if str(error).startswith("X has "):
        return type(error)(name + str(error).removeprefix("X"))
    return error


def _no_number(value, where, name):
    if isinstance(value, str):
        return ValueError(
            f"{name} contains text, {value!r}, {where}, but an autoencoder takes numbers; "
            "encode text columns first, with OneHotEncoder."
        )
    if isinstance(value, TIME_TYPES):
        return _time_in_column(name, f"{value!r} {where}")
    if type(value).__name__ == "NAType":
        return ValueError(
            f"{name} contains {value!r}, a missing value, {where}; fill missing values "
            "first, with SimpleImputer."
        )
    return TypeError(  # in scikit-learn's words, with the place and a remedy
        f"{name} contains {value!r} {where}, but float's argument must be a string or a "
        f"real number, not {type(value).__name__!r}; encode such columns first."
    )


def _is_number(value):
    if isinstance(value, TIME_TYPES):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
