"""The fits of a stack: its layers one by one, then the whole from where they stand."""

import contextlib
from dataclasses import replace

import numpy as np

from .._data._rows import take
from .._models._activations import ACTIVATIONS
from .._models._dense_model import DenseModel
from .._models._perceptron import Perceptron
from ._autoencoder import Fit
from ._partial import PartialFit
from ._telling import say_result
from ._verdict import scores


class _OfLayer:
    """What fits of one layer have in common.

    Inner layers see the codes below as they are, since an activation gives them back;
    the penalty of a sparse code is then taken in units of their variance.
    """

    def dense_network(self, pca):
        network = super().dense_network(pca)
        if self.estimator.is_first or not getattr(network.code, "weight", None):
            return network
        weight = network.code.weight * pca.scale**2
        return replace(network, code=replace(network.code, weight=weight))

    def dense_start(self, network, pca):
        start = super().dense_start(network, pca)
        if self.estimator.is_first:
            return start
        # The weights themselves centre and scale the codes from below, and the output
        # starts at their mean: without it, units of a rectifier may never wake.
        encoder = start.encoder.before(
            np.eye(len(pca.mean)) / pca.scale, -pca.mean / pca.scale
        )
        mean = inverse_activation(self.estimator.activation, pca.mean)
        return replace(
            start,
            encoder=encoder,
            decoder=replace(start.decoder, biases=(mean,)),
            shift=np.zeros(network.n_features),
            scale=1.0,
        )


class LayerFit(_OfLayer, Fit):
    """The fit of one layer."""


class LayerPartialFit(_OfLayer, PartialFit):
    """One epoch more of one layer."""


class _Pretraining:
    """Starts from layers that are trained one after the other."""

    context = None  # of scikit-learn's callbacks, if layers are tasks of their own

    def start(self, pca):
        estimator = self.estimator
        if self.goes_on:
            self.layers = estimator.layers_
            self.pretrained_score = estimator.pretrained_score_
            return super().start(pca)
        self.layers = self._pretrained_layers()
        start = composed(self.dense_network(pca), [layer._model for layer in self.layers])
        about = scores(start, pca, self._validation(self._table(start)))
        self.pretrained_score = about["validation_score_"]
        return start.network, start

    def dense_network(self, pca):
        activation = hidden_activation(self.estimator)
        return replace(super().dense_network(pca), activation=activation)

    def keeps_start(self):
        return True

    def record(self, run, program):
        return super().record(run, program) | self._about_layers()

    def _about_layers(self):
        return {
            "layers_": self.layers,
            "layer_history_": [layer.history_ for layer in self.layers],
            "pretrained_score_": self.pretrained_score,
        }

    def _pretrained_layers(self):
        rows = take(self.X, self.train_index)
        weight = None if self.weight is None else self.weight[self.train_index]
        unseen = None
        if len(self.val_index):
            unseen = take(self.X if self.X_val is None else self.X_val, self.val_index)
        widths = (*self.hidden_layer_sizes, self.n_components)
        seeds = self.seeds.weights.generate_state(len(widths))
        layers = []
        for i, (width, seed) in enumerate(zip(widths, seeds)):
            self._say(f"layer {i + 1} of {len(widths)}: {rows.shape[1]} to {width} units")
            layer = self.estimator._layer(width, i == 0, i == len(widths) - 1, int(seed))
            with self._told_of_layer():
                layer.fit(rows, sample_weight=weight, X_val=unseen)
            rows = layer._model.encode(rows)
            unseen = None if unseen is None else layer._model.encode(unseen)
            layers.append(layer)
        return layers

    @contextlib.contextmanager
    def _told_of_layer(self):
        if self.context is None:
            yield
            return
        told = {"estimator": self.estimator, "X": self.X, "y": self.X}
        context = self.context.subcontext(task_name="layer")
        context.call_on_fit_task_begin(**told)
        yield
        context.call_on_fit_task_end(**told)


class StackedFit(_Pretraining, Fit):
    """Layers first, then the whole."""

    def run(self):
        if self.estimator.fine_tune:
            return super().run()
        estimator = self.estimator
        self.context = self._begin(len(self.hidden_layer_sizes) + 1)
        pca = self.find_components()
        self.train_index, self.val_index = self.split(pca)
        self.check_settings()
        _, start = self.start(pca)
        table = self._table(start)
        untrained = {"history_": {}, "n_epochs_": 0, "best_epoch_": 0}
        untrained["_optimizer_state"] = None
        attributes = self._attributes(start, pca) | untrained | self._about_layers()
        attributes |= scores(start, pca, self._validation(table))
        attributes |= estimator._about_codes(start, table)
        if len(self.val_index):
            say_result(estimator, attributes)
        self._end(self.context, attributes)
        return attributes


class StackedPartialFit(_Pretraining, PartialFit):
    """Layers at the first call; one epoch of the whole at each."""

    def check_settings(self):
        if not self.estimator.fine_tune:
            raise ValueError(
                "partial_fit trains the whole stack for an epoch, but fine_tune=False; set "
                "fine_tune=True, or call fit."
            )


def inverse_activation(activation, values):
    """Return inputs at which an activation comes closest to the values, within [-6, 6]."""
    inputs = np.linspace(-6, 6, 601)
    outputs = ACTIVATIONS[activation](inputs[:, np.newaxis].copy())
    return inputs[np.argmin(np.abs(outputs - values), axis=0)]


def hidden_activation(stack):
    """Return the activation of a stack's hidden layers, which a sparsity brings along."""
    return {"kl": "sigmoid", "l1": "relu"}.get(stack.sparsity, stack.activation)


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
