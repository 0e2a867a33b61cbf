"""Splits of a table: rows that belong together stand on one side of each."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from .._data._seeds import fresh_seed
from ._preparation import holds_classes


def make_splits(table, y, cv, groups, random_state):
    """Return pairs of positions of training and of held-out rows.

    Parameters
    ----------
    table : DataFrame
    y : ndarray of shape (n_samples,) or None
    cv : int, cross-validation splitter, iterable or None
    groups : ndarray of shape (n_samples,) or None
    random_state : int or None

    Returns
    -------
    splits : list of tuple of two ndarray of int
    said : str
        What is to be told of rows that were kept together, or nothing.
    """
    cv, said = 5 if cv is None else cv, ""
    if isinstance(cv, Integral):
        seed = fresh_seed(random_state)
        if groups is None:
            splits, said = _folds_of_different_rows(table, y, int(cv), seed)
        else:
            splits, said = _folds_of_groups(y, int(cv), groups, seed)
    else:
        is_iterable = np.iterable(cv) and not hasattr(cv, "split")
        pairs = cv if is_iterable else check_cv(cv).split(table, y, groups)
        splits = [_positions_of_pair(pair, len(table), cv) for pair in pairs]
    _check_splits(splits, y, cv)
    return splits, said


def _folds_of_different_rows(table, y, n_splits, seed):
    """Return shuffled folds of the rows that differ, each with all of its copies."""
    row_number = row_numbers(table)
    first = np.unique(row_number, return_index=True)[1]
    if len(first) < n_splits <= len(table):
        raise ValueError(
            f"cv={n_splits} needs as many rows that differ, but X has {len(first)}, and "
            "copies stay in one fold; lower cv, or pass splits of your own."
        )
    y = None if y is None else y[first]
    kind = StratifiedKFold if _can_stratify(y, n_splits) else KFold
    folds = kind(n_splits, shuffle=True, random_state=seed).split(first, y)
    splits = []
    for _, held_out in folds:
        is_held_out = np.isin(np.arange(len(first)), held_out)[row_number]
        splits.append((np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)))
    n_copies = len(table) - len(first)
    if not n_copies:
        return splits, ""
    rows = "row repeats" if n_copies == 1 else "rows repeat"
    stay = "stays" if n_copies == 1 else "stay"
    return splits, f"; {n_copies:,} {rows} an earlier row and {stay} in its fold"


def row_numbers(table):
    """Return a number for each row, that of the first row that equals it."""
    numbers = table.select_dtypes("float")
    positive = pd.concat([numbers + 0.0, table.drop(columns=numbers.columns)], axis=1)
    hashes = pd.util.hash_pandas_object(positive, index=False)  # that of -0.0 is another
    return pd.factorize(hashes.to_numpy())[0]


def _folds_of_groups(y, n_splits, groups, seed):
    """Return shuffled folds of groups."""
    number, found = pd.factorize(groups)
    if len(found) < n_splits:
        raise ValueError(
            f"cv={n_splits} needs as many groups, but groups holds {len(found)} different "
            "ones; lower cv."
        )
    kind = StratifiedGroupKFold if _can_stratify(y, n_splits) else GroupKFold
    folds = kind(n_splits, shuffle=True, random_state=seed)
    splits = list(folds.split(number, y, number))
    return splits, f"; {len(found):,} groups, each in one fold"


def _can_stratify(y, n_splits):
    if y is None or not holds_classes(y):
        return False
    return np.unique(y, return_counts=True)[1].max() >= n_splits


def _positions_of_pair(pair, n_rows, cv):
    """Return positions of training and of held-out rows, which may be given as masks."""
    try:
        parts = [np.asarray(part) for part in pair]
        parts = [np.flatnonzero(p) if p.dtype == bool else p for p in parts]
        are_rows = len(parts) == 2 and all(
            part.ndim == 1
            and part.dtype.kind in "iu"
            and len(part)
            and -n_rows <= part.min()
            and part.max() < n_rows
            for part in parts
        )
    except TypeError:
        are_rows = False
    if not are_rows:
        raise ValueError(
            f"cv={cv} must give pairs of training and of held-out rows, each a mask or "
            f"positions from 0 to {n_rows - 1}, and neither of them empty."
        )
    return tuple(parts)


def _check_splits(splits, y, cv):
    if not splits or any(len(unseen) < 2 for _, unseen in splits):
        raise ValueError(
            f"cv={cv} must give splits that hold out two rows or more: a single one has no "
            "variance to keep."
        )
    has_classes = y is not None and holds_classes(y)
    if has_classes and any(len(np.unique(y[rows])) < 2 for rows, _ in splits):
        raise ValueError(
            f"cv={cv} gives a split whose training rows are all of one class; leave out "
            "rare classes, or use stratified splits."
        )


def shared_variance(splits):
    """Return by how much the variance of a mean over splits exceeds 1 / n_splits.

    That is 0 for splits that hold out different rows, and else what Nadeau and Bengio
    propose ("Inference for the generalization error", Machine Learning 52, 2003).
    """
    if np.bincount(np.concatenate([unseen for _, unseen in splits])).max() <= 1:
        return 0.0
    return float(np.mean([len(unseen) / len(rows) for rows, unseen in splits]))
