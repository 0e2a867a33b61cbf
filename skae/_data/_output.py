"""Rows on their way out: frames with the names of the table, where frames are asked for."""

from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config
from sklearn.utils.validation import _check_feature_names_in


def in_table_columns(estimator, rows, original):
    """Return rows in the columns of the table, as a frame if `set_output` asks for one.

    Parameters
    ----------
    estimator : fitted transformer
    rows : ndarray of shape (n_samples, n_features)
    original : object
        What they were made of; its index stays.
    """
    container = _get_output_config("transform", estimator)["dense"]
    if container == "default":
        return rows
    names = _check_feature_names_in(estimator)
    adapter = ADAPTERS_MANAGER.adapters[container]
    return adapter.create_container(rows, original, columns=names)
