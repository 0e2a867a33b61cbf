"""Tables in Parquet, and whatever else pyarrow reads as a data set, as blocks of rows."""

import functools

import numpy as np

from ._blocks import RowBlocks
from ._rows import chunk_slices


class ParquetBlocks(RowBlocks):
    """The row groups of a data set of pyarrow, or its files where they have no groups.

    Parameters
    ----------
    dataset : pyarrow.dataset.Dataset
    """

    def __init__(self, dataset):
        self.schema = dataset.schema
        index = (self.schema.pandas_metadata or {}).get("index_columns", [])
        super().__init__([name for name in self.schema.names if name not in index])
        self.pieces = []
        for fragment in dataset.get_fragments():
            if hasattr(fragment, "split_by_row_group"):
                self.pieces.extend(fragment.split_by_row_group())
            else:
                self.pieces.append(fragment)

    @classmethod
    def at(cls, paths):
        """Return the blocks of a file, of a folder of files, or of a list of files."""
        try:
            import pyarrow.dataset
        except ImportError:
            raise ImportError(
                "Parquet is read by pyarrow, which is not installed; install it, with "
                "`pip install pyarrow`."
            ) from None

        return cls(pyarrow.dataset.dataset(paths, partitioning="hive"))

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return len(self.pieces)

    @property
    def n_features(self):
        """How many columns there are."""
        return len(self.feature_names)

    @functools.cached_property
    def counts(self):
        """How many rows each block has."""
        return [
            sum(group.num_rows for group in piece.row_groups)
            if hasattr(piece, "row_groups")
            else piece.count_rows()
            for piece in self.pieces
        ]

    def block(self, i):
        """Return the rows of block `i`: a frame if some columns are none of numbers."""
        table = self.pieces[i].to_table(schema=self.schema, columns=self.feature_names)
        kinds = [_dtype(column.type) for column in table.columns]
        if None in kinds:
            return table.to_pandas()
        is_single = all(kind == np.float32 for kind in kinds)
        rows = np.empty(table.shape, np.float32 if is_single else np.float64)
        columns = [column.to_numpy() for column in table.columns]
        for part in chunk_slices(len(rows), table.num_columns):  # that fits the cache
            for place, column in zip(rows[part].T, columns):
                place[:] = column[part]
        return rows


def _dtype(kind):
    """Return the dtype of a column of numbers, None for all others."""
    from pyarrow import types

    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    return np.dtype(kind.to_pandas_dtype()) if is_number else None
