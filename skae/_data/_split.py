"""Rows that train and rows that validate, and what a gain on the latter is worth."""

import numpy as np
import pandas as pd
from scipy import special
from sklearn.utils import check_consistent_length

from ._threads import one_blas_thread


def all_rows(n_rows):
    """Return the indices of all rows, in four bytes each where these suffice."""
    return np.arange(n_rows, dtype=np.int32 if n_rows < 2**31 else np.int64)


def checked_groups(groups, X):
    """Return the group of each row of `X`, none of them missing, or None without groups."""
    if groups is None:
        return None
    if np.ma.is_masked(groups):
        raise ValueError(
            "groups has masked values; give each row a group, its own one if it belongs to "
            "no other row."
        )
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(
            f"groups has the shape {groups.shape}, but must be (n_samples,): one group for "
            "each row."
        )
    try:
        check_consistent_length(X, groups)
    except ValueError as error:
        raise ValueError(f"X and groups do not fit: {error}") from None
    is_missing = pd.isna(groups)
    if is_missing.any():
        raise ValueError(
            f"groups has a missing value in row {int(np.argmax(is_missing))}; give each "
            "row a group, its own one if it belongs to no other row."
        )
    return groups


def clusters_of(table, row_index, groups=None):
    """Return which rows stand and fall together, as whole numbers from 0 upwards.

    Parameters
    ----------
    table : Table
    row_index : ndarray of int
    groups : ndarray of shape (n_samples,), default=None
        The group of each row of the table; None takes rows together that are equal.

    Returns
    -------
    ndarray of shape (len(row_index),)
        Numbered in the order of their first rows.
    """
    labels = table.copies(row_index) if groups is None else groups[row_index]
    return pd.factorize(labels)[0]


def split_rows(clusters, validation_fraction, seed):
    """Return the places of training and of validation rows, each ascending.

    Whole clusters are held out, in random order, for as long as they fit into the part
    of the rows that is asked for. At least one row stays for training.
    """
    sizes = np.bincount(clusters)
    n_rows = len(clusters)
    n_left = min(int(np.ceil(validation_fraction * n_rows)), n_rows - 1)
    waiting = np.arange(len(sizes), dtype=np.int32)
    np.random.default_rng(seed).shuffle(waiting)
    is_held_out = np.zeros(len(sizes), dtype=bool)
    while len(waiting := waiting[sizes[waiting] <= n_left]):
        n_fitting = np.searchsorted(np.cumsum(sizes[waiting]), n_left, side="right")
        is_held_out[waiting[:n_fitting]] = True
        n_left -= int(sizes[waiting[:n_fitting]].sum())
        waiting = waiting[n_fitting:]
    places = is_held_out[clusters]
    return np.flatnonzero(~places), np.flatnonzero(places)


def split_rows_evenly(clusters, targets, validation_fraction, seed):
    """Return the places of training and of validation rows, each over all of the targets.

    Whole clusters are held out, each by the targets of its first row, but for clusters
    that are larger than all that is to be held out.
    """
    n_rows = len(clusters)
    n_wanted = min(round(validation_fraction * n_rows), n_rows - 1)
    sizes = np.bincount(clusters)
    first = np.unique(clusters, return_index=True)[1]
    order = first[sizes <= n_wanted]
    n_held_out = min(round(validation_fraction * len(order)), len(first) - 1)
    np.random.default_rng(seed).shuffle(order)
    order = order[np.lexsort(targets[order].T)]
    places = (np.arange(n_held_out) + 0.5) * len(order) / max(n_held_out, 1)
    is_held_out = np.isin(clusters, clusters[order[places.astype(int)]])
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


@one_blas_thread()
def gain_is_real(gains, weight, clusters):
    """Whether gains on validation rows are positive in the mean, and no accident.

    Rows of a cluster say the same thing again, so a cluster counts once, by its mean.
    One of two one-sided tests must reject chance at the 1 % level: Student's for the mean
    gain, or that of its signs, since a few rows with huge errors can hide the gain of all
    the others in the mean. Fewer than nine clusters never pass the second.

    Parameters
    ----------
    gains : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,)
    clusters : ndarray of shape (n_rows,)
    """
    if weight @ gains <= 0:
        return False
    total = np.bincount(clusters, weight)
    gains = np.bincount(clusters, weight * gains) / total
    weight = total / np.bincount(clusters)
    weight /= weight.sum()
    n_effective = 1 / (weight @ weight)
    mean = weight @ gains
    if n_effective < 2 or mean <= 0:
        return False
    quantile = special.stdtrit(n_effective - 1, 0.99)
    variance = weight @ (gains - mean) ** 2
    won = weight @ np.sign(gains)
    return bool(
        mean > quantile * np.sqrt(variance / (n_effective - 1))
        or won > quantile / np.sqrt(n_effective)
    )
