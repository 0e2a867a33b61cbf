"""A table as it is, made into numbers within a split."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

MAX_CLASSES = 50
MAX_CATEGORIES = 20


def as_dense(X):
    """Return an array in place of a sparse matrix or a DataFrame."""
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def as_frame(X):
    """Return columns of numbers or text, dates and durations being numbers of days.

    They are called 0, 1, ..., since names may be double or missing.
    """
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(as_dense(X))
    columns = [_as_column(column) for _, column in table.infer_objects().items()]
    return pd.concat(columns, axis=1, ignore_index=True)


def _as_column(column):
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column - column.min()
    if pd.api.types.is_timedelta64_dtype(column):
        return (column / pd.Timedelta(days=1)).astype(np.float64)
    if not pd.api.types.is_numeric_dtype(column):
        return column.astype(str)
    numbers = column.astype(np.float64)
    if np.isinf(numbers).any():
        raise ValueError(
            f"Column {column.name!r} of X has infinite values; replace them, by NaN for "
            "instance, which is filled with the mean."
        )
    return numbers


def as_target(y):
    """Return a target of one dimension without missing values."""
    y = column_or_1d(np.asarray(y))
    n_missing = pd.isna(y).sum()
    if n_missing:
        raise ValueError(
            f"y has {n_missing} missing values; leave these rows out of X and y, or leave "
            "y out."
        )
    return y


def holds_classes(y):
    """Whether targets are classes: text, or few whole numbers."""
    if type_of_target(y) not in ("binary", "multiclass"):
        return False
    return y.dtype.kind not in "iuf" or len(np.unique(y)) <= MAX_CLASSES


def prepared(table, train, test):
    """Return training and held-out rows as numbers, prepared on the training rows."""
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    text = OneHotEncoder(
        max_categories=MAX_CATEGORIES,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (text, make_column_selector(dtype_exclude="number")),
        sparse_threshold=0,
    ).set_output(transform="default")
    return columns.fit_transform(table.iloc[train]), columns.transform(table.iloc[test])
