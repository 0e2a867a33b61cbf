"""The range in which a dense autoencoder has seen rows, and what PCA does beyond it."""

from dataclasses import dataclass, fields, replace

import numpy as np

from .._data._rows import chunk_slices, power_of_two, take
from .._data._threads import one_blas_thread
from .._keras import float32_policy, load_keras

BLOCK_VALUES = 1 << 21
TRUSTED = 30.0  # ranges outside of the range, beyond which only PCA is trusted
CODE_REACH = 2.5  # ranges from the middle, beyond which a last code is not the network's
GAP = 1.1  # reaches by which the last of PCA's codes is moved away from the middle
BORDER = (1 + GAP) / 2  # reaches from the middle, between the network's codes and PCA's
WIDE = 512  # values in a row that is long enough for NumPy
CODE_MARGIN = 1e-4  # of the range: more than rounding in float32
LEAST_DEVIATION = 1e-6  # of the largest: what a smaller component counts for in a code


@dataclass(frozen=True)
class Bounds:
    """The range of the training rows and of their codes, and PCA beyond it.

    A row that is outside, or whose code is, gets the better of two codes: the network's,
    and one that stands for its principal components; which one is better, the errors of
    both reconstructions tell. More than `TRUSTED` ranges outside it is PCA's. A decoder
    must know which of the two it is given, so the last of the network's codes ends at a
    limit, and that of PCA's is moved away from the middle to beyond it, but no further:
    what is trained on codes must bear it.

    Attributes
    ----------
    shift : ndarray of shape (n_features,)
        That of the model, about which PCA is done.
    low, high : ndarray of shape (n_features,)
    code_low, code_high : ndarray of shape (n_components,)
    to_codes : ndarray of shape (n_features, n_components)
        Principal components, in the basis of the codes.
    to_rows : ndarray of shape (n_components, n_features)
        And back: both in turn project on the principal components.
    compares : bool
        Whether the errors decide at all, short of `TRUSTED` ranges: those of a denoiser
        say nothing, since it is not to give back the noise of a row, and those of a code
        that labels have shaped not enough.
    """

    shift: np.ndarray
    low: np.ndarray
    high: np.ndarray
    code_low: np.ndarray
    code_high: np.ndarray
    to_codes: np.ndarray
    to_rows: np.ndarray
    compares: bool = True

    def united(self, other):
        """Return the range that holds both, with the components of this one."""
        return replace(
            self,
            low=np.minimum(self.low, other.low),
            high=np.maximum(self.high, other.high),
            code_low=np.minimum(self.code_low, other.code_low),
            code_high=np.maximum(self.code_high, other.code_high),
        )

    def astype(self, dtype):
        """Return the bounds in another dtype: rounding keeps the order of numbers."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["compares"]
        return replace(self, **{name: v.astype(dtype) for name, v in values.items()})

    @property
    def far(self):
        """The lowest and the highest row for which the network is trusted.

        A column that hardly varies may leave its range as far as the others in the mean.
        """
        with np.errstate(over="ignore"):  # then all numbers are within
            width = self.high - self.low
            reach = TRUSTED * np.maximum(width, np.mean(width))
            return self.low - reach, self.high + reach

    @property
    def unit(self):
        """What errors are divided by, so that no square is out of range."""
        return self.low.dtype.type(power_of_two((self.high / 2 - self.low / 2).max()))

    @property
    def zone(self):
        """The middle of the codes that the network may give, and their reach from it."""
        width = self.code_high - self.code_low
        width = np.where(width > 0, width, width.max() or 1)
        width = np.minimum(width, np.finfo(width.dtype).max / (8 * TRUSTED))
        # What a denoiser is given may be far out by noise alone, and stays its own.
        reach = CODE_REACH if self.compares else TRUSTED
        return (self.code_low + self.code_high) / 2, reach * width

    @property
    def limits(self):
        """The lowest and the highest codes of the network: the last one has some.

        By it a decoder tells the network's codes from PCA's.
        """
        middle, reach = self.zone
        low, high = np.full_like(middle, -np.inf), np.full_like(middle, np.inf)
        low[-1], high[-1] = middle[-1] - reach[-1], middle[-1] + reach[-1]
        return low, high

    def outside(self, rows, codes):
        """Return which rows are outside of the range, or whose codes are: None if none."""
        masks = (
            _outside(rows, self.low, self.high),
            _outside(codes, self.code_low, self.code_high),
        )
        masks = [mask for mask in masks if mask is not None]
        return np.logical_or.reduce(masks) if masks else None

    def settled(self, rows, codes, decode):
        """Return the better codes of rows outside: the network's, or PCA's.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features)
        codes : ndarray of shape (n_samples, n_components)
            Those of the network.
        decode : callable
            ``(codes) -> rows``: the network's decoder.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """
        of_pca = (rows - self.shift) @ self.to_codes
        with np.errstate(over="ignore", invalid="ignore"):  # NaN is not better
            if self.compares:
                codes = np.clip(codes, *self.limits)
                back = of_pca @ self.to_rows + self.shift
                error = (((rows - decode(codes)) / self.unit) ** 2).sum(axis=1)
                is_worse = ~(error <= (((rows - back) / self.unit) ** 2).sum(axis=1))
            else:
                is_worse = _outside(codes, *self.limits)
        is_far = _outside(rows, *self.far)
        masks = [mask for mask in (is_worse, is_far) if mask is not None]
        if not masks:
            return codes
        is_of_pca = np.logical_or.reduce(masks)[:, np.newaxis]
        return np.where(is_of_pca, self.moved_out(of_pca), codes)

    def moved_out(self, codes):
        """Return PCA's codes with the last one moved out, past those of the network."""
        middle, reach = self.zone
        last = codes[:, -1] - middle[-1]
        codes = codes.copy()
        codes[:, -1] += np.where(last < 0, -GAP, GAP) * reach[-1]
        return codes

    def decode(self, codes, decode):
        """Return the rows for codes of the network and of PCA."""
        middle, reach = self.zone
        last = codes[:, -1] - middle[-1]
        of_pca = np.flatnonzero(np.abs(last) > BORDER * reach[-1])
        if not len(of_pca):
            return decode(codes)
        of_network = codes.copy()
        of_network[of_pca] = middle
        rows = decode(of_network)
        back = codes[of_pca]
        back[:, -1] -= np.copysign(GAP * reach[-1], last[of_pca])
        rows[of_pca] = back @ self.to_rows + self.shift
        return rows


def _outside(X, low, high):
    """Return which rows leave a range in any column, or None if none does."""
    lowest, highest = _extremes(X)
    columns = np.flatnonzero((lowest < low) | (highest > high))
    if not len(columns):
        return None
    part = X[:, columns]
    return (np.less(part, low[columns]) | np.greater(part, high[columns])).any(axis=1)


def _extremes(X):
    """Return the smallest and the largest value of each column.

    NumPy is several times faster along few and long rows than along many short ones.
    """
    n_rows, n_columns = X.shape
    n_beside = min(max(1, WIDE // n_columns), n_rows)
    whole = n_rows - n_rows % n_beside
    wide = X[:whole].reshape(-1, n_beside * n_columns)
    parts = X[whole:], wide.min(axis=0).reshape(n_beside, -1)
    lowest = np.concatenate(parts).min(axis=0)
    parts = X[whole:], wide.max(axis=0).reshape(n_beside, -1)
    return lowest, np.concatenate(parts).max(axis=0)


def bounds_of(model, table, pca, compares=True):
    """Return the range of the rows of a table and of their codes.

    Codes and PCA's scores, each in units of their standard deviations, are brought
    together by the rotation that makes them most alike (that of Procrustes): this is the
    basis in which components are written as codes.

    Parameters
    ----------
    model : DenseModel
        Without bounds.
    table : Table
    pca : PrincipalComponents
    compares : bool, default=True
        As in :class:`Bounds`.

    Returns
    -------
    Bounds
    """
    n_features, n_codes = table.X.shape[1], model.network.n_components
    low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    code_low, code_high = np.full(n_codes, np.inf), np.full(n_codes, -np.inf)
    total, first, second = 0.0, np.zeros(n_codes), np.zeros(n_codes)
    deviation = np.maximum(pca.deviation, LEAST_DEVIATION * pca.deviation.max(initial=0))
    shared = np.zeros((len(deviation), n_codes))
    unit = power_of_two(model.scale)  # so that no square is out of range
    for rows, weight, codes in _weighted_parts(model, table):
        low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
        code_low = np.minimum(code_low, codes.min(axis=0))
        code_high = np.maximum(code_high, codes.max(axis=0))
        codes = codes / unit
        with one_blas_thread():
            scores = (rows - pca.mean) @ pca.components.T / deviation
            total += weight.sum()
            first += weight @ codes
            second += weight @ codes**2
            shared += (scores * weight[:, np.newaxis]).T @ codes
    margin = CODE_MARGIN * (code_high - code_low)
    spread = np.sqrt(np.maximum(second / total - (first / total) ** 2, 0))
    spread = np.where(spread > 1e-9 * spread.max(), spread, spread.max() or 1.0)
    left, _, right = np.linalg.svd(shared / total / spread, full_matrices=False)
    rotation, spread = left @ right, spread * unit
    return Bounds(
        shift=model.shift,
        low=low.astype(np.float64),
        high=high.astype(np.float64),
        code_low=code_low - margin,
        code_high=code_high + margin,
        to_codes=(pca.components.T / deviation) @ rotation * spread,
        to_rows=(rotation / spread).T @ (pca.components * deviation[:, np.newaxis]),
        compares=compares,
    )


def _weighted_parts(model, table):
    """Yield the rows that count, their weights and their codes, in blocks."""
    for block in chunk_slices(*table.X.shape, BLOCK_VALUES):
        weight = np.ones(block.stop - block.start)
        if table.weight is not None:
            weight = table.weight[block]
        rows = take(table.X, block)[weight > 0]
        if len(rows):
            codes = model.encode(rows).astype(np.float64, copy=False)
            yield rows, weight[weight > 0], codes


def bounded_models(encoder, decoder, bounds):
    """Return the Keras twins of an encoder and a decoder within bounds.

    Parameters
    ----------
    encoder, decoder : keras.Model
        The network's, in the units of the table.
    bounds : Bounds
        In float32.

    Returns
    -------
    encoder, decoder : keras.Model
    """
    keras = load_keras()
    with float32_policy():
        n_features, n_codes = bounds.to_codes.shape
        to_codes = keras.layers.Dense(n_codes, trainable=False, name="to_codes")
        to_rows = keras.layers.Dense(n_features, trainable=False, name="to_rows")
        rows = keras.Input((n_features,), name="encoder_rows")
        codes, of_pca = encoder(rows), to_codes(rows)
        given = codes
        if bounds.compares:
            low, high = bounds.limits
            codes = keras.ops.minimum(keras.ops.maximum(given, low), high)
        stays = _stays(rows, given, (decoder(codes), to_rows(of_pca)), bounds)
        chosen = keras.ops.where(stays, codes, _moved(of_pca, 1, bounds))
        bounded_encoder = keras.Model(rows, chosen, name="encoder")

        codes = keras.Input((n_codes,), name="decoder_codes")
        middle, reach = bounds.zone
        is_of_pca = keras.ops.abs(codes[:, -1:] - middle[-1]) > BORDER * reach[-1]
        of_network = decoder(keras.ops.where(is_of_pca, middle, codes))
        of_pca = to_rows(_moved(codes, -1, bounds))
        back = keras.ops.where(is_of_pca, of_pca, of_network)
        bounded_decoder = keras.Model(codes, back, name="decoder")
    to_codes.set_weights([bounds.to_codes, -bounds.shift @ bounds.to_codes])
    to_rows.set_weights([bounds.to_rows, bounds.shift])
    return bounded_encoder, bounded_decoder


def _stays(rows, codes, backs, bounds):
    """Return which rows keep the network's code, as Keras tensors."""
    ops = load_keras().ops

    def is_outside(values, low, high):
        beyond = ops.maximum(ops.subtract(low, values), values - high)
        return ops.max(beyond, axis=1, keepdims=True) > 0

    is_inside = ops.logical_not(
        ops.logical_or(
            is_outside(rows, bounds.low, bounds.high),
            is_outside(codes, bounds.code_low, bounds.code_high),
        )
    )
    is_better = ops.logical_not(is_outside(rows, *bounds.far))
    if bounds.compares:
        error, error_of_pca = (
            ops.sum(ops.square((rows - back) / bounds.unit), axis=1, keepdims=True)
            for back in backs
        )
        is_better = ops.logical_and(error <= error_of_pca, is_better)
    else:
        is_own = ops.logical_not(is_outside(codes, *bounds.limits))
        is_better = ops.logical_and(is_own, is_better)
    return ops.logical_or(is_inside, is_better)


def _moved(codes, sign, bounds):
    """Return codes with the last one moved out, or back, as Keras tensors."""
    middle, reach = bounds.zone
    step = sign * GAP * reach[-1] * np.eye(len(middle), dtype=middle.dtype)[-1:]
    return codes + load_keras().ops.where(codes[:, -1:] < middle[-1], -step, step)
