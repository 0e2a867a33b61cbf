"""Arrays and frames of Dask as blocks of rows, with a task for each block.

This module is imported when a collection of Dask comes in, and never before.
"""

import contextlib
import functools
import sys

import dask
import numpy as np
import pandas as pd

from ._blocks import RowBlocks, merged_in_order

FAN_IN = 8  # results that one task merges


class _DaskBlocks(RowBlocks):
    """The blocks of a collection."""

    def step_aside(self):
        """Let other tasks have the thread of a task that is going to wait for blocks.

        Else a worker whose threads all wait would never read a block for any of them.
        """
        distributed = sys.modules.get("distributed")
        if distributed is not None:
            with contextlib.suppress(ValueError, KeyError):  # no task, or it has done so
                distributed.get_worker()
                distributed.secede()

    def block(self, i):
        """Return the rows of block `i`."""
        return self._part(i).compute()

    def each(self, function):
        """Return a list of what ``function(block, i)`` gives for each block."""
        apply, held = dask.delayed(_applied), dask.delayed(function)
        tasks = [apply(held, part, i) for i, part in enumerate(self._delayed)]
        return list(dask.compute(*tasks))

    def reduced(self, function, merge):
        """Return what ``function(block, i)`` gives for blocks with rows, merged in order.

        The results are merged on the way, a few in a task, so that all of them are never
        in one place.
        """
        apply, held, join = map(dask.delayed, (_of_rows, function, _merged))
        tasks = [apply(held, part, i) for i, part in enumerate(self._delayed)]
        while len(tasks) > 1:
            starts = range(0, len(tasks), FAN_IN)
            tasks = [join(merge, tasks[start : start + FAN_IN]) for start in starts]
        return merged_in_order(merge, [tasks[0].compute()])


class FrameBlocks(_DaskBlocks):
    """The partitions of a Dask frame.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
    """

    def __init__(self, frame):
        super().__init__(list(frame.columns))
        self.frame = frame

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return self.frame.npartitions

    @property
    def n_features(self):
        """How many columns there are."""
        return len(self.feature_names)

    @functools.cached_property
    def counts(self):
        """How many rows each block has."""
        return [int(count) for count in self.frame.map_partitions(len).compute()]

    @functools.cached_property
    def _delayed(self):
        return self.frame.to_delayed()

    def _part(self, i):
        return self.frame.partitions[i]

    def mapped(self, function, names=None):
        """Return what ``function(block, i)`` gives as a lazy frame, or a lazy series."""
        is_single = all(dtype == np.float32 for dtype in self.frame.dtypes)
        dtype = np.float32 if is_single and names is not None else np.float64
        meta = pd.Series(dtype=dtype, index=self.frame._meta.index[:0])
        if names is not None:
            meta = pd.DataFrame(dict.fromkeys(names, meta))
        return self.frame.map_partitions(_like_partition, function, meta, meta=meta)


class DaskArrayBlocks(_DaskBlocks):
    """The chunks of rows of a Dask array.

    Parameters
    ----------
    array : dask.array.Array of shape (n_rows, n_features)
    """

    def __init__(self, array):
        super().__init__()
        self.array = array.rechunk({1: -1})

    @property
    def n_blocks(self):
        """How many blocks there are."""
        return self.array.numblocks[0]

    @property
    def n_features(self):
        """How many columns there are."""
        return self.array.shape[1]

    @functools.cached_property
    def counts(self):
        """How many rows each block has."""
        counts = self.array.chunks[0]
        if np.isnan(counts).any():
            return super().counts
        return [int(count) for count in counts]

    @functools.cached_property
    def _delayed(self):
        return list(self.array.to_delayed()[:, 0])

    def _part(self, i):
        return self.array.blocks[i]

    def mapped(self, function, names=None):
        """Return what ``function(block, i)`` gives as a lazy array."""
        is_single = self.array.dtype == np.float32 and names is not None
        dtype = np.dtype(np.float32 if is_single else np.float64)
        is_table = names is not None
        return self.array.map_blocks(
            _like_chunk,
            function,
            dtype=dtype,
            chunks=(self.array.chunks[0], (len(names),)) if is_table else None,
            drop_axis=None if is_table else 1,
            meta=np.empty((0,) * (2 if is_table else 1), dtype),
        )


def _applied(function, block, i):
    return function(block, i)


def _of_rows(function, block, i):
    """Return what a function gives for a block, None for one without rows."""
    return function(block, i) if block.shape[0] else None


def _merged(merge, results):
    """Return results merged in order, without those of blocks that have no rows."""
    found = [result for result in results if result is not None]
    return functools.reduce(merge, found) if found else None


def _like_partition(frame, function, meta, partition_info=None):
    """Return what a function gives for a partition, with its index."""
    i = 0 if partition_info is None else partition_info["number"]
    given = np.asarray(function(frame, i))
    if given.ndim == 1:
        return pd.Series(given, index=frame.index, name=meta.name, dtype=meta.dtype)
    return pd.DataFrame(given, index=frame.index, columns=meta.columns)


def _like_chunk(rows, function, block_info=None):
    """Return what a function gives for a chunk."""
    return function(rows, block_info[0]["chunk-location"][0] if block_info else 0)
