"""FittedTable: what a table autoencoder answers once it is fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._base_autoencoder import BaseAutoencoder
from ._columns._arrays import plain_numbers
from ._columns._cells import missing_cells
from ._columns._coded import decode, slices_of
from ._columns._frames import Dtype, Filled, of_types_of
from ._columns._measures import baseline_losses, cell_losses, shares_explained
from ._data._kinds import collected
from ._state import StoredState
from ._table_fit import TableModel
from ._typing import Frame, Given


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

    def impute(self, X: Frame, *, return_std: bool = False) -> Given:
        """Return a frame with its holes filled.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.
        return_std : bool, default=False
            Tell beside it how exact each of the values is.

        Returns
        -------
        filled : DataFrame or ndarray of shape (n_samples, n_features)
            `X` with other values where it has holes: columns, types and index stay. Values
            lie within the range seen in `fit`, and are whole where all seen were. Columns
            that are missing altogether stay so.
        std : DataFrame of shape (n_samples, n_features)
            If `return_std`: standard deviations of numbers, of dates and durations in
            days, and for categories the probability that another one is right; 0 where
            nothing was filled. An interval of 1.645 standard deviations on both sides held
            90 % of the validation cells that were hidden.
        """
        check_is_fitted(self)
        numbers = None if return_std else plain_numbers(self._columns, X, self)
        if numbers is not None:
            coded = numbers.encode(X)
            return numbers.fill(X, self._model.expected(self.autoencoder_, coded))
        table, coded = self._read(X)
        expected = self._model.expected(self.autoencoder_, coded)
        filled, std = Filled(X, table), {}
        for i, (column, part) in enumerate(zip(self._columns, slices_of(self._columns))):
            name, block = column.name, expected[:, part]
            hole = np.zeros(table.n_rows, dtype=bool)
            if not column.width or np.isnan(coded[:, part.start]).any():
                hole = missing_cells(table.columns[name])
            if hole.any():
                filled.fill(name, hole, column.decode(block, is_filled=True))
            if return_std:
                std[name] = np.where(hole, self._model.std(i, block), 0.0)
        if not return_std:
            return filled.result()
        return filled.result(), pd.DataFrame(std, index=table.index)

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
