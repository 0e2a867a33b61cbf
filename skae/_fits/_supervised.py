"""The plan of an autoencoder that is trained with a head on its code."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._models._supervised import Supervised, SupervisedNetwork
from ._plans import Plan


@dataclass(frozen=True)
class SupervisedPlan(Plan):
    """A network with a linear head on its code.

    Attributes
    ----------
    body : DensePlan or CustomPlan
        What is left when training has ended.
    prior : ndarray of shape (n_labels,)
        What the head gives before it is trained.
    """

    body: Any
    prior: np.ndarray

    @property
    def starts_as_pca(self):
        return self.body.starts_as_pca

    @property
    def has_rival(self):
        return self.body.has_rival

    @property
    def has_units(self):
        """Whether rows and outputs are in the units that a fit has set."""
        return self.body.has_units

    def check(self, recipe, n_features):
        """Raise a ValueError for a network that this machine could not hold."""
        self.body.check(recipe, n_features)

    def network(self, n_components, pca):
        """Return the network for rows whose principal components are known."""
        return self.body.network(n_components, pca)

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model with its head to start from."""
        body, autoencoder = self.body.start(n_components, pca, seed)
        network = SupervisedNetwork(body, n_components, len(self.prior))
        return network, Supervised(autoencoder, network.initial_head(self.prior))
