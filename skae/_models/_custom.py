"""Networks that the user builds: any two Keras models that fit together."""

import json
import types
from dataclasses import dataclass

import numpy as np

from .._compat import all_layers, is_keras_name, is_keras_own
from .._data._rows import map_rows
from .._keras import check_process, interrupts_deferred, load_keras, seeded_draws
from ._base import Model


def build_halves(build_network, n_features, n_components, seed=None):
    """Call `build_network` and check that its two models fit together.

    What Keras draws in this thread meanwhile depends on `seed` alone, and nobody's
    generator moves.

    Parameters
    ----------
    build_network : callable
        ``(n_features, n_components) -> (encoder, decoder)``.
    n_features, n_components : int
    seed : numpy.random.SeedSequence, default=None

    Returns
    -------
    encoder, decoder : keras.Model

    Raises
    ------
    TypeError
        If `build_network` does not return two Keras models.
    ValueError
        If their widths do not fit.
    """
    keras = load_keras()
    state_seed = 0 if seed is None else int(seed.generate_state(1)[0])
    with seeded_draws(state_seed):
        halves = build_network(n_features, n_components)
        _check_models(halves, keras)
        encoder, decoder = halves
        codes = encoder(keras.Input((n_features,)))
        _check_width("encoder", codes, n_components, "n_components")
        outputs = decoder(keras.Input((n_components,)))
        _check_width("decoder", outputs, n_features, "the number of columns")
    return encoder, decoder


def _check_models(halves, keras):
    if not isinstance(halves, tuple | list) or len(halves) != 2:
        raise TypeError(
            "build_network must return two Keras models, (encoder, decoder), but it "
            f"returned {type(halves).__name__!r}."
        )
    for name, half in zip(("encoder", "decoder"), halves):
        if not isinstance(half, keras.Model):
            raise TypeError(
                f"build_network must return two Keras models, but its {name} is of "
                f"type {type(half).__name__!r}."
            )


def _check_width(name, outputs, expected, meaning):
    shape = getattr(outputs, "shape", None)
    if shape is None or tuple(shape) != (None, expected):
        found = "several outputs" if shape is None else f"outputs of shape {shape}"
        raise ValueError(
            f"The {name} of build_network gives {found}, but it must give one of shape "
            f"(None, {expected}), {meaning}; change its last layer."
        )


@dataclass(frozen=True)
class CustomNetwork:
    """What it takes to build a network of the user's.

    Attributes
    ----------
    build_network : callable
    n_features, n_components : int
    """

    build_network: object
    n_features: int
    n_components: int

    key = None  # of what a function builds, nothing is known beforehand

    def build_encoder(self):
        """Return the encoder, its variables, and none of a code layer."""
        encoder = self.architecture().encoder
        return encoder, encoder.weights, []

    def architecture(self, seed=None):
        """Call the user's function; return its models as a :class:`BuiltNetwork`."""
        halves = build_halves(self.build_network, self.n_features, self.n_components, seed)
        return BuiltNetwork(*halves, self.n_features)


@dataclass(frozen=True)
class BuiltNetwork:
    """Two Keras models of the user's that fit together.

    Attributes
    ----------
    encoder, decoder : keras.Model
    n_features : int
    """

    encoder: object
    decoder: object
    n_features: int

    is_conditioned = False  # it sees rows in the user's units

    @property
    def key(self):
        """What equal architectures share, None if that cannot be told."""
        return architecture_key(self.encoder, self.decoder)

    @property
    def n_outputs(self):
        """Width of what it gives: that of the rows."""
        return self.n_features

    @property
    def variables(self):
        """The weights of both models, each once."""
        weights = [*self.encoder.weights, *self.decoder.weights]
        return list({id(variable): variable for variable in weights}.values())

    def build_models(self):
        """Return encoder, decoder and their variables."""
        return self.encoder, self.decoder, self.variables


def architecture_key(encoder, decoder):
    """Return a key that equal architectures share, or None if that cannot be told.

    Only of models made of Keras' own layers, without functions of the user's, is it
    sure that they do what their config says. What a config cannot say is which layers
    and weights are the same ones.
    """
    layers = [*all_layers(encoder), *all_layers(decoder)]
    if not all(map(is_keras_own, layers)) or any(map(_calls_foreign_code, layers)):
        return None
    weights = [*encoder.weights, *decoder.weights]
    sharing = *map(_occurrences, (layers, weights)), [v.trainable for v in weights]
    try:
        configs = [json.loads(half.to_json()) for half in (encoder, decoder)]
    except (TypeError, ValueError, NotImplementedError):
        return None  # Keras cannot describe it, so it is compiled for each fit
    if _holds_foreign_code(configs):
        return None
    return json.dumps([_without_names(configs, {}), sharing], sort_keys=True)


def _occurrences(things):
    """Return for each thing at which place it stands first."""
    first = {}
    return [first.setdefault(id(thing), i) for i, thing in enumerate(things)]


def _calls_foreign_code(layer):
    """Whether a layer holds a function of the user's, which may bear any name."""
    functions = [v for v in vars(layer).values() if isinstance(v, types.FunctionType)]
    return any(not is_keras_name(f.__globals__.get("__name__")) for f in functions)


def _holds_foreign_code(config):
    if isinstance(config, dict):
        module = config.get("module")
        is_foreign = isinstance(module, str) and not module.startswith("keras")
        is_function = config.get("class_name") in ("function", "__lambda__", "Lambda")
        return is_foreign or is_function or any(map(_holds_foreign_code, config.values()))
    return isinstance(config, list) and any(map(_holds_foreign_code, config))


_NAMING_KEYS = ("name", "keras_history", "input_layers", "output_layers")


def _without_names(config, numbers, names_here=False):
    """Replace the names that Keras counts up ("dense_17") by their order of appearance."""
    if isinstance(config, dict):
        return {
            key: _without_names(value, numbers, key in _NAMING_KEYS)
            for key, value in config.items()
        }
    if isinstance(config, list):
        return [_without_names(value, numbers, names_here) for value in config]
    if names_here and isinstance(config, str):
        return numbers.setdefault(config, len(numbers))
    return config


@dataclass(frozen=True)
class CustomModel(Model):
    """A trained network of the user's: its weights, and how to build it again.

    Attributes
    ----------
    network : CustomNetwork
    arrays : list of ndarray
    """

    network: CustomNetwork
    arrays: list

    @property
    def shift(self):
        """Rows are as they are: nothing is subtracted."""
        return np.zeros(self.network.n_features)

    scale = 1.0  # and they are divided by nothing

    def weights(self):
        """Return the trained arrays in the order that the program takes them."""
        return self.arrays

    def with_weights(self, arrays):
        """Return the same autoencoder with other trained arrays."""
        return CustomModel(self.network, arrays)

    def encoder_weights(self):
        """Return the arrays of the encoder."""
        return self.arrays[: len(self._built().encoder.weights)]

    def with_encoder(self, arrays):
        """Return the same autoencoder with another encoder."""
        return self.with_weights([*arrays, *self.arrays[len(arrays) :]])

    def untrained(self, seed):
        """Return the same autoencoder with weights drawn anew."""
        built = self.network.architecture(seed)
        return self.with_weights([variable.numpy() for variable in built.variables])

    def after_code(self, head):
        """Return a perceptron of codes for one of the trained encoder's outputs."""
        return head

    def encode(self, X):
        """Return the codes of `X`, computed by Keras, in the dtype of `X`."""
        return self._call(self._built().encoder, X, self.network.n_components)

    def decode(self, codes):
        """Return the reconstructions of codes, computed by Keras."""
        return self._call(self._built().decoder, codes, self.network.n_features)

    def _call(self, model, X, n_outputs):
        check_process()  # the model may have been built before a fork

        @interrupts_deferred()
        def outputs(rows):
            return np.array(model(rows.astype(np.float32), training=False), dtype=X.dtype)

        return map_rows(outputs, X, n_outputs, model.count_params() // X.shape[1] + 1)

    def _build_keras_models(self):
        keras = load_keras()
        built = self._build()
        inputs = keras.Input((self.network.n_features,), name="rows")
        outputs = built.decoder(built.encoder(inputs))
        autoencoder = keras.Model(inputs, outputs, name="autoencoder")
        return built.encoder, built.decoder, autoencoder

    def _built(self):
        return self.kept("built", self._build)

    def _build(self):
        built = self.network.architecture()
        for variable, array in zip(built.variables, self.arrays):
            variable.assign(array)
        return built


def custom_start(network, seed):
    """Return what the user's function gives, and the untrained autoencoder."""
    built = network.architecture(seed)
    arrays = [variable.numpy() for variable in built.variables]
    return built, CustomModel(network, arrays)
