"""A frame as a table of numbers, and back: its columns, each with what it has learnt."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ._aside import Aside
from ._cells import (
    as_floats,
    as_microseconds,
    as_objects,
    check_alike,
    kind_of,
    missing_cells,
    narwhals_dtype,
)
from ._frames import Dtype, make_table
from ._levels import Hashed, Levels, OrderedLevels
from ._numbers import Numbers, Quantiles
from ._times import Times

N_BUCKETS = 32
MOST_RARE = 1 / 3  # part of the cells: above it, levels are names of rows


@dataclass(frozen=True)
class Rules:
    """How columns are coded.

    Attributes
    ----------
    numeric : {"standard", "quantile"}
    kinds : dict
        By the names of columns whose types do not say it.
    min_frequency, max_levels : int
    many_levels : {"error", "hash", "aside"}
    """

    numeric: str
    kinds: dict
    min_frequency: int
    max_levels: int
    many_levels: str


@dataclass(frozen=True)
class Column:
    """A column of a frame, and its code.

    Attributes
    ----------
    name : object
    dtype : Dtype
    seen : str or None
        Its kind by its type, None if all of it was missing.
    kind : str or None
        What it was taken for.
    code : Numbers, Quantiles, Levels, Hashed, OrderedLevels, Times or Aside
    """

    name: Any
    dtype: Dtype
    seen: str | None
    kind: str | None
    code: Any

    @property
    def width(self):
        """Number of coded columns."""
        return len(self.code.suffixes)

    def encode(self, series):
        """Return the block of a column that is of the same kind."""
        if not self.width:
            return np.empty((len(series), 0))
        if not self.dtype.is_surely_of(series):
            check_alike(series, self.seen, self.name)
            if missing_cells(series).all():
                return np.full((len(series), self.width), np.nan)
        return self.code.encode(values_of(series, self.kind, self.name))

    def decode(self, block, is_filled=False):
        """Return the values of a block, missing where it is."""
        values = self.code.decode(block, is_filled)
        if self.width and values.dtype == object:
            values[np.isnan(block[:, 0])] = None
        return values


def values_of(series, kind, name):
    """Return the cells of a column in the form that its code takes."""
    if kind == "number":
        return as_floats(series, name)
    if kind in ("date", "duration"):
        return as_microseconds(series, kind, name)
    return as_objects(series)


def fit_columns(table, rules):
    """Return the columns of a table, each with its code.

    Raises
    ------
    ValueError
        Naming the column that cannot be coded.
    """
    unknown = [name for name in rules.kinds if name not in table.columns]
    if unknown:
        raise ValueError(
            f"kinds names the column {unknown[0]!r}, which X does not have; its columns "
            f"are {', '.join(map(str, list(table.columns)[:10]))}."
        )
    return tuple(_fitted(name, series, rules) for name, series in table.columns.items())


def _fitted(name, series, rules):
    dtype = Dtype.of(series)
    asked = rules.kinds.get(name)
    if asked == "aside":
        return Column(name, dtype, None, None, Aside(None))
    seen = kind_of(series, name)
    if seen is None:
        return Column(name, dtype, None, None, Aside(None, _kind_of_missing(series)))
    kind = asked or seen
    values = values_of(series, kind, name)
    code = _code(name, values, kind, dtype, rules)
    if code is None:
        known = values[~pd.isna(values)]
        code = Aside(known[0].item() if kind == "number" else known[0], kind)
    return Column(name, dtype, seen, kind, code)


def _kind_of_missing(series):
    dtype = narwhals_dtype(series)
    if dtype.is_numeric():
        return "number"
    if dtype.is_temporal():
        return "duration" if "Duration" in type(dtype).__name__ else "date"
    return None


def _code(name, values, kind, dtype, rules):
    if kind == "number":
        return (Quantiles if rules.numeric == "quantile" else Numbers).fitted(values)
    if kind in ("date", "duration"):
        return Times.fitted(values, kind)
    known = values[~pd.isna(values)]
    try:
        counts = pd.Series(known).value_counts(sort=False)
    except TypeError as error:
        raise ValueError(
            f"Column {name!r} holds values that cannot be levels ({error}); convert them "
            "to text first."
        ) from None
    levels = counts.index.tolist()
    order = _order_of(levels, dtype, kind, name)
    levels, counts = order, counts.reindex(order, fill_value=0).to_numpy()
    if kind == "ordered":
        return OrderedLevels.fitted(levels, counts)
    if kind == "boolean":
        return Levels.fitted(levels, counts, 1)
    return _of_levels(name, levels, counts, rules)


def _order_of(levels, dtype, kind, name):
    """Return levels in the order of their type, or of their values."""
    if kind == "ordered" and dtype.categories is not None:
        return list(dtype.categories)
    try:
        return sorted(levels)
    except TypeError:
        if kind == "ordered":
            raise ValueError(
                f"Column {name!r} has levels without an order, such as {levels[0]!r}; make "
                "it an ordered categorical."
            ) from None
        return sorted(levels, key=str)


def _of_levels(name, levels, counts, rules):
    is_rare = counts < rules.min_frequency
    n_own = int((~is_rare).sum())
    are_names = counts[is_rare].sum() > MOST_RARE * counts.sum() and len(levels) > 20
    if n_own <= rules.max_levels and not are_names:
        least = rules.min_frequency if n_own else 1
        return Levels.fitted(levels, counts, least)
    if rules.many_levels == "hash":
        return Hashed.fitted(levels, counts, N_BUCKETS)
    if rules.many_levels == "aside":
        return Aside(None)
    seen = f"{n_own} of them seen {rules.min_frequency} times or more"
    raise ValueError(
        f"Column {name!r} has {len(levels)} levels, {seen}, but max_levels="
        f"{rules.max_levels}; leave it out by kinds={{{name!r}: 'aside'}}, or set "
        "many_levels='hash' or 'aside'."
    )


def encode(columns, table):
    """Return the coded table of shape (n_rows, n_coded), NaN where cells are missing."""
    blocks = [column.encode(table.columns[column.name]) for column in columns]
    return np.hstack([np.empty((table.n_rows, 0)), *blocks])


def decode(columns, coded, library, index, dtypes=None):
    """Return the frame that a coded table stands for, of the types of fit or of others."""
    values = {
        column.name: column.decode(coded[:, part])
        for column, part in zip(columns, slices_of(columns))
    }
    if dtypes is None:
        dtypes = [column.dtype for column in columns]
    return make_table(values, dtypes, library, index)


def slices_of(columns):
    """Return where the coded columns of each column are."""
    ends = np.cumsum([column.width for column in columns])
    return [slice(int(end) - column.width, int(end)) for end, column in zip(ends, columns)]


def names_of(columns):
    """Return the names of the coded columns."""
    names = [f"{column.name}{end}" for column in columns for end in column.code.suffixes]
    return np.array(names, dtype=object)
