"""A trained dense autoencoder as arrays: NumPy inference, Keras models on demand."""

from dataclasses import dataclass, replace
from functools import wraps

import numpy as np

from .._data._rows import chunk_slices, map_rows, power_of_two, take
from .._data._threads import one_blas_thread
from .._keras import load_keras
from ._base import Model
from ._bounds import Bounds, bounded_models
from ._dense_network import DenseNetwork, whitening
from ._forward import Forward
from ._perceptron import Perceptron, code_variables, keras_perceptron, perceptron_variables

BLOCK_VALUES = 1 << 21  # 16 MiB of float64: eight chunks for the threads to encode

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
class DenseModel(Model):
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

    gives_hidden = True

    @property
    def has_linear_code(self):
        """Whether nothing stands behind the encoder's last layer."""
        return self.network.code is None

    @property
    def has_penalty(self):
        """Whether the code costs something in the loss."""
        return self.network.code is not None and self.network.code.has_penalty

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

    def forward(self):
        """Return the network as it is trained, in NumPy."""
        network = self.network
        encoder, decoder = self.encoder.astype(np.float32), self.decoder.astype(np.float32)
        n_values = encoder.n_values_per_row + decoder.n_values_per_row
        encode, decode = _behind(encoder, network.code), _behind(decoder, network.output)
        return Forward(encode, decode, network.n_outputs, n_values)

    def untrained(self, seed):
        """Return the same autoencoder with weights drawn anew."""
        encoder, decoder = self.network.initial_halves(seed)
        n_components, code = self.network.n_components, self.network.code
        state = () if code is None else code.initial_state(n_components)
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

    def without_penalty(self):
        """Return the autoencoder to fine-tune: its code costs nothing, PCA is no aim."""
        network = self.network
        if self.has_penalty:
            network = replace(network, code=replace(network.code, weight=0.0))
        return self.resumed(network)

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
        dtype = np.dtype(dtype)
        return self.kept(("halves", dtype), lambda: self._fold(dtype))

    def _fold(self, dtype):
        encoder, decoder = self.encoder.astype(np.float64), self.decoder
        encoder = encoder.scaled_inputs(1 / self.scale)
        encoder = encoder.after(self.code_matrix, self.code_offset)
        decoder = self.after_code(decoder).scaled_outputs(self.scale, self.shift)
        return self.shift.astype(dtype), encoder.astype(dtype), decoder.astype(dtype)

    def bounds_in(self, dtype):
        """Return the bounds in a dtype, or None."""
        if self.bounds is None:
            return None
        dtype = np.dtype(dtype)
        return self.kept(("bounds", dtype), lambda: self.bounds.astype(dtype))

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

    def _build_keras_models(self):
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


def _behind(perceptron, layer):
    return perceptron if layer is None else lambda rows: layer(perceptron(rows))


def dense_start(network, pca, init, seed):
    """Return the untrained dense autoencoder, PCA itself if `init` is ``"pca"``.

    A linear code is in the units of the table, as PCA's is.
    """
    from_pca = init == "pca"
    encoder, decoder = network.initial_halves(seed, pca if from_pca else None)
    is_linear = network.code is None
    deviation = np.full(network.n_components, pca.scale if is_linear else 1.0)
    if from_pca:
        n_found = min(len(pca.components), network.n_components)
        deviation[:n_found] = whitening(pca)[:n_found]
    return DenseModel(
        network=network,
        encoder=encoder,
        decoder=decoder,
        shift=pca.mean,
        scale=pca.scale,
        code_matrix=np.diag(deviation),
        code_offset=np.zeros(network.n_components),
        code_state=() if is_linear else network.code.initial_state(network.n_components),
    )


def order_codes(trained, table):
    """Rotate the codes so that they are uncorrelated and sorted by variance.

    The decoder takes the rotation back, so reconstructions stay. Signs are fixed much
    as in PCA: each code rises with the column that it goes with most.

    Parameters
    ----------
    trained : DenseModel
    table : Table
        The training rows.

    Returns
    -------
    DenseModel
    """
    n_samples, n_features = table.X.shape
    n_codes = trained.network.n_components
    unit = power_of_two(trained.scale)  # so that no product is out of range
    total, first = 0.0, np.zeros(n_codes)
    second, shared = np.zeros((n_codes, n_codes)), np.zeros((n_codes, n_features))
    for block in chunk_slices(n_samples, max(n_features, n_codes), BLOCK_VALUES):
        X = take(table.X, block)
        codes = trained.encode(X).astype(np.float64, copy=False) / unit
        weight = np.ones(len(X)) if table.weight is None else table.weight[block]
        with one_blas_thread():
            weighted = (codes * weight[:, np.newaxis]).T
            total += weight.sum()
            first += weighted.sum(axis=1)
            second += weighted @ codes
            shared += weighted @ ((X - table.shift) / unit)
    mean = first / total
    with one_blas_thread():
        _, rotation = np.linalg.eigh(second / total - np.outer(mean, mean))
        rotation = rotation[:, ::-1]
        shared = rotation.T @ shared
    largest = np.argmax(np.abs(shared), axis=1)
    signs = np.where(shared[np.arange(n_codes), largest] < 0, -1.0, 1.0)
    rotation = rotation * signs
    return trained.with_code(rotation, -(mean * unit) @ rotation)
