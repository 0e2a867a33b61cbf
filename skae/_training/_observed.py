"""Slot 3 of a table with holes: the cells that are there, by the kind of their column."""

from dataclasses import dataclass

import numpy as np

from .._columns._measures import SHARPNESS, entropy_of
from .._keras import load_keras
from ._objective import check_cellwise, loss_key, make_loss


@dataclass(frozen=True)
class Kinds:
    """Which outputs are numbers, and which are levels of one column together.

    Attributes
    ----------
    n_outputs, n_values : int
        Of the network, and how many of these count: those behind them say what is missing.
    n_columns : int
        Of the frame that have values.
    blocks : tuple of tuple of int
        First output and number of levels of each column of levels.
    shares, scales : ndarray of shape (n_values,)
        Of levels: what they had before they were centred and scaled; 0 and 1 of numbers.
    """

    n_outputs: int
    n_values: int
    n_columns: int
    blocks: tuple
    shares: np.ndarray
    scales: np.ndarray

    @property
    def is_level(self):
        """Which of the values are levels, as 0 and 1."""
        found = np.zeros(self.n_values, dtype=np.float32)
        for first, size in self.blocks:
            found[first : first + size] = 1
        return found

    @property
    def entropy(self):
        """What each value's cross-entropy is divided by: that of its column."""
        entropy = np.ones(self.n_values, dtype=np.float32)
        for first, size in self.blocks:
            part = slice(first, first + size)
            entropy[part] = entropy_of(self.shares[part])
        return entropy

    @property
    def of_block(self):
        """Matrix that adds up the levels of each block, shape (n_values, n_blocks)."""
        matrix = np.zeros((self.n_values, len(self.blocks)), dtype=np.float32)
        for i, (first, size) in enumerate(self.blocks):
            matrix[first : first + size, i] = 1
        return matrix


@dataclass(frozen=True)
class ObservedCells:
    """To give back the cells that are there, also those that were hidden or corrupted.

    A number's loss is in the unit of its column's variance, a level's cross-entropy in
    that of its column's entropy, so each column counts one before anything is learnt.

    Attributes
    ----------
    loss : str, keras.losses.Loss or callable
        Of numbers, a value for each cell.
    emphasis : float
        Extra weight of cells that were hidden or corrupted.
    kinds : Kinds
    """

    loss: object
    emphasis: float
    kinds: Kinds

    errors_decide = False  # levels are no matter of squared errors

    @property
    def power(self):
        """None: the loss must see the units of the coded table."""

    @property
    def settings(self):
        """Numbers that a fit sets, and that are not compiled in."""
        kinds = self.kinds
        return float(self.emphasis), kinds.shares, kinds.scales, kinds.entropy

    def key(self):
        """Return what tasks share that are compiled alike, None if that cannot be told."""
        loss, kinds = loss_key(self.loss), self.kinds
        shape = kinds.n_outputs, kinds.n_values, kinds.n_columns, kinds.blocks
        return loss and (ObservedCells, loss, bool(self.emphasis), shape)

    def check(self, n_features):
        """Raise an error for a loss that is none, or that is not a mean over the cells."""
        try:
            check_cellwise(self.loss, n_features)
        except ValueError:
            raise ValueError(
                f"loss={self.loss!r} is not a mean over the cells, such as 'mse' or 'mae', "
                "so it cannot leave out those that are missing; choose another loss."
            ) from None

    def unit(self, scale):
        """Return what a loss of 1 is reported as: it has no unit."""
        return 1.0

    def targets(self, rows, labels):
        """Return what outputs are compared with: rows, NaN where cells do not count."""
        return rows

    def make_losses(self):
        """Return the loss of numbers as a function."""
        return make_loss(self.loss)

    def row_losses(self, loss, inputs, targets, outputs, units, settings):
        """Return the loss of each row, as :class:`Reconstruction` does."""
        ops, n = load_keras().ops, self.kinds.n_values
        emphasis, shares, scales, entropy = settings[:4]
        is_there = ops.logical_not(ops.isnan(targets[:, :n]))
        true, given = (
            ops.where(is_there, units(values)[:, :n], 0.0) for values in (targets, outputs)
        )
        per_cell = loss(true[..., np.newaxis], given[..., np.newaxis])
        weight = ops.cast(is_there, "float32")
        if self.emphasis:
            changed = ops.cast(inputs[:, :n] != targets[:, :n], "float32")
            weight = weight * (1 + emphasis * changed)
        if not self.kinds.blocks:
            return ops.sum(weight * per_cell, axis=-1) / self.kinds.n_columns
        is_true = ops.round(true * scales + shares)  # free of the rounding of units
        bent = SHARPNESS * (given * scales + shares)
        total, of_true, block_weight = (
            ops.matmul(values, self.kinds.of_block)
            for values in (ops.softplus(bent), is_true * bent, is_true * weight / entropy)
        )
        # Logarithms for each column, not for each level, which are most of all there is.
        losses = ops.log(total + 1e-30) - ops.log(ops.softplus(of_true) + 1e-30)
        of_levels = block_weight * losses
        of_numbers = weight * (1 - self.kinds.is_level) * per_cell
        sums = ops.sum(of_numbers, axis=-1) + ops.sum(of_levels, axis=-1)
        return sums / self.kinds.n_columns
