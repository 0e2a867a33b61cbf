"""Arrays that are read by slices, blocks of one's own, and tables behind one another."""

import functools

import numpy as np

from ._blocks import RowBlocks

ARRAY_VALUES = 1 << 22  # of a block of an array on disk, about 16 MiB in float32


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
        super().__init__()
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
        super().__init__(getattr(given, "feature_names", None))
        self.given = given
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
        super().__init__(tables[0].feature_names)
        self.tables = tables
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
