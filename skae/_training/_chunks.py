"""From a table to chunks of batches: shuffled, conditioned, corrupted, prefetched."""

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._data._threads import one_ahead

CHUNK_VALUES = 1 << 21  # at most 8 MiB of float32 in one chunk
MAX_BATCHES = 64


@dataclass(frozen=True)
class Chunk:
    """Batches that the program trains on in one call.

    Attributes
    ----------
    inputs : ndarray of shape (chunk_batches, batch_size, n_features)
        What the network sees.
    targets : ndarray of shape (chunk_batches, batch_size, n_outputs)
        What it should give: the same object if that is the inputs, uncorrupted.
    weights : ndarray of shape (chunk_batches, batch_size)
        0 behind the last row: the last batch is filled up with rows that count no more.
    n_batches : int
        How many batches hold rows.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    n_batches: int


def n_chunk_batches(batch_size, n_features):
    """Return the number of batches in a chunk: a power of two, the same for any table."""
    n_batches = max(1, CHUNK_VALUES // (batch_size * n_features))
    return min(MAX_BATCHES, 1 << (n_batches.bit_length() - 1))


def epochs(table, row_index, schedule, order_rng, *, targets_of, corrupt=None):
    """Yield the chunks of each epoch in turn, as an iterator over epochs.

    Parameters
    ----------
    table : Table or Stream
    row_index : ndarray of int or range
        The rows to train on, shuffled anew for each epoch; of a stream, how many.
    schedule : Schedule
        Of which only the number of epochs and the size of batches count.
    order_rng : numpy.random.Generator
    targets_of : callable
        ``(rows, labels) -> targets``: what outputs are compared with.
    corrupt : callable, default=None
        ``(rows) -> rows``: what the network sees in place of the conditioned rows.

    Yields
    ------
    iterator of Chunk
        The chunks of one epoch, to be used up before the next epoch. The chunk after
        the current one, also that of the next epoch, is prepared meanwhile.
    """
    batch_size = schedule.batch_size
    n_chunk = n_chunk_batches(batch_size, table.X.shape[1])
    n_rows, n_epochs = n_chunk * batch_size, schedule.max_epochs
    preparation = _Preparation(n_chunk, batch_size, targets_of, corrupt)

    def chunks():
        with contextlib.closing(
            table.shuffled(row_index, n_rows, n_epochs, order_rng)
        ) as parts:
            for part, index in parts:
                yield preparation.chunk(part, index)

    ready = one_ahead(chunks())
    try:
        for _ in range(n_epochs):
            yield itertools.islice(ready, -(-len(row_index) // n_rows))
    finally:
        ready.close()


@dataclass(frozen=True)
class _Preparation:
    """How rows become a chunk."""

    n_chunk: int
    batch_size: int
    targets_of: Callable
    corrupt: Callable | None

    def chunk(self, table, index):
        """Return the chunk of rows of a table in the order of `index`."""
        n_rows, n_batches = len(index), -(-len(index) // self.batch_size)
        if n_rows % self.batch_size:
            # Filled up with rows of weight 0, and with real ones: layers that look at
            # the whole batch see them too.
            index = np.resize(index, n_batches * self.batch_size)
        weights = table.weights(index)
        weights[n_rows:] = 0
        rows, targets = table.pairs(index, self.targets_of)
        inputs = rows if self.corrupt is None else self.corrupt(rows)
        shaped = self.in_batches(targets)
        return Chunk(
            shaped if inputs is targets else self.in_batches(inputs),
            shaped,
            self.in_batches(weights),
            n_batches,
        )

    def in_batches(self, rows):
        """Return rows in the shape of a chunk, zeros behind them."""
        n_rows, shape = self.n_chunk * self.batch_size, rows.shape[1:]
        filled = rows
        if len(rows) < n_rows:
            filled = np.zeros((n_rows, *shape), rows.dtype)
            filled[: len(rows)] = rows
        return filled.reshape(self.n_chunk, self.batch_size, *shape)
