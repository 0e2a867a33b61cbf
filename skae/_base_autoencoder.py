"""BaseAutoencoder: fits all transformers, with a slot for what they do not share."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral
from typing import Self

from sklearn.callback import CallbackSupportMixin, with_callbacks

from ._compat import StrOptions
from ._constraints import as_plain, integer_from, parameters_checked, real_in
from ._data._sources import found_blocks
from ._data._split import checked_groups
from ._data._validation import (
    checked_blocks,
    checked_rows,
    checked_weight,
    checked_widths,
    is_small,
    nothing_lost,
    with_mean_one,
)
from ._fits import _defaults
from ._fits._audience import Audience
from ._fits._autoencoder import Fit
from ._fits._noise import Corruption
from ._fits._partial import PartialFit
from ._fits._plans import CustomPlan, DensePlan
from ._fits._recipe import Before, Recipe, TrainingRows
from ._fits._streamed import STREAMED, check_streamed
from ._fitted import FittedAutoencoder
from ._models._activations import check_activation
from ._training import Objective, Reconstruction
from ._typing import ArrayLike, Rows


class BaseAutoencoder(CallbackSupportMixin, FittedAutoencoder):
    """An encoder and a decoder, trained to give back their input.

    A variant fills the slots `_corruptions`, `_code_layer` and `_task`, and may fill
    others.
    """

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
            time, unless the table has more columns than rows. A table in blocks, such
            as a folder of Parquet (:func:`~skae.blocks.as_blocks` says what else),
            streams by if it has more than 16 million values.
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
            return self._fit(Fit, X, sample_weight, X_val, groups)

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
            return self._fit(PartialFit, X, sample_weight)

    # The slots that variants fill.

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

    def _about_codes(self, model, table):
        """Return fitted attributes that tell of the codes of the training rows."""
        return {}

    def _task(self, rows):
        """Fill slot 3: return what the outputs are compared with.

        Parameters
        ----------
        rows : TrainingRows
        """
        return Reconstruction(self.loss)

    def _plan(self, rows, goes_on):
        """Return what the network is to be."""
        check_activation(self.activation)
        widths = checked_widths(self.hidden_layer_sizes, "hidden_layer_sizes")
        if self.build_network is not None:
            return CustomPlan(self.build_network)
        return DensePlan(widths, self.activation, self.init, self._code_layer)

    def _epochs(self):
        """Return how many epochs the whole is trained for; 0 leaves it as it starts."""
        return self.max_epochs

    # The rest is final.

    def _expected_seconds(self, n_rows, n_columns):
        """Return about how long a fit takes; of a network of the user's, None knows."""
        if self.build_network is not None:
            return None
        n_training = math.ceil(n_rows * (1 - self.validation_fraction))
        widths = checked_widths(self.hidden_layer_sizes, "hidden_layer_sizes")
        width = self.n_components if isinstance(self.n_components, Integral) else n_columns
        sizes = (n_columns, *widths, int(width))
        return _defaults.seconds(n_training, sizes, self.batch_size, self.max_epochs)

    @with_callbacks
    def _fit(
        self,
        kind,
        X,
        sample_weight=None,
        X_val=None,
        groups=None,
        *,
        labels=None,
        cells=None,
    ):
        goes_on = kind is PartialFit and hasattr(self, "_model")
        blocks = found_blocks(X)
        if blocks is not None and not is_small(blocks):
            kind, X = STREAMED[kind], checked_blocks(self, blocks, reset=not goes_on)
            given = {"groups": groups, "sample_weight": sample_weight, "y": labels}
            check_streamed(X, given)
        else:
            X = checked_rows(self, X, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = with_mean_one(checked_weight(sample_weight, X))
        if X_val is not None:
            X_val = checked_rows(self, X_val, name="X_val")
        groups = checked_groups(groups, X)
        rows = TrainingRows(X, sample_weight, X_val, groups)
        if labels is not None:
            rows = replace(rows, **labels(rows))
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        audience = Audience(self, X, X, metadata=metadata)
        recipe = self._recipe(rows, goes_on or self.warm_start)
        if cells is not None:
            rows, recipe = cells.of_fit(rows, recipe)
        for name, value in kind(recipe, rows, audience).run().items():
            setattr(self, name, value)
        return self

    def _recipe(self, rows, goes_on):
        goes_on = goes_on and hasattr(self, "_model")
        self._check_features(is_new=True)
        rate, decay = self.learning_rate, self.weight_decay
        return Recipe(
            plan=self._plan(rows, goes_on),
            width=self._width(self.n_features_in_),
            corruptions=self._corruptions,
            objective=Objective(self._task(rows), self.optimizer, rate, decay),
            batch_size=self.batch_size,
            max_epochs=self._epochs(),
            patience=self.patience,
            validation_fraction=self.validation_fraction,
            random_state=self.random_state,
            about_codes=self._about_codes,
            parameters={"hidden_layer_sizes": self.hidden_layer_sizes}
            | self.get_params(deep=False),
            before=self._before() if goes_on else None,
        )

    def _before(self):
        return Before(
            self._model,
            self._components,
            self._kept_rows,
            self.history_,
            self.n_epochs_,
            self._optimizer_state,
        )
