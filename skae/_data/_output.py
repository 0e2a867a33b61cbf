"""Rows on their way out: frames with the names of the table, where frames are asked for."""

from .._compat import check_feature_names_in, output_adapter


def in_table_columns(estimator, rows, original):
    """Return rows in the columns of the table, as a frame if `set_output` asks for one.

    Parameters
    ----------
    estimator : fitted transformer
    rows : ndarray of shape (n_samples, n_features)
    original : object
        What they were made of; its index stays.
    """
    adapter = output_adapter(estimator)
    if adapter is None:
        return rows
    names = check_feature_names_in(estimator)
    return adapter.create_container(rows, original, columns=names)
