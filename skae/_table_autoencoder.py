"""TableAutoencoder: codes for a frame as it is, a frame for codes, and holes filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, final

from sklearn.base import clone
from sklearn.utils import get_tags

from ._autoencoder import AutoencoderTransformer
from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions
from ._constraints import parameters_checked
from ._data._validation import checked_weight, nothing_lost, with_mean_one
from ._fitted_table import FittedTable
from ._table_codec import TableCodec
from ._table_fit import Data, TableFit, take_names
from ._typing import ArrayLike, Frame, Seed


@final
class TableAutoencoder(FittedTable):
    """Autoencoder of frames: numbers, text, dates and holes in, and a frame back.

    Any transformer of skae is fitted to the columns as a :class:`TableCodec` codes them.
    Each column counts the same in the loss, by its squared error if it holds numbers, by
    the cross-entropy of its levels if it holds categories, and missing cells do not count.

    While it is trained, further cells are hidden at the rate at which those of the column
    are missing, so that the network learns to fill holes. It starts from what linear
    regressions of each column on the others expect there, and this is kept where the
    network is not beyond doubt better for cells that were hidden from it.

    Parameters
    ----------
    estimator : estimator, default=None
        Any transformer of skae; a clone of it is fitted. None takes
        :class:`AutoencoderTransformer` with two components.

    numeric : {"standard", "quantile"}, default="standard"
        How numbers are coded: ``"quantile"`` takes their ranks, as a normal variable,
        which serves heavy tails.

    categorical_loss : {"cross_entropy", "mse"}, default="cross_entropy"
        What errors of categories count: their cross-entropy, in units of the column's
        entropy, or as PCA sees them the squared errors of a column for each level.

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

    random_state : int, RandomState instance or None, default=None
        Seeds the autoencoder of ``estimator=None``; one that is given brings its own.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder. It sees coded columns, with the holes filled as linear
        regressions would, and behind them, for each column with holes, whether it is
        missing.

    codec_ : TableCodec
        The fitted codec.

    n_components_ : int
        Width of the code.

    n_features_in_ : int
        Number of columns seen in fit.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if they were all strings.

    validation_score_ : float
        Share of the validation rows that is explained, as `score` has it; NaN without any.

    pca_score_ : float
        The same of PCA of the coded table, at the same width.

    See Also
    --------
    TableImputer : Fills the holes, as a step of a Pipeline.
    TableCodec : The columns as numbers, and back.

    References
    ----------
    Dempster, Laird and Rubin, "Maximum Likelihood from Incomplete Data via the EM
    Algorithm", Journal of the Royal Statistical Society B 39, 1977.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_wine
    >>> from skae import AutoencoderTransformer, TableAutoencoder
    >>> data = load_wine(as_frame=True)
    >>> X = data.data.assign(sort=data.target_names[data.target])
    >>> X.loc[3, ["alcohol", "sort"]] = None
    >>> autoencoder = AutoencoderTransformer(4, max_epochs=20, random_state=0)
    >>> table = TableAutoencoder(autoencoder).fit(X)
    >>> table.transform(X).shape
    (178, 4)
    >>> filled = table.impute(X.loc[[3]])
    >>> filled["sort"].item()
    'class_0'
    >>> bool(abs(filled["alcohol"].item() - data.data.loc[3, "alcohol"]) < 1)
    True
    """

    codec_: TableCodec

    _parameter_constraints: dict = {
        "estimator": [BaseAutoencoder, None],
        "categorical_loss": [StrOptions({"cross_entropy", "mse"})],
        "random_state": ["random_state"],
        **TableCodec._parameter_constraints,
    }

    def __init__(
        self,
        estimator: BaseAutoencoder | None = None,
        *,
        numeric: Literal["standard", "quantile"] = "standard",
        categorical_loss: Literal["cross_entropy", "mse"] = "cross_entropy",
        kinds: Mapping[Any, str] | None = None,
        min_frequency: int = 2,
        max_levels: int = 100,
        many_levels: Literal["error", "hash", "aside"] = "error",
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.numeric = numeric
        self.categorical_loss = categorical_loss
        self.kinds = kinds
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.many_levels = many_levels
        self.random_state = random_state

    @parameters_checked
    def fit(
        self,
        X: Frame,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: Frame | None = None,
        y_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the autoencoder on the rows of a frame.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            A frame of pandas, polars or Arrow, or an array; cells may be missing.
        y : array-like of shape (n_samples,), default=None
            The target of a :class:`SupervisedAutoencoder`; ignored by others.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.
        X_val : DataFrame or array-like of shape (n_validation, n_features), default=None
            Rows that choose the best epoch, in place of a part of `X`.
        y_val : array-like of shape (n_validation,), default=None
            Their target.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group are held out for validation together, or not at all.

        Returns
        -------
        self : object
            The fitted autoencoder. If `fit` fails or is interrupted, the estimator is
            as it was before.

        Raises
        ------
        ValueError
            If a column cannot be coded, by its name, or if nothing varies.
        """
        with nothing_lost(self):
            codec = self._codec()
            coded = codec._coded(codec._fit(X))
            if not coded.shape[1]:
                raise ValueError(
                    f"X has n_samples={len(coded)} and no column that varies, so there is "
                    "nothing to learn; give more rows, or other columns."
                )
            weight = None
            if sample_weight is not None:
                weight = with_mean_one(checked_weight(sample_weight, coded))
            data, data_val = Data(coded, y, weight), None
            if X_val is not None:
                data_val = Data(codec._coded(codec._read(X_val)), y_val)
            inner = self._autoencoder()
            fit = TableFit(inner, codec._columns, self.categorical_loss != "mse")
            self._model, scores = fit.run(data, data_val, groups)
            self.autoencoder_, self.codec_ = inner, codec
            self.n_components_ = inner.n_components_
            self.validation_score_, self.pca_score_ = scores
            take_names(self, codec)
        return self

    def _codec(self):
        names = TableCodec().get_params()
        return TableCodec(**{name: getattr(self, name) for name in names})

    def _autoencoder(self):
        if self.estimator is None:
            return AutoencoderTransformer(random_state=self.random_state)
        return clone(self.estimator)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        if self.estimator is not None:
            tags.target_tags.required = get_tags(self.estimator).target_tags.required
        return tags
