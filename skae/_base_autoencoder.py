"""BaseAutoencoder: all that the transformers share, with a slot for what they do not."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_is_fitted

from ._compat import StrOptions
from ._constraints import as_plain, integer_from, parameters_checked, real_in
from ._copies import KerasParameters
from ._data._errors import squared_errors
from ._data._output import in_table_columns
from ._data._rows import chunk_slices, take
from ._data._table import Table
from ._data._validation import checked_codes, checked_rows, checked_weight, nothing_lost
from ._fits._autoencoder import Fit
from ._fits._noise import Corruption
from ._fits._partial import PartialFit
from ._keras import check_process, interrupts_deferred
from ._typing import ArrayLike, Curves, Given, Rows

if TYPE_CHECKING:
    import keras


class BaseAutoencoder(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    KerasParameters,
):
    """An encoder and a decoder, trained to give back their input.

    A variant fills the slots `_corruptions` and `_code_layer`, and may fill others.
    """

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

    _parameter_constraints: dict = {
        "n_components": [
            integer_from(1),
            real_in(0, 1, closed="neither"),
        ],
        "hidden_layer_sizes": ["array-like", integer_from(1)],
        "activation": [str],
        "init": [StrOptions({"pca", "random"})],
        "build_network": [callable, None],
        "loss": [str, callable],
        "optimizer": [str, object],
        "learning_rate": [real_in(0, closed="neither"), None],
        "weight_decay": [real_in(0), None],
        "batch_size": [integer_from(1), StrOptions({"auto"})],
        "max_epochs": [integer_from(1), StrOptions({"auto"})],
        "features": [StrOptions({"code", "all"})],
        "validation_fraction": [real_in(0, 1)],
        "patience": [integer_from(1), None],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    @parameters_checked
    def fit(
        self,
        X: Rows,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: Rows | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the autoencoder on the rows of `X`.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Training rows. Sparse rows and memory-mapped ones are read a chunk at a
            time, unless the table has more columns than rows.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the principal components and in the loss.
        X_val : {array-like, CSR matrix} of shape (n_validation, n_features), \
default=None
            Rows that choose the best epoch, in place of a `validation_fraction` of
            `X`.
        groups : array-like of shape (n_samples,), default=None
            What rows belong together, such as those of one patient, or the windows of one
            day: rows of a group are held out for validation together, or not at all.
            Without groups, equal rows stay together.

        Returns
        -------
        self : object
            The fitted autoencoder. If `fit` fails or is interrupted, the estimator is
            as it was before.

        Raises
        ------
        ValueError
            If the data hold text, missing or infinite values, or if the loss stops
            being a number.
        """
        with nothing_lost(self):
            return self._fit(X, sample_weight, X_val, groups)

    @parameters_checked
    def partial_fit(
        self, X: Rows, y: object = None, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on the rows of `X`, going on from where it stands.

        The first call sets the units and the principal components from its rows, so
        it should be given a fair sample. The learning rate is constant, no rows are
        held out, and the codes are not ordered anew, so that the codes of different
        calls can be compared.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Some rows.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        self : object
            The autoencoder after one more epoch.
        """
        with nothing_lost(self):
            return self._fit(X, sample_weight, None, None, is_partial=True)

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
            before the codes, and those of the decoder's behind them.
        """
        check_is_fitted(self)
        encode = self._model.encode_all if self._gives_all else self._model.encode
        return encode(checked_rows(self, X))

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
        rows = checked_rows(self, X)
        if rows.shape[0] < 2:
            warnings.warn(
                "R² is not defined for fewer than two rows.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
        return Table(rows, None, self.mean_, 1.0).r2(self._model.reconstruct)

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
        table = checked_rows(self, X)
        n_samples, n_features = table.shape
        errors = np.empty(table.shape if per_feature else n_samples)
        for rows in chunk_slices(n_samples, n_features):
            chunk = take(table, rows)
            back = self._model.reconstruct(chunk).astype(np.float64)
            errors[rows] = squared_errors(chunk.astype(np.float64), back, per_feature)
        return in_table_columns(self, errors, X) if per_feature else errors

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
        return -self._kept_rows.distances(self._model, checked_rows(self, X))

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

    # The slot that variants fill.

    def _corruptions(self, pca, table, row_index):
        """Fill slot 1: return the corruptions of the inputs to choose from.

        Parameters
        ----------
        pca : PrincipalComponents
        table : Table
            What `fit` was given, in the units that the network sees.
        row_index : ndarray of int
            The training rows.

        Returns
        -------
        list of Corruption
            If there are several, short runs choose the one that is best on the
            validation rows.
        """
        return [Corruption()]

    def _input_noise(self, pca, table, row_index):
        """Return the corruption that the inputs had in the last fit."""
        return self._corruptions(pca, table, row_index)[0]

    def _width(self, n_features):
        """Return the width of the code asked for, an int or a fraction of variance."""
        return as_plain(self.n_components)

    def _code_layer(self, n_components):
        """Fill slot 2: return the :class:`CodeLayer`, or None for a linear code."""
        return None

    def _output_layer(self):
        """Return what stands behind the decoder, or None for a linear output."""
        return None

    def _about_codes(self, model, table):
        """Return fitted attributes that tell of the codes of the training rows."""
        return {}

    def _fit_class(self, is_partial):
        return PartialFit if is_partial else Fit

    # The rest is final.

    @with_callbacks
    def _fit(self, X, sample_weight, X_val, groups, is_partial=False):
        goes_on = is_partial and hasattr(self, "_model")
        X = checked_rows(self, X, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, X)
        if X_val is not None:
            X_val = checked_rows(self, X_val, name="X_val")
        fit = self._fit_class(is_partial)(self, X, sample_weight, X_val, groups)
        for name, value in fit.run().items():
            setattr(self, name, value)
        return self

    def _keras_models(self):
        check_is_fitted(self)
        check_process()  # models that were built before a fork do not answer either
        with interrupts_deferred():
            return self._model.keras_models()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
