"""What a network is to be, before the table has said how wide, and where it starts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._models._activations import ACTIVATIONS
from .._models._custom import CustomNetwork, custom_start
from .._models._dense_model import dense_start
from .._models._dense_network import DenseNetwork
from ._causes import check_size


class Plan:
    """A network that is still to be built, with nothing to train before it."""

    starts_as_pca = False  # whether it does before it is trained what PCA does
    has_rival = False  # whether the start competes with the epochs
    takes_blocks = True  # whether it can start without all rows in memory

    def pretrained(self, rows, split, n_components, seed, audience):
        """Return the plan after what is trained before the whole: nothing."""
        return self

    def about(self, score):
        """Return fitted attributes that tell of what was trained before: none.

        Parameters
        ----------
        score : callable
            ``() -> float``: the validation score of the start.
        """
        return {}


@dataclass(frozen=True)
class DensePlan(Plan):
    """A dense network; the decoder mirrors the encoder.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
    activation : str
    init : {"pca", "random"}
    code_layer : callable
        Slot 2: ``(n_components) -> CodeLayer or None``.
    output_layer : CodeLayer, default=None
        What stands behind the decoder.
    """

    hidden_layer_sizes: tuple
    activation: str
    init: str
    code_layer: Callable
    output_layer: Any = None

    has_units = True  # rows and outputs are in the units that a fit has set

    def check(self, recipe, n_features):
        """Raise a ValueError for a network that this machine could not hold."""
        width = recipe.width if isinstance(recipe.width, int | np.integer) else 1
        names = "n_components", "hidden_layer_sizes"
        asked = {name: recipe.parameters[name] for name in names}
        check_size((n_features, *self.hidden_layer_sizes, int(width)), asked)

    @property
    def starts_as_pca(self):
        return self.init == "pca"

    @property
    def has_rival(self):
        return self.starts_as_pca

    def network(self, n_components, pca):
        """Return the network for rows whose principal components are known."""
        return DenseNetwork(
            len(pca.mean),
            n_components,
            self.hidden_layer_sizes,
            self.activation,
            self.starts_as_pca,
            self.code_layer(n_components),
            self.output_layer,
        )

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model to start from."""
        network = self.network(n_components, pca)
        return network, dense_start(network, pca, self.init, seed)


@dataclass(frozen=True)
class CustomPlan(Plan):
    """A network that the user builds.

    Attributes
    ----------
    build_network : callable
    """

    build_network: Callable

    has_units = False  # it sees rows as they are

    def check(self, recipe, n_features):
        """Who knows what it builds."""

    def network(self, n_components, pca):
        """Return what it takes to build the network."""
        return CustomNetwork(self.build_network, len(pca.mean), n_components)

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model to start from."""
        return custom_start(self.network(n_components, pca), seed)


@dataclass(frozen=True)
class LayerPlan(DensePlan):
    """One layer of a stack.

    Inner layers see the codes below as they are, since an activation gives them back;
    the penalty of a sparse code is then taken in units of their variance.

    Attributes
    ----------
    is_first : bool
        Whether it sees the rows of the table.
    """

    is_first: bool = True

    def network(self, n_components, pca):
        """Return the network for codes whose principal components are known."""
        network = super().network(n_components, pca)
        if self.is_first or not getattr(network.code, "weight", None):
            return network
        weight = network.code.weight * pca.scale**2
        return replace(network, code=replace(network.code, weight=weight))

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model to start from."""
        network, start = super().start(n_components, pca, seed)
        if self.is_first:
            return network, start
        # The weights themselves centre and scale the codes from below, and the output
        # starts at their mean: without it, units of a rectifier may never wake.
        encoder = start.encoder.before(
            np.eye(len(pca.mean)) / pca.scale, -pca.mean / pca.scale
        )
        mean = inverse_activation(self.activation, pca.mean)
        return network, replace(
            start,
            encoder=encoder,
            decoder=replace(start.decoder, biases=(mean,)),
            shift=np.zeros(network.n_features),
            scale=1.0,
        )


def inverse_activation(activation, values):
    """Return inputs at which an activation comes closest to the values, within [-6, 6]."""
    inputs = np.linspace(-6, 6, 601)
    outputs = ACTIVATIONS[activation](inputs[:, np.newaxis].copy())
    return inputs[np.argmin(np.abs(outputs - values), axis=0)]
