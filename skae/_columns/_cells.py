"""The cells of a column: what kind they are, which are missing, and their values."""

import datetime
import decimal
from numbers import Number

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

KINDS = ("number", "boolean", "category", "ordered", "date", "duration", "aside")
ALIKE = ({"number", "boolean"}, {"category", "ordered"})  # one may stand for the other
PLURALS = {
    "number": "numbers",
    "boolean": "truth values",
    "category": "text or categories",
    "ordered": "ordered categories",
    "date": "dates",
    "duration": "durations",
}
OF_TYPES = (  # of Python and NumPy, the first that fits
    ("boolean", (bool, np.bool_)),
    ("number", (Number, decimal.Decimal, np.number)),
    ("category", (str,)),
    ("date", (datetime.date, np.datetime64)),
    ("duration", (datetime.timedelta, np.timedelta64)),
)


def missing_cells(series):
    """Return which cells are missing: None, NaN, NaT, pd.NA or null."""
    if isinstance(series, pd.Series):
        return np.asarray(pd.isna(series.array), dtype=bool)
    if series.dtype.is_float():
        return np.isnan(as_array(series))
    if not series.null_count():
        return np.zeros(len(series), dtype=bool)
    return np.asarray(series.is_null().to_numpy(), dtype=bool)


def as_array(series):
    """Return the numbers of a narwhals series in float64, NaN where they are missing."""
    if not series.dtype.is_integer():  # of which Arrow casts no large ones
        series = series.cast(nw.Float64)
    return np.array(series.to_numpy(), dtype=np.float64)


def narwhals_dtype(series):
    """Return the type of a series of pandas or narwhals, in narwhals' words."""
    if isinstance(series, pd.Series):
        return nw.from_native(series, series_only=True).dtype
    return series.dtype


def kind_of(series, name):
    """Return the kind of a column by its type, or None if all cells are missing.

    Raises
    ------
    ValueError
        If the cells are of several types, or of one that has no kind.
    """
    if missing_cells(series).all():
        return None
    dtype = narwhals_dtype(series)
    if dtype.is_numeric():
        return "number"
    for kind, types in (
        ("boolean", (nw.Boolean,)),
        ("ordered", (nw.Enum,)),
        ("category", (nw.Categorical, nw.String)),
        ("date", (nw.Datetime, nw.Date)),
        ("duration", (nw.Duration,)),
    ):
        if isinstance(dtype, types):
            return kind
    if dtype in (nw.Object, nw.Unknown):
        return _kind_of_objects(series, name)
    raise ValueError(
        f"Column {name!r} holds values of the type {dtype}, which is none of {_kinds()}; "
        "convert it first, or leave it out by kinds={column: 'aside'}."
    )


def _kind_of_objects(series, name):
    values = as_objects(series)
    known = values[~missing_cells(series)]
    kinds = {type(value): _kind_of_type(type(value)) for value in known}
    if len(set(kinds.values())) > 1:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(
            f"Column {name!r} mixes values of the types {names}; convert it to one type, "
            "such as by astype(str)."
        )
    kind = next(iter(kinds.values()))
    if kind is None:
        raise ValueError(
            f"Column {name!r} holds {known[0]!r}, which is none of {_kinds()}; convert it "
            "first, or leave it out by kinds={column: 'aside'}."
        )
    return kind


def _kind_of_type(kind):
    if issubclass(kind, complex | np.complexfloating):
        return None
    for name, types in OF_TYPES:
        if issubclass(kind, types):
            return name
    return None


def _kinds():
    return ", ".join(PLURALS.values())


def check_alike(series, seen, name):
    """Raise a ValueError if a column is of another kind than it was in fit."""
    found = kind_of(series, name)
    are_alike = any({found, seen} <= some for some in ALIKE)
    if None in (found, seen) or found == seen or are_alike:
        return
    raise ValueError(
        f"Column {name!r} holds {PLURALS[found]}, but held {PLURALS[seen]} in fit; convert "
        "it first."
    )


def as_floats(series, name):
    """Return numbers or truth values in float64, NaN where they are missing."""
    try:
        if isinstance(series, pd.Series):
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = as_array(series)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"Column {name!r} cannot be read as numbers ({error}); convert it first."
        ) from None
    is_infinite = np.isinf(values)
    if is_infinite.any():
        raise ValueError(
            f"Column {name!r} contains infinity in row {int(np.argmax(is_infinite))}; "
            "replace infinite values first, or make them missing."
        )
    return values


def as_objects(series):
    """Return cells as Python objects, None where they are missing."""
    cells = series.to_list()
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    values[missing_cells(series)] = None
    return values


def as_microseconds(series, kind, name):
    """Return dates (since 1970, UTC) or durations in float64, NaN where missing."""
    try:
        if isinstance(series, pd.Series):
            return _of_pandas(series, kind)
        if kind == "date":
            cells = series.cast(nw.Datetime("us", getattr(series.dtype, "time_zone", None)))
            cells = cells.dt.timestamp("us").to_list()
        else:
            cells = series.cast(nw.Duration("us")).dt.total_microseconds().to_list()
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"Column {name!r} cannot be read as {PLURALS[kind]} ({error}); convert it "
            "first."
        ) from None
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _of_pandas(native, kind):
    if "date32" in str(native.dtype):  # of Arrow: days, which NumPy gets as objects
        native = native.astype(object)
    if native.dtype == object:
        convert = pd.to_datetime if kind == "date" else pd.to_timedelta
        native = convert(native)
    if getattr(native.dtype, "tz", None) is not None:
        native = native.dt.tz_convert("UTC").dt.tz_localize(None)
    unit = "datetime64[us]" if kind == "date" else "timedelta64[us]"
    values = native.to_numpy(dtype=unit, na_value=np.array("NaT", dtype=unit)[()])
    whole = values.view(np.int64).astype(np.float64)
    whole[np.isnat(values)] = np.nan
    return whole
