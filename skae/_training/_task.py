"""Slot 3: what the outputs of a network are compared with."""

from dataclasses import dataclass

import numpy as np

from .._data._powers import power_of_scale
from .._keras import load_keras
from ._objective import check_cellwise, loss_key, make_loss


@dataclass(frozen=True)
class Reconstruction:
    """To give back the rows, clean where they were corrupted.

    Attributes
    ----------
    loss : str, keras.losses.Loss or callable
    emphasis : float, default=0.0
        Extra weight of corrupted cells.
    """

    loss: object
    emphasis: float = 0.0

    errors_decide = True  # which of two models, or of two codes of a row, is better

    @property
    def power(self):
        """Power of the errors in the loss; None if it must see the user's units."""
        return power_of_scale(self.loss)

    @property
    def settings(self):
        """Numbers that a fit sets, and that are not compiled in."""
        return (float(self.emphasis),)

    def key(self):
        """Return what tasks share that are compiled alike, None if that cannot be told."""
        loss = loss_key(self.loss)
        return loss and (Reconstruction, loss, bool(self.emphasis))

    def check(self, n_features):
        """Raise an error for a loss that is none, or that cannot weigh cells."""
        make_loss(self.loss)
        if self.emphasis:
            check_cellwise(self.loss, n_features)

    def unit(self, scale):
        """Return what a loss of 1 in conditioned units is in the user's."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.power(scale, self.power or 0))

    def targets(self, rows, labels):
        """Return what outputs are compared with: the rows."""
        return rows

    def make_losses(self):
        """Return the loss as a function."""
        return make_loss(self.loss)

    def row_losses(self, loss, inputs, targets, outputs, units, settings):
        """Return the loss of each row, as a program compiles it.

        Parameters
        ----------
        loss : callable
            That of `make_losses`.
        inputs, targets, outputs : tensor of shape (n_rows, n)
        units : callable
            Takes values to the units that the loss must see.
        settings : sequence of tensor

        Returns
        -------
        tensor of shape (n_rows,)
        """
        seen = units(targets), units(outputs)
        if not self.emphasis:
            return _one_a_row(loss(*seen))
        ops = load_keras().ops
        weight = 1 + settings[0] * ops.cast(inputs != targets, "float32")
        # With an axis more, a loss that averages over cells gives that of each cell.
        per_cell = loss(*(values[..., np.newaxis] for values in seen))
        return ops.mean(weight * per_cell, axis=-1)

    def losses(self, rows, outputs):
        """Return the loss of each row, for outputs that are there."""
        with np.errstate(over="ignore"):  # an infinite loss is told of while training
            seen = rows.astype(np.float32), outputs.astype(np.float32)
        tensors = map(load_keras().ops.convert_to_tensor, seen)
        return np.array(_one_a_row(make_loss(self.loss)(*tensors)), dtype=np.float64)


@dataclass(frozen=True)
class Labels:
    """To give the labels of the rows.

    Attributes
    ----------
    loss : str or keras.losses.Loss
    """

    loss: object

    power = 0  # labels have units of their own
    settings = ()

    def unit(self, scale):
        """Return what a loss of 1 is in the user's units: labels are in no others."""
        return 1.0

    def key(self):
        """Return what tasks share that are compiled alike, None if that cannot be told."""
        loss = loss_key(self.loss)
        return loss and (Labels, loss)

    def targets(self, rows, labels):
        """Return what outputs are compared with: the labels."""
        return labels

    def make_losses(self):
        """Return the loss as a function."""
        return make_loss(self.loss)

    def row_losses(self, loss, inputs, targets, outputs, units, settings):
        """Return the loss of each row, as :class:`Reconstruction` does."""
        return _one_a_row(loss(targets, outputs))


@dataclass(frozen=True)
class RowsAndLabels:
    """To give back the rows, and beside them the labels of those that have one.

    Attributes
    ----------
    reconstruction : Reconstruction
    label_loss : str or keras.losses.Loss
    n_features : int
        How many of the outputs are the row.
    weight : float
        What a loss of 1 of a label counts, where that of the row counts once.
    """

    reconstruction: Reconstruction
    label_loss: object
    n_features: int
    weight: float

    errors_decide = False  # labels count too

    @property
    def power(self):
        """Power of the errors in the loss; None if it must see the user's units."""
        return self.reconstruction.power

    @property
    def settings(self):
        """Numbers that a fit sets, and that are not compiled in."""
        return *self.reconstruction.settings, float(self.weight)

    @property
    def loss(self):
        """Both losses."""
        return self.reconstruction.loss, self.label_loss

    def key(self):
        """Return what tasks share that are compiled alike, None if that cannot be told."""
        keys = self.reconstruction.key(), loss_key(self.label_loss)
        return None if None in keys else (RowsAndLabels, *keys)

    def check(self, n_features):
        """Raise an error for a loss that is none, or that cannot weigh cells."""
        self.reconstruction.check(n_features)

    def unit(self, scale):
        """Return what a loss of 1 is reported as: the sum of two has no unit."""
        return 1.0

    def targets(self, rows, labels):
        """Return what outputs are compared with: rows, and labels beside them."""
        return np.hstack([rows, labels])

    def make_losses(self):
        """Return the losses as functions, of the rows and of the labels."""
        return make_loss(self.reconstruction.loss), make_loss(self.label_loss)

    def row_losses(self, losses, inputs, targets, outputs, units, settings):
        """Return the loss of each row, as :class:`Reconstruction` does."""
        ops, n = load_keras().ops, self.n_features
        of_rows, of_labels = losses
        error = self.reconstruction.row_losses(
            of_rows, inputs, targets[:, :n], outputs[:, :n], units, settings
        )
        labels = targets[:, n:]
        has_label = ops.logical_not(ops.isnan(labels[:, 0]))
        known = ops.where(has_label[:, np.newaxis], labels, 0.0)
        of_each = _one_a_row(of_labels(known, outputs[:, n:]))
        return error + settings[-1] * ops.where(has_label, of_each, 0.0)


def _one_a_row(losses):
    losses = load_keras().ops.convert_to_tensor(losses)
    if len(losses.shape) != 1:
        raise ValueError(
            f"loss gives an array of shape {tuple(losses.shape)} for a batch of rows, "
            "but it must give one value a row; take the mean over the last axis."
        )
    return losses
