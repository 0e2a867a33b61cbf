"""TableImputer: the frame with its holes filled, as a step of a Pipeline."""

from __future__ import annotations

import math
from typing import Any, Self, final

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ._autoencoder import AutoencoderTransformer
from ._constraints import parameters_checked
from ._data._validation import nothing_lost
from ._fits._defaults import MAX_EPOCHS, MAX_UPDATES, batch_size
from ._state import StoredState
from ._table_autoencoder import TableAutoencoder
from ._table_fit import take_names
from ._typing import ArrayLike, Frame, Given, Seed

WIDE = 0.9999  # of the variance: all of it but for rounding
MANY_ROWS = MAX_UPDATES // 2  # that give as many updates by themselves


@final
class TableImputer(OneToOneFeatureMixin, TransformerMixin, StoredState):
    """Imputer of frames: `transform` gives the frame with its holes filled.

    This is `impute` of a :class:`TableAutoencoder`, for the place ahead of an estimator
    that takes no missing values.

    Parameters
    ----------
    table : TableAutoencoder, default=None
        A clone of it is fitted. None takes an autoencoder with a code so wide that it
        loses nothing, since holes are filled better by it than through a narrow one. On
        small tables it is trained longer than others are: each epoch hides other cells.

    random_state : int, RandomState instance or None, default=None
        Seeds the autoencoder of ``table=None``; one that is given brings its own.

    Attributes
    ----------
    table_ : TableAutoencoder
        The fitted autoencoder.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    See Also
    --------
    TableAutoencoder : Codes of the same frames, and back.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import AutoencoderTransformer, TableAutoencoder, TableImputer
    >>> X = load_iris(as_frame=True).data
    >>> X.iloc[::5, 0] = None
    >>> table = TableAutoencoder(AutoencoderTransformer(4, max_epochs=20, random_state=0))
    >>> filled = TableImputer(table).fit_transform(X)
    >>> int(filled.isna().sum().sum())
    0
    """

    table_: TableAutoencoder
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints: dict = {
        "table": [TableAutoencoder, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self, table: TableAutoencoder | None = None, *, random_state: Seed = None
    ) -> None:
        self.table = table
        self.random_state = random_state

    @parameters_checked
    def fit(
        self,
        X: Frame,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn how to fill holes from the rows of a frame.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            A frame of pandas, polars or Arrow, or an array.
        y : array-like of shape (n_samples,), default=None
            The target of a :class:`SupervisedAutoencoder`; ignored by others.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group are held out for validation together, or not at all.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        with nothing_lost(self):
            table = self._table(X).fit(X, y, sample_weight=sample_weight, groups=groups)
            self.table_ = table
            take_names(self, table)
        return self

    def transform(self, X: Frame) -> Given:
        """Return a frame with its holes filled.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_features)
            `X` with other values where it has holes.
        """
        check_is_fitted(self)
        return self.table_.impute(X)

    def _table(self, X):
        if self.table is not None:
            return clone(self.table)
        n_rows = max(1, len(X)) if hasattr(X, "__len__") else MANY_ROWS
        epochs = "auto"
        if n_rows < MANY_ROWS:
            n_steps = math.ceil(n_rows / batch_size(n_rows))
            epochs = min(MAX_EPOCHS, math.ceil(MAX_UPDATES / n_steps))
        seed = self.random_state
        return TableAutoencoder(
            AutoencoderTransformer(WIDE, max_epochs=epochs, random_state=seed)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        given = get_tags(TableAutoencoder() if self.table is None else self.table)
        tags.input_tags = given.input_tags
        tags.target_tags.required = given.target_tags.required
        tags.transformer_tags.preserves_dtype = []
        return tags
