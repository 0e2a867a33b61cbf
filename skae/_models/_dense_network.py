"""The architecture of a dense autoencoder, and where its weights start."""

from dataclasses import dataclass, replace

import numpy as np

from ._perceptron import (
    code_variables,
    keras_perceptron,
    perceptron_variables,
    random_perceptron,
)

LEAST_DEVIATION = 1e-6  # of a component, as part of the scale of the table


@dataclass(frozen=True)
class DenseNetwork:
    """The architecture of a dense autoencoder; two equal ones share a program.

    Attributes
    ----------
    n_features, n_components : int
    hidden_layer_sizes : tuple of int
        Widths of the encoder's hidden layers; the decoder mirrors them.
    activation : str
    linear_path : bool
        Whether encoder and decoder have a linear path beside their layers.
    code : CodeLayer or None
        What stands behind the encoder's last dense layer; None is a linear code.
    output : CodeLayer or None
        What stands behind the decoder's; None is a linear output.
    """

    n_features: int
    n_components: int
    hidden_layer_sizes: tuple
    activation: str
    linear_path: bool
    code: object = None
    output: object = None

    is_conditioned = True  # rows and outputs are in the units that a fit has set

    @property
    def n_outputs(self):
        """Width of what it gives: that of the rows."""
        return self.n_features

    @property
    def has_unit_atoms(self):
        """Whether the weights that leave each of the decoder's units have norm 1."""
        return self.code is not None and self.code.has_unit_atoms

    def initial_halves(self, seed, pca=None):
        """Return the encoder and decoder to start from, in conditioned units.

        Parameters
        ----------
        seed : numpy.random.SeedSequence
            For the draws: He's for the rectifiers, Glorot's for others.
        pca : PrincipalComponents, default=None
            Start the linear path, or the layers of a linear autoencoder, there. The
            last layers then start at zero, so the whole starts as PCA with codes of
            unit variance.
        """
        widths = self._widths
        seeds = seed.generate_state(2 * len(widths))
        encoder = self._random_half(widths, seeds[: len(widths)])
        decoder = self._random_half(widths[::-1], seeds[len(widths) :])
        if self.has_unit_atoms:
            decoder = _with_unit_atoms(decoder)
            if not self.hidden_layer_sizes:  # tied, so that units answer to their atoms
                encoder = replace(encoder, kernels=(decoder.kernels[0].T,))
        if pca is None:
            return encoder, decoder
        project, back = _whitened(pca, self.n_components)
        return _started_at(encoder, project), _started_at(decoder, back)

    def _random_half(self, widths, seeds):
        half = random_perceptron(widths, self.activation, seeds)
        if not self._has_path:
            return half
        return replace(half, linear=np.zeros((widths[0], widths[-1])))

    @property
    def key(self):
        """What equal architectures share: all of it."""
        return self

    @property
    def n_values_per_row(self):
        """Number of values that one row needs on its way to the code."""
        return self.n_features + sum(self.hidden_layer_sizes) + self.n_components

    def architecture(self):
        """Return what a program is built from: the network itself."""
        return self

    def build_models(self):
        """Return encoder, decoder and their variables, in conditioned units."""
        encoder, variables, state = self.build_encoder()
        decoder = keras_perceptron(
            self._widths[::-1],
            self.activation,
            self._has_path,
            "decoder",
            self.has_unit_atoms,
            code=self.output,
        )
        return encoder, decoder, variables + perceptron_variables(decoder) + state

    def build_encoder(self):
        """Return the encoder, its variables and those of its code layer."""
        encoder = keras_perceptron(
            self._widths, self.activation, self._has_path, "encoder", code=self.code
        )
        return encoder, perceptron_variables(encoder), code_variables(encoder)

    @property
    def _widths(self):
        return self.n_features, *self.hidden_layer_sizes, self.n_components

    @property
    def _has_path(self):
        return self.linear_path and bool(self.hidden_layer_sizes)


def _with_unit_atoms(decoder):
    def scaled(kernel):
        return kernel / np.linalg.norm(kernel, axis=1, keepdims=True)

    return replace(decoder, kernels=tuple(map(scaled, decoder.kernels)))


def whitening(pca):
    """Return what the code of each component is divided by: its standard deviation.

    That of a tiny component would blow rounding in float32 up to the size of a code.
    """
    return np.maximum(pca.deviation, LEAST_DEVIATION * pca.scale)


def _whitened(pca, n_components):
    """Return PCA's projection and its inverse for codes of unit variance.

    Components beyond those that PCA found start as the random layers have them in the
    encoder, and unused in the decoder.
    """
    n_found = min(len(pca.components), n_components)
    deviation = whitening(pca)[:n_found] / pca.scale
    project = np.zeros((pca.components.shape[1], n_components))
    project[:, :n_found] = pca.components[:n_found].T / deviation
    back = np.zeros((n_components, pca.components.shape[1]))
    back[:n_found] = pca.components[:n_found] * deviation[:, np.newaxis]
    n_extra = n_components - n_found
    if n_extra:
        extra = np.random.default_rng(0).standard_normal((len(project), n_extra))
        project[:, n_found:] = extra / np.sqrt(len(project))
    return project, back


def _started_at(half, matrix):
    if half.linear is None:
        return replace(half, kernels=(matrix,))
    zeros = np.zeros_like(half.kernels[-1])
    return replace(half, kernels=(*half.kernels[:-1], zeros), linear=matrix)
