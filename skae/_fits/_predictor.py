"""A fit with labels: pre-train on all rows, put a head on the encoder, fine-tune."""

import copy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from scipy import sparse

from .._compat import callback_context, forget_callback_context
from .._data._labels import stacked
from .._data._rows import take
from .._data._split import all_rows, clusters_of, split_rows_evenly
from .._data._table import Table
from .._data._validation import checked_widths, with_mean_one
from .._models._predictor import Predictor, PredictorNetwork
from .._training import SklearnCallbacks
from .._training._objective import Objective
from ._causes import check_size, likely_cause
from ._run import Training
from ._seeds import Seeds
from ._telling import hooks_of, say_of

FEW_LABELS = 1000
MAX_EPOCHS = 150  # above it, few labels are only learnt by heart
HEAD_FIRST = 0.25  # part of the epochs that train the head alone


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
    """

    autoencoder: object
    is_done: bool
    unlabelled: object
    weight: np.ndarray | None
    groups: np.ndarray | None

    def rows_behind(self, labelled):
        """Return all rows, those with labels first."""
        if self.unlabelled is None:
            return labelled
        return stacked([labelled, self.unlabelled])


class FineTuning:
    """A fit of a classifier or regressor, from checked rows to its fitted attributes.

    Nothing is written to the estimator, so a failure loses nothing.

    Parameters
    ----------
    estimator : BasePredictor
    task : Classes or Values
    labelled : LabelledRows
    pretraining : Pretraining
    validation : LabelledRows, default=None
        Rows that choose the best epoch, in place of a part of the labelled ones.
    """

    def __init__(self, estimator, task, labelled, pretraining, validation=None):
        self.estimator, self.task = estimator, task
        self.labelled, self.pretraining = labelled, pretraining
        self.weight = labelled.weight
        if self.weight is not None:
            self.weight = with_mean_one(self.weight)
        self.seeds = Seeds.from_random_state(estimator.random_state, 0)
        self.pretrain_seed, self.head_seed, self.scratch_seed = self.seeds.weights.spawn(3)
        self.objective = Objective(
            task.make_loss(), "adamw", estimator.learning_rate, estimator.weight_decay
        )
        self.head_layer_sizes = checked_widths(
            estimator.head_hidden_layer_sizes, "head_hidden_layer_sizes"
        )
        check_size(
            (1, *self.head_layer_sizes, task.n_outputs),
            {"head_hidden_layer_sizes": estimator.head_hidden_layer_sizes},
        )
        self.has_few_labels = len(labelled.targets) < FEW_LABELS
        self.held_out = labelled if validation is None else validation
        fraction = estimator.validation_fraction
        if fraction == "auto":
            fraction = 0 if self.has_few_labels else 0.1
        self.validation_fraction = fraction
        if estimator.patience is not None and validation is None and not fraction:
            raise ValueError(
                f"patience={estimator.patience} needs validation rows; set "
                "validation_fraction above 0, pass X_val and y_val, or set patience=None."
            )

    def run(self):
        """Train, and return the attributes of the fitted estimator."""
        estimator = self.estimator
        self.context = callback_context(estimator, None)
        told = {"estimator": estimator, "X": self.labelled.X, "y": self.labelled.y}
        self.context.call_on_fit_task_begin(**told)
        autoencoder = self.pretrained()
        model = autoencoder._model.without_penalty()
        self.train_index, self.val_index = self.split(model)
        network = PredictorNetwork(
            model.network,
            self.head_layer_sizes,
            autoencoder.activation,
            self.task.n_outputs,
            is_frozen=False,
        )
        weight = None if self.weight is None else self.weight[self.train_index]
        prior = self.task.prior(self.labelled.targets[self.train_index], weight)
        predictor = Predictor(model, network.initial_head(self.head_seed, prior))
        untrained = replace(predictor, model=model.untrained(self.scratch_seed))
        attributes = {"autoencoder_": autoencoder, "_task": self.task}
        attributes["pretrained_score_"] = float("nan")
        if not estimator.fine_tune or isinstance(estimator.fine_tune, str):
            frozen = replace(network, is_frozen=True)
            part = HEAD_FIRST if estimator.fine_tune else 1
            predictor, run = self.trained(frozen, predictor, "head", part)
            attributes["pretrained_score_"] = self.validation_score(predictor)
        if estimator.fine_tune:
            predictor, run = self.trained(network, predictor, "fine-tuning")
        attributes |= self.outcome(predictor, run)
        if estimator.compare_from_scratch:
            outcome = self.outcome(*self.trained(network, untrained, "from scratch"))
            scratch = copy.copy(estimator)
            forget_callback_context(scratch)
            vars(scratch).update(attributes | outcome)
            attributes["scratch_"] = scratch
            attributes["scratch_validation_score_"] = scratch.validation_score_
        self.say_result(attributes)
        self.context.call_on_fit_task_end(**told, reconstruction_attributes=attributes)
        return attributes

    def outcome(self, predictor, run):
        """Return the fitted attributes that training has given."""
        return {
            "_predictor": predictor,
            "history_": run.history,
            "n_epochs_": run.n_epochs,
            "best_epoch_": run.best_epoch,
            "validation_score_": self.validation_score(predictor),
        }

    def split(self, model):
        """Return the training and the validation rows, each ascending."""
        X, targets = self.labelled.X, self.labelled.targets
        row_index = all_rows(len(targets))
        if self.weight is not None:
            row_index = row_index[self.weight > 0]
        if self.held_out is not self.labelled:
            return row_index, all_rows(len(self.held_out.targets))
        if not self.validation_fraction:
            return row_index, all_rows(0)
        groups = self.pretraining.groups
        groups = None if groups is None else groups[: len(targets)]
        clusters = clusters_of(self.table(model, X), row_index, groups)
        train, held_out = split_rows_evenly(
            clusters, targets[row_index], self.validation_fraction, self.seeds.split
        )
        return row_index[train], row_index[held_out]

    def pretrained(self):
        """Return the autoencoder, fitted on all rows, and set what corrupts the inputs."""
        autoencoder, pretraining = self.pretraining.autoencoder, self.pretraining
        rows = pretraining.rows_behind(self.labelled.X)
        if not pretraining.is_done:
            if autoencoder.random_state is None:
                seed = int(self.pretrain_seed.generate_state(1)[0])
                autoencoder.set_params(random_state=seed)
            if self.estimator.verbose:
                autoencoder.set_params(verbose=self.estimator.verbose)
            self.say("pre-training")
            context = self.context.subcontext(task_name="pre-training")
            told = {"estimator": self.estimator, "X": rows}
            context.call_on_fit_task_begin(**told)
            with context.propagate_callback_context(autoencoder):
                autoencoder.fit(
                    self.named(rows),
                    sample_weight=pretraining.weight,
                    groups=pretraining.groups,
                )
            context.call_on_fit_task_end(**told)
        keeps_noise = self.estimator.keep_noise
        if keeps_noise == "auto":
            keeps_noise = self.has_few_labels
        self.corrupt = self.noise(autoencoder, rows) if keeps_noise else None
        return autoencoder

    def named(self, rows):
        """Return rows with the names of their columns, if they came with any."""
        names = getattr(self.estimator, "feature_names_in_", None)
        if names is None:
            return rows
        if sparse.issparse(rows):
            return pd.DataFrame.sparse.from_spmatrix(rows, columns=names)
        return pd.DataFrame(rows, columns=names)

    def noise(self, autoencoder, rows):
        """Return the corruption of the inputs that pre-training had, drawn from `rows`."""
        table = self.table(autoencoder._model, rows)
        as_trained = copy.copy(autoencoder)
        if getattr(autoencoder, "noise_level_", None) is not None:  # "auto" has chosen
            as_trained.noise_level = autoencoder.noise_level_
        corruption = as_trained._input_noise(
            autoencoder._components, table, all_rows(rows.shape[0])
        )
        return corruption.seeded(self.seeds.noise)

    def table(self, model, X, weight=None, targets=None):
        """Return rows in the units that the network sees."""
        return Table(X, weight, model.shift, model.scale, targets)

    def trained(self, network, start, what, part=1):
        """Return a predictor trained from where it stands, and how that went."""
        self.say(what)
        training = self.training(network, start)
        batch_size, max_epochs = self.estimator.batch_size, self.estimator.max_epochs
        schedule = training.schedule(batch_size, max_epochs, MAX_EPOCHS).shortened(part)
        told = {"estimator": self.estimator, "X": self.labelled.X, "y": self.labelled.y}
        context = self.context.subcontext(what, max_subtasks=schedule.max_epochs)
        context.call_on_fit_task_begin(**told)
        with training.lent_program(schedule.batch_size) as program:

            def fitted_attributes():
                return self.fitted(start.with_weights(program.weights()))

            def sklearn_callbacks():
                return SklearnCallbacks(
                    context=context, fitted_attributes=fitted_attributes, **told
                )

            def listeners():
                return hooks_of(self.estimator, schedule, sklearn_callbacks, what=what)

            run = training.run(program, schedule, self.corrupt, listeners=listeners)
        trained = start.with_weights(run.weights)
        if network.is_frozen:  # to the last bit
            trained = replace(trained, model=start.model)
        told["reconstruction_attributes"] = self.fitted(trained)
        context.call_on_fit_task_end(**told)
        return trained, run

    def training(self, network, start):
        """Return what a run from a predictor depends on."""
        table = self.table(start.model, self.labelled.X, self.weight, self.labelled.targets)
        validation = None
        if self.held_out is not self.labelled:
            held_out = self.held_out
            held_out = self.table(start.model, held_out.X, None, held_out.targets)
            validation = held_out, self.val_index
        elif len(self.val_index):
            validation = table, self.val_index
        optimizer = self.objective.make_optimizer()
        return Training(
            start=start,
            architecture=network,
            objective=self.objective,
            optimizer=optimizer,
            learning_rate=float(optimizer.learning_rate),
            weight_decay=optimizer.weight_decay,
            seeds=self.seeds,
            table=table,
            row_index=self.train_index,
            validation=validation,
            patience=self.estimator.patience,
            cause=partial(likely_cause, self.estimator),
        )

    def fitted(self, predictor):
        """Return what an estimator needs to predict."""
        return {"_predictor": predictor, "_task": self.task}

    def validation_score(self, predictor):
        """Return the score on the validation rows, NaN without any."""
        if not len(self.val_index):
            return float("nan")
        weight = self.held_out.sample_weight
        if weight is not None:
            weight = with_mean_one(weight[self.val_index])
        outputs = predictor.outputs(take(self.held_out.X, self.val_index))
        return self.task.score(outputs, self.held_out.targets[self.val_index], weight)

    def say_result(self, attributes):
        """Print the score and what it compares with."""
        if len(self.val_index):
            line = f"score on validation rows {attributes['validation_score_']:.4f}"
            if self.estimator.compare_from_scratch:
                line += f", from scratch {attributes['scratch_validation_score_']:.4f}"
            self.say(line)

    def say(self, line):
        """Print a line if the estimator is verbose."""
        say_of(self.estimator, line)
