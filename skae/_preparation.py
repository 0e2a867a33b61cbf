"""A table as it is, made into numbers within a split."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.multiclass import type_of_target

MAX_CLASSES = 50
MAX_CATEGORIES = 20


def as_frame(X):
    """Return a table whose columns are numbers or text, dates being numbers of days."""
    if sparse.issparse(X):
        X = X.toarray()
    table = X.copy() if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    for name, column in table.infer_objects().items():
        if pd.api.types.is_datetime64_any_dtype(column):
            days = (column - column.min()) / pd.Timedelta(days=1)
            table[name] = days.astype(np.float64)
        elif pd.api.types.is_numeric_dtype(column):
            table[name] = column.astype(np.float64)
        else:
            table[name] = column.astype(str)
    return table


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
    )
    return columns.fit_transform(table.iloc[train]), columns.transform(table.iloc[test])
