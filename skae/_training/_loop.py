"""Epochs: train, validate, remember the best, stop when told to."""

from dataclasses import dataclass, field

import numpy as np

from .._rows import chunk_slices
from ._chunks import epoch_chunks


@dataclass
class TrainingRun:
    """What one call of :func:`train` did.

    Attributes
    ----------
    weights : list of ndarray
        Those of the best epoch on the validation rows; of the last without any.
    history : dict of list of float
        One value an epoch, in the user's units.
    best_epoch : int
        1 for the first epoch; 0 if the start was kept.
    start_losses, best_losses : ndarray of shape (n_validation_rows,) or None
        Loss of each validation row at the start and at the best epoch.
    """

    weights: list
    history: dict = field(default_factory=dict)
    best_epoch: int = 0
    start_losses: np.ndarray | None = None
    best_losses: np.ndarray | None = None

    @property
    def n_epochs(self):
        return len(self.history["loss"])


def train(
    program,
    table,
    rows,
    schedule,
    order_rng,
    *,
    corrupt=None,
    validation=None,
    patience=None,
    keep_start=False,
    hooks=None,
    unit=1.0,
):
    """Run the epochs of one fit on a program that has been loaded.

    Parameters
    ----------
    program : Program
    table : Table
        The rows to train on.
    rows : ndarray of int
        Which of them.
    schedule : Schedule
    order_rng : numpy.random.Generator
        Shuffles the rows before each epoch.
    corrupt : callable, default=None
        Corruption of the inputs.
    validation : tuple of (Table, ndarray of int), default=None
        The rows that choose the best epoch.
    patience : int, default=None
        Stop after so many epochs without a better validation loss.
    keep_start : bool, default=False
        Keep the weights from before the first epoch unless the best epoch's gain on
        the validation rows is beyond doubt.
    hooks : Hooks, default=None
        Told of the beginning and the end of epochs; may set the learning rate, and may
        stop the run.
    unit : float, default=1.0
        What a loss of 1 in conditioned units is in the user's.

    Returns
    -------
    TrainingRun

    Raises
    ------
    ValueError
        If the loss stops being a number.
    """
    run = TrainingRun(weights=program.weights(), history={"loss": [], "penalty": []})
    start_weights = run.weights
    best = np.inf
    if validation is not None:
        run.history["val_loss"] = []
        run.start_losses = run.best_losses = row_losses(program, *validation)
        if keep_start:
            best = _mean_loss(run.start_losses, *validation) * unit
    run.history["learning_rate"] = []

    for epoch in range(schedule.max_epochs):
        rates = schedule.rates(epoch * schedule.steps_per_epoch, schedule.steps_per_epoch)
        if hooks is not None:
            rates = hooks.epoch_begin(epoch, rates)
        order = order_rng.permutation(rows)
        loss, penalty = _train_epoch(program, table, order, rates, schedule, corrupt)
        logs = {"loss": loss * unit, "penalty": penalty * unit}
        losses = None
        if validation is not None:
            losses = row_losses(program, *validation)
            logs["val_loss"] = _mean_loss(losses, *validation) * unit
        logs["learning_rate"] = float(rates[-1])
        for name, value in logs.items():
            run.history[name].append(value)
        if not all(np.isfinite(value) for value in logs.values()):
            raise ValueError(
                f"The loss stopped being a number in epoch {epoch + 1}; the likely cause "
                "is a learning_rate that is too high, or columns of very different "
                "scale: lower learning_rate, or standardise the columns first, with "
                "StandardScaler."
            )
        if losses is not None and logs["val_loss"] < best:
            best, run.best_losses = logs["val_loss"], losses
            run.best_epoch, run.weights = epoch + 1, program.weights()
        if hooks is not None and hooks.epoch_end(epoch, logs):
            break
        if patience is not None and epoch + 1 - run.best_epoch >= patience:
            break

    if hooks is not None:
        hooks.train_end()
    if validation is None:
        run.weights, run.best_epoch = program.weights(), run.n_epochs
    elif keep_start and not _gain_is_real(run, *validation):
        run.weights, run.best_epoch = start_weights, 0
        run.best_losses = run.start_losses
    return run


def row_losses(program, table, rows):
    """Return the loss of each of the rows, uncorrupted, as at inference."""
    losses = []
    for part in chunk_slices(len(rows), table.X.shape[1]):
        targets = table.rows(rows[part])
        losses.append(program.evaluate(targets, targets))
    return np.concatenate(losses).astype(np.float64)


def _train_epoch(program, table, order, rates, schedule, corrupt):
    loss_sum = penalty_sum = weight_sum = 0.0
    step = 0
    for inputs, targets, weights, n_batches in epoch_chunks(
        table, order, schedule.batch_size, corrupt
    ):
        chunk_rates = np.zeros(len(weights), dtype=np.float32)
        chunk_rates[:n_batches] = rates[step : step + n_batches]
        loss, penalty = program.train(inputs, targets, weights, chunk_rates, n_batches)
        step += n_batches
        loss_sum += loss
        penalty_sum += penalty
        weight_sum += float(weights.sum(dtype=np.float64))
    total = weight_sum or 1.0
    return loss_sum / total, penalty_sum / total


def _mean_loss(losses, table, rows):
    if table.weight is None:
        return float(losses.mean())
    return float(np.average(losses, weights=table.weight[rows]))


def _gain_is_real(run, table, rows):
    """Whether the gain over the start, already positive in the mean, is no accident.

    Either the mean exceeds twice its standard error, or more rows gained than chance
    would let: a few rows with huge errors can hide the gain of the others in the mean.
    """
    gains = run.start_losses - run.best_losses
    weight = np.ones(len(gains)) if table.weight is None else table.weight[rows]
    weight = weight / weight.sum()
    mean = weight @ gains
    standard_error = np.sqrt((weight**2) @ (gains - mean) ** 2)
    won = weight @ np.sign(gains)
    return mean > 2 * standard_error or won > 2 * np.sqrt(weight @ weight)
