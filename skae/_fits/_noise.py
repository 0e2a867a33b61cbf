"""Slot 1: what is done to the inputs, and noises by name, fitted to a table."""

from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from .._data._rows import chunk_slices
from ..corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise, SwapNoise

NOISES = ("swap", "masking", "gaussian", "salt_and_pepper")
DONOR_VALUES = 1 << 21


@dataclass(frozen=True)
class Corruption:
    """Slot 1: what is done to the inputs while training.

    Attributes
    ----------
    draw : callable or None
        ``(rows, rng) -> rows``, in the units that the network sees; None does nothing.
    attributes : dict
        Fitted attributes that tell of it.
    is_the_task : bool
        Whether undoing it is what the autoencoder is for, and not only a means.
    """

    draw: object = None
    attributes: dict = field(default_factory=dict)
    is_the_task: bool = False

    def seeded(self, seed):
        """Return ``(rows) -> rows`` with a generator of its own, or None."""
        if self.draw is None:
            return None
        rng = np.random.default_rng(seed)
        return lambda rows: self.draw(rows, rng)

    def judge(self, seed):
        """Return what corrupts validation rows when the best epoch is chosen, or None.

        Where undoing a corruption is the task, it is what chooses: on clean rows the
        identity has no error, and undoes nothing.
        """
        if not self.is_the_task or self.draw is None:
            return None
        return lambda: self.seeded(seed)


def noise_maker(noise, pca, table, row_index, groups=None):
    """Return ``level -> corruption`` for a noise asked for by name.

    Parameters
    ----------
    noise : {"swap", "masking", "gaussian", "salt_and_pepper"}
    pca : PrincipalComponents
    table : Table
        In whose units, as the network sees them, the corruption works.
    row_index : ndarray of int
        The training rows, which extremes and donors are taken from.
    groups : list of list of int, default=None
        Columns that are corrupted as one.
    """
    if noise == "gaussian":
        scale = pca.column_scale / table.scale
        return lambda level: GaussianNoise(level, scale)
    if noise == "masking":
        mean = (pca.mean - table.shift) / table.scale
        return lambda level: MaskingNoise(level, mean, groups)
    if noise == "salt_and_pepper":
        low, high = _extremes(table, row_index)
        return lambda level: SaltAndPepperNoise(level, low, high, groups)
    n_donors = max(1, min(len(row_index), DONOR_VALUES // table.X.shape[1]))
    evenly = np.linspace(0, len(row_index) - 1, n_donors).astype(np.intp)
    donors = table.rows(row_index[evenly])
    return lambda level: SwapNoise(level, donors, groups)


def gaussian_input(level, pca, table):
    """Return the normal noise that regularises an autoencoder, none at level 0."""
    if not level:
        return Corruption()
    return Corruption(GaussianNoise(level, pca.column_scale / table.scale))


def check_level(noise, level, column=None):
    """Raise a ValueError for a level that the noise cannot have."""
    is_number = isinstance(level, Real) and not isinstance(level, bool)
    bound = np.inf if noise == "gaussian" else 1
    if not is_number or not 0 <= level < bound:
        allowed = "a number >= 0" if noise == "gaussian" else "in [0, 1)"
        place = "" if column is None else f" for column {column!r}"
        raise ValueError(f"noise_level={level!r}{place} must be {allowed}.")


def _extremes(table, row_index):
    """Return the smallest and the largest value of each column."""
    low, high = np.inf, -np.inf
    for part in chunk_slices(len(row_index), table.X.shape[1]):
        chunk = table.rows(row_index[part])
        low = np.minimum(low, chunk.min(axis=0))
        high = np.maximum(high, chunk.max(axis=0))
    return low, high


def in_user_units(noise, table):
    """Wrap a callable so that it sees rows in the units of the table."""

    def draw(rows, rng):
        clean = rows.astype(np.float64) * table.scale + table.shift
        noisy = np.asarray(noise(clean, rng))
        if noisy.shape == rows.shape and not np.isfinite(noisy).all():
            raise ValueError(
                "noise returned missing or infinite values; return a number in each cell."
            )
        if noisy.shape != rows.shape:
            raise ValueError(
                f"noise returned an array of shape {noisy.shape} for rows of shape "
                f"{rows.shape}; it must return as many rows and columns as it is given."
            )
        return ((noisy - table.shift) / table.scale).astype(np.float32)

    return draw
