"""An encoder with a head: what it is, and its forward pass in NumPy."""

from dataclasses import dataclass, replace

import numpy as np

from .._data._rows import chunk_slices, map_rows, take
from ._base import Kept
from ._perceptron import (
    Perceptron,
    keras_perceptron,
    perceptron_variables,
    random_perceptron,
)

BLOCK_VALUES = 1 << 21  # 16 MiB of float64


@dataclass(frozen=True)
class PredictorNetwork:
    """The architecture of an encoder with a head; two equal ones share a program.

    Attributes
    ----------
    body : DenseNetwork or CustomNetwork
        The autoencoder whose encoder it is.
    hidden_layer_sizes : tuple of int
        Of the head.
    activation : str
        Of the head's hidden layers.
    n_outputs : int
    is_frozen : bool
        Whether only the head is trained.
    """

    body: object
    hidden_layer_sizes: tuple
    activation: str
    n_outputs: int
    is_frozen: bool

    is_conditioned = False  # its outputs are those of a head

    @property
    def n_features(self):
        """Width of the rows."""
        return self.body.n_features

    @property
    def key(self):
        """What equal architectures share, None if that cannot be told."""
        return None if self.body.key is None else self

    @property
    def _widths(self):
        return self.body.n_components, *self.hidden_layer_sizes, self.n_outputs

    def initial_head(self, seed, prior):
        """Return a head that gives the same outputs, `prior`, for all rows."""
        widths = self._widths
        head = random_perceptron(widths, self.activation, seed.generate_state(len(widths)))
        return replace(
            head,
            kernels=(*head.kernels[:-1], np.zeros_like(head.kernels[-1])),
            biases=(*head.biases[:-1], prior),
        )

    def build_models(self):
        """Return encoder, head and their variables, in conditioned units."""
        encoder, variables, state = self.body.build_encoder()
        encoder.trainable = not self.is_frozen
        head = keras_perceptron(self._widths, self.activation, False, "head")
        return encoder, head, [*variables, *state, *perceptron_variables(head)]


@dataclass(frozen=True)
class Predictor(Kept):
    """A trained encoder with its head.

    Attributes
    ----------
    model : Model
        The autoencoder whose encoder it is.
    head : Perceptron
        Of the encoder's outputs as they were trained.
    low, high : ndarray of shape (n_features,), default=None
        The range of the rows that encoder and head have seen. What a network gives beyond
        it is anyone's guess, so a value outside counts as the nearest one inside.
    """

    model: object
    head: Perceptron
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    has_penalty = False  # what a code costs is left out of fine-tuning

    def weights(self):
        """Return the arrays in the order that the program takes them."""
        return [*self.model.encoder_weights(), *self.head.to_list()]

    def with_weights(self, arrays):
        """Return the same predictor with other trained arrays."""
        n_encoder = len(self.model.encoder_weights())
        return replace(
            self,
            model=self.model.with_encoder(arrays[:n_encoder]),
            head=self.head.with_list(arrays[n_encoder:]),
        )

    def forward(self):
        """Return the encoder and the head, as they are trained; None without a twin."""
        inner, head = self.model.forward(), self.head.astype(np.float32)
        n_outputs = len(head.biases[-1])
        return inner and replace(inner, decode=head, n_outputs=n_outputs)

    def outputs(self, X):
        """Return the outputs for the rows of `X`, in its dtype."""
        codes = self.codes(X)
        head = self.head_of_codes(codes.dtype)
        n_outputs = head.kernels[-1].shape[1]
        return map_rows(head, codes, n_outputs, head.n_values_per_row)

    def codes(self, X):
        """Return the codes of the rows of `X`, in its dtype."""
        if self.low is None:
            return self.model.encode(X)
        low, high = self.low.astype(X.dtype), self.high.astype(X.dtype)
        codes = np.empty((X.shape[0], self.model.network.n_components), X.dtype)
        for block in chunk_slices(*X.shape, BLOCK_VALUES):
            codes[block] = self.model.encode(np.clip(take(X, block), low, high))
        return codes

    def head_of_codes(self, dtype=np.float64):
        """Return the head as a perceptron of the codes, made once for each dtype."""
        dtype = np.dtype(dtype)
        return self.kept(dtype, lambda: self.model.after_code(self.head).astype(dtype))
