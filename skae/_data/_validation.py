"""Data on its way in: checked once, each fault named in one sentence."""

import contextlib
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_array, validate_data

from .._compat import check_sample_weight
from ._blocks import MappedBlocks
from ._kinds import check_dtype, check_kind, collected, conversion_error
from ._rows import chunk_slices
from ._sources import found_blocks
from ._threads import in_threads

FLOAT_DTYPES = [np.float64, np.float32]
AT_ONCE_VALUES = 1 << 24  # of a table in blocks that is read at once: 128 MiB at most
LEAST_WEIGHT = 1e-12  # of the mean: less is nothing in float32, but would rule the units


@contextlib.contextmanager
def nothing_lost(estimator):
    """Put all attributes of an estimator back if the block fails or is interrupted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def checked_rows(estimator, X, reset=False, name="X"):
    """Return `X` as float rows that `estimator` can take, dense or CSR.

    float32 stays float32, all else becomes float64. Nothing is copied that already has
    the right form, so a memory-mapped table stays on disk.

    Raises
    ------
    ValueError
        For text, for missing or infinite values, and for another number of columns
        than in `fit`.
    """
    if not reset and _is_ready(X, estimator):
        check_finite(X, name=name)
        return X
    X = in_memory(collected(X), name)
    check_kind(X, name)
    if name != "X":
        _check_shape(X, name)
    try:
        rows = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=FLOAT_DTYPES,
            ensure_all_finite=False,
        )
    except (TypeError, ValueError) as error:
        raise conversion_error(error, X, name) from None
    check_finite(rows, getattr(estimator, "feature_names_in_", None), name)
    return rows


def in_memory(X, name="X"):
    """Return the rows of a small table in blocks as one array or frame, all else as it is.

    Raises
    ------
    ValueError
        For a table that is better not read at once.
    """
    blocks = found_blocks(X)
    if blocks is None:
        return X
    if not is_small(blocks):
        n_rows, n_features = blocks.shape
        raise ValueError(
            f"{name} has {n_rows:,} rows of {n_features:,} columns in blocks, more than "
            "are read into memory at once here; give a sample of its rows, or what an "
            "autoencoder that was fitted on the blocks makes of them."
        )
    names, n_features = blocks.feature_names, blocks.n_features
    parts = blocks.each(BlockCheck(n_features, names, name))
    parts = [part for part in parts if len(part)] or [np.empty((0, n_features))]
    rows = np.concatenate(parts)
    return rows if names is None else _framed(rows, names)


def is_small(blocks):
    """Whether a table in blocks is read into memory at once.

    So is one of more columns than rows: its rows are fewer than its products.
    """
    n_rows, n_features = blocks.shape
    return n_rows * n_features <= AT_ONCE_VALUES or n_rows <= n_features


def checked_blocks(estimator, blocks, reset=False, name="X"):
    """Return blocks as float rows that `estimator` can take, each checked when it is read.

    Raises
    ------
    ValueError
        For another number of columns than in `fit`, or other names of them; and for each
        block when it is read, as `checked_rows`, with its number.
    """
    names, n_features = blocks.feature_names, blocks.n_features
    if not blocks.n_blocks:
        raise ValueError(f"{name} has no blocks; give a table with rows.")
    row = np.zeros((1, n_features))
    checked_rows(estimator, row if names is None else _framed(row, names), reset)
    return MappedBlocks(blocks, BlockCheck(n_features, names, name), names)


def _framed(rows, names):
    return pd.DataFrame(rows, columns=list(names))


@dataclass(frozen=True)
class BlockCheck:
    """Checks blocks as `checked_rows` does, and names the block of a fault.

    Attributes
    ----------
    n_features : int
    names : list of str or None
        Names of the columns, which those of frames must be.
    name : str
        Of the table.
    """

    n_features: int
    names: list | None
    name: str

    def __call__(self, block, i):
        name = f"Block {i} of {self.name}"
        if tuple(block.shape[1:]) != (self.n_features,):
            raise ValueError(
                f"{name} has the shape {tuple(block.shape)}, but must have "
                f"{self.n_features} columns; give blocks of the same columns."
            )
        labels = getattr(block, "columns", None)
        if labels is not None and self.names is not None and list(labels) != self.names:
            raise ValueError(
                f"{name} has the columns {list(labels)}, but must have {self.names}; give "
                "blocks of the same columns."
            )
        if not block.shape[0]:
            return np.empty((0, self.n_features))
        check_kind(block, name)
        try:
            rows = check_array(block, dtype=FLOAT_DTYPES, ensure_all_finite=False)
        except (TypeError, ValueError) as error:
            raise conversion_error(error, block, name) from None
        check_finite(rows, self.names, name)
        return rows


def _check_shape(X, name):
    """Raise a ValueError for a shape that no rows have, of which X is not to be blamed."""
    shape = X.shape if hasattr(X, "shape") else np.asarray(X, dtype=object).shape
    if len(shape) != 2:
        raise ValueError(
            f"{name} has the shape {shape}, but must be a table of rows, of shape "
            "(n_rows, n_features)."
        )
    if 0 in shape:
        raise ValueError(f"{name} is empty, its shape is {shape}; leave it out.")


def _is_ready(X, estimator):
    """Whether `X` is already what scikit-learn's validation would make of it.

    For a single row, that validation costs more than the forward pass.
    """
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype in FLOAT_DTYPES
        and X.shape[0] > 0
        and X.shape[1] == getattr(estimator, "n_features_in_", None)
        and not hasattr(estimator, "feature_names_in_")
    )


def checked_codes(codes, widths):
    """Return codes as float rows, dense or CSR, of a width that is allowed."""
    codes = in_memory(collected(codes))
    check_kind(codes)
    try:
        codes = check_array(codes, accept_sparse="csr", dtype=FLOAT_DTYPES, input_name="X")
    except (TypeError, ValueError) as error:
        raise conversion_error(error, codes, "X") from None
    if codes.shape[1] not in widths:
        allowed = " or ".join(map(str, sorted(widths)))
        raise ValueError(
            f"X has {codes.shape[1]} columns, but inverse_transform takes the {allowed} "
            "that transform gives; call transform first."
        )
    return codes


def checked_weight(sample_weight, X):
    """Return one float64 weight per row of `X`, none negative and not all zero."""
    if np.ma.is_masked(sample_weight):
        raise ValueError("sample_weight has masked values; give each row a weight.")
    check_dtype(getattr(sample_weight, "dtype", None), "sample_weight")
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "sample_weight must be a number for each row, or one for all rows, but holds "
            f"what is none: {error}."
        ) from None
    weight = np.full(X.shape[0], weight) if weight.ndim == 0 else weight
    return check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)


def with_mean_one(weight):
    """Return weights whose mean, over the rows that have any, is one.

    Their unit does not matter then, nor overflow float32, and one row that outweighs all
    others leaves these a little. A power of two keeps their sum from overflowing.
    """
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])
    ratio = weight / weight[weight > 0].mean()
    return np.where(weight > 0, np.maximum(ratio, LEAST_WEIGHT), 0.0)


def check_finite(X, feature_names=None, name="X"):
    """Raise a ValueError that names the first column with a missing or infinite value."""
    if sparse.issparse(X):
        bad = ~np.isfinite(X.data)
        if bad.any():
            entries = X.tocoo()
            first = np.flatnonzero(bad)[np.argmin(entries.col[bad])]
            cell = entries.row[first], entries.col[first]
            raise _not_finite(entries.data[first], *cell, feature_names, name)
        return

    def looks_finite(rows):
        # The sum of finite values is finite but for overflow: only then look closer.
        with np.errstate(over="ignore", invalid="ignore"):
            return np.isfinite(X[rows].sum())

    chunks = chunk_slices(*X.shape)
    for rows, is_fine in zip(chunks, in_threads(looks_finite, chunks)):
        if not is_fine and not np.isfinite(chunk := X[rows]).all():
            bad = ~np.isfinite(chunk)
            column = int(np.argmax(bad.any(axis=0)))
            row = int(np.argmax(bad[:, column]))
            value = chunk[row, column]
            raise _not_finite(value, rows.start + row, column, feature_names, name)


def _not_finite(value, row, column, feature_names, name):
    label = f"{column}" if feature_names is None else f"{feature_names[column]!r}"
    what, remedy = (
        ("NaN, a missing value,", "fill missing values first, with SimpleImputer")
        if np.isnan(value)
        else ("infinity", "replace infinite values first")
    )
    return ValueError(f"{name} contains {what} in column {label} (row {row}); {remedy}.")


def checked_widths(widths, parameter):
    """Return the widths of hidden layers as a tuple of int."""
    try:
        found = np.atleast_1d(np.asarray(widths, dtype=object))
        is_fine = found.ndim == 1 and all(map(_is_width, found))
    except (TypeError, ValueError):
        is_fine = False
    if not is_fine:
        raise ValueError(
            f"{parameter}={widths!r} must hold integers >= 1, one for each hidden layer."
        )
    return tuple(int(width) for width in found)


def _is_width(width):
    is_number = isinstance(width, Real) and not isinstance(width, bool)
    return is_number and width >= 1 and width % 1 == 0
