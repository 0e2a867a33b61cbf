"""Layers of a stack: trained one by one, and put together where the whole starts from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .._data._rows import take
from .._models._dense_model import DenseModel
from .._models._perceptron import Perceptron
from ._plans import DensePlan


@dataclass(frozen=True)
class StackPlan(DensePlan):
    """A dense network that starts from layers trained one after the other.

    Attributes
    ----------
    make_layer : callable
        ``(width, is_first, is_last, seed) -> LayerAutoencoder``.
    layers : list of LayerAutoencoder, default=None
        Those that are trained already.
    pretrained_score : float, default=None
        Of the whole before it was trained itself.
    """

    make_layer: Callable | None = None
    layers: list | None = None
    pretrained_score: Any = None

    has_rival = True
    takes_blocks = False

    def pretrained(self, rows, split, n_components, seed, audience):
        """Return the plan with its layers trained."""
        if self.layers is not None:
            return self
        X = take(rows.X, split.train)
        weight = None if rows.weight is None else rows.weight[split.train]
        unseen = None
        if len(split.validation):
            unseen = take(rows.X if rows.X_val is None else rows.X_val, split.validation)
        widths = (*self.hidden_layer_sizes, n_components)
        seeds = seed.generate_state(len(widths))
        layers = []
        for i, (width, seed) in enumerate(zip(widths, seeds)):
            audience.say(f"layer {i + 1} of {len(widths)}: {X.shape[1]} to {width} units")
            layer = self.make_layer(width, i == 0, i == len(widths) - 1, int(seed))
            with audience.part("layer"):
                layer.fit(X, sample_weight=weight, X_val=unseen)
            X = layer._model.encode(X)
            unseen = None if unseen is None else layer._model.encode(unseen)
            layers.append(layer)
        return replace(self, layers=layers)

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model to start from."""
        network = self.network(n_components, pca)
        return network, composed(network, [layer._model for layer in self.layers])

    def about(self, score):
        """Return fitted attributes that tell of the layers."""
        before = self.pretrained_score
        return {
            "layers_": self.layers,
            "layer_history_": [layer.history_ for layer in self.layers],
            "pretrained_score_": score() if before is None else before,
        }


def composed(network, layers):
    """Return the deep autoencoder that trained layers make, unrolled.

    Parameters
    ----------
    network : DenseNetwork
    layers : list of DenseModel
        From the rows upwards; all but the first in the units of the codes below.

    Returns
    -------
    DenseModel
    """

    def perceptron(halves):
        return Perceptron(
            kernels=tuple(half.kernels[0] for half in halves),
            biases=tuple(half.biases[0] for half in halves),
            linear=None,
            activation=network.activation,
        )

    first, last = layers[0], layers[-1]
    return DenseModel(
        network=network,
        encoder=perceptron([layer.encoder for layer in layers]),
        decoder=perceptron([layer.decoder for layer in reversed(layers)]),
        shift=first.shift,
        scale=first.scale,
        code_matrix=last.code_matrix,
        code_offset=last.code_offset,
        code_state=last.code_state,
    )
