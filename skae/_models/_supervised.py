"""An autoencoder with a head on its code, while it is trained with labels."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._keras import float32_policy, load_keras
from ._base import Model
from ._perceptron import Perceptron, keras_perceptron, perceptron_variables


@dataclass(frozen=True)
class SupervisedNetwork:
    """The architecture of an autoencoder with a linear head; equal ones share a program.

    Attributes
    ----------
    body : DenseNetwork or BuiltNetwork
    n_components, n_labels : int
        What the head takes, and what it gives.
    """

    body: Any
    n_components: int
    n_labels: int

    @property
    def is_conditioned(self):
        """Whether rows and outputs are in the units that a fit has set."""
        return self.body.is_conditioned

    @property
    def n_features(self):
        """Width of the rows."""
        return self.body.n_features

    @property
    def n_outputs(self):
        """Width of what it gives: rows, and labels beside them."""
        return self.n_features + self.n_labels

    @property
    def key(self):
        """What equal architectures share, None if that cannot be told."""
        key = self.body.key
        return None if key is None else (SupervisedNetwork, key, self.n_labels)

    def initial_head(self, prior):
        """Return a head that gives the same outputs, `prior`, for all codes."""
        kernel = np.zeros((self.n_components, self.n_labels))
        return Perceptron((kernel,), (prior,), None, "linear")

    def build_models(self):
        """Return the encoder, what gives rows and labels for codes, and the variables."""
        keras = load_keras()
        encoder, decoder, variables = self.body.build_models()
        widths = self.n_components, self.n_labels
        head = keras_perceptron(widths, "linear", False, "head")
        with float32_policy():
            codes = keras.Input((self.n_components,), name="codes")
            outputs = keras.layers.Concatenate(name="rows_and_labels")(
                [decoder(codes), head(codes)]
            )
            both = keras.Model(codes, outputs, name="decoder_and_head")
        return encoder, both, [*variables, *perceptron_variables(head)]


@dataclass(frozen=True)
class Supervised:
    """A model with the head that shapes its code.

    Attributes
    ----------
    autoencoder : Model
    head : Perceptron
        Of the encoder's outputs as they were trained.
    """

    autoencoder: Model
    head: Perceptron

    @property
    def has_penalty(self):
        """Whether the code costs something in the loss."""
        return self.autoencoder.has_penalty

    def around(self, autoencoder):
        """Return the same head with another autoencoder."""
        return replace(self, autoencoder=autoencoder)

    def weights(self):
        """Return the trained arrays in the order that the program takes them."""
        return [*self.autoencoder.weights(), *self.head.to_list()]

    def with_weights(self, arrays):
        """Return the same with other trained arrays."""
        n_body = len(arrays) - len(self.head.to_list())
        return replace(
            self,
            autoencoder=self.autoencoder.with_weights(arrays[:n_body]),
            head=self.head.with_list(arrays[n_body:]),
        )

    def forward(self):
        """Return what gives rows and labels, as it is trained; None without a twin."""
        inner, head = self.autoencoder.forward(), self.head.astype(np.float32)
        if inner is None:
            return None

        def rows_and_labels(codes):
            return np.hstack([inner.decode(codes), head(codes)])

        n_outputs = inner.n_outputs + len(head.biases[-1])
        return replace(inner, decode=rows_and_labels, n_outputs=n_outputs)
