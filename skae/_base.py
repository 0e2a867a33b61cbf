"""BaseAutoencoder: all that the transformers share, with a slot for what they do not."""

import contextlib
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ._rows import chunk_slices, take
from ._table import Table
from ._validation import checked_codes, checked_rows, checked_weight


class BaseAutoencoder(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """An encoder and a decoder, trained to give back their input.

    A variant overrides the slot `_corruption`; the rest is final.
    """

    _parameter_constraints: dict = {
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str],
        "init": [StrOptions({"pca", "random"})],
        "build_network": [callable, None],
        "loss": [str, callable],
        "optimizer": [str, object],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_weight=None, X_val=None):
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
        with self._nothing_lost():
            return self._fit(X, sample_weight, X_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, sample_weight=None):
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
        with self._nothing_lost():
            return self._fit(X, sample_weight, None, is_partial=True)

    def transform(self, X):
        """Return the codes of `X`.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The codes, in float32 for float32 rows and in float64 for all others.
        """
        check_is_fitted(self)
        return self._model.encode(checked_rows(self, X))

    def inverse_transform(self, X):
        """Return the rows that the decoder gives for codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The reconstructions, in the units of the training rows.
        """
        check_is_fitted(self)
        return self._model.decode(checked_codes(X, self.n_components_))

    def score(self, X, y=None):
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
        X = checked_rows(self, X)
        if X.shape[0] < 2:
            warnings.warn(
                "R² is not defined for fewer than two rows.",
                UndefinedMetricWarning,
                stacklevel=2,
            )

        def reconstruct(rows):
            return self._model.decode(self._model.encode(rows))

        return Table(X, None, self.mean_, 1.0).r2(reconstruct)

    def reconstruction_error(self, X, per_feature=False):
        """Return how far the reconstructions are from the rows.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to reconstruct.
        per_feature : bool, default=False
            Give the squared error of each cell, instead of its mean over each row.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_features)
            Squared errors, in the squared units of `X`.
        """
        check_is_fitted(self)
        X = checked_rows(self, X)
        n_samples, n_features = X.shape
        errors = np.empty(X.shape if per_feature else n_samples)
        for rows in chunk_slices(n_samples, n_features):
            chunk = take(X, rows)
            back = self._model.decode(self._model.encode(chunk))
            squares = (back - chunk).astype(np.float64) ** 2
            errors[rows] = squares if per_feature else squares.mean(axis=1)
        return errors

    def score_samples(self, X):
        """Return minus the reconstruction error of each row: higher is more normal.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        ndarray of shape (n_samples,)
            Minus the mean squared error over the columns.
        """
        return -self.reconstruction_error(X)

    @property
    def encoder_(self):
        """The encoder as a Keras model, built when asked for."""
        return self._keras_models()[0]

    @property
    def decoder_(self):
        """The decoder as a Keras model, built when asked for."""
        return self._keras_models()[1]

    @property
    def autoencoder_(self):
        """Encoder and decoder as one Keras model, built when asked for."""
        return self._keras_models()[2]

    @property
    def _n_features_out(self):
        return self.n_components_

    # The slot that variants fill.

    def _corruption(self, pca, column_scale, n_rows):
        """Return what corrupts the inputs in training, or None.

        Parameters
        ----------
        pca : PrincipalComponents
            Of the training rows.
        column_scale : ndarray of shape (n_features,)
            Standard deviations of the columns in the units that the network sees.
        n_rows : int
            Number of training rows.

        Returns
        -------
        callable or None
            ``(rows, rng) -> rows``, in the units that the network sees.
        """
        return None

    # The rest is final.

    @with_callbacks
    def _fit(self, X, sample_weight, X_val, is_partial=False):
        from ._fit import Fit
        from ._partial_fit import PartialFit

        goes_on = is_partial and hasattr(self, "_model")
        X = checked_rows(self, X, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, X)
        if X_val is not None:
            X_val = checked_rows(self, X_val, name="X_val")
        fit = (PartialFit if is_partial else Fit)(self, X, sample_weight, X_val)
        for name, value in fit.run().items():
            setattr(self, name, value)
        return self

    @contextlib.contextmanager
    def _nothing_lost(self):
        """Put all attributes back if the block fails or is interrupted."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _keras_models(self):
        check_is_fitted(self)
        return self._model.keras_models()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
