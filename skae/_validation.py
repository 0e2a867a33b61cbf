"""Data on its way in: checked once, each fault named in one sentence."""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

from ._rows import chunk_slices

FLOAT_DTYPES = [np.float64, np.float32]


def checked_rows(estimator, X, reset=False):
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
        check_finite(X)
        return X
    try:
        rows = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=FLOAT_DTYPES,
            ensure_all_finite=False,
        )
    except ValueError as error:
        raise _about_text(error) from None
    check_finite(rows, getattr(estimator, "feature_names_in_", None))
    return rows


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


def checked_codes(codes, n_components):
    """Return codes as a float array of width `n_components`."""
    codes = check_array(codes, dtype=FLOAT_DTYPES)
    if codes.shape[1] != n_components:
        raise ValueError(
            f"X has {codes.shape[1]} columns, but inverse_transform takes codes of "
            f"width n_components_={n_components}; call transform first."
        )
    return codes


def checked_weight(sample_weight, X):
    """Return one float64 weight per row of `X`, none negative and not all zero."""
    return _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )


def check_finite(X, feature_names=None):
    """Raise a ValueError that names the first column with a missing or infinite value."""
    if sparse.issparse(X):
        if not np.isfinite(X.data).all():
            raise _not_finite(X.toarray(), 0, feature_names)
        return
    for rows in chunk_slices(*X.shape):
        chunk = X[rows]
        # The sum of finite values is finite but for overflow: only then look closer.
        with np.errstate(over="ignore", invalid="ignore"):
            looks_finite = np.isfinite(chunk.sum())
        if not looks_finite and not np.isfinite(chunk).all():
            raise _not_finite(chunk, rows.start, feature_names)


def _not_finite(chunk, first_row, feature_names):
    bad = ~np.isfinite(chunk)
    column = int(np.argmax(bad.any(axis=0)))
    row = int(np.argmax(bad[:, column]))
    is_missing = np.isnan(chunk[row, column])
    name = f"{column}" if feature_names is None else f"{feature_names[column]!r}"
    what, remedy = (
        ("NaN, a missing value,", "fill missing values first, with SimpleImputer")
        if is_missing
        else ("infinity", "replace infinite values first")
    )
    return ValueError(
        f"X contains {what} in column {name} (row {first_row + row}); {remedy}."
    )


def _about_text(error):
    message = str(error)
    if "could not convert string to float" in message:
        value = message.partition(": ")[2]
        return ValueError(
            f"X contains text ({value}), but an autoencoder takes numbers; encode text "
            "columns first, with OneHotEncoder."
        )
    return error
