"""A partial fit: one epoch more, on the rows given."""

import functools
from dataclasses import replace

import numpy as np

from .._data._split import all_rows
from .._training import optimizer_key
from ._autoencoder import Fit, Split, record_of


class PartialFit(Fit):
    """One epoch more at a constant learning rate, on all the rows given."""

    def n_epochs_before(self):
        """Return how many epochs the draws must not repeat."""
        return 0 if self.recipe.before is None else self.recipe.before.n_epochs

    def split(self, pca):
        """Return all rows, and none to validate."""
        return Split(self.weighted_rows(), all_rows(0))

    def check_patience(self, split):
        """Raise a ValueError if there is no whole to train; one epoch needs no patience."""
        if not self.recipe.max_epochs:
            raise ValueError(
                "partial_fit trains the whole stack for an epoch, but fine_tune=False; set "
                "fine_tune=True, or call fit."
            )

    def reported(self, corruption, validation):
        """Return all names: what `fit` has rows for, one epoch need not have."""
        return ["loss", "penalty", "learning_rate", "val_loss", "val_noisy_loss"]

    def schedule(self, training):
        """Return one epoch at a constant learning rate."""
        schedule = training.schedule(self.recipe.batch_size, max_epochs=1)
        return replace(schedule, is_constant=True)

    def components(self):
        """Return the principal components of the first call."""
        before = self.recipe.before
        return super().components() if before is None else before.components

    def n_components(self, pca):
        """Return the width of the code, which a later call leaves as it is."""
        before, width = self.recipe.before, self.recipe.width
        if before is None or isinstance(width, int | np.integer):
            return super().n_components(pca)
        return before.model.network.n_components

    def start(self, plan, n_components, pca):
        """Return the architecture to train and the autoencoder to go on from."""
        if self.recipe.before is None:
            return super().start(plan, n_components, pca)
        network = plan.network(n_components, pca)
        self.check_same_network(network, "partial_fit")
        return network.architecture(), self.recipe.before.model.resumed(network)

    @functools.cached_property
    def kept_rows(self):
        """A few of the rows of all calls."""
        before = None if self.recipe.before is None else self.recipe.before.kept_rows
        return self.rows_to_keep(before)

    def optimizer_state(self):
        """Return where the optimizer goes on from, None for another optimizer."""
        state = None if self.recipe.before is None else self.recipe.before.optimizer_state
        return state[1] if state is not None and state[0] == self.state_key else None

    @functools.cached_property
    def state_key(self):
        """What an optimizer must share to go on from the state of another."""
        return repr(optimizer_key(self.optimizer))

    def finish(self, trained, table, pca, compares):
        """Return the autoencoder with its codes as they are, so that calls compare."""
        if not self.is_bounded(trained):
            return trained
        bounds = self.bounds(trained, table, pca, compares)
        before = None if self.recipe.before is None else self.recipe.before.model.bounds
        return replace(trained, bounds=bounds if before is None else before.united(bounds))

    def beats_start(self, trained, training, run):
        """An epoch has no rows to be judged by."""
        return True

    def record(self, run, program):
        """Return fitted attributes that tell how all epochs went."""
        before = {} if self.recipe.before is None else self.recipe.before.history
        history = {
            name: [*before.get(name, []), *run.history[name]] for name in run.history
        }
        n_epochs = self.n_epochs_before() + run.n_epochs
        state = self.state_key, program.optimizer_state()
        return record_of(history, n_epochs, n_epochs, state)
