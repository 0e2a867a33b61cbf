"""A trained dense autoencoder as arrays: NumPy inference, Keras models on demand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import wraps

import numpy as np

from ._bounds import Bounds, bounded_models
from ._network import (
    DenseNetwork,
    Perceptron,
    code_variables,
    keras_perceptron,
    perceptron_variables,
)
from ._rows import chunk_slices, take
from ._threads import n_threads_given, one_blas_thread

LARGE_UNIT = 1e30  # above it, or below its inverse, weights are none of float32


def _in_range(method):
    """Answer float32 rows in float64, where a table's unit is beyond float32."""

    @wraps(method)
    def answer(self, X):
        if X.dtype == np.float64 or 1 / LARGE_UNIT < self.scale < LARGE_UNIT:
            return method(self, X)
        return method(self, X.astype(np.float64)).astype(X.dtype)

    return answer


@dataclass(frozen=True)
class TrainedDense:
    """What training leaves behind, in a form that needs no Keras.

    Attributes
    ----------
    network : DenseNetwork
    encoder, decoder : Perceptron
        In conditioned units, as they were trained.
    shift : ndarray of shape (n_features,)
    scale : float
        A conditioned row is ``(x - shift) / scale``.
    code_matrix : ndarray of shape (n_components, n_components)
    code_offset : ndarray of shape (n_components,)
        A code is the trained encoder's output times the matrix, plus the offset.
    code_state : sequence of ndarray
        Variables of the code layer, if there is one.
    bounds : Bounds, default=None
        Outside of which the autoencoder may be PCA. They go with the weights: another set
        of these has none.
    """

    network: DenseNetwork
    encoder: Perceptron
    decoder: Perceptron
    shift: np.ndarray
    scale: float
    code_matrix: np.ndarray
    code_offset: np.ndarray
    code_state: tuple = ()
    bounds: Bounds | None = None

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    def weights(self):
        """Return the trained arrays in the order that the program takes them."""
        return [*self.encoder.to_list(), *self.decoder.to_list(), *self.code_state]

    def with_weights(self, arrays):
        """Return the same autoencoder with other trained arrays."""
        n_encoder = len(self.encoder.to_list())
        n_both = n_encoder + len(self.decoder.to_list())
        return replace(
            self,
            bounds=None,
            encoder=self.encoder.with_list(arrays[:n_encoder]),
            decoder=self.decoder.with_list(arrays[n_encoder:n_both]),
            code_state=tuple(arrays[n_both:]),
        )

    def encoder_weights(self):
        """Return the arrays of the encoder and of its code layer."""
        return [*self.encoder.to_list(), *self.code_state]

    def with_encoder(self, arrays):
        """Return the same autoencoder with another encoder, as `encoder_weights` has it."""
        n_encoder = len(self.encoder.to_list())
        return replace(
            self,
            bounds=None,
            encoder=self.encoder.with_list(arrays[:n_encoder]),
            code_state=tuple(arrays[n_encoder:]),
        )

    def untrained(self, seed):
        """Return the same autoencoder with weights drawn anew."""
        encoder, decoder = self.network.start(seed)
        n_components, code = self.network.n_components, self.network.code
        state = () if code is None else code.start(n_components)
        halves = {"encoder": encoder, "decoder": decoder, "code_state": state}
        return replace(self, bounds=None, **halves)

    def after_code(self, head):
        """Return a perceptron of codes for one of the trained encoder's outputs."""
        back = np.linalg.inv(self.code_matrix)
        return head.astype(np.float64).before(back, -self.code_offset @ back)

    def resumed(self, network):
        """Return the autoencoder to go on training from, with another one's penalties.

        What it will do far outside is known when it is trained.
        """
        state = self.code_state
        if network.code is not None:
            state = network.code.resume(state)
        return replace(self, network=network, code_state=state, bounds=None)

    def with_code(self, matrix, offset):
        """Return the autoencoder, without bounds, with codes ``code @ matrix + offset``."""
        return replace(
            self,
            bounds=None,
            code_matrix=self.code_matrix @ matrix,
            code_offset=self.code_offset @ matrix + offset,
        )

    def with_first_codes(self, n_codes):
        """Return the autoencoder that has learnt nothing yet, its later codes all zero."""
        weights = self.encoder.to_list()
        last = weights[-2] if self.encoder.linear is None else weights[-1]
        used = np.where(np.arange(last.shape[1]) < n_codes, last, 0.0)
        weights = [used if array is last else array for array in weights]
        return replace(self, encoder=self.encoder.with_list(weights))

    def halves(self, dtype=np.float64):
        """Return ``(shift, encoder, decoder)`` in the user's units.

        ``encoder(x - shift)`` is the code and ``decoder(code)`` the reconstruction, where
        the network is trusted.
        """
        cache = vars(self).setdefault("_halves", {})
        dtype = np.dtype(dtype)
        if dtype not in cache:
            cache[dtype] = self._fold(dtype)
        return cache[dtype]

    def _fold(self, dtype):
        encoder, decoder = self.encoder.astype(np.float64), self.decoder
        encoder = encoder.scaled_inputs(1 / self.scale)
        encoder = encoder.after(self.code_matrix, self.code_offset)
        decoder = self.after_code(decoder).scaled_outputs(self.scale, self.shift)
        return self.shift.astype(dtype), encoder.astype(dtype), decoder.astype(dtype)

    def bounds_in(self, dtype):
        """Return the bounds in a dtype, or None."""
        cache = vars(self).setdefault("_bounds", {})
        dtype = np.dtype(dtype)
        if dtype not in cache:
            cache[dtype] = None if self.bounds is None else self.bounds.astype(dtype)
        return cache[dtype]

    @_in_range
    def encode(self, X):
        """Return the codes of `X`, float32 or float64, shape (n, n_components)."""
        shift, encoder, _ = self.halves(X.dtype)
        n_components, code = self.network.n_components, self.network.code

        def codes(rows):
            outputs = encoder(rows - shift)
            return outputs if code is None else code(outputs)

        n_values = encoder.n_values_per_row
        return self._encoded(codes, X, n_components, n_values, slice(None))

    @_in_range
    def encode_all(self, X):
        """Return the encoder's hidden activations, the codes, the decoder's hidden ones.

        Shape (n, 2 * sum(hidden_layer_sizes) + n_components).
        """
        shift, encoder, decoder = self.halves(X.dtype)
        network = self.network

        def activations(rows):
            *hidden, codes = encoder.layers(rows - shift)
            codes = codes if network.code is None else network.code(codes)
            *hidden_behind, _ = decoder.layers(codes)
            return np.concatenate([*hidden, codes, *hidden_behind], axis=1)

        n_hidden, n_codes = sum(network.hidden_layer_sizes), network.n_components
        codes = slice(n_hidden, n_hidden + n_codes)
        n_values = 2 * encoder.n_values_per_row
        return self._encoded(activations, X, 2 * n_hidden + n_codes, n_values, codes)

    def _encoded(self, function, X, n_outputs, n_values, codes):
        """Map rows to outputs, of which some are codes: the better ones of rows outside."""
        bounds = self.bounds_in(X.dtype)
        if bounds is None:
            return map_rows(function, X, n_outputs, n_values)
        is_outside = np.zeros(X.shape[0], dtype=bool)

        def notice(place, rows, outputs):
            mask = bounds.outside(rows, outputs[:, codes])
            if mask is not None:
                is_outside[place] = mask

        outputs = map_rows(function, X, n_outputs, n_values, notice)
        outside = np.flatnonzero(is_outside)  # all at once, since they are few
        _, _, decoder = self.halves(X.dtype)
        for part in chunk_slices(len(outside), n_values):
            rows, of_network = take(X, outside[part]), outputs[outside[part], codes]
            with one_blas_thread():
                better = bounds.settled(rows, of_network, decoder)
            outputs[outside[part], codes] = better
        return outputs

    @_in_range
    def decode(self, codes):
        """Return the reconstructions of codes, shape (n, n_features)."""
        _, _, decoder = self.halves(codes.dtype)
        n_features, output = self.network.n_features, self.network.output
        bounds = self.bounds_in(codes.dtype)

        def rows(codes):
            if bounds is not None:
                return bounds.decode(codes, decoder)
            outputs = decoder(codes)
            return outputs if output is None else output(outputs)

        return map_rows(rows, codes, n_features, decoder.n_values_per_row)

    def reconstruct(self, X):
        """Return the reconstructions of the rows of `X`."""
        return self.decode(self.encode(X))

    def keras_models(self):
        """Return ``(encoder, decoder, autoencoder)`` as Keras models, built once."""
        cache = vars(self)
        if "_models" not in cache:
            cache["_models"] = self._build_keras_models()
        return cache["_models"]

    def _build_keras_models(self):
        from ._keras import load_keras

        keras = load_keras()
        shift, *halves = self.halves(np.float32)
        models = []
        for half, name in zip(halves, ("encoder", "decoder")):
            widths = [half.kernels[0].shape[0], *(k.shape[1] for k in half.kernels)]
            model = keras_perceptron(
                widths,
                half.activation,
                half.linear is not None,
                name,
                shift=shift if name == "encoder" else None,
                code=self.network.code if name == "encoder" else self.network.output,
            )
            for variable, array in zip(code_variables(model), self.code_state):
                variable.assign(array)
            for variable, array in zip(perceptron_variables(model), half.to_list()):
                variable.assign(array)
            models.append(model)
        encoder, decoder = models
        if self.bounds is not None:
            encoder, decoder = bounded_models(*models, self.bounds_in(np.float32))
        inputs = keras.Input((self.network.n_features,), name="rows")
        outputs = decoder(encoder(inputs))
        return encoder, decoder, keras.Model(inputs, outputs, name="autoencoder")


def map_rows(function, X, n_outputs, n_values_per_row, notice=None):
    """Apply a function of rows to all rows of `X`, in chunks that fit the cache.

    The chunks do not depend on the number of threads, and neither do the results.

    Parameters
    ----------
    function : callable
        ``(rows) -> ndarray of shape (n_rows, n_outputs)``.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    n_outputs : int
    n_values_per_row : int
        How many values a row needs on its way.
    notice : callable, default=None
        ``(place, rows, outputs)``: is shown each chunk, while it is in the cache.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    chunks = chunk_slices(X.shape[0], n_values_per_row)

    def outputs_at(place):
        rows = take(X, place)
        outputs = function(rows)
        if notice is not None:
            notice(place, rows, outputs)
        return outputs

    with one_blas_thread():
        if len(chunks) <= 1:
            return outputs_at(slice(None))
        out = np.empty((X.shape[0], n_outputs), dtype=X.dtype)

        def fill(place):
            out[place] = outputs_at(place)

        n_threads = min(n_threads_given(), len(chunks))
        if n_threads == 1:
            for rows in chunks:
                fill(rows)
        else:
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(fill, chunks))
    return out
