"""TableCodec: a frame as a table of numbers, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, final

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._columns._cells import KINDS
from ._columns._coded import (
    Rules,
    decode,
    encode,
    fit_columns,
    names_of,
)
from ._columns._frames import read_table
from ._compat import StrOptions
from ._constraints import as_plain, integer_from, parameters_checked
from ._data._kinds import collected
from ._data._validation import nothing_lost
from ._state import StoredState
from ._typing import Frame, Given


@final
class TableCodec(TransformerMixin, StoredState):
    """Codec of frames: columns of any kind as columns of numbers, and back.

    Each column has the variance 1 in the coded table, whatever its kind, so that none
    counts more than another: numbers are standardised, categories have a column for each
    level, ordered categories stand for their rank, dates for their course and their place
    in the day, the week and the year. Missing cells are NaN. Columns that are constant or
    missing altogether have no coded columns, and come back as they were.

    Parameters
    ----------
    numeric : {"standard", "quantile"}, default="standard"
        How numbers are coded: ``"quantile"`` takes their ranks, as a normal variable,
        which serves heavy tails.

    kinds : dict, default=None
        What columns are, by their names, where their types do not say it: "number",
        "boolean", "category", "ordered", "date", "duration", or "aside" to leave one out.

    min_frequency : int, default=2
        Levels that are seen less often share a column. It stands for none of them: such
        cells come back as missing.

    max_levels : int, default=100
        Highest number of levels, without the rare ones.

    many_levels : {"error", "hash", "aside"}, default="error"
        What becomes of text with more levels than that, or with a third of rare
        cells: ``"hash"`` puts the levels into 32 buckets, from which there is no way back,
        and ``"aside"`` leaves the column out.

    Attributes
    ----------
    kinds_ : dict
        What each column was taken for; "aside" if it has no coded columns.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    See Also
    --------
    TableAutoencoder : Codes of few columns for a frame, and the frame for its codes.
    sklearn.compose.ColumnTransformer : Any transformers, by column, without a way back.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae import TableCodec
    >>> table = pd.DataFrame({"size": [1.0, 3.0, None], "sort": ["a", "b", "a"]})
    >>> codec = TableCodec().fit(table)
    >>> codec.get_feature_names_out().tolist()
    ['size', 'sort=a', 'sort=b']
    >>> codec.inverse_transform(codec.transform(table))
       size sort
    0   1.0    a
    1   3.0    b
    2   NaN    a
    """

    kinds_: dict
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints: dict = {
        "numeric": [StrOptions({"standard", "quantile"})],
        "kinds": [Mapping, None],
        "min_frequency": [integer_from(1)],
        "max_levels": [integer_from(1)],
        "many_levels": [StrOptions({"error", "hash", "aside"})],
    }

    def __init__(
        self,
        *,
        numeric: Literal["standard", "quantile"] = "standard",
        kinds: Mapping[Any, str] | None = None,
        min_frequency: int = 2,
        max_levels: int = 100,
        many_levels: Literal["error", "hash", "aside"] = "error",
    ) -> None:
        self.numeric = numeric
        self.kinds = kinds
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.many_levels = many_levels

    @parameters_checked
    def fit(self, X: Frame, y: object = None) -> Self:
        """Learn what the columns hold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            A frame of pandas, polars or Arrow, or an array.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted codec.

        Raises
        ------
        ValueError
            If a column cannot be coded, by its name.
        """
        with nothing_lost(self):
            self._fit(X)
        return self

    def transform(self, X: Frame) -> Given:
        """Return the coded table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_coded)
            Numbers in float64, NaN where a cell is missing or holds a level that was never
            seen.
        """
        check_is_fitted(self)
        return self._coded(self._read(X))

    def inverse_transform(self, X: Given) -> Given:
        """Return the frame that a coded table stands for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_coded)
            What `transform` gives, or what is near it; NaN in the first coded column of a
            column marks a missing cell.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_features)
            Of the kind that was fitted, in its units, with the likeliest categories.
        """
        check_is_fitted(self)
        coded = checked_coded(X, self._n_features_out)
        index = X.index if isinstance(X, pd.DataFrame) else None
        return decode(self._columns, coded, self._library, index)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the coded columns.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            The column's name, and what of it the coded column is.
        """
        check_is_fitted(self)
        return names_of(self._columns)

    @property
    def _n_features_out(self):
        return sum(column.width for column in self._columns)

    def _read(self, X, reset=False):
        """Return the columns of a frame that is as it was in fit."""
        X = collected(X)
        table = read_table(X)
        if not hasattr(X, "shape"):  # a list: scikit-learn is to see what we do
            X = pd.DataFrame({i: [0] for i in range(len(table.columns))}).to_numpy()
        validate_data(self, X, skip_check_array=True, reset=reset)
        return table

    def _coded(self, table):
        return encode(self._columns, table)

    def _fit(self, X):
        table = self._read(X, reset=True)
        if not table.n_rows or not table.columns:
            raise ValueError(
                f"X has {table.n_rows} sample(s) and {len(table.columns)} feature(s) "
                f"(shape=({table.n_rows}, {len(table.columns)})) while a minimum of 1 is "
                "required."
            )
        kinds = dict(self.kinds or {})
        for name, kind in kinds.items():
            if kind not in KINDS:
                raise ValueError(
                    f"kinds={kind!r} for column {name!r} must be one of {', '.join(KINDS)}."
                )
        sizes = as_plain(self.min_frequency), as_plain(self.max_levels)
        rules = Rules(self.numeric, kinds, *sizes, self.many_levels)
        self._columns = fit_columns(table, rules)
        self._library = table.library
        self.kinds_ = {
            column.name: column.kind if column.width else "aside"
            for column in self._columns
        }
        return table

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def checked_coded(X, n_coded):
    """Return a coded table as an array of floats.

    Raises
    ------
    ValueError
        If it has another number of columns.
    """
    coded = np.asarray(X, dtype=np.float64)
    if coded.ndim != 2 or coded.shape[1] != n_coded:
        raise ValueError(
            f"X has the shape {coded.shape}, but must have the {n_coded} columns that "
            "transform gives."
        )
    return coded
