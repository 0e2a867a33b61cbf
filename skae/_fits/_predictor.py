"""A fit with labels: pre-train on all rows, put a head on the encoder, fine-tune."""

import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from .._data._labels import labels_of_all, stacked
from .._data._rows import chunk_slices, take
from .._data._split import all_rows, clusters_of, split_rows_evenly
from .._data._table import Table
from .._data._validation import with_mean_one
from .._models._predictor import BLOCK_VALUES, Predictor, PredictorNetwork
from .._training import Objective
from ._autoencoder import Split
from ._causes import check_size, likely_cause
from ._run import Training
from ._seeds import Seeds

FEW_LABELS = 1000
MAX_EPOCHS = 150  # above it, few labels are only learnt by heart
HEAD_FIRST = 0.25  # part of the epochs that train the head alone


@dataclass(frozen=True)
class FineTuningRecipe:
    """What a head is trained for, and how.

    Attributes
    ----------
    targets : Classes or Values
        What the head gives.
    objective : Objective
    head_layer_sizes : tuple of int
    fine_tune : bool or "head_first"
    compare_from_scratch : bool
    keep_noise : bool or "auto"
    batch_size, max_epochs : int or "auto"
    patience : int or None
    validation_fraction : float or "auto"
    random_state : int, RandomState or None
    parameters : dict
        Of the estimator, to say what a failure may come from.
    """

    targets: Any
    objective: Objective
    head_layer_sizes: tuple
    fine_tune: bool | str
    compare_from_scratch: bool
    keep_noise: bool | str
    batch_size: int | str
    max_epochs: int | str
    patience: int | None
    validation_fraction: float | str
    random_state: Any
    parameters: dict


@dataclass(frozen=True)
class LabelledRows:
    """Rows with labels.

    Attributes
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    y : ndarray
        The labels as the user has them.
    targets : ndarray of shape (n_samples, n_outputs)
        What a head should give for them.
    weight : ndarray of shape (n_samples,), default=None
        In fine-tuning.
    sample_weight : ndarray of shape (n_samples,), default=None
        In scores.
    """

    X: object
    y: np.ndarray
    targets: np.ndarray
    weight: np.ndarray | None = None
    sample_weight: np.ndarray | None = None


@dataclass(frozen=True)
class Pretraining:
    """What is trained before, and on which rows.

    Attributes
    ----------
    autoencoder : BaseAutoencoder
    is_done : bool
        Whether the autoencoder is fitted already, and stays as it is.
    unlabelled : as X, or None
        Rows without labels, behind those that have them.
    weight, groups : ndarray of shape (n_all,) or None
        Of all rows, those with labels first; rows of a group stay together in a split.
    names : ndarray of shape (n_features,) or None
        Of the columns, if the rows came with any.
    verbose : int
        Of the estimator that is trained.
    """

    autoencoder: object
    is_done: bool
    unlabelled: object
    weight: np.ndarray | None
    groups: np.ndarray | None
    names: np.ndarray | None
    verbose: int

    def rows_behind(self, labelled):
        """Return all rows, those with labels first."""
        if self.unlabelled is None:
            return labelled
        return stacked([labelled, self.unlabelled])

    def fitted(self, rows, y, seed, audience):
        """Return the autoencoder, fitted on all rows.

        Parameters
        ----------
        rows : as X
            Those of `rows_behind`.
        y : ndarray
            The labels of the first, for an autoencoder that they shape.
        seed : numpy.random.SeedSequence
            For an autoencoder that brings no random state.
        audience : Audience
        """
        autoencoder = self.autoencoder
        if self.is_done:
            return autoencoder
        if autoencoder.random_state is None:
            autoencoder.set_params(random_state=int(seed.generate_state(1)[0]))
        if self.verbose:
            autoencoder.set_params(verbose=self.verbose)
        audience.say("pre-training")
        with audience.shared_with(autoencoder, "pre-training", rows):
            autoencoder.fit(
                self.named(rows),
                labels_of_all(y, rows.shape[0]),
                sample_weight=self.weight,
                groups=self.groups,
            )
        return autoencoder

    def named(self, rows):
        """Return rows with the names of their columns, if they came with any."""
        if self.names is None:
            return rows
        if sparse.issparse(rows):
            return pd.DataFrame.sparse.from_spmatrix(rows, columns=self.names)
        return pd.DataFrame(rows, columns=self.names)


class FineTuning:
    """A fit of a classifier or regressor, from checked rows to its fitted attributes.

    Nothing is written to the estimator, so a failure loses nothing.

    Parameters
    ----------
    recipe : FineTuningRecipe
    labelled : LabelledRows
    pretraining : Pretraining
    audience : Audience
    held_out : LabelledRows, default=None
        Rows that choose the best epoch, in place of a part of the labelled ones.
    """

    def __init__(self, recipe, labelled, pretraining, audience, held_out=None):
        self.recipe, self.audience = recipe, audience
        self.labelled, self.pretraining = labelled, pretraining
        self.weight = labelled.weight
        if self.weight is not None:
            self.weight = with_mean_one(self.weight)
        self.seeds = Seeds.from_random_state(recipe.random_state, 0)
        asked = recipe.parameters["head_hidden_layer_sizes"]
        widths = 1, *recipe.head_layer_sizes, recipe.targets.n_outputs
        check_size(widths, {"head_hidden_layer_sizes": asked})
        self.has_few_labels = len(labelled.targets) < FEW_LABELS
        self.held_out = labelled if held_out is None else held_out
        self.validation_fraction = recipe.validation_fraction
        if self.validation_fraction == "auto":
            self.validation_fraction = 0 if self.has_few_labels else 0.1
        has_rows = held_out is not None or self.validation_fraction
        if recipe.patience is not None and not has_rows:
            raise ValueError(
                f"patience={recipe.patience} needs validation rows; set "
                "validation_fraction above 0, pass X_val and y_val, or set patience=None."
            )

    def run(self):
        """Train, and return the attributes of the fitted estimator.

        Returns
        -------
        attributes : dict
        from_scratch : dict or None
            What is otherwise in the same network without pre-training.
        """
        recipe = self.recipe
        self.audience.begin()
        pretrain_seed, head_seed, scratch_seed = self.seeds.weights.spawn(3)
        rows = self.pretraining.rows_behind(self.labelled.X)
        autoencoder = self.pretraining.fitted(
            rows, self.labelled.y, pretrain_seed, self.audience
        )
        model = autoencoder._model.without_penalty()
        split, corrupt = self.split(model), self.noise(autoencoder, rows)
        network = self.network(model.network, autoencoder.activation)
        head = network.initial_head(head_seed, self.prior(split))
        seen = range_of(autoencoder._model, rows)
        start = Predictor(model, head, *seen)
        attributes = {"autoencoder_": autoencoder, "_task": recipe.targets}
        attributes["pretrained_score_"] = float("nan")

        def trained(network, start, what, part=1):
            training = self.training(network, start, split)
            return self.trained(training, corrupt, what, part)

        predictor, run = start, None
        if not recipe.fine_tune or isinstance(recipe.fine_tune, str):
            frozen = replace(network, is_frozen=True)
            part = HEAD_FIRST if recipe.fine_tune else 1
            predictor, run = trained(frozen, predictor, "head", part)
            attributes["pretrained_score_"] = self.score(predictor, split)
        if recipe.fine_tune:
            predictor, run = trained(network, predictor, "fine-tuning")
        attributes |= self.outcome(predictor, run, split)
        from_scratch = None
        if recipe.compare_from_scratch:
            untrained = replace(start, model=model.untrained(scratch_seed))
            from_scratch = self.outcome(*trained(network, untrained, "from scratch"), split)
        if len(split.validation):
            self.say_result(attributes, from_scratch)
        self.audience.end(attributes)
        return attributes, from_scratch

    def outcome(self, predictor, run, split):
        """Return the fitted attributes that training has given."""
        return {
            "_predictor": predictor,
            "history_": run.history,
            "n_epochs_": run.n_epochs,
            "best_epoch_": run.best_epoch,
            "validation_score_": self.score(predictor, split),
        }

    def split(self, model):
        """Return the training and the validation rows."""
        X, targets = self.labelled.X, self.labelled.targets
        row_index = all_rows(len(targets))
        if self.weight is not None:
            row_index = row_index[self.weight > 0]
        if self.held_out is not self.labelled:
            return Split(row_index, all_rows(len(self.held_out.targets)))
        if not self.validation_fraction:
            return Split(row_index, all_rows(0))
        groups = self.pretraining.groups
        groups = None if groups is None else groups[: len(targets)]
        clusters = clusters_of(table_of(model, X), row_index, groups)
        train, held_out = split_rows_evenly(
            clusters, targets[row_index], self.validation_fraction, self.seeds.split
        )
        return Split(row_index[train], row_index[held_out])

    def network(self, body, activation):
        """Return the network of an encoder with the head."""
        recipe = self.recipe
        n_outputs = recipe.targets.n_outputs
        return PredictorNetwork(
            body, recipe.head_layer_sizes, activation, n_outputs, is_frozen=False
        )

    def prior(self, split):
        """Return the outputs that fit the targets of all training rows in the mean."""
        weight = None if self.weight is None else self.weight[split.train]
        return self.recipe.targets.prior(self.labelled.targets[split.train], weight)

    def noise(self, autoencoder, rows):
        """Return the corruption of the inputs that pre-training had, or None."""
        keeps_noise = self.recipe.keep_noise
        if keeps_noise == "auto":
            keeps_noise = self.has_few_labels
        if not keeps_noise:
            return None
        as_trained = copy.copy(autoencoder)
        if getattr(autoencoder, "noise_level_", None) is not None:  # "auto" has chosen
            as_trained.noise_level = autoencoder.noise_level_
        table = table_of(autoencoder._model, rows)
        corruption = as_trained._input_noise(
            autoencoder._components, table, all_rows(rows.shape[0])
        )
        return corruption.seeded(self.seeds.noise)

    def training(self, network, start, split):
        """Return what a run from a predictor depends on."""
        objective, held_out = self.recipe.objective, self.held_out
        optimizer = objective.make_optimizer()
        table = table_of(start.model, self.labelled.X, self.weight, self.labelled.targets)
        validation = None
        if held_out is not self.labelled:
            held_out = table_of(start.model, held_out.X, None, held_out.targets)
            validation = held_out, split.validation
        elif len(split.validation):
            validation = table, split.validation
        return Training(
            start=start,
            architecture=network,
            objective=objective,
            optimizer=optimizer,
            learning_rate=float(optimizer.learning_rate),
            weight_decay=optimizer.weight_decay,
            seeds=self.seeds,
            table=table,
            row_index=split.train,
            validation=validation,
            patience=self.recipe.patience,
            cause=partial(likely_cause, self.recipe.parameters),
        )

    def trained(self, training, corrupt, what, part):
        """Return a predictor trained from where it stands, and how that went."""
        self.audience.say(what)
        start, recipe = training.start, self.recipe
        schedule = training.schedule(recipe.batch_size, recipe.max_epochs, MAX_EPOCHS)
        schedule = schedule.shortened(part)
        with (
            self.audience.part(what, schedule.max_epochs) as audience,
            training.lent_program(schedule.batch_size) as program,
        ):

            def fitted():
                return self.fitted(start.with_weights(program.weights()))

            def listeners():
                return audience.hooks(program, training.table, schedule, fitted)

            run = training.run(program, schedule, corrupt, listeners=listeners)
            trained = start.with_weights(run.weights)
            if training.architecture.is_frozen:  # to the last bit
                trained = replace(trained, model=start.model)
            audience.outcome = self.fitted(trained)
        return trained, run

    def fitted(self, predictor):
        """Return what an estimator needs to predict."""
        return {"_predictor": predictor, "_task": self.recipe.targets}

    def score(self, predictor, split):
        """Return the score on the validation rows, NaN without any."""
        if not len(split.validation):
            return float("nan")
        weight = self.held_out.sample_weight
        if weight is not None:
            weight = with_mean_one(weight[split.validation])
        outputs = predictor.outputs(take(self.held_out.X, split.validation))
        targets = self.held_out.targets[split.validation]
        return self.recipe.targets.score(outputs, targets, weight)

    def say_result(self, attributes, from_scratch):
        """Print the score and what it compares with."""
        line = f"score on validation rows {attributes['validation_score_']:.4f}"
        if from_scratch is not None:
            line += f", from scratch {from_scratch['validation_score_']:.4f}"
        self.audience.say(line)


def range_of(model, X):
    """Return the lowest and the highest row of a table, and of what a model has seen."""
    low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    bounds = getattr(model, "bounds", None)
    if bounds is not None:
        low, high = bounds.low, bounds.high
    for block in chunk_slices(*X.shape, BLOCK_VALUES):
        rows = take(X, block)
        low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
    return low, high


def table_of(model, X, weight=None, targets=None):
    """Return rows in the units that the network of a model sees."""
    return Table(X, weight, model.shift, model.scale, targets)
