"""Perceptrons with a linear path, in NumPy and in Keras."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, ndtri

from .._keras import float32_policy, load_keras, zeros
from ._activations import ACTIVATIONS

CUT_DEVIATION = 0.8796256610342398  # of a standard normal variable between -2 and 2


@dataclass(frozen=True)
class Perceptron:
    """A multilayer perceptron ``x -> mlp(x) + x @ linear``, half of an autoencoder.

    Attributes
    ----------
    kernels, biases : tuple of ndarray
        One of each per dense layer; the last layer has no activation.
    linear : ndarray of shape (n_inputs, n_outputs) or None
        The linear path beside the layers.
    activation : str
        Name of the hidden layers' activation.
    """

    kernels: tuple
    biases: tuple
    linear: np.ndarray | None
    activation: str

    @property
    def n_values_per_row(self):
        """Number of values that one row needs on its way through."""
        return self.kernels[0].shape[0] + sum(k.shape[1] for k in self.kernels)

    def __call__(self, X):
        """Return the outputs for the rows of `X`, which is not changed."""
        return deque(self.layers(X), maxlen=1)[0]

    def layers(self, X):
        """Yield the activations of each hidden layer, and last the outputs."""
        activate = ACTIVATIONS[self.activation]
        hidden = X
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1]):
            hidden = hidden @ kernel
            hidden += bias
            hidden = activate(hidden)
            yield hidden
        outputs = hidden @ self.kernels[-1]
        outputs += self.biases[-1]
        if self.linear is not None:
            outputs += X @ self.linear
        yield outputs

    def after(self, matrix, offset):
        """Return the perceptron whose outputs are ``self(x) @ matrix + offset``."""
        return replace(
            self,
            kernels=(*self.kernels[:-1], self.kernels[-1] @ matrix),
            biases=(*self.biases[:-1], self.biases[-1] @ matrix + offset),
            linear=None if self.linear is None else self.linear @ matrix,
        )

    def before(self, matrix, offset):
        """Return the perceptron whose outputs are ``self(x @ matrix + offset)``."""
        biases = [self.biases[0] + offset @ self.kernels[0], *self.biases[1:]]
        if self.linear is not None:
            biases[-1] = biases[-1] + offset @ self.linear
        return replace(
            self,
            kernels=(matrix @ self.kernels[0], *self.kernels[1:]),
            biases=tuple(biases),
            linear=None if self.linear is None else matrix @ self.linear,
        )

    def scaled_inputs(self, factor):
        """Return the perceptron whose outputs are ``self(x * factor)``."""
        return replace(
            self,
            kernels=(self.kernels[0] * factor, *self.kernels[1:]),
            linear=None if self.linear is None else self.linear * factor,
        )

    def scaled_outputs(self, factor, offset):
        """Return the perceptron whose outputs are ``self(x) * factor + offset``."""
        return replace(
            self,
            kernels=(*self.kernels[:-1], self.kernels[-1] * factor),
            biases=(*self.biases[:-1], self.biases[-1] * factor + offset),
            linear=None if self.linear is None else self.linear * factor,
        )

    def astype(self, dtype):
        """Return the perceptron with its arrays in another dtype."""
        return replace(
            self,
            kernels=tuple(kernel.astype(dtype) for kernel in self.kernels),
            biases=tuple(bias.astype(dtype) for bias in self.biases),
            linear=None if self.linear is None else self.linear.astype(dtype),
        )

    def to_list(self):
        """Return the arrays in the order of :func:`keras_perceptron`'s variables."""
        pairs = [array for pair in zip(self.kernels, self.biases) for array in pair]
        return pairs if self.linear is None else [*pairs, self.linear]

    def with_list(self, arrays):
        """Return the perceptron with other arrays, in the order of `to_list`."""
        n_paired = 2 * len(self.kernels)
        return replace(
            self,
            kernels=tuple(arrays[0:n_paired:2]),
            biases=tuple(arrays[1:n_paired:2]),
            linear=arrays[n_paired] if self.linear is not None else None,
        )


def random_perceptron(widths, activation, seeds):
    """Return a perceptron with random weights, without a linear path.

    The draws are NumPy's, so that a fit starts from the same weights on each backend.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, outputs.
    activation : str
    seeds : sequence of int
        For the draws of a layer: He's for the rectifiers, Glorot's for others.
    """
    hidden = _he_normal if "relu" in activation else _glorot_uniform
    draws = [hidden] * (len(widths) - 2) + [_glorot_uniform]
    kernels = [
        draw(np.random.default_rng(int(seed)), shape).astype(np.float32)
        for draw, seed, shape in zip(draws, seeds, pairwise(widths))
    ]
    biases = tuple(np.zeros(width) for width in widths[1:])
    return Perceptron(tuple(kernels), biases, None, activation)


def _glorot_uniform(rng, shape):
    limit = np.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def _he_normal(rng, shape):
    """Return draws of a normal distribution that is cut off at two deviations."""
    ends = ndtr([-2.0, 2.0])
    return np.sqrt(2 / shape[0]) / CUT_DEVIATION * ndtri(rng.uniform(*ends, shape))


def keras_perceptron(
    widths,
    activation,
    has_path,
    name,
    has_unit_atoms=False,
    *,
    shift=None,
    code=None,
):
    """Build a :class:`Perceptron` as a Keras model.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, outputs.
    activation : str
    has_path : bool
        Whether there is a linear path.
    name : str
        Name of the model.
    has_unit_atoms : bool, default=False
        Hold the weights that leave each unit to norm 1.
    shift : ndarray of shape (widths[0],), default=None
        Subtracted from the inputs.
    code : CodeLayer, default=None
        Stands behind the last layer.
    """
    keras = load_keras()
    constraint = keras.constraints.UnitNorm(axis=1) if has_unit_atoms else None
    with float32_policy():
        inputs = keras.Input((widths[0],), name=f"{name}_input")
        x = inputs
        if shift is not None:
            x = keras.layers.Rescaling(1.0, -shift, name=f"{name}_shift")(x)
        hidden = x
        for i, shape in enumerate(pairwise(widths[:-1])):
            dense = _dense(keras, shape, activation, f"{name}_hidden_{i}", constraint)
            hidden = dense(hidden)
        last = _dense(keras, widths[-2:], None, f"{name}_output", constraint)
        outputs = last(hidden)
        if has_path:
            ends = widths[0], widths[-1]
            path = _dense(keras, ends, None, f"{name}_linear", use_bias=False)(x)
            outputs = keras.layers.Add(name=f"{name}_sum")([outputs, path])
        if code is not None:
            outputs = code.build(f"{name}_code")(outputs)
        return keras.Model(inputs, outputs, name=name)


def _dense(keras, shape, activation, name, constraint=None, use_bias=True):
    """Return a layer whose weights are zeros, and of which a config says so."""
    n_inputs, width = shape
    layer = keras.layers.Dense(
        width,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer="zeros",
        kernel_constraint=constraint,
        name=name,
    )
    said = layer.kernel_initializer, layer.bias_initializer
    layer.kernel_initializer = layer.bias_initializer = zeros
    layer.build((None, n_inputs))
    layer.kernel_initializer, layer.bias_initializer = said
    return layer


def code_variables(encoder):
    """Return the variables of a Keras encoder's code layer, if it has one."""
    layers = [layer for layer in encoder.layers if layer.name == "encoder_code"]
    return [variable for layer in layers for variable in layer.weights]


def perceptron_variables(model):
    """Return the variables of a Keras perceptron in the order of its layers' names.

    The order is that of :meth:`Perceptron.to_list`, whatever order Keras keeps.
    """
    layers = {layer.name.removeprefix(f"{model.name}_"): layer for layer in model.layers}
    hidden = sorted(
        (name for name in layers if name.startswith("hidden_")),
        key=lambda name: int(name.removeprefix("hidden_")),
    )
    ordered = [*hidden, "output", *(["linear"] if "linear" in layers else [])]
    return [variable for name in ordered for variable in layers[name].weights]
