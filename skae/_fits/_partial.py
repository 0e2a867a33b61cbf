"""A partial fit: one epoch more, on the rows given."""

import functools
from dataclasses import replace

import numpy as np

from .._data._split import all_rows
from .._models._bounds import bounds_of
from .._models._custom import CustomNetwork
from .._models._references import KeptRows
from .._training._objective import optimizer_key
from ._autoencoder import Fit


class PartialFit(Fit):
    """One epoch more at a constant learning rate, on all the rows given."""

    def n_epochs_before(self):
        return getattr(self.estimator, "n_epochs_", 0)

    def split(self, pca):
        return self.weighted_rows(), all_rows(0)

    def check_settings(self):
        """One epoch has nothing to wait for."""

    def reported(self, corruptions):
        """Return all names: what `fit` has rows for, one epoch need not have."""
        return ["loss", "penalty", "learning_rate", "val_loss", "val_noisy_loss"]

    def schedule(self, training):
        """Return one epoch at a constant learning rate."""
        schedule = training.schedule(self.estimator.batch_size, max_epochs=1)
        return replace(schedule, is_constant=True)

    def find_components(self):
        if not self.goes_on:
            return super().find_components()
        n_components = self.estimator._width(self.X.shape[1])
        is_fraction = not isinstance(n_components, int | np.integer)
        self.n_components = self.estimator.n_components_ if is_fraction else n_components
        return self.estimator._components

    def start(self, pca):
        if not self.goes_on:
            return super().start(pca)
        estimator, start = self.estimator, self.estimator._model
        network = start.network
        if estimator.build_network is None:
            network = self.dense_network(pca)
        elif isinstance(network, CustomNetwork):
            network = replace(
                network,
                build_network=estimator.build_network,
                n_components=self.n_components,
            )
        self.check_same_network(network, "partial_fit")
        return network.architecture(), start.resumed(network)

    def optimizer_state(self):
        state = getattr(self.estimator, "_optimizer_state", None)
        if state is None or state[0] != self.state_key:
            return None  # another optimizer starts afresh
        return state[1]

    @functools.cached_property
    def state_key(self):
        """What an optimizer must share to go on from the state of another."""
        return repr(optimizer_key(self.optimizer))

    def finish(self, trained, table, pca, is_denoiser):
        """Return the autoencoder with its codes as they are, so that calls compare."""
        if not self.is_bounded(trained):
            return trained
        bounds = bounds_of(trained, table, pca, not is_denoiser)
        before = self.estimator._model.bounds if self.goes_on else None
        return replace(trained, bounds=bounds if before is None else before.united(bounds))

    def beats_start(self, trained, training, run):
        return True  # an epoch has no rows to be judged by

    def record(self, run, program):
        before = self.estimator.history_ if self.goes_on else {}
        history = {
            name: [*before.get(name, []), *run.history[name]] for name in run.history
        }
        n_epochs = self.n_epochs_before() + run.n_epochs
        return {
            "history_": history,
            "n_epochs_": n_epochs,
            "best_epoch_": n_epochs,
            "_optimizer_state": (self.state_key, program.optimizer_state()),
        }

    @functools.cached_property
    def kept_rows(self):
        before = self.estimator._kept_rows if self.goes_on else None
        return KeptRows.of(self.X, self.weight, before)

    @property
    def goes_on(self):
        """Whether an earlier call has set the units and the network."""
        return hasattr(self.estimator, "_model")
