"""The fit of an autoencoder, from checked rows to the attributes of a fitted estimator."""

import functools
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .._data._pca import principal_components
from .._data._split import all_rows, clusters_of, split_rows
from .._data._table import Table
from .._models._bounds import bounds_of
from .._models._dense_model import order_codes
from .._models._references import KeptRows
from ._causes import likely_cause
from ._run import Training
from ._seeds import Seeds
from ._verdict import is_better, scores

TRIAL = 0.25  # part of the epochs that choose among corruptions


class Split(NamedTuple):
    """Which rows train, and which choose the best epoch, each ascending."""

    train: np.ndarray
    validation: np.ndarray


class Fit:
    """A fit from the start, or from where the last one ended.

    Nothing is written to the estimator, so a failure loses nothing.

    Parameters
    ----------
    recipe : Recipe
    rows : TrainingRows
    audience : Audience
    """

    def __init__(self, recipe, rows, audience):
        self.recipe, self.rows, self.audience = recipe, rows, audience
        self.n_features = rows.X.shape[1]
        self.seeds = Seeds.from_random_state(recipe.random_state, self.n_epochs_before())
        recipe.objective.task.check(self.n_features)
        self.optimizer = recipe.objective.make_optimizer()
        recipe.plan.check(recipe, self.n_features)
        audience.check()

    def run(self):
        """Train, and return the attributes of the fitted estimator."""
        recipe, pca = self.recipe, self.components()
        n_components = self.n_components(pca)
        split = self.split(pca)
        self.check_patience(split)
        if not recipe.max_epochs:
            self.audience.begin(len(recipe.plan.hidden_layer_sizes) + 1)
        plan = recipe.plan.pretrained(
            self.rows, split, n_components, self.seeds.weights, self.audience
        )
        architecture, start = self.start(plan, n_components, pca)
        table = self.table(start.autoencoder)
        validation = self.validation(table, split)
        if recipe.max_epochs:
            training = self.training(architecture, start, table, split.train, validation)
            trained, record = self.trained(training, self.sample(table), pca)
        else:
            trained, record = start.autoencoder, record_of({}, 0, 0)
        attributes = self.attributes(trained, pca) | record
        attributes |= plan.about(
            lambda: scores(start, pca, validation)["validation_score_"]
        )
        attributes |= scores(trained, pca, validation)
        attributes |= recipe.about_codes(trained, self.sample(table))
        if validation is not None:
            self.audience.say_result(attributes)
        self.audience.end(attributes)
        return attributes

    def training(self, architecture, start, table, row_index, validation):
        """Return what the runs of this fit have in common."""
        return Training(
            start=start,
            architecture=architecture,
            objective=self.recipe.objective,
            optimizer=self.optimizer,
            learning_rate=float(self.optimizer.learning_rate),
            weight_decay=self.optimizer.weight_decay,
            seeds=self.seeds,
            table=table,
            row_index=row_index,
            validation=validation,
            patience=self.recipe.patience,
            cause=partial(likely_cause, self.recipe.parameters),
            optimizer_state=self.optimizer_state(),
        )

    def trained(self, training, table, pca):
        """Return the model after the epochs, or the start if they are no better.

        `table` has the rows that tell of all: those that train, or a sample of them.
        """
        start, row_index = training.start, self.row_index(training, table)
        corruptions = self.recipe.corruptions(pca, table, row_index)
        self.audience.check_monitors(self.reported(corruptions[0], training.validation))
        schedule = self.schedule(training)
        self.audience.begin(schedule.max_epochs)
        with training.lent_program(schedule.batch_size) as program:
            corruption = self.chosen(corruptions, training, program, schedule)

            def fitted():
                now = start.with_weights(program.weights())
                return self.attributes(now.autoencoder, pca)

            def listeners():
                return self.audience.hooks(program, table, schedule, fitted)

            run = self.epochs(training, program, schedule, corruption, listeners)
            record = self.record(run, program) | corruption.attributes
        trained = start.with_weights(run.weights).autoencoder
        task = self.recipe.objective.task
        compares = task.errors_decide and not corruption.is_the_task
        trained = self.finish(trained, table, pca, compares)
        if self.recipe.plan.has_rival and not self.beats_start(trained, training, run):
            trained, record["best_epoch_"] = self.kept(start.autoencoder, pca), 0
        return trained, record

    def epochs(self, training, program, schedule, corruption, listeners=None):
        """Run the epochs of a schedule with a corruption."""
        judge = corruption.judge(self.seeds.judge)
        corrupt = corruption.seeded(self.seeds.noise)
        return training.run(program, schedule, corrupt, judge, listeners)

    def chosen(self, corruptions, training, program, schedule):
        """Return the corruption that is best on the validation rows in short runs."""
        if len(corruptions) == 1:
            return corruptions[0]
        if training.validation is None:
            raise ValueError(
                "noise_level='auto' needs validation rows to choose by; give a number, or "
                "call fit with X_val or with validation_fraction above 0 and more rows."
            )
        trial = schedule.shortened(TRIAL)
        errors = []
        for corruption in corruptions:
            history = self.epochs(training, program, trial, corruption).history
            errors.append(min(history["val_loss"]))
            self.audience.say(f"tried {corruption.attributes}: val_loss {errors[-1]:.4g}")
        return corruptions[int(np.argmin(errors))]

    def beats_start(self, trained, training, run):
        """Whether the epochs have gained something beyond doubt."""
        if training.validation is None:
            return not self.recipe.validation_fraction  # else no row could be held out
        task = self.recipe.objective.task
        by_errors = task.errors_decide and "val_noisy_loss" not in run.history
        return is_better(
            trained,
            training.start.autoencoder,
            training.validation,
            run.gains,
            power=task.power if by_errors else None,
            groups=self.rows.groups if self.rows.X_val is None else None,
            is_new=self.is_new(training),
        )

    def is_new(self, training):
        """Return which of the validation rows equal no row that has trained."""
        seen = training.table.copies(training.row_index)
        table, row_index = training.validation
        return np.isin(table.copies(row_index), seen, invert=True)

    def sample(self, table):
        """Return rows that tell of all: here all."""
        return table

    def row_index(self, training, table):
        """Return which rows of that table may train."""
        return training.row_index

    def kept(self, start, pca):
        """Return the start as it is given back; what PCA has not found has no code."""
        if self.recipe.before is not None:
            return self.recipe.before.model
        if not self.recipe.plan.starts_as_pca:
            return start
        return start.with_first_codes(len(pca.components))

    def start(self, plan, n_components, pca):
        """Return the architecture to train and the autoencoder to start from."""
        architecture, start = plan.start(n_components, pca, self.seeds.weights)
        if self.recipe.before is None:
            return architecture, start
        network = start.autoencoder.network
        self.check_same_network(network, "warm_start=True")
        return architecture, start.around(self.recipe.before.model.resumed(network))

    def check_same_network(self, network, what):
        """Raise a ValueError if training cannot go on with a network."""
        if self.recipe.before.model.network != network:
            raise ValueError(
                f"{what} goes on with the network of the last fit, but the columns or "
                "parameters that shape the network, such as n_components or "
                "hidden_layer_sizes, have changed; call fit with warm_start=False to start "
                "anew."
            )

    def n_components(self, pca):
        """Return the width of the code."""
        is_number = isinstance(self.recipe.width, int | np.integer)
        return int(self.recipe.width) if is_number else max(1, len(pca.components))

    def table(self, start):
        """Return the rows in the units of the network."""
        rows = self.rows
        own = rows.labels, rows.observed
        return Table(rows.X, rows.weight, start.shift, start.scale, *own)

    def validation(self, table, split):
        """Return the rows that choose the best epoch, or None."""
        rows = self.rows
        if rows.X_val is not None:
            own = rows.labels_val, rows.observed_val
            table = Table(rows.X_val, None, table.shift, table.scale, *own)
        elif not len(split.validation):
            return None
        return table, split.validation

    def attributes(self, trained, pca):
        """Return what a fitted estimator has."""
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
        return self.rows_to_keep(None)

    def rows_to_keep(self, before):
        """Return a few of the rows, and of those kept before."""
        return KeptRows.of(self.rows.X, self.rows.weight, before)

    # What a partial fit does otherwise.

    def n_epochs_before(self):
        """Return how many epochs the draws must not repeat."""
        return 0

    def components(self):
        """Return the principal components of the rows."""
        find = self.recipe.components or principal_components
        return find(self.rows.X, self.recipe.width, self.rows.weight)

    def split(self, pca):
        """Return the training and the validation rows."""
        row_index = self.weighted_rows()
        if self.rows.X_val is not None:
            return Split(row_index, all_rows(self.rows.X_val.shape[0]))
        fraction = self.recipe.validation_fraction
        if not fraction:
            return Split(row_index, all_rows(0))
        shift, scale = pca.mean, pca.scale
        if not self.recipe.plan.has_units:
            shift, scale = np.zeros(self.n_features), 1.0
        seen = Table(self.rows.X, self.rows.weight, shift, scale)
        clusters = clusters_of(seen, row_index, self.rows.groups)
        train, held_out = split_rows(clusters, fraction, self.seeds.split)
        return Split(row_index[train], row_index[held_out])

    def weighted_rows(self):
        """Return the rows that count: all but those of weight zero."""
        row_index = all_rows(self.rows.X.shape[0])
        weight = self.rows.weight
        return row_index if weight is None else row_index[weight > 0]

    def check_patience(self, split):
        """Raise a ValueError if there is nothing to be patient with."""
        patience = self.recipe.patience
        if patience is not None and not len(split.validation):
            raise ValueError(
                f"patience={patience} needs validation rows; set validation_fraction "
                "above 0, pass X_val, or set patience=None."
            )

    def reported(self, corruption, validation):
        """Return the names of what each epoch reports."""
        names = ["loss", "penalty", "learning_rate"]
        if validation is not None:
            names.append("val_loss")
            if corruption.judge(self.seeds.judge) is not None:
                names.append("val_noisy_loss")
        return names

    def schedule(self, training):
        """Return how long to train, and how fast."""
        recipe = self.recipe
        return training.schedule(
            recipe.batch_size, recipe.max_epochs, most_work=recipe.most_work
        )

    def optimizer_state(self):
        """Return where the optimizer goes on from: nowhere."""
        return None

    def finish(self, trained, table, pca, compares):
        """Return the autoencoder with its codes in order, and PCA far from the rows.

        `compares` says whether errors decide how far: see :class:`Bounds`.
        """
        if trained.has_linear_code:
            trained = order_codes(trained, table)
        if not self.is_bounded(trained):
            return trained
        return replace(trained, bounds=self.bounds(trained, table, pca, compares))

    def bounds(self, trained, table, pca, compares):
        """Return the range of the rows, and PCA beyond it."""
        return bounds_of(trained, table, pca, compares)

    def is_bounded(self, trained):
        """Whether the autoencoder may be PCA where it has seen no rows."""
        return trained.has_linear_code and self.recipe.plan.starts_as_pca

    def record(self, run, program):
        """Return fitted attributes that tell how the epochs went."""
        return record_of(run.history, run.n_epochs, run.best_epoch)


def record_of(history, n_epochs, best_epoch, optimizer_state=None):
    """Return the fitted attributes that tell how the epochs went."""
    return {
        "history_": history,
        "n_epochs_": n_epochs,
        "best_epoch_": best_epoch,
        "_optimizer_state": optimizer_state,
    }
