"""FittedAutoencoder: what every autoencoder answers once it is fitted."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_is_fitted

from ._compat import check_feature_names_in
from ._copies import KerasParameters
from ._data._blocks import OfRows
from ._data._errors import squared_errors
from ._data._output import in_table_columns
from ._data._rows import chunk_slices, take
from ._data._sources import found_blocks
from ._data._sums import SquareSums
from ._data._table import Table
from ._data._validation import checked_blocks, checked_codes, checked_rows
from ._keras import check_process, interrupts_deferred
from ._onnx import ConvertsToOnnx, outputs_of_transformer
from ._typing import Curves, Given, Rows

if TYPE_CHECKING:
    import keras


class FittedAutoencoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ConvertsToOnnx, KerasParameters
):
    """Encodes, decodes and judges rows with the model that a fit has left."""

    n_components_: int
    n_features_in_: int
    feature_names_in_: np.ndarray
    mean_: np.ndarray
    explained_variance_: np.ndarray
    explained_variance_ratio_: np.ndarray
    history_: Curves
    n_epochs_: int
    best_epoch_: int
    pca_loss_: float
    pca_score_: float
    validation_score_: float

    def transform(self, X: Rows) -> Given:
        """Return the codes of `X`.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The codes, in float32 for float32 rows and in float64 for all others. With
            ``features="all"``, the activations of the encoder's hidden layers stand
            before the codes, and those of the decoder's behind them. Of a table in
            blocks, blocks that are made when they are read
            (:class:`~skae.blocks.RowBlocks`), and of a collection of Dask, a lazy one.
        """
        check_is_fitted(self)
        if (blocks := found_blocks(X)) is not None:
            return self._mapped(blocks, self._codes, self.get_feature_names_out())
        return self._codes(checked_rows(self, X))

    def inverse_transform(self, X: Rows) -> Given:
        """Return the rows that the decoder gives for codes.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_components)
            Codes, or all that `transform` gives.

        Returns
        -------
        ndarray or frame of shape (n_samples, n_features)
            The reconstructions, in the units of the training rows; a frame with the names
            of the columns if `set_output` asks for frames.
        """
        check_is_fitted(self)
        codes = checked_codes(X, {self.n_components_, self._n_features_out})
        if codes.shape[1] > self.n_components_:
            first = sum(self._model.network.hidden_layer_sizes)
            codes = take(codes[:, first : first + self.n_components_], slice(None))
        return in_table_columns(self, self._model.decode(codes), X)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of what `transform` gives.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            The class name in lower case and a number for each code; "_hidden", the
            number of the layer and that of the unit for hidden activations.
        """
        names = super().get_feature_names_out(input_features)
        if not self._gives_all:
            return names
        prefix = type(self).__name__.lower()
        widths = self._model.network.hidden_layer_sizes
        hidden = [
            [f"{prefix}_hidden{layer}_{unit}" for unit in range(width)]
            for layer, width in enumerate((*widths, *widths[::-1]))
        ]
        codes = [f"{prefix}{unit}" for unit in range(self.n_components_)]
        parts = [*hidden[: len(widths)], codes, *hidden[len(widths) :]]
        return np.asarray([name for part in parts for name in part], dtype=object)

    def score(self, X: Rows, y: object = None) -> float:
        """Return the fraction of the variance of `X` that is reconstructed.

        This is R², higher is better, at most 1: on the same rows it can be compared
        directly with the sum of PCA's `explained_variance_ratio_`.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to reconstruct, at least two.
        y : None
            Ignored.

        Returns
        -------
        float
            ``r2_score(X, X_reconstructed, multioutput="variance_weighted")``, except
            that errors in constant columns count too.
        """
        check_is_fitted(self)
        if (blocks := found_blocks(X)) is not None:
            add_up = OfRows(partial(SquareSums.of, self._model))
            sums = checked_blocks(self, blocks).reduced(add_up, SquareSums.merged)
            n_rows, r2 = sums.n_rows, sums.r2
        else:
            rows = checked_rows(self, X)
            n_rows = rows.shape[0]
            r2 = Table(rows, None, self.mean_, 1.0).r2(self._model.reconstruct)
        if n_rows < 2:
            warnings.warn(
                "R² is not defined for fewer than two rows.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
        return r2

    def reconstruction_error(self, X: Rows, per_feature: bool = False) -> Given:
        """Return how far the reconstructions are from the rows.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to reconstruct.
        per_feature : bool, default=False
            Give the squared error of each cell, instead of its mean over each row.

        Returns
        -------
        ndarray of shape (n_samples,), or ndarray or frame of shape \
(n_samples, n_features)
            Squared errors, in the squared units of `X`; of cells as a frame if
            `set_output` asks for frames.
        """
        check_is_fitted(self)
        if (blocks := found_blocks(X)) is not None:
            names = check_feature_names_in(self) if per_feature else None
            return self._mapped(blocks, partial(self._errors, per_feature), names)
        errors = self._errors(per_feature, checked_rows(self, X))
        return in_table_columns(self, errors, X) if per_feature else errors

    def _errors(self, per_feature, table):
        n_samples, n_features = table.shape
        errors = np.empty(table.shape if per_feature else n_samples)
        for rows in chunk_slices(n_samples, n_features):
            chunk = take(table, rows)
            back = self._model.reconstruct(chunk).astype(np.float64)
            errors[rows] = squared_errors(chunk.astype(np.float64), back, per_feature)
        return errors

    def score_samples(self, X: Rows) -> np.ndarray:
        """Return how normal each row is: higher is more normal.

        The score is minus the distance to the third nearest of up to 1,024 training rows,
        which the fitted estimator holds. The squared distance is the mean squared
        difference of codes plus that of residuals, both in standard deviations.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        ndarray of shape (n_samples,)
            Minus the distances.
        """
        check_is_fitted(self)
        if (blocks := found_blocks(X)) is not None:
            return self._mapped(blocks, self._normality)
        return self._normality(checked_rows(self, X))

    def _normality(self, rows):
        return -self._kept_rows.distances(self._model, rows)

    def _codes(self, rows):
        encode = self._model.encode_all if self._gives_all else self._model.encode
        return encode(rows)

    def _mapped(self, blocks, function, names=None):
        """Return what a function of rows gives for a table in blocks."""
        return checked_blocks(self, blocks).mapped(OfRows(function), names)

    @property
    def encoder_(self) -> keras.Model:
        """The encoder as a Keras model, built when asked for."""
        return self._keras_models()[0]

    @property
    def decoder_(self) -> keras.Model:
        """The decoder as a Keras model, built when asked for."""
        return self._keras_models()[1]

    @property
    def autoencoder_(self) -> keras.Model:
        """Encoder and decoder as one Keras model, built when asked for."""
        return self._keras_models()[2]

    @property
    def _n_features_out(self):
        if not self._gives_all:
            return self.n_components_
        return self.n_components_ + 2 * sum(self._model.network.hidden_layer_sizes)

    @property
    def _gives_all(self):
        self._check_features()
        return self.features == "all"

    def _check_features(self, is_new=False):
        model = None if is_new else getattr(self, "_model", None)
        gives_hidden = self.build_network is None and (model is None or model.gives_hidden)
        if self.features == "all" and not gives_hidden:
            raise ValueError(
                "features='all' needs the dense network, but build_network is given; set "
                "features='code'."
            )

    def _keras_models(self):
        check_is_fitted(self)
        check_process()  # models that were built before a fork do not answer either
        with interrupts_deferred():
            return self._model.keras_models()

    def _onnx_outputs(self):
        return outputs_of_transformer(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
