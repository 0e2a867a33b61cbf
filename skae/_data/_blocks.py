"""Rows of large tables, a block at a time: the protocol, and what can be done with any."""

from __future__ import annotations

import contextlib
import functools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from ._threads import one_ahead
from ._writing import write_parquet

ARRAY_VALUES = 1 << 22  # of a block of an array on disk, about 16 MiB in float32


class RowBlocks(ABC):
    """Rows of a table that is read a block at a time.

    Whatever has the same `shape`, `n_blocks` and `block` serves in its place;
    :func:`as_blocks` makes this of it.

    Attributes
    ----------
    shape : tuple of int
        ``(n_rows, n_features)``.
    n_blocks : int
    feature_names : list of str or None
        Names of the columns, if they have any.
    counts : list of int
        How many rows each block has.
    """

    feature_names: list[str] | None = None

    @property
    @abstractmethod
    def n_blocks(self) -> int:
        """How many blocks there are."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """How many columns there are."""

    @abstractmethod
    def block(self, i: int) -> np.ndarray:
        """Return the rows of block `i`, an array or a frame."""

    @functools.cached_property
    def counts(self) -> list[int]:
        """How many rows each block has; where nothing else tells, each is read."""
        return self.each(OfRows(len))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return sum(self.counts), self.n_features

    @property
    def ndim(self) -> int:
        """Number of dimensions: 2."""
        return 2

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self):
        """Yield the blocks, the next one being read meanwhile."""
        with contextlib.closing(self.read(range(self.n_blocks))) as blocks:
            for _, block in blocks:
                yield block

    def __array__(self, dtype=None, copy=None):
        """Return all rows as one array."""
        return np.concatenate([np.asarray(block, dtype=dtype) for block in self])

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"<{name} of {self.n_features} columns in {self.n_blocks} blocks>"

    def read(self, order):
        """Yield the numbers of an order with their blocks, the next one read meanwhile."""
        return one_ahead((i, self.block(i)) for i in order)

    def map(
        self,
        function: Callable[[Any], Any],
        feature_names: Sequence[str] | None = None,
    ) -> RowBlocks:
        """Return blocks of what a function gives for these, which are read when asked for.

        Parameters
        ----------
        function : callable
            ``(rows) -> rows``, as many of them, such as the `transform` of a scaler.
        feature_names : list of str, default=None
            Names of the new columns; None leaves them without.

        Returns
        -------
        RowBlocks
        """
        return MappedBlocks(self, OfRows(function), feature_names)

    def to_parquet(self, path: str | os.PathLike) -> None:
        """Write the rows to a Parquet file, each block as a row group.

        The file is there when all of it is written, and not before.

        Parameters
        ----------
        path : str or path-like
        """
        write_parquet(self, path)

    # What Dask does by tasks.

    def step_aside(self):
        """Let others have the place of what is going to wait for blocks."""
        return  # nobody does, but for other tasks of a cluster

    def each(self, function):
        """Return a list of what ``function(block, i)`` gives for each block."""
        return [function(block, i) for i, block in self.read(range(self.n_blocks))]

    def reduced(self, function, merge):
        """Return what ``function(block, i)`` gives for blocks with rows, merged in order.

        Parameters
        ----------
        function : callable
        merge : callable
            ``(first, second) -> both``.
        """
        with contextlib.closing(self.read(range(self.n_blocks))) as blocks:
            found = (function(block, i) for i, block in blocks if block.shape[0] > 0)
            return merged_in_order(merge, found)

    def mapped(self, function, names=None):
        """Return what ``function(block, i)`` gives: of cells as blocks, of rows at once.

        Parameters
        ----------
        function : callable
        names : sequence of str, default=None
            Of the columns of what it gives; None for one number a row.
        """
        if names is not None:
            return MappedBlocks(self, function, list(names))
        return np.concatenate(self.each(function))

    @property
    def offsets(self):
        """The number of the first row of each block, and that behind the last."""
        return [0, *accumulate(self.counts)]


class ArrayBlocks(RowBlocks):
    """Blocks of an array: in memory, mapped into memory, of zarr or of HDF5.

    Parameters
    ----------
    array : array-like of shape (n_rows, n_features)
        With `shape`, and rows for a slice.
    n_block_rows : int, default=None
        None takes about 16 MiB, in whole chunks if the array has chunks.
    """

    def __init__(self, array, n_block_rows=None):
        if len(array.shape) != 2:
            raise ValueError(
                f"An array of shape {array.shape} is no table of rows; give one of shape "
                "(n_rows, n_features)."
            )
        self.array = array
        if n_block_rows is None:
            n_block_rows = max(1, ARRAY_VALUES // max(array.shape[1], 1))
            chunk = (getattr(array, "chunks", None) or (1,))[0]
            n_block_rows = max(chunk, n_block_rows - n_block_rows % chunk)
        self.n_block_rows = n_block_rows

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return -(-self.array.shape[0] // self.n_block_rows)

    @property
    def n_features(self):
        """How many columns there are."""
        return self.array.shape[1]

    @functools.cached_property
    def counts(self):
        """How many rows each block has."""
        whole, rest = divmod(self.array.shape[0], self.n_block_rows)
        return [self.n_block_rows] * whole + [rest] * bool(rest)

    def block(self, i):
        """Return the rows of block `i`."""
        first = i * self.n_block_rows
        return np.asarray(self.array[first : first + self.n_block_rows])


class GivenBlocks(RowBlocks):
    """Blocks of an object with `shape`, `n_blocks` and `block(i)`.

    Parameters
    ----------
    given : object
        Its `feature_names` and `counts` are taken too, if it has them.
    """

    def __init__(self, given):
        self.given = given
        self.feature_names = getattr(given, "feature_names", None)
        if getattr(given, "counts", None) is not None:
            self.counts = list(given.counts)

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return self.given.n_blocks

    @property
    def n_features(self):
        """How many columns there are."""
        return self.given.shape[1]

    def block(self, i):
        """Return the rows of block `i`."""
        return self.given.block(i)


class JoinedBlocks(RowBlocks):
    """The blocks of several tables, one behind the other.

    Parameters
    ----------
    tables : list of RowBlocks
        Of the same columns.
    """

    def __init__(self, tables):
        self.tables = tables
        self.feature_names = tables[0].feature_names
        for number, table in enumerate(tables):
            if (table.n_features, table.feature_names) != (
                self.n_features,
                self.feature_names,
            ):
                raise ValueError(
                    f"Table {number} of the list has {table.n_features} columns, "
                    f"{table.feature_names}, but the first has {self.n_features}, "
                    f"{self.feature_names}; give tables of the same columns."
                )
        self.places = [(table, i) for table in tables for i in range(table.n_blocks)]

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return len(self.places)

    @property
    def n_features(self):
        """How many columns there are."""
        return self.tables[0].n_features

    @functools.cached_property
    def counts(self):
        """How many rows each block has."""
        return [count for table in self.tables for count in table.counts]

    def block(self, i):
        """Return the rows of block `i`."""
        table, place = self.places[i]
        return table.block(place)


class MappedBlocks(RowBlocks):
    """Blocks of what a function gives for others, made when they are asked for.

    Parameters
    ----------
    blocks : RowBlocks
    function : callable
        ``(block, i) -> rows``.
    feature_names : list of str or None
    """

    def __init__(self, blocks, function, feature_names):
        self.blocks, self.function = blocks, function
        self.feature_names = feature_names

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return self.blocks.n_blocks

    @functools.cached_property
    def n_features(self):
        """How many columns there are; without names, a first block tells."""
        if self.feature_names is not None:
            return len(self.feature_names)
        return self.block(0).shape[1]

    @property
    def counts(self):
        """How many rows each block has."""
        return self.blocks.counts

    def block(self, i):
        """Return the rows of block `i`."""
        return self.function(self.blocks.block(i), i)

    def step_aside(self):
        """Let others have the place of what is going to wait for blocks."""
        self.blocks.step_aside()

    def each(self, function):
        """Return a list of what ``function(block, i)`` gives for each block."""
        return self.blocks.each(_Both(self.function, function))

    def reduced(self, function, merge):
        """Return what ``function(block, i)`` gives for blocks that have rows, merged."""
        return self.blocks.reduced(_Both(self.function, function), merge)

    def mapped(self, function, names=None):
        """Return what ``function(block, i)`` gives: of cells as blocks, of rows at once."""
        return self.blocks.mapped(_Both(self.function, function), names)


class _Both:
    """A function of what another gives for a block."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __call__(self, block, i):
        return self.second(self.first(block, i), i)


def merged_in_order(merge, results):
    """Return results merged in order, of at least one block with rows."""
    found = functools.reduce(lambda a, b: b if a is None else merge(a, b), results, None)
    if found is None:
        raise ValueError("The table has no rows: all of its blocks are empty; give some.")
    return found


@dataclass(frozen=True)
class OfRows:
    """A function of rows that does not ask for the number of their block.

    Attributes
    ----------
    function : callable
        ``(rows) -> array``.
    shape : tuple of int
        Of what it gives for a row: blocks may have no rows.
    """

    function: Callable
    shape: tuple | None = None

    def __call__(self, block, i):
        if self.shape is not None and not block.shape[0]:
            return np.empty((0, *self.shape))
        return self.function(block)
