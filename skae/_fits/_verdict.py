"""What validation rows say of a trained autoencoder, beside its start and beside PCA."""

import numpy as np

from .._data._split import clusters_of, gain_is_real


def is_better(trained, start, validation, gains, *, power, groups, is_new):
    """Whether the gain over the start on the validation rows is beyond doubt.

    Rows that equal a training row say nothing of unseen ones, and do not count.

    Parameters
    ----------
    trained, start : DenseModel
        As the user would get them.
    validation : tuple of (Table, ndarray of int)
    gains : ndarray of shape (n_validation,)
        By how much the loss of each row is lower, as training saw it, in float32.
    power : int or None
        Of the errors in the loss, if the rows are to be judged in float64 and with what
        is beyond the bounds; None leaves it at `gains`.
    groups : ndarray of shape (n_samples,) or None
        The group of each row of the table.
    is_new : ndarray of bool of shape (n_validation,)
        Which of them equal no row that the autoencoder was trained on.
    """
    table, row_index = validation
    row_index, gains = row_index[is_new], gains[is_new]
    if not len(row_index):
        return False
    if power is not None:
        gains = table.losses(start.reconstruct, power, row_index)
        gains -= table.losses(trained.reconstruct, power, row_index)
    weight = table.weights(row_index).astype(np.float64)
    return gain_is_real(gains, weight, clusters_of(table, row_index, groups))


def scores(trained, pca, validation):
    """Return the fitted attributes that compare the autoencoder with PCA."""
    if validation is None:
        names = ["pca_loss_", "pca_score_", "validation_score_"]
        return dict.fromkeys(names, float("nan"))
    table, row_index = validation
    pca_loss, pca_score = table.mse_and_r2(pca.reconstruct, row_index)
    return {
        "pca_loss_": pca_loss,
        "pca_score_": pca_score,
        "validation_score_": table.r2(trained.reconstruct, row_index),
    }
