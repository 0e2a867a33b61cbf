"""From a table to chunks of batches: shuffled, conditioned, corrupted, prefetched."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

CHUNK_VALUES = 1 << 23  # at most 32 MiB of float32 in one chunk
MAX_BATCHES = 64
PREFETCH_VALUES = 1 << 16  # below this, handing over costs more than preparing


def n_chunk_batches(batch_size, n_features):
    """Return the number of batches in a chunk: a power of two, the same for any table."""
    n_batches = max(1, CHUNK_VALUES // (batch_size * n_features))
    return min(MAX_BATCHES, 1 << (n_batches.bit_length() - 1))


def epoch_chunks(table, order, batch_size, corrupt=None):
    """Yield the chunks of one epoch.

    Parameters
    ----------
    table : Table
    order : ndarray of int
        The rows in the order of this epoch.
    batch_size : int
    corrupt : callable, default=None
        ``(rows) -> rows``: what the network sees in place of the conditioned rows.

    Yields
    ------
    inputs, targets : ndarray of shape (chunk_batches, batch_size, n_features)
    weights : ndarray of shape (chunk_batches, batch_size)
        0 behind the last row: the batch is filled up with rows that count no more.
    n_batches : int
        How many batches hold rows.
    """
    n_features = table.X.shape[1]
    n_chunk = n_chunk_batches(batch_size, n_features)
    n_chunk_rows = n_chunk * batch_size

    def prepare(start):
        index = order[start : start + n_chunk_rows]
        n_rows, n_batches = len(index), -(-len(index) // batch_size)
        if n_rows % batch_size:
            # The last batch is filled up with rows of weight 0, and with real ones:
            # layers that look at the whole batch see them too.
            index = np.resize(index, n_batches * batch_size)
        weights = table.weights(index)
        weights[n_rows:] = 0
        targets = table.rows(index)
        inputs = targets if corrupt is None else corrupt(targets)
        shaped = in_batches(targets)
        return (
            shaped if inputs is targets else in_batches(inputs),
            shaped,
            in_batches(weights),
            n_batches,
        )

    def in_batches(rows):
        missing = n_chunk_rows - len(rows)
        if missing:
            rows = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
        return rows.reshape(n_chunk, batch_size, *rows.shape[1:])

    starts = range(0, len(order), n_chunk_rows)
    if len(starts) == 1 or n_chunk_rows * n_features < PREFETCH_VALUES:
        yield from map(prepare, starts)
        return
    with ThreadPoolExecutor(1) as worker:
        upcoming = worker.submit(prepare, starts[0])
        for start in starts[1:]:
            current, upcoming = upcoming, worker.submit(prepare, start)
            yield current.result()
        yield upcoming.result()
