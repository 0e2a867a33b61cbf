"""FittedTable: what a table autoencoder answers once it is fitted."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ._base_autoencoder import BaseAutoencoder
from ._columns._arrays import plain_numbers
from ._columns._cells import missing_cells
from ._columns._coded import decode, slices_of
from ._columns._draws import drawn
from ._columns._frames import Dtype, Filled, of_types_of
from ._columns._measures import baseline_losses, cell_losses, shares_explained
from ._data._kinds import collected
from ._data._seeds import fresh_seed
from ._state import StoredState
from ._table_fit import TableModel
from ._typing import Frame, Given, Seed


class FittedTable(TransformerMixin, StoredState):
    """Encodes, decodes, fills and judges frames with what a fit has left."""

    autoencoder_: BaseAutoencoder
    n_components_: int
    n_features_in_: int
    feature_names_in_: np.ndarray
    validation_score_: float
    pca_score_: float
    categorical_loss: str
    _model: TableModel

    def transform(self, X: Frame) -> Given:
        """Return the codes of the rows of a frame.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`. Levels that were never seen are missing.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The codes.
        """
        check_is_fitted(self)
        numbers = plain_numbers(self._columns, X, self)
        coded = self._read(X)[1] if numbers is None else numbers.encode(X)
        if not len(coded):
            return np.empty((0, self._n_features_out))
        inner = self.autoencoder_
        model, rows = inner._model, self._model.inputs(coded)
        return model.encode_all(rows) if inner._gives_all else model.encode(rows)

    def inverse_transform(self, X: Given) -> Given:
        """Return the frame that the decoder gives for codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, or all that `transform` gives.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_features)
            Of the kind that was fitted, in its units, with the likeliest categories.
        """
        back = self._decoded(X)
        index = X.index if isinstance(X, pd.DataFrame) else None
        return decode(self._columns, back, self.codec_._library, index)

    def reconstruct(self, X: Frame) -> Given:
        """Return the frame that the autoencoder gives back for a frame.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_features)
            Of the kind of `X`, with its index; what was missing is there too.
        """
        table, coded = self._read(X)
        back = self._model.reconstruct(self.autoencoder_, coded)
        dtypes = [Dtype.of(series) for series in table.columns.values()]
        made = decode(self._columns, back, table.library, table.index, dtypes)
        return of_types_of(collected(X), made)

    def impute(
        self,
        X: Frame,
        *,
        return_std: bool = False,
        n_draws: int | None = None,
        random_state: Seed = None,
    ) -> Given:
        """Return a frame with its holes filled.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.
        return_std : bool, default=False
            Tell beside it how exact each of the values is.
        n_draws : int, default=None
            Fill the holes so many times, with values drawn around what is expected, so
            that what is computed from the frames varies as it should (multiple imputation,
            Rubin, 1987). Each cell is drawn for itself.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

        Returns
        -------
        filled : DataFrame or ndarray of shape (n_samples, n_features), or list of such
            `X` with other values where it has holes: columns, types and index stay. Values
            lie within the range seen in `fit`, and are whole where all seen were. Columns
            that are missing altogether stay so, and text in buckets. With `n_draws`, a
            list of so many.
        std : DataFrame of shape (n_samples, n_features)
            If `return_std`: standard deviations of numbers, of dates and durations in
            days, and for categories the probability that another one is right; 0 where
            nothing was filled. An interval of 1.645 standard deviations on both sides held
            90 % of the validation cells that were hidden.

        Raises
        ------
        ValueError
            If `n_draws` is no integer of 1 or more, or if `return_std` is asked for too.
        """
        check_is_fitted(self)
        n_frames = None if n_draws is None else checked_draws(n_draws, return_std)
        is_plain = not return_std and n_draws is None
        numbers = plain_numbers(self._columns, X, self) if is_plain else None
        if numbers is not None:
            coded = numbers.encode(X)
            return numbers.fill(X, self._model.expected(self.autoencoder_, coded))
        table, coded = self._read(X)
        expected = self._model.expected(self.autoencoder_, coded)
        holes = self._holes(table, coded)
        if n_frames is not None:
            rng = check_random_state(fresh_seed(random_state))
            return [self._filled(X, table, expected, holes, rng) for _ in range(n_frames)]
        filled = self._filled(X, table, expected, holes)
        return (filled, self._std(table, expected, holes)) if return_std else filled

    def _holes(self, table, coded):
        """Return which cells are missing, by the place of the columns that have such."""
        holes = {}
        for i, (column, part) in enumerate(zip(self._columns, slices_of(self._columns))):
            if not column.width or np.isnan(coded[:, part.start]).any():
                hole = missing_cells(table.columns[column.name])
                if hole.any():
                    holes[i] = hole
        return holes

    def _filled(self, X, table, expected, holes, rng=None):
        """Return a frame whose holes have what is expected there, or what is drawn."""
        filled, slices = Filled(X, table), slices_of(self._columns)
        for i, hole in holes.items():
            column, block = self._columns[i], expected[:, slices[i]]
            if rng is None or not column.width:
                values = column.decode(block, is_filled=True)
            else:
                std = np.nan_to_num(self._model.std(i, block))
                values = drawn(column, block, std, rng)
            filled.fill(column.name, hole, values)
        return filled.result()

    def _std(self, table, expected, holes):
        std = {column.name: np.zeros(table.n_rows) for column in self._columns}
        slices = slices_of(self._columns)
        for i, hole in holes.items():
            found = self._model.std(i, expected[:, slices[i]])
            std[self._columns[i].name] = np.where(hole, found, 0.0)
        return pd.DataFrame(std, index=table.index)

    def score(self, X: Frame, y: object = None) -> float:
        """Return the share of a frame that is explained, all kinds on one scale.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.
        y : None
            Ignored.

        Returns
        -------
        float
            One less the mean loss of the columns over what it would be if each were given
            back as its mean, or the shares of its levels. Of numbers alone, none of them
            missing, this is the R² of the coded table.
        """
        return self._scores(X)[1]

    def score_columns(self, X: Frame) -> pd.Series:
        """Return the share of each column that is explained.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        Series of shape (n_features,)
            As `score`, by column; NaN for what does not vary.
        """
        return pd.Series(self._scores(X)[0], [column.name for column in self._columns])

    def cell_scores(self, X: Frame) -> pd.DataFrame:
        """Return how unusual each cell is.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        DataFrame of shape (n_samples, n_features)
            The loss of each cell, in units of the column's mean over the training rows: 1
            is usual. NaN where a cell is missing, or its column does not vary.
        """
        table, coded = self._read(X)
        losses = self._losses(coded) / self._model.usual
        names = [column.name for column in self._columns]
        return pd.DataFrame(losses, table.index, names)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the codes.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            "tableautoencoder" and a number for each code.
        """
        check_is_fitted(self)
        inner = type(self.autoencoder_).__name__.lower()
        names = self.autoencoder_.get_feature_names_out()
        own = [type(self).__name__.lower() + name.removeprefix(inner) for name in names]
        return np.array(own, dtype=object)

    def _decoded(self, codes):
        """Return the coded table that the decoder gives for codes."""
        check_is_fitted(self)
        back = self.autoencoder_.inverse_transform(np.asarray(codes))
        return np.asarray(back, dtype=np.float64)[:, : self.codec_._n_features_out]

    @property
    def _n_features_out(self):
        return self.autoencoder_._n_features_out

    @property
    def _columns(self):
        return self.codec_._columns

    def _read(self, X):
        check_is_fitted(self)
        table = self.codec_._read(X)
        return table, self.codec_._coded(table)

    def _losses(self, coded):
        back = self._model.reconstruct(self.autoencoder_, coded)
        return cell_losses(self._columns, coded, back, self.categorical_loss != "mse")

    def _scores(self, X):
        _, coded = self._read(X)
        baseline = baseline_losses(self._columns, coded, self.categorical_loss != "mse")
        return shares_explained(self._losses(coded), baseline)


def checked_draws(n_draws, return_std):
    """Return a number of draws as an integer.

    Raises
    ------
    ValueError
        If it is none, or if there is something else to return.
    """
    is_number = isinstance(n_draws, Integral) and not isinstance(n_draws, bool)
    if not is_number or n_draws < 1:
        raise ValueError(f"n_draws={n_draws!r} must be an integer >= 1, or None.")
    if return_std:
        raise ValueError(
            f"return_std=True and n_draws={n_draws} exclude each other; ask for one."
        )
    return int(n_draws)
