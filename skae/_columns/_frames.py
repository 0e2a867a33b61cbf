"""Frames of pandas, polars and Arrow, and arrays: their columns, and frames like them."""

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from .._data._kinds import collected


@dataclass(frozen=True)
class Dtype:
    """The type of a column, in a form that files hold.

    Attributes
    ----------
    name : str
        As pandas writes it; of other libraries the name that narwhals gives to it.
    categories : list, default=None
    is_ordered : bool, default=False
        Whether the categories are.
    unit, zone : str, default=None
        Of times.
    """

    name: str
    categories: list | None = None
    is_ordered: bool = False
    unit: str | None = None
    zone: str | None = None

    @classmethod
    def of(cls, series):
        """Return the type of a series of pandas or narwhals."""
        found = series.dtype
        if isinstance(series, pd.Series):
            if isinstance(found, pd.CategoricalDtype):
                return cls("category", found.categories.tolist(), bool(found.ordered))
            return cls(str(found))
        categories = getattr(found, "categories", None)
        return cls(
            type(found).__name__,
            None if categories is None else list(categories),
            unit=getattr(found, "time_unit", None),
            zone=getattr(found, "time_zone", None),
        )

    @property
    def is_whole(self):
        """Whether the type holds whole numbers alone."""
        return self.name.lower().lstrip("u").startswith("int")

    def whole(self, values):
        """Return floats as a column of whole numbers holds them: rounded, in its range."""
        limits = np.iinfo(self.name.lower().partition("[")[0])
        low, high = float(limits.min), float(limits.max)
        if int(high) > limits.max:  # of 64 bits, which float64 has no place for
            high = np.nextafter(high, 0)
        return np.clip(np.rint(values), low, high)

    def is_surely_of(self, series):
        """Whether a series has this type, and the type alone says what its cells are."""
        is_told = isinstance(series, pd.Series) and series.dtype != object
        return is_told and str(series.dtype) == self.name

    def of_pandas(self):
        """Return the type as pandas takes it."""
        if self.name != "category":
            return self.name
        return pd.CategoricalDtype(self.categories, self.is_ordered)

    def of_narwhals(self):
        """Return the type as narwhals takes it."""
        if self.name == "Unknown":  # of a column without a value
            return None
        kind = getattr(nw, self.name)
        if self.name == "Enum":
            return kind(self.categories)
        if self.name == "Datetime":
            return kind(self.unit, self.zone)
        return kind(self.unit) if self.name == "Duration" else kind()


@dataclass(frozen=True)
class Table:
    """The columns of a frame, or of an array.

    Attributes
    ----------
    columns : dict of str to Series
        By name, of pandas or, for other libraries, of narwhals; those of an array are
        numbered.
    n_rows : int
    library : str
        "pandas", "polars", "pyarrow" or "array".
    index : Index or None
        Of pandas.
    """

    columns: dict
    n_rows: int
    library: str
    index: Any = None


def read_table(X, name="X"):
    """Return the columns of a frame or an array.

    Raises
    ------
    ValueError
        For what has no columns, and for names that are double or have several levels.
    """
    X = collected(X)
    if sparse.issparse(X):
        raise TypeError(f"{name} is a sparse matrix, but must be dense; use toarray().")
    library = "pandas"
    if isinstance(X, list | tuple | np.ndarray) or not hasattr(X, "columns"):
        X, library = _array_as_frame(X, name), "array"
    if isinstance(X, pd.DataFrame) and X.columns.nlevels > 1:
        raise ValueError(
            f"{name} has column names of {X.columns.nlevels} levels; give each column one "
            "name, such as by X.columns.map('_'.join)."
        )
    names = pd.Index(X.column_names if hasattr(X, "column_names") else X.columns)
    if not names.is_unique:
        raise ValueError(
            f"{name} has more than one column {names[names.duplicated()][0]!r}; give each "
            "its own name."
        )
    if isinstance(X, pd.DataFrame):
        columns = {label: X[label] for label in X}
        return Table(columns, len(X), library, None if library == "array" else X.index)
    try:
        frame = nw.from_native(_plain(X), eager_only=True)
    except TypeError:
        raise TypeError(
            f"{name} must be a frame of pandas, polars or Arrow, or an array of two "
            f"dimensions, but is of the type {type(X).__name__!r}."
        ) from None
    columns = {label: frame[label] for label in names}
    return Table(columns, frame.shape[0], frame.implementation.value)


def _plain(X):
    """Return an Arrow table whose columns hold numbers as such; other frames as they are.

    A dictionary of numbers says nothing that they do not, nor do the ends of runs.
    """
    if not _is_arrow(X):
        return X
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(X.schema):
        kind, column = field.type, X.column(i)
        if pa.types.is_run_end_encoded(kind):
            X = X.set_column(i, field.name, pc.run_end_decode(column))
        elif pa.types.is_dictionary(kind) and not _is_text(pa, kind.value_type):
            X = X.set_column(i, field.name, column.cast(kind.value_type))
    return X


def _is_arrow(X):
    return hasattr(X, "schema") and hasattr(X, "combine_chunks")


def _is_text(pa, kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _array_as_frame(X, name):
    is_array_like = isinstance(X, list | tuple) or hasattr(X, "__array__")
    if isinstance(X, str | bytes | dict | set) or not is_array_like:
        raise ValueError(
            f"{name} must be a frame or an array of two dimensions, but is of the type "
            f"{type(X).__name__!r}."
        )
    if isinstance(X, np.ma.MaskedArray):
        return pd.DataFrame(X)  # masked cells become missing ones
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=_dtype_of_lists(X))
    if array.ndim != 2:
        raise ValueError(
            f"{name} has the shape {array.shape}, but must be a table of two dimensions. "
            "Reshape your data: a single row is X.reshape(1, -1)."
        )
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds {array.dtype} values; give real and "
            "imaginary parts as two columns."
        )
    return (
        pd.DataFrame(array).infer_objects()
        if array.dtype == object
        else pd.DataFrame(array)
    )


def _dtype_of_lists(X):
    """Return the type in which an array holds lists of numbers and text as they are."""
    if hasattr(X, "__array__"):
        return None
    kinds = {type(value) for row in X if isinstance(row, list | tuple) for value in row}
    return object if kinds & {str, type(None), bool} else None


def make_table(columns, dtypes, library, index):
    """Return a frame, or an array, of values by column.

    Parameters
    ----------
    columns : dict of str to ndarray
        Floats, microseconds since 1970 (as datetime64 or timedelta64), or objects; NaN,
        NaT and None are missing.
    dtypes : sequence of Dtype
    library : str
    index : Index or None
    """
    if library == "array":
        frame = pd.DataFrame(columns)
        kinds = {values.dtype.kind for values in columns.values()}
        return frame.to_numpy(dtype=None if kinds <= {"f"} else object)
    if library == "pandas":
        made = [
            pandas_series(values, dtype, index).rename(name)
            for (name, values), dtype in zip(columns.items(), dtypes)
        ]
        frame = pd.concat(made, axis=1) if made else pd.DataFrame(index=index)
        return frame.set_axis(pd.Index(list(columns)), axis=1)
    series = [
        narwhals_series(name, values, dtype, library)
        for (name, values), dtype in zip(columns.items(), dtypes)
    ]
    return nw.from_dict({each.name: each for each in series}).to_native()


def pandas_series(values, dtype, index):
    """Return a series of pandas, of the type asked for where the values allow it."""
    series = pd.Series(values, index)
    if dtype.name == "object" and series.dtype.kind == "M":  # of Python's dates
        return series.dt.date.astype(object).where(series.notna(), None)
    if dtype.is_whole and series.dtype.kind == "f" and not series.isna().any():
        series = dtype.whole(series)
    zone = dtype.name.startswith("datetime64[") and "," in dtype.name
    if zone and series.dtype.kind == "M":
        series = series.dt.tz_localize("UTC")
    try:
        return series.astype(dtype.of_pandas())
    except (TypeError, ValueError, NotImplementedError):
        # Missing values in a type that has none, or one of Arrow whose name pandas does not
        # read, a dictionary (TypeError) or a decimal (NotImplementedError): the values are
        # right, and better in a plain type than not at all.
        return series


def narwhals_series(name, values, dtype, library):
    """Return a series of another library as narwhals has it."""
    kind = values.dtype.kind
    if kind in "mM":
        missing = np.isnat(values)
        values = values.astype("datetime64[us]" if kind == "M" else "timedelta64[us]")
        whole = values.view(np.int64).tolist()
        cells = [None if gone else cell for gone, cell in zip(missing, whole)]
        series = nw.new_series(name, cells, nw.Int64, backend=library)
        if kind == "m":
            return series.cast(nw.Duration("us")).cast(dtype.of_narwhals())
        series = series.cast(nw.Datetime("us"))
        if dtype.zone is not None:
            series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.zone)
        return series.cast(dtype.of_narwhals())
    if kind == "f":
        missing = np.isnan(values)
        whole = dtype.whole(values) if dtype.is_whole else values
        cells = [None if gone else cell for gone, cell in zip(missing, whole.tolist())]
        series = nw.new_series(name, cells, nw.Float64, backend=library)
        # A truth value may be a mean; a decimal, as narwhals has it, would lose its digits.
        is_kept = dtype.name in ("Boolean", "Decimal")
        return series if is_kept else series.cast(dtype.of_narwhals())
    return nw.new_series(name, values.tolist(), dtype.of_narwhals(), backend=library)


class Filled:
    """A frame or an array, of whose columns some get other values where there are holes.

    Parameters
    ----------
    X : DataFrame or array-like
    table : Table
        Its columns.
    """

    def __init__(self, X, table):
        self._table, self._changed = table, {}
        self._given = collected(X)

    def fill(self, name, hole, values):
        """Put other values into the holes of a column; its type stays."""
        series = self._table.columns[name]
        dtype = Dtype.of(series)
        if not isinstance(series, pd.Series):
            library = self._table.library
            is_there = nw.new_series("there", (~hole).tolist(), nw.Boolean, backend=library)
            made = narwhals_series(name, values, dtype, library)
            self._changed[name] = series.zip_with(is_there, made)
            return
        if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
            cells = np.where(hole, values, series.to_numpy()).astype(series.dtype)
            self._changed[name] = pd.Series(cells, series.index)
            return
        made = pandas_series(values, dtype, series.index)
        filled, places = series.copy(), np.flatnonzero(hole)
        filled.iloc[places] = made.iloc[places]
        self._changed[name] = filled

    def result(self):
        """Return the frame, or a new array."""
        table = self._table
        if table.library == "array":
            frame = pd.DataFrame(table.columns | self._changed)
            kinds = {dtype.kind for dtype in frame.dtypes}
            return frame.to_numpy() if kinds <= set("fiu") else frame.to_numpy(dtype=object)
        if table.library == "pandas":
            frame = self._given.copy()
            for name, filled in self._changed.items():
                frame[name] = filled
            return frame
        frame = nw.from_native(_plain(self._given), eager_only=True)
        filled = frame.with_columns(*self._changed.values()).to_native()
        return of_types_of(self._given, filled)


def of_types_of(given, made):
    """Return a frame with the types of another one, where those of Arrow say more."""
    if not _is_arrow(given):
        return made
    schema, columns = given.schema, []
    for i, (field, column) in enumerate(zip(schema, made.columns)):
        try:
            columns.append(column.cast(field.type))
        except (ValueError, NotImplementedError):
            # A number that a decimal of so few digits has no place for, or a type that
            # Arrow casts nothing to, such as runs: the values are right as they are.
            columns.append(column)
            schema = schema.set(i, field.with_type(column.type))
    return type(given).from_arrays(columns, schema=schema)
