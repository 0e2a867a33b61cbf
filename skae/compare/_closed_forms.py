"""An autoencoder of random features, each half of which is a ridge regression.

What stands in it for training are a few rounds of closed forms: the decoder is the ridge
regression of the rows on features of the codes, the codes move to where the decoder, to
first order, gives the rows back, and the encoder is the ridge regression of these codes
on features of the rows.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from sklearn.decomposition import PCA

from .._data._threads import one_blas_thread

N_DECODER, N_ENCODER = 200, 300  # random features of codes, and of rows
N_INPUTS = 30  # principal components that the encoder sees
N_OUTPUTS = 40  # those that the decoder gives back
N_ROUNDS = 5
RIDGE = 1e-3  # of the decoder with `RIDGE_ROWS` rows, more with fewer
RIDGE_ROWS = 2000
ENCODER_RIDGE = 3  # times that of the decoder
DAMPING = 0.05  # of a code's step, as a part of its mean curvature
LONGEST_STEP = 0.7  # standard deviations of a code
DECODER_SCALE, ENCODER_SCALE = 1.5, 1.0  # of what is bent
CUT = 0.9  # quantile of PCA's errors at which those of all rows are cut
FAR = 1e3  # times the largest number of the training rows
NO_VARIANCE = 1e-10  # of the largest, or of all of it
CHUNK = 256


@dataclass(frozen=True)
class RandomFeatures:
    """A constant, the inputs, and random directions of them, bent by silu.

    Attributes
    ----------
    directions : ndarray of shape (n_inputs, n_features)
    offsets : ndarray of shape (n_features,)
    """

    directions: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, n_inputs, n_features, scale, rng):
        directions = rng.normal(size=(n_inputs, n_features)) * scale / np.sqrt(n_inputs)
        return cls(directions, rng.uniform(-2 * scale, 2 * scale, size=n_features))

    def __call__(self, X):
        bent = X @ self.directions + self.offsets
        return np.hstack([np.ones((len(X), 1)), X, bent * _logistic(bent)])

    def slopes(self, X):
        """Return the derivatives of what is bent."""
        bent = X @ self.directions + self.offsets
        part = _logistic(bent)
        return part * (1 + bent * (1 - part))


def _logistic(X):
    return 1 / (1 + np.exp(-np.clip(X, -50, 50)))


def ridge(features, targets, penalty):
    """Return the weights of a ridge regression on features, the first of which is 1."""
    n_rows = len(features)
    scale = features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    features = features / scale
    products = features.T @ features
    is_penalised = np.r_[1e-3, np.ones(len(scale) - 1)]
    products[np.diag_indices_from(products)] += penalty * n_rows * is_penalised
    weights = linalg.solve(products, features.T @ targets, assume_a="pos")
    return weights / scale[:, np.newaxis]


@dataclass(frozen=True)
class Halves:
    """What closed forms make of one split, at one width.

    Errors are sums over held-out rows, each cut at the same error; they are divided by
    that of PCA.

    Attributes
    ----------
    n_components : int
    left : float
        The part of the variance of held-out rows that PCA leaves.
    decoder : float
        The error with PCA's codes and a decoder that bends.
    both : float
        The error with codes that bend as well.
    n_directions : int
        In which the training rows vary.
    """

    n_components: int
    left: float
    decoder: float
    both: float
    n_directions: int


def halves(rows, unseen, widths):
    """Return what closed forms make of a split, at each width.

    The random directions are always the same, so that nothing but rows decides.

    Parameters
    ----------
    rows, unseen : ndarray of shape (n_rows, n_features)
        Training and held-out rows.
    widths : list of int
        Below both dimensions of `rows`.

    Returns
    -------
    list of Halves
    """
    if not np.ptp(rows, axis=0).any():
        return [Halves(width, 0.0, 1.0, 1.0, 1) for width in widths]
    reach = FAR * np.abs(rows).max()  # whose squares are numbers
    with one_blas_thread():
        table = _Table.of(
            rows, np.clip(unseen, -reach, reach), max(N_OUTPUTS, max(widths) + 2)
        )
        return [table.halves(width) for width in widths]


@dataclass(frozen=True)
class _Table:
    """Rows on principal components, and the encoder's features of them.

    Attributes
    ----------
    rows, unseen : ndarray of shape (n_rows, n_outputs)
        Their principal components.
    deviation : ndarray of shape (n_outputs,)
        Of these.
    variance, beyond : ndarray of shape (n_unseen,)
        The squared distance of each held-out row from the mean, and the part of it that
        these components do not have.
    features : tuple of two ndarray
        Those of the encoder, of training and of held-out rows.
    n_directions : int
    """

    rows: np.ndarray
    unseen: np.ndarray
    deviation: np.ndarray
    variance: np.ndarray
    beyond: np.ndarray
    features: tuple
    n_directions: int

    @classmethod
    def of(cls, rows, unseen, n_outputs):
        is_long = len(rows) > rows.shape[1]
        pca = PCA(svd_solver="covariance_eigh" if is_long else "full").fit(rows)
        variances = pca.explained_variance_
        n_directions = int((variances > NO_VARIANCE * variances[0]).sum())
        n_kept = min(n_outputs, n_directions)
        deviation, axes = np.sqrt(variances[:n_kept]), pca.components_[:n_kept].T
        both = [(part - pca.mean_) @ axes for part in (rows, unseen)]
        variance = ((unseen - pca.mean_) ** 2).sum(axis=1)
        beyond = np.maximum(variance - (both[1] ** 2).sum(axis=1), 0.0)
        seen = [part[:, :N_INPUTS] / deviation[:N_INPUTS] for part in both]
        seen[1] = within(seen[1], seen[0])
        rng = np.random.default_rng(0)
        encoder = RandomFeatures.of(seen[0].shape[1], N_ENCODER, ENCODER_SCALE, rng)
        features = tuple(map(encoder, seen))
        return cls(*both, deviation, variance, beyond, features, n_directions)

    @property
    def penalty(self):
        return RIDGE * max(1.0, RIDGE_ROWS / len(self.rows))

    def halves(self, width):
        """Return what closed forms make of the table at one width."""
        left = self.variance - (self.unseen[:, :width] ** 2).sum(axis=1)
        part = max(left.sum(), 0.0) / max(self.variance.sum(), np.finfo(float).tiny)
        if width >= self.n_directions or part <= NO_VARIANCE:
            return Halves(width, part, 1.0, 1.0, self.n_directions)
        cut = np.quantile(left, CUT)
        total = np.minimum(left, cut).sum()
        decoder, both = (
            float(np.minimum(errors, cut).sum() / total) if total > 0 else 1.0
            for errors in self._errors(width)
        )
        return Halves(width, part, decoder, both, self.n_directions)

    def _errors(self, width):
        """Return the errors of held-out rows with PCA's codes, and with codes that bend."""
        rng = np.random.default_rng(width)  # the same whatever other widths there are
        decoder = RandomFeatures.of(width, N_DECODER, DECODER_SCALE, rng)
        codes = self.rows[:, :width] / self.deviation[:width]
        unseen_codes = self.unseen[:, :width] / self.deviation[:width]
        weights = ridge(decoder(codes), self.rows, self.penalty)
        missed = self.unseen - decoder(within(unseen_codes, codes)) @ weights
        first = (missed[:, width:] ** 2).sum(axis=1) + self.beyond
        for _ in range(N_ROUNDS):
            wanted = codes + _steps(decoder, codes, weights, self.rows)
            codes, unseen_codes = self._encoded(wanted)
            weights = ridge(decoder(codes), self.rows, self.penalty)
        missed = self.unseen - decoder(within(unseen_codes, codes)) @ weights
        return first, (missed**2).sum(axis=1) + self.beyond

    def _encoded(self, wanted):
        """Return the encoder's codes of all rows, uncorrelated and of variance 1."""
        weights = ridge(self.features[0], wanted, ENCODER_RIDGE * self.penalty)
        codes, unseen_codes = (features @ weights for features in self.features)
        mean = codes.mean(axis=0)
        covariance = (codes - mean).T @ (codes - mean) / len(codes)
        covariance[np.diag_indices_from(covariance)] += 1e-6
        root = linalg.cholesky(covariance, lower=True)
        whitened = [
            linalg.solve_triangular(root, (part - mean).T, lower=True).T
            for part in (codes, unseen_codes)
        ]
        return whitened[0], whitened[1]


def _steps(decoder, codes, weights, rows):
    """Return how codes are to move: a damped step of Gauss and Newton for each row."""
    width = codes.shape[1]
    missed = rows - decoder(codes) @ weights
    slopes = decoder.slopes(codes)
    straight, bent = weights[1 : 1 + width], weights[1 + width :]
    curvature = np.empty((len(codes), width, width))
    pull = np.empty((len(codes), width))
    for start in range(0, len(codes), CHUNK):
        some = slice(start, start + CHUNK)
        jacobian = np.stack(
            [
                (slopes[some] * direction) @ bent + line
                for direction, line in zip(decoder.directions, straight)
            ],
            axis=1,
        )
        curvature[some] = jacobian @ jacobian.transpose(0, 2, 1)
        pull[some] = (jacobian @ missed[some, :, np.newaxis])[..., 0]
    places = np.arange(width)
    damping = DAMPING * curvature[:, places, places].mean()
    curvature[:, places, places] += damping + np.finfo(float).tiny
    steps = np.linalg.solve(curvature, pull[..., np.newaxis])[..., 0]
    return np.clip(steps, -LONGEST_STEP, LONGEST_STEP)


def within(X, seen):
    """Return rows clipped to the range of others, beyond which features say nothing."""
    return np.clip(X, seen.min(axis=0), seen.max(axis=0))
