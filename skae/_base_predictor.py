"""BasePredictor: what the classifier and the regressor share."""

from __future__ import annotations

import copy
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ._base_autoencoder import BaseAutoencoder
from ._compat import StrOptions, forget_callback_context, safe_indexing
from ._constraints import integer_from, real_in
from ._data._labels import (
    check_labels,
    groups_of_all,
    have_label,
    labelled_weight,
    to_pretrain,
)
from ._data._split import checked_groups
from ._data._validation import checked_rows, checked_weight, checked_widths, nothing_lost
from ._fits._audience import Audience
from ._fits._predictor import FineTuning, FineTuningRecipe, LabelledRows, Pretraining
from ._onnx import ConvertsToOnnx, outputs_of_predictor
from ._state import StoredState
from ._training import Labels, Objective
from ._typing import Curves, Given, Rows

DEFAULT_WIDTH = 64  # of the code, if no autoencoder is given


class BasePredictor(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ConvertsToOnnx,
    StoredState,
):
    """The encoder of an autoencoder with a head: pre-trained, then trained with labels.

    A subclass says what its task is, and which autoencoder it takes if none is given.
    """

    autoencoder_: BaseAutoencoder
    n_features_in_: int
    feature_names_in_: np.ndarray
    history_: Curves
    n_epochs_: int
    best_epoch_: int
    pretrained_score_: float
    validation_score_: float
    scratch_: Self
    scratch_validation_score_: float

    _parameter_constraints: dict = {
        "autoencoder": [BaseAutoencoder, FrozenEstimator, None],
        "fine_tune": ["boolean", StrOptions({"head_first"})],
        "head_hidden_layer_sizes": [
            "array-like",
            integer_from(1),
        ],
        "keep_noise": ["boolean", StrOptions({"auto"})],
        "learning_rate": [real_in(0, closed="neither")],
        "weight_decay": [real_in(0)],
        "batch_size": [integer_from(1), StrOptions({"auto"})],
        "max_epochs": [integer_from(1), StrOptions({"auto"})],
        "validation_fraction": [
            real_in(0, 1),
            StrOptions({"auto"}),
        ],
        "patience": [integer_from(1), None],
        "compare_from_scratch": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def transform(self, X: Rows) -> Given:
        """Return the codes of `X`, as fine-tuning has left them.

        They are dense, and the codes alone, whatever `features` and `sparse_output` of
        the autoencoder say.

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
        return self._predictor.codes(checked_rows(self, X))

    @property
    def _n_features_out(self):
        return self._predictor.model.network.n_components

    def _outputs(self, X):
        check_is_fitted(self)
        return self._predictor.outputs(checked_rows(self, X))

    @with_callbacks
    def _fit(self, X, y, X_unlabeled, sample_weight, X_val, y_val, groups):
        with nothing_lost(self):
            X = checked_rows(self, X, reset=True)
            check_labels(self, X, y, "X", "y")
            if X_unlabeled is not None:
                X_unlabeled = checked_rows(self, X_unlabeled, name="X_unlabeled")
            if sample_weight is not None:
                sample_weight = checked_weight(sample_weight, X)
            groups = checked_groups(groups, X)
            has_label, y = self._known(y)
            unlabelled, weight_of_all = to_pretrain(
                X, has_label, X_unlabeled, sample_weight
            )
            if not has_label.all():
                X = X[has_label]
            sample_weight = labelled_weight(sample_weight, has_label)
            task, weight = self._task_of(y, sample_weight)
            validation = self._validation(task, X_val, y_val)
            for name in ("scratch_", "scratch_validation_score_"):  # of an earlier fit
                vars(self).pop(name, None)
            labelled = LabelledRows(X, y, task.targets(y), weight, sample_weight)
            pretraining = Pretraining(
                self._autoencoder(task),
                isinstance(self.autoencoder, FrozenEstimator),
                unlabelled,
                weight_of_all,
                groups_of_all(groups, has_label, X_unlabeled),
                getattr(self, "feature_names_in_", None),
                self.verbose,
            )
            audience = Audience(self, labelled.X, labelled.y)
            recipe = self._recipe(task)
            fit = FineTuning(recipe, labelled, pretraining, audience, validation)
            attributes, from_scratch = fit.run()
            for name, value in attributes.items():
                setattr(self, name, value)
            if from_scratch is not None:
                scratch = copy.copy(self)
                forget_callback_context(scratch)
                vars(scratch).update(from_scratch)
                self.scratch_ = scratch
                self.scratch_validation_score_ = scratch.validation_score_
        return self

    def _recipe(self, targets):
        rate, decay = self.learning_rate, self.weight_decay
        widths = self.head_hidden_layer_sizes
        return FineTuningRecipe(
            targets=targets,
            objective=Objective(Labels(targets.make_loss()), "adamw", rate, decay),
            head_layer_sizes=checked_widths(widths, "head_hidden_layer_sizes"),
            fine_tune=self.fine_tune,
            compare_from_scratch=self.compare_from_scratch,
            keep_noise=self.keep_noise,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            validation_fraction=self.validation_fraction,
            random_state=self.random_state,
            parameters=self.get_params(deep=False),
        )

    def _with_label(self, X, y, sample_weight, classes=None):
        """Return the rows, labels and weights that a score is made of."""
        has_label = have_label(y, classes)
        if has_label.all():
            return X, y, sample_weight
        weight = None if sample_weight is None else np.asarray(sample_weight)[has_label]
        labels = np.asarray(y)[has_label]
        if labels.dtype == object:
            labels = pd.Series(labels).infer_objects().to_numpy()
        return safe_indexing(X, np.flatnonzero(has_label)), labels, weight

    def _validation(self, task, X_val, y_val):
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val go together; pass both, or none.")
        X_val = checked_rows(self, X_val, name="X_val")
        check_labels(self, X_val, y_val, "X_val", "y_val")
        y_val = task.checked(y_val, "y_val")
        return LabelledRows(X_val, y_val, task.targets(y_val))

    def _autoencoder(self, task):
        """Return the autoencoder to pre-train, or one that is fitted already."""
        if self.autoencoder is None:
            return self._default_autoencoder()
        if not isinstance(self.autoencoder, FrozenEstimator):
            autoencoder = clone(self.autoencoder)
            if getattr(autoencoder, "target_type", None) == "auto":
                autoencoder.set_params(target_type=task.kind)
            return autoencoder
        autoencoder = self.autoencoder.estimator
        if not isinstance(autoencoder, BaseAutoencoder):
            raise TypeError(
                f"autoencoder is a frozen {type(autoencoder).__name__!r}, but must be an "
                "autoencoder of skae."
            )
        check_is_fitted(autoencoder)
        if autoencoder.n_features_in_ != self.n_features_in_:
            raise ValueError(
                f"X has {self.n_features_in_} columns, but the frozen autoencoder was "
                f"fitted on {autoencoder.n_features_in_}; give it the same columns."
            )
        ours, theirs = (getattr(e, "feature_names_in_", None) for e in (self, autoencoder))
        if ours is not None and theirs is not None and list(ours) != list(theirs):
            raise ValueError(
                "X has other column names, or in another order, than the frozen "
                "autoencoder was fitted on; give it the same columns."
            )
        return autoencoder

    def _onnx_outputs(self):
        return outputs_of_predictor(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
