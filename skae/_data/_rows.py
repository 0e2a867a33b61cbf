"""Rows of a table, dense or sparse, in memory or on disk, a chunk at a time."""

import numpy as np
from scipy import sparse

from ._threads import in_threads, one_blas_thread

CHUNK_VALUES = 1 << 18  # 1 MiB of float32: a chunk and its activations fit the cache


def take(X, index, dtype=None):
    """Return rows of `X` as a dense array of shape (n_rows, n_features).

    Parameters
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    index : slice or ndarray of int
        Which rows; the order is kept.
    dtype : dtype, default=None
        The type to convert to; None keeps that of `X`.
    """
    rows = X[index]
    if sparse.issparse(rows):
        rows = rows.toarray()
    return np.asarray(rows, dtype=dtype)


def chunk_slices(n_samples, n_values_per_row, n_values=CHUNK_VALUES):
    """Return slices over the rows, each of about `n_values` values."""
    step = max(16, n_values // max(n_values_per_row, 1))
    return [slice(i, min(i + step, n_samples)) for i in range(0, n_samples, step)]


def power_of_two(value):
    """Return the power of two not above a value, 1 for 0: dividing by it rounds nothing."""
    return float(np.ldexp(1.0, np.frexp(value)[1] - 1)) if value else 1.0


def map_rows(function, X, n_outputs, n_values_per_row, notice=None):
    """Apply a function of rows to all rows of `X`, in chunks that fit the cache.

    The chunks do not depend on the number of threads, and neither do the results.

    Parameters
    ----------
    function : callable
        ``(rows) -> ndarray of shape (n_rows, n_outputs)``.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    n_outputs : int
    n_values_per_row : int
        How many values a row needs on its way.
    notice : callable, default=None
        ``(place, rows, outputs)``: is shown each chunk, while it is in the cache.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    chunks = chunk_slices(X.shape[0], n_values_per_row)

    def outputs_at(place):
        rows = take(X, place)
        outputs = function(rows)
        if notice is not None:
            notice(place, rows, outputs)
        return outputs

    with one_blas_thread():
        if len(chunks) <= 1:
            return outputs_at(slice(None))
        out = np.empty((X.shape[0], n_outputs), dtype=X.dtype)

        def fill(place):
            out[place] = outputs_at(place)

        in_threads(fill, chunks)
    return out
