"""Errors of reconstructions, and R² with its rule for rows without variance."""

import numpy as np


def squared_errors(X, X_reconstructed, per_feature):
    """Return the squared errors of checked rows, cell by cell or their means.

    A quarter of a number is exact, and so is one times a power of two: the differences of
    quarters do not overflow, and neither do the squares of what is in unit range.
    """
    differences = X / 4 - X_reconstructed / 4
    with np.errstate(over="ignore", under="ignore"):
        if per_feature:
            return (4 * differences) ** 2
        differences, exponent = in_unit_range(differences)
        return np.ldexp((differences**2).mean(axis=1), 2 * exponent + 4)


def variance_explained(error, variance):
    """Return R², given two sums of squares; 1 or 0 where there is no variance."""
    if variance > 0:
        with np.errstate(over="ignore"):
            return float(1 - error / variance)
    return 1.0 if error == 0 else 0.0


def in_unit_range(X):
    """Return a table times a power of two, so that no value exceeds 1, and its exponent."""
    exponent = int(np.frexp(np.abs(X).max())[1])
    return np.ldexp(X, -exponent), exponent


def sum_of_squares(X):
    """Return the sum of the squared differences of all cells from their column's mean."""
    differences = X - X[0]  # exactly 0 in columns that are constant
    return np.sum((differences - differences.mean(axis=0)) ** 2)
