"""A fit with labels: pre-train on all rows, put a head on the encoder, fine-tune."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.frozen import FrozenEstimator

from .._console import say
from .._data._labels import stacked
from .._data._rows import take
from .._data._split import all_rows, clusters_of, split_rows_evenly
from .._data._table import Table
from .._data._validation import checked_widths, with_mean_one
from .._models._predictor import Predictor, PredictorNetwork
from .._training import Hooks, Lines, Schedule, SklearnCallbacks, train
from .._training._objective import Objective
from .._training._programs import lent_program
from . import _defaults
from ._causes import check_size, likely_cause
from ._seeds import Seeds

FEW_LABELS = 1000
MAX_EPOCHS = 150  # above it, few labels are only learnt by heart
HEAD_FIRST = 0.25  # part of the epochs that train the head alone


class FineTuning:
    """A fit of a classifier or regressor, from checked rows to its fitted attributes.

    Nothing is written to the estimator, so a failure loses nothing.

    Parameters
    ----------
    estimator : BasePredictor
    task : Classes or Values
    labelled : tuple of (X, targets)
        Rows, and an array of shape (n_samples, n_outputs).
    weight : ndarray of shape (n_samples,) or None
        Weight of each labelled row in fine-tuning.
    autoencoder : BaseAutoencoder
        To be pre-trained, but for one that the estimator holds frozen.
    to_pretrain : tuple of (rows, weight), each may be None
        More rows for the pre-training, and the weights of all, the labelled ones first.
    validation : tuple of (X, targets), or None
    labels : ndarray
        The labels as the user has them, for callbacks.
    groups : ndarray or None
        Of all rows in the order of pre-training; those of one stay together in a split.
    """

    def __init__(
        self,
        estimator,
        task,
        labelled,
        weight,
        autoencoder,
        to_pretrain,
        validation,
        *,
        labels,
        groups,
    ):
        self.estimator, self.task, self.labels = estimator, task, labels
        self.groups = groups
        self.labelled, self.weight = labelled, weight
        if weight is not None:
            self.weight = with_mean_one(weight)
        self.autoencoder = autoencoder
        self.to_pretrain = to_pretrain
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
        self.has_few_labels = len(labelled[1]) < FEW_LABELS
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
        self.context = estimator._init_callback_context(max_subtasks=None)
        told = {"estimator": estimator, "X": self.labelled[0], "y": self.labels}
        self.context.call_on_fit_task_begin(**told)
        autoencoder = self.pretrained()
        model = autoencoder._model.without_penalty()
        self.train_rows, self.val_rows = self.split(model)
        network = PredictorNetwork(
            model.network,
            self.head_layer_sizes,
            autoencoder.activation,
            self.task.n_outputs,
            is_frozen=False,
        )
        weight = None if self.weight is None else self.weight[self.train_rows]
        prior = self.task.prior(self.labelled[1][self.train_rows], weight)
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
            for name in ("_callback_fit_ctx", "_skl_callbacks_to_teardown"):
                vars(scratch).pop(name)  # they belong to this fit
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
        X, targets = self.labelled
        rows = all_rows(len(targets))
        if self.weight is not None:
            rows = rows[self.weight > 0]
        if self.held_out is not self.labelled:
            return rows, all_rows(len(self.held_out[1]))
        if not self.validation_fraction:
            return rows, all_rows(0)
        groups = None if self.groups is None else self.groups[: len(targets)]
        clusters = clusters_of(self.table(model, X), rows, groups)
        train, held_out = split_rows_evenly(
            clusters, targets[rows], self.validation_fraction, self.seeds.split
        )
        return rows[train], rows[held_out]

    def pretrained(self):
        """Return the autoencoder, fitted on all rows, and set what corrupts the inputs."""
        autoencoder, (rows, weight) = self.autoencoder, self.all_rows()
        if not isinstance(self.estimator.autoencoder, FrozenEstimator):
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
                autoencoder.fit(self.named(rows), sample_weight=weight, groups=self.groups)
            context.call_on_fit_task_end(**told)
        keeps_noise = self.estimator.keep_noise
        if keeps_noise == "auto":
            keeps_noise = self.has_few_labels
        self.corrupt = self.noise(autoencoder, rows) if keeps_noise else None
        return autoencoder

    def all_rows(self):
        """Return all rows, those with labels first, and their weights or None."""
        rows, (unlabelled, weight) = self.labelled[0], self.to_pretrain
        return rows if unlabelled is None else stacked([rows, unlabelled]), weight

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
        X, targets = self.labelled
        table = self.table(start.model, X, self.weight, targets)
        validation = None
        if self.held_out is not self.labelled:
            X_val, targets = self.held_out
            validation = self.table(start.model, X_val, None, targets), self.val_rows
        elif len(self.val_rows):
            validation = table, self.val_rows
        optimizer = self.objective.make_optimizer()
        rate, decay = float(optimizer.learning_rate), optimizer.weight_decay
        schedule = self.schedule(sum(a.size for a in start.weights()), rate)
        schedule = schedule.shortened(part)
        told = {"estimator": self.estimator, "X": X, "y": self.labels}
        context = self.context.subcontext(what, max_subtasks=schedule.max_epochs)
        context.call_on_fit_task_begin(**told)
        with lent_program(
            network, self.objective, optimizer, schedule.batch_size, False
        ) as program:
            program.load(
                start.weights(),
                None,
                self.seeds.dropout,
                shift=np.zeros(network.n_features),
                scale=1.0,
                weight_decay=decay,
            )

            def fitted_attributes():
                return self.fitted(start.with_weights(program.weights()))

            run = train(
                program,
                table,
                self.train_rows,
                schedule,
                np.random.default_rng(self.seeds.order),
                corrupt=self.corrupt,
                validation=validation,
                patience=self.estimator.patience,
                hooks=self.hooks(schedule.max_epochs, what, context, fitted_attributes),
                cause=partial(likely_cause, self.estimator, rate=rate, decay=decay),
            )
        trained = start.with_weights(run.weights)
        if network.is_frozen:  # to the last bit
            trained = replace(trained, model=start.model)
        told["reconstruction_attributes"] = self.fitted(trained)
        context.call_on_fit_task_end(**told)
        return trained, run

    def fitted(self, predictor):
        """Return what an estimator needs to predict."""
        return {"_predictor": predictor, "_task": self.task}

    def schedule(self, n_weights, rate):
        """Return how long to train and how fast."""
        batch_size, max_epochs = self.estimator.batch_size, self.estimator.max_epochs
        n_rows = len(self.train_rows)
        if batch_size == "auto":
            batch_size = _defaults.batch_size(n_rows)
        batch_size = min(int(batch_size), 1 << (n_rows - 1).bit_length())
        if max_epochs == "auto":
            max_epochs = _defaults.max_epochs(n_rows, batch_size, n_weights)
            max_epochs = min(max_epochs, MAX_EPOCHS)
        return Schedule(batch_size, int(max_epochs), rate, n_rows)

    def validation_score(self, predictor):
        """Return the score on the validation rows, NaN without any."""
        if not len(self.val_rows):
            return float("nan")
        X, targets = self.held_out
        weight = self.to_pretrain[1] if self.held_out is self.labelled else None
        if weight is not None:
            weight = with_mean_one(weight[self.val_rows])
        outputs = predictor.outputs(take(X, self.val_rows))
        return self.task.score(outputs, targets[self.val_rows], weight)

    def hooks(self, max_epochs, what, context, fitted_attributes):
        """Return who is told of the epochs, or None."""
        estimator, listeners = self.estimator, []
        if getattr(estimator, "_skl_callbacks", None):
            listeners.append(
                SklearnCallbacks(
                    estimator, context, self.labelled[0], fitted_attributes, self.labels
                )
            )
        if estimator.verbose:
            every = 1 if estimator.verbose > 1 else max(1, max_epochs // 10)
            name = f"{type(estimator).__name__}, {what}"
            listeners.append(Lines(name, max_epochs, every))
        return Hooks(listeners) if listeners else None

    def say_result(self, attributes):
        """Print the score and what it compares with."""
        if len(self.val_rows):
            line = f"score on validation rows {attributes['validation_score_']:.4f}"
            if self.estimator.compare_from_scratch:
                line += f", from scratch {attributes['scratch_validation_score_']:.4f}"
            self.say(line)

    def say(self, line):
        """Print a line if the estimator is verbose."""
        if self.estimator.verbose:
            say(f"[{type(self.estimator).__name__}] {line}")
