"""Rows of large tables, a block at a time: the protocol, and what can be done with any."""

from __future__ import annotations

import contextlib
import functools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from .._typing import Given
from ._threads import one_ahead
from ._writing import write_parquet


class RowBlocks(ABC):
    """Rows of a table that is read a block at a time.

    Whatever has the same `shape`, `n_blocks` and `block` serves in its place;
    :func:`~skae.blocks.as_blocks` makes this of it. Iterating gives the blocks in turn,
    the next one being read meanwhile, and `numpy.asarray` all rows.

    Parameters
    ----------
    feature_names : list of str, default=None
        Names of the columns, if they have any.

    Attributes
    ----------
    shape : tuple of int
        ``(n_rows, n_features)``.
    n_blocks : int
        How many blocks there are.
    counts : list of int
        How many rows each block has.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.blocks import as_blocks
    >>> blocks = as_blocks(np.arange(20.0).reshape(10, 2), n_block_rows=4)
    >>> scaler = StandardScaler()
    >>> for rows in blocks:
    ...     _ = scaler.partial_fit(rows)
    >>> np.asarray(blocks.map(scaler.transform)).std(axis=0)
    array([1., 1.])
    """

    feature_names: list[str] | None = None

    def __init__(self, feature_names: list[str] | None = None) -> None:
        self.feature_names = feature_names

    @property
    @abstractmethod
    def n_blocks(self) -> int:
        """How many blocks there are."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """How many columns there are."""

    @abstractmethod
    def block(self, i: int) -> Given:
        """Return the rows of a block.

        Parameters
        ----------
        i : int
            Its number, from 0.

        Returns
        -------
        ndarray or frame of shape (n_block_rows, n_features)
            Read anew at each call.
        """

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

    def read(self, order: Iterable[int]) -> Generator:
        """Return a generator of blocks, which reads the next one meanwhile.

        Parameters
        ----------
        order : iterable of int
            Numbers of blocks.

        Returns
        -------
        generator of tuple
            Each number with its block.
        """
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
            As many, of as many rows.
        """
        return MappedBlocks(self, OfRows(function), feature_names)

    def to_parquet(self, path: str | os.PathLike) -> None:
        """Write the rows to a Parquet file, each block as a row group.

        The file is there when all of it is written, and not before.

        Parameters
        ----------
        path : str or path-like
            Of the file, in a folder that is there.
        """
        write_parquet(self, path)

    # What Dask does by tasks.

    def step_aside(self) -> None:
        """Let others have the place of what is going to wait for blocks."""
        return  # nobody does, but for other tasks of a cluster

    def each(self, function: Callable[[Any, int], Any]) -> list:
        """Return what a function gives for each block; of Dask's, in a task for each.

        Parameters
        ----------
        function : callable
            ``(block, i) -> result``.

        Returns
        -------
        list
            In the order of the blocks.
        """
        return [function(block, i) for i, block in self.read(range(self.n_blocks))]

    def reduced(
        self, function: Callable[[Any, int], Any], merge: Callable[[Any, Any], Any]
    ) -> Any:
        """Return what a function gives for all blocks that have rows, merged in order.

        Parameters
        ----------
        function : callable
            ``(block, i) -> result``.
        merge : callable
            ``(first, second) -> both``.

        Returns
        -------
        object
            What the last call of `merge` gave.
        """
        with contextlib.closing(self.read(range(self.n_blocks))) as blocks:
            found = (function(block, i) for i, block in blocks if block.shape[0] > 0)
            return merged_in_order(merge, found)

    def mapped(
        self, function: Callable[[Any, int], Any], names: Sequence[str] | None = None
    ) -> Given:
        """Return what a function gives: tables as blocks, or lazy with Dask.

        Parameters
        ----------
        function : callable
            ``(block, i) -> rows``, or numbers, one a row.
        names : sequence of str, default=None
            Of the columns of what it gives; None for one number a row.

        Returns
        -------
        RowBlocks, ndarray, or collection of Dask
            Without names, an array of the numbers of all rows, if it is none of Dask.
        """
        if names is not None:
            return MappedBlocks(self, function, list(names))
        return np.concatenate(self.each(function))

    @property
    def offsets(self) -> list[int]:
        """The number of the first row of each block, and that behind the last."""
        return [0, *accumulate(self.counts)]


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
        super().__init__(feature_names)
        self.blocks, self.function = blocks, function

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
    """

    function: Callable

    def __call__(self, block, i):
        return self.function(block)
