"""How far a coded table is from what was given back for it, column by column."""

import numpy as np

from ._coded import slices_of
from ._levels import scale_of

SHARPNESS = 20.0  # of the bend below which an output is hardly any probability


def level_losses(shares, true, given):
    """Return the cross-entropy of levels, in units of the column's entropy.

    Parameters
    ----------
    shares : ndarray of shape (n_levels,)
    true, given : ndarray of shape (n_rows, n_levels)
        Coded, the first of them indicators of levels.
    """
    likely = likelihoods(shares, given) + 1e-30
    is_level = true * scale_of(shares) + shares
    losses = np.log(likely.sum(axis=1, keepdims=True)) - np.log(likely)
    return (is_level * losses).sum(axis=1) / entropy_of(shares)


def likelihoods(shares, given):
    """Return how likely levels are, but for a factor, by what was given back for them."""
    return np.logaddexp(0, SHARPNESS * (given * scale_of(shares) + shares))


def entropy_of(shares):
    """Return the entropy of levels, of which some may have no share."""
    return -np.sum(shares * np.log(np.maximum(shares, 1e-30)))


def cell_losses(columns, coded, back, by_kind):
    """Return the loss of each cell, NaN where it is missing, shape (n_rows, n_columns).

    Parameters
    ----------
    columns : sequence of Column
    coded, back : ndarray of shape (n_rows, n_coded)
        The rows, and what was given back.
    by_kind : bool
        Take the cross-entropy of levels, in place of squared errors.
    """
    losses = np.full((len(coded), len(columns)), np.nan)
    for i, (column, part) in enumerate(zip(columns, slices_of(columns))):
        if column.width and by_kind and column.code.n_levels:
            losses[:, i] = level_losses(column.code.shares, coded[:, part], back[:, part])
        elif column.width:
            losses[:, i] = ((coded[:, part] - back[:, part]) ** 2).sum(axis=1)
    return losses


def baseline_losses(columns, coded, by_kind):
    """Return what the losses are in the mean if each column is given back as its mean.

    These are the means, or the shares of levels, of the very rows.

    Returns
    -------
    ndarray of shape (n_columns,)
        NaN for columns without a value.
    """
    baseline = np.full(len(columns), np.nan)
    for i, (column, part) in enumerate(zip(columns, slices_of(columns))):
        known = coded[:, part]
        known = known[~np.isnan(known).any(axis=1)]
        if not column.width or not len(known):
            continue
        if by_kind and column.code.n_levels:
            shares = column.code.shares
            found = (known * scale_of(shares) + shares).mean(axis=0)
            baseline[i] = entropy_of(found) / entropy_of(shares)
        else:
            baseline[i] = known.var(axis=0).sum()
    return baseline


def shares_explained(losses, baseline):
    """Return the share explained of each column, and of all of them together."""
    means = mean_losses(losses)
    some = ~np.isnan(means) & ~np.isnan(baseline)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_columns = np.where(baseline > 0, 1 - means / baseline, np.nan)
    total = baseline[some].sum()
    return of_columns, float(1 - means[some].sum() / total) if total else float("nan")


def mean_losses(losses):
    """Return the mean loss of each column, NaN where all of it is missing."""
    n_known = (~np.isnan(losses)).sum(axis=0)
    total = np.nansum(losses, axis=0)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)
