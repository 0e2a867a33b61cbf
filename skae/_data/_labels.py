"""Which rows have a label: all that are not marked as scikit-learn marks those without."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

UNLABELLED = -1  # as in sklearn.semi_supervised


def check_labels(estimator, X, y, rows_name, labels_name):
    """Raise a ValueError unless there is a label, or a mark of none, for each row."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires {labels_name} to be passed, but the "
            f"target {labels_name} is None."
        )
    try:
        check_consistent_length(X, y)
    except ValueError as error:
        raise ValueError(f"{rows_name} and {labels_name} do not fit: {error}") from None


def known_classes(y, name="y"):
    """Return which rows have a label, and the labels of these.

    None and NaN mark rows without one, and so does -1 beside two or more classes that are
    whole numbers, none of them negative. With one other class it is a class itself.
    """
    _refuse_masked(y, name)
    if isinstance(y, (list, tuple)) and pd.isna(pd.Series(y, dtype=object)).any():
        y = pd.Series(y, dtype=object)  # NumPy would make text of NaN among text
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, allow_nan=True, input_name=name)
    has_label = ~pd.isna(y)
    known = y
    if not has_label.all():
        known = pd.Series(y[has_label]).infer_objects().to_numpy()
    if _are_whole(known) and (known == UNLABELLED).any():
        others = np.setdiff1d(known, [UNLABELLED])
        if len(others) > 1 and others.min() < 0:
            raise ValueError(
                f"{name} holds -1, which marks rows without a label, beside another "
                f"negative class, {others[0]}; give classes numbers from 0."
            )
        if len(others) > 1:
            has_label[has_label] = known != UNLABELLED
            known = known[known != UNLABELLED]
    _check_any(has_label, "-1, None or NaN", name)
    return has_label, known


def known_values(y, name="y"):
    """Return which rows have all of their targets, and these; NaN marks what is missing."""
    _refuse_masked(y, name)
    y = check_array(
        y,
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite="allow-nan",
        input_name=name,
    )
    has_label = ~np.isnan(y.reshape(len(y), -1)).any(axis=1)
    _check_any(has_label, "NaN", name)
    return has_label, y[has_label]


def known_of_classes(y, classes, name):
    """Return what :func:`known_classes` does for labels that are some of known classes.

    There -1 is a mark or a class whatever else these labels are.
    """
    has_label, known = known_classes(y, name)
    if UNLABELLED not in classes.tolist():
        is_marked = np.array([label == UNLABELLED for label in known.tolist()], dtype=bool)
        has_label[has_label] = ~is_marked
        known = known[~is_marked]
        _check_any(has_label, "-1, None or NaN", name)
    return has_label, known


def labelled_weight(sample_weight, has_label):
    """Return the weights of the rows that have a label, not all of which are zero."""
    if sample_weight is None:
        return None
    if not sample_weight[has_label].any():
        raise ValueError(
            "sample_weight leaves no row that has a label with a weight above 0; give one "
            "of them a weight."
        )
    return sample_weight[has_label]


def have_label(y, classes=None):
    """Return which rows have a label among true ones that predictions are compared with."""
    y = np.asarray(y)
    has_label = ~pd.isna(y.reshape(len(y), -1)).any(axis=1)
    if classes is not None and UNLABELLED not in classes.tolist():
        labels = np.ravel(y)[has_label].tolist()
        has_label[has_label] = [label != UNLABELLED for label in labels]
    _check_any(has_label, "NaN" if classes is None else "-1, None or NaN", "y")
    return has_label


def to_pretrain(X, has_label, X_unlabeled, sample_weight):
    """Return the rows without a label, and the weights of all, with labels first."""
    parts = [] if has_label.all() else [X[~has_label]]
    parts += [] if X_unlabeled is None else [X_unlabeled]
    weight = sample_weight
    if weight is not None:
        n_more = 0 if X_unlabeled is None else X_unlabeled.shape[0]
        parts_of_weight = weight[has_label], weight[~has_label], np.ones(n_more)
        weight = np.concatenate(parts_of_weight)
    return stacked(parts) if parts else None, weight


def labels_of_all(y, n_rows):
    """Return labels with a mark of none for each of the rows behind those that have one."""
    n_more = n_rows - len(y)
    if not n_more:
        return y
    if y.dtype.kind == "f":
        return np.concatenate([y, np.full((n_more, *y.shape[1:]), np.nan)])
    return np.concatenate([y.astype(object), np.full(n_more, None)])


def groups_of_all(groups, has_label, X_unlabeled):
    """Return the groups of all rows in the order of pre-training, with labels first.

    Rows of `X_unlabeled` belong to no other ones.
    """
    if groups is None:
        return None
    number, found = pd.factorize(groups)
    n_more = 0 if X_unlabeled is None else X_unlabeled.shape[0]
    own = len(found) + np.arange(n_more)
    return np.concatenate([number[has_label], number[~has_label], own])


def stacked(tables):
    """Return tables below each other, sparse if one of them is."""
    if len(tables) == 1:
        return tables[0]
    if any(map(sparse.issparse, tables)):
        return sparse.vstack(tables).tocsr()
    return np.vstack(tables)


def _are_whole(y):
    return y.dtype.kind == "i" or (y.dtype.kind == "f" and not np.any(y % 1))


def _check_any(has_label, marks, name):
    if not has_label.any():
        raise ValueError(
            f"{name} has no label: all {len(has_label)} rows are marked as unlabelled, by "
            f"{marks}; give some rows labels."
        )


def _refuse_masked(y, name):
    if np.ma.is_masked(y):
        raise ValueError(
            f"{name} has masked values; mark rows without a label by NaN, or by -1 among "
            "classes that are whole numbers."
        )
