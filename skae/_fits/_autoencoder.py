"""A fit, from checked rows to the attributes of a fitted estimator."""

import contextlib
import functools
from dataclasses import replace
from functools import partial

import numpy as np

from .._compat import callback_context
from .._data._pca import principal_components
from .._data._powers import power_of_scale
from .._data._split import all_rows, checked_groups, clusters_of, split_rows
from .._data._table import Table
from .._data._validation import checked_widths, with_mean_one
from .._models._activations import check_activation
from .._models._bounds import bounds_of
from .._models._custom import CustomNetwork, custom_start
from .._models._dense_model import dense_start, order_codes
from .._models._dense_network import DenseNetwork
from .._models._references import KeptRows
from .._training import SklearnCallbacks, check_callbacks, check_monitors
from .._training._objective import Objective, check_cellwise, make_loss
from ._causes import check_network_size, likely_cause
from ._run import Training
from ._seeds import Seeds
from ._telling import hooks_of, keras_callbacks_of, say_of, say_result
from ._verdict import is_better, scores

TRIAL = 0.25  # part of the epochs that choose among corruptions


class Fit:
    """A fit from the start, or from the weights of the last one with `warm_start`.

    Nothing is written to the estimator, so a failure loses nothing.

    Parameters
    ----------
    estimator : BaseAutoencoder
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    sample_weight : ndarray of shape (n_samples,) or None
    X_val : as X, or None
    groups : ndarray of shape (n_samples,) or None
        Rows of one group are held out together, or not at all.
    """

    def __init__(self, estimator, X, sample_weight, X_val, groups=None):
        self.estimator = estimator
        self.X, self.X_val = X, X_val
        self.groups = checked_groups(groups, X)
        self.weight = sample_weight
        if sample_weight is not None:
            self.weight = with_mean_one(sample_weight)
        self.seeds = Seeds.from_random_state(estimator.random_state, self.n_epochs_before())
        self.objective = Objective(
            estimator.loss,
            estimator.optimizer,
            estimator.learning_rate,
            estimator.weight_decay,
        )
        make_loss(estimator.loss)  # so that an unknown name is told before any work
        self.optimizer = self.objective.make_optimizer()
        check_activation(estimator.activation)
        estimator._check_features(is_new=True)
        check_callbacks(estimator.callbacks or ())
        widths = estimator.hidden_layer_sizes
        self.hidden_layer_sizes = checked_widths(widths, "hidden_layer_sizes")
        check_network_size(estimator, X.shape[1], self.hidden_layer_sizes)

    def run(self):
        """Train, and return the attributes of the fitted estimator."""
        estimator = self.estimator
        pca = self.find_components()
        self.train_index, self.val_index = self.split(pca)
        self.check_settings()
        architecture, start = self.start(pca)
        table = self._table(start)
        corruptions = estimator._corruptions(pca, table, self.train_index)
        check_monitors(estimator.callbacks or (), self.reported(corruptions))
        training = self._training(architecture, start, table, corruptions[0].emphasis)
        schedule = self.schedule(training)
        context = self._begin(schedule.max_epochs)
        run, record = self._trained(training, schedule, corruptions, pca, context)
        trained = start.with_weights(run.weights)
        trained = self.finish(trained, table, pca, corruptions[0].is_the_task)
        if self.keeps_start() and not self.beats_start(trained, training, run):
            trained, record["best_epoch_"] = self.kept(start, pca), 0
        attributes = self._attributes(trained, pca) | record
        attributes |= scores(trained, pca, training.validation)
        attributes |= estimator._about_codes(trained, table)
        if training.validation is not None:
            say_result(estimator, attributes)
        self._end(context, attributes)
        return attributes

    def _training(self, architecture, start, table, emphasis):
        """Return what the runs of this fit have in common."""
        if emphasis:
            check_cellwise(self.estimator.loss, self.X.shape[1])
        return Training(
            start=start,
            architecture=architecture,
            objective=self.objective,
            optimizer=self.optimizer,
            learning_rate=float(self.optimizer.learning_rate),
            weight_decay=self.optimizer.weight_decay,
            seeds=self.seeds,
            table=table,
            row_index=self.train_index,
            validation=self._validation(table),
            patience=self.estimator.patience,
            cause=partial(likely_cause, self.estimator),
            optimizer_state=self.optimizer_state(),
            emphasis=emphasis,
            loss_unit=self.loss_unit(table),
        )

    def _trained(self, training, schedule, corruptions, pca, context):
        """Train with the best of the corruptions, and return the run and its record."""
        start, seeds = training.start, self.seeds
        with (
            contextlib.ExitStack() as on_close,
            training.lent_program(schedule.batch_size) as program,
        ):

            def attributes():
                return self._attributes(start.with_weights(program.weights()), pca)

            def who_listens():
                estimator, table = self.estimator, training.table
                return hooks_of(
                    estimator,
                    schedule,
                    lambda: SklearnCallbacks(estimator, context, self.X, attributes),
                    keras_callbacks=keras_callbacks_of(
                        estimator, program, table, schedule, on_close
                    ),
                )

            def run_epochs(corruption, schedule, listeners=None):
                judge = corruption.judge(seeds.judge)
                corrupt = corruption.seeded(seeds.noise)
                return training.run(program, schedule, corrupt, judge, listeners)

            corruption = self._chosen(corruptions, run_epochs, schedule)
            run = run_epochs(corruption, schedule, who_listens)
            return run, self.record(run, program) | corruption.attributes

    # What a partial fit does otherwise.

    def n_epochs_before(self):
        return 0

    def split(self, pca):
        """Return the training and the validation rows, each ascending."""
        row_index = self.weighted_rows()
        if self.X_val is not None:
            return row_index, all_rows(self.X_val.shape[0])
        fraction = self.estimator.validation_fraction
        if not fraction:
            return row_index, all_rows(0)
        clusters = clusters_of(self._seen(pca), row_index, self.groups)
        train, held_out = split_rows(clusters, fraction, self.seeds.split)
        return row_index[train], row_index[held_out]

    def _seen(self, pca):
        """Return the table as a network will see it."""
        if self.estimator.build_network is not None:
            return Table(self.X, self.weight, np.zeros(self.X.shape[1]), 1.0)
        return Table(self.X, self.weight, pca.mean, pca.scale)

    def weighted_rows(self):
        """Return the rows that count: all but those of weight zero."""
        row_index = all_rows(self.X.shape[0])
        return row_index if self.weight is None else row_index[self.weight > 0]

    def check_settings(self):
        patience = self.estimator.patience
        if patience is not None and not len(self.val_index):
            raise ValueError(
                f"patience={patience} needs validation rows; set validation_fraction "
                "above 0, pass X_val, or set patience=None."
            )

    def reported(self, corruptions):
        """Return the names of what each epoch reports."""
        names = ["loss", "penalty", "learning_rate"]
        if len(self.val_index):
            names.append("val_loss")
            if corruptions[0].judge(self.seeds.judge) is not None:
                names.append("val_noisy_loss")
        return names

    def schedule(self, training):
        """Return how long to train, and how fast."""
        return training.schedule(self.estimator.batch_size, self.estimator.max_epochs)

    def find_components(self):
        n_components = self.estimator._width(self.X.shape[1])
        pca = principal_components(self.X, n_components, self.weight)
        is_fraction = not isinstance(n_components, int | np.integer)
        self.n_components = (
            max(1, len(pca.components)) if is_fraction else int(n_components)
        )
        return pca

    def start(self, pca):
        """Return the architecture to train and the autoencoder to start from."""
        estimator, n_features = self.estimator, self.X.shape[1]
        if estimator.build_network is not None:
            network = CustomNetwork(estimator.build_network, n_features, self.n_components)
            architecture, start = custom_start(network, self.seeds.weights)
        else:
            network = architecture = self.dense_network(pca)
            start = self.dense_start(network, pca)
        if self.goes_on:
            self.check_same_network(network, "warm_start=True")
            start = estimator._model.resumed(network)
        return architecture, start

    def dense_start(self, network, pca):
        return dense_start(network, pca, self.estimator.init, self.seeds.weights)

    def dense_network(self, pca):
        """Return the network of the parameters, whatever the components are."""
        estimator = self.estimator
        return DenseNetwork(
            self.X.shape[1],
            self.n_components,
            self.hidden_layer_sizes,
            estimator.activation,
            estimator.init == "pca",
            estimator._code_layer(self.n_components),
            estimator._output_layer(),
        )

    def check_same_network(self, network, what):
        if self.estimator._model.network != network:
            raise ValueError(
                f"{what} goes on with the network of the last fit, but the columns or "
                "parameters that shape the network, such as n_components or "
                "hidden_layer_sizes, have changed; call fit with warm_start=False to start "
                "anew."
            )

    def optimizer_state(self):
        return None

    def finish(self, trained, table, pca, is_denoiser):
        """Return the autoencoder with its codes in order, and PCA far from the rows."""
        if trained.has_linear_code:
            trained = order_codes(trained, table)
        if not self.is_bounded(trained):
            return trained
        return replace(trained, bounds=bounds_of(trained, table, pca, not is_denoiser))

    def is_bounded(self, trained):
        """Whether the autoencoder may be PCA where it has seen no rows."""
        return trained.has_linear_code and self.estimator.init == "pca"

    def beats_start(self, trained, training, run):
        """Whether the epochs have gained something beyond doubt."""
        if training.validation is None:
            return not self.estimator.validation_fraction  # else no row could be held out
        is_noisy = "val_noisy_loss" in run.history
        return is_better(
            trained,
            training.start,
            training.validation,
            run.gains,
            power=None if is_noisy else power_of_scale(self.estimator.loss),
            groups=self.groups if self.X_val is None else None,
            seen=(training.table, training.row_index),
        )

    def loss_unit(self, table):
        """Return what a loss of 1 in conditioned units is in the user's."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.power(table.scale, power_of_scale(self.estimator.loss) or 0))

    def kept(self, start, pca):
        """Return the start as it is given back; what PCA has not found has no code."""
        if self.goes_on:
            return self.estimator._model
        if self.estimator.init != "pca":
            return start
        return start.with_first_codes(len(pca.components))

    @property
    def goes_on(self):
        """Whether training goes on from the last fit."""
        return self.estimator.warm_start and hasattr(self.estimator, "_model")

    def record(self, run, program):
        return {
            "history_": run.history,
            "n_epochs_": run.n_epochs,
            "best_epoch_": run.best_epoch,
            "_optimizer_state": None,
        }

    # What is common to both.

    def _begin(self, max_subtasks):
        """Tell scikit-learn's callbacks that the fit begins, and return their context."""
        context = callback_context(self.estimator, max_subtasks)
        context.call_on_fit_task_begin(**self._told())
        return context

    def _end(self, context, attributes):
        """Tell scikit-learn's callbacks that the fit has ended, and with what."""
        context.call_on_fit_task_end(**self._told(), reconstruction_attributes=attributes)

    def _told(self):
        metadata = {} if self.weight is None else {"sample_weight": self.weight}
        return {
            "estimator": self.estimator,
            "X": self.X,
            "y": self.X,
            "metadata": metadata,
        }

    def _table(self, start):
        return Table(self.X, self.weight, start.shift, start.scale)

    def _validation(self, table):
        if self.X_val is not None:
            return Table(self.X_val, None, table.shift, table.scale), self.val_index
        return (table, self.val_index) if len(self.val_index) else None

    def _chosen(self, corruptions, run_epochs, schedule):
        """Return the corruption that is best on the validation rows in short runs."""
        if len(corruptions) == 1:
            return corruptions[0]
        if not len(self.val_index):
            raise ValueError(
                "noise_level='auto' needs validation rows to choose by; give a number, or "
                "call fit with X_val or with validation_fraction above 0 and more rows."
            )
        trial = schedule.shortened(TRIAL)
        errors = []
        for corruption in corruptions:
            history = run_epochs(corruption, trial).history
            errors.append(min(history["val_loss"]))
            self._say(f"tried {corruption.attributes}: val_loss {errors[-1]:.4g}")
        return corruptions[int(np.argmin(errors))]

    def keeps_start(self):
        """Whether the start competes with the epochs."""
        return self.estimator.init == "pca" and self.estimator.build_network is None

    def _say(self, line):
        say_of(self.estimator, line)

    def _attributes(self, trained, pca):
        return {
            "_model": trained,
            "n_components_": trained.network.n_components,
            "mean_": pca.mean,
            "explained_variance_": pca.explained_variance,
            "explained_variance_ratio_": pca.explained_variance_ratio,
            "_components": pca,
            "_kept_rows": self.kept_rows,
        }

    @functools.cached_property
    def kept_rows(self):
        """A few of the rows, with which `score_samples` compares others."""
        return KeptRows.of(self.X, self.weight)
