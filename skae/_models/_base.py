"""Model: what training gives back, whatever the network is."""

from abc import ABC, abstractmethod


class Kept:
    """A frozen dataclass that keeps what it has computed, and does not pickle it."""

    def __getstate__(self):
        return {name: v for name, v in vars(self).items() if not name.startswith("_")}

    def kept(self, key, make):
        """Return what `make` gives, called at most once for a key."""
        cache = vars(self).setdefault("_kept", {})
        if key not in cache:
            cache[key] = make()
        return cache[key]


class Model(Kept, ABC):
    """A network with its numbers: an autoencoder as it stands.

    A subclass is a frozen dataclass with the attributes `network`, `shift` and `scale`: a
    row as the network sees it is ``(x - shift) / scale``.
    """

    gives_hidden = False  # whether activations of its hidden layers can be told
    has_linear_code = False  # whether nothing stands behind the encoder's last layer
    has_penalty = False  # whether its code costs something in the loss

    @property
    def autoencoder(self):
        """What encodes and decodes: itself."""
        return self

    def around(self, autoencoder):
        """Return the same with another autoencoder inside: that itself."""
        return autoencoder

    @abstractmethod
    def weights(self):
        """Return the trained arrays in the order that the program takes them."""

    @abstractmethod
    def with_weights(self, arrays):
        """Return the same autoencoder with other trained arrays."""

    @abstractmethod
    def encoder_weights(self):
        """Return the arrays of the encoder and of its code layer."""

    @abstractmethod
    def with_encoder(self, arrays):
        """Return the same autoencoder with another encoder, as `encoder_weights` has it."""

    @abstractmethod
    def untrained(self, seed):
        """Return the same autoencoder with weights drawn anew."""

    @abstractmethod
    def after_code(self, head):
        """Return a perceptron of codes for one of the trained encoder's outputs."""

    @abstractmethod
    def encode(self, X):
        """Return the codes of `X`, float32 or float64, shape (n, n_components)."""

    @abstractmethod
    def decode(self, codes):
        """Return the reconstructions of codes, shape (n, n_features)."""

    @abstractmethod
    def _build_keras_models(self):
        """Return ``(encoder, decoder, autoencoder)`` as new Keras models."""

    def reconstruct(self, X):
        """Return the reconstructions of the rows of `X`."""
        return self.decode(self.encode(X))

    def keras_models(self):
        """Return ``(encoder, decoder, autoencoder)`` as Keras models, built once.

        The estimator does not use them itself, so it does not change with them.
        """
        return self.kept("keras", self._build_keras_models)

    def forward(self):
        """Return the network as it is trained, a :class:`Forward`; None without a twin."""
        return None

    def resumed(self, network):
        """Return the autoencoder to go on training from, with another one's penalties."""
        return self

    def without_penalty(self):
        """Return the autoencoder to fine-tune: its code costs nothing, PCA is no aim."""
        return self
