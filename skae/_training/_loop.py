"""Epochs: train, validate, remember the best, stop when told to."""

import contextlib
from dataclasses import dataclass

import numpy as np

from .._data._rows import chunk_slices
from .._data._threads import one_blas_thread
from ._chunks import epochs

KEPT_VALUES = 1 << 23  # validation rows up to 32 MiB are corrupted only once


@dataclass(frozen=True)
class TrainingRun:
    """What one call of :func:`train` did.

    Attributes
    ----------
    weights : list of ndarray
        Those of the best epoch on the validation rows; of the last without any.
    best_epoch : int
        1 for the first epoch.
    gains : ndarray of shape (n_validation,) or None
        By how much the loss of each validation row is lower than before the first epoch.
    history : dict of list of float
        One value an epoch, in the user's units.
    """

    weights: list
    best_epoch: int
    gains: np.ndarray | None
    history: dict

    @property
    def n_epochs(self):
        """Number of epochs trained."""
        return len(self.history["loss"])


def train(
    program,
    table,
    row_index,
    schedule,
    order_rng,
    *,
    corrupt=None,
    validation=None,
    patience=None,
    judge=None,
    forward=None,
    counts_penalty=False,
    hooks=None,
    unit=1.0,
    cause=None,
):
    """Run the epochs of one fit on a program that has been loaded.

    Parameters
    ----------
    program : Program
    table : Table
        The rows to train on.
    row_index : ndarray of int
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
    judge : callable, default=None
        ``() -> corrupt``: what corrupts the validation rows, always in the same way,
        when the best epoch is chosen. None chooses by the clean rows.
    forward : callable, default=None
        ``(weights) -> Forward``: gives the outputs for validation rows without another
        compilation. None computes them on the backend.
    counts_penalty : bool, default=False
        Choose the best epoch by its validation loss plus its penalty.
    hooks : Hooks, default=None
        Told of the beginning and the end of epochs; may set the learning rate, and may
        stop the run.
    unit : float, default=1.0
        What a loss of 1 in conditioned units is in the user's.
    cause : callable, default=None
        ``(logs) -> str or None``: what a loss that is no number is likely to come from.

    Returns
    -------
    TrainingRun

    Raises
    ------
    ValueError
        If the loss stops being a number.
    """
    keeper = (
        _LastEpoch(program)
        if validation is None
        else _BestEpoch(program, validation, judge, forward)
    )
    logs_of_epochs = []
    with contextlib.closing(
        epochs(
            table,
            row_index,
            schedule,
            order_rng,
            targets_of=program.task.targets,
            corrupt=corrupt,
        )
    ) as chunks_of_epochs:
        for epoch, chunks in enumerate(chunks_of_epochs):
            rates = schedule.rates(epoch)
            if hooks is not None:
                rates = hooks.epoch_begin(epoch, rates)
            logs = _train_epoch(program, chunks, rates)
            logs |= keeper.see(epoch + 1, logs["penalty"] if counts_penalty else 0.0)
            _check_finite(logs, epoch + 1, cause)
            logs = {name: value * unit for name, value in logs.items()}
            own = program.has_own_schedule
            logs["learning_rate"] = program.learning_rate if own else float(rates[-1])
            logs_of_epochs.append(logs)
            wants_to_stop = hooks is not None and hooks.epoch_end(epoch, logs)
            is_patient = patience is None or epoch + 1 - keeper.lowest_epoch < patience
            if wants_to_stop or not is_patient:
                break
    if hooks is not None:
        hooks.train_end()
    history = {name: [logs[name] for logs in logs_of_epochs] for name in logs}
    return TrainingRun(*keeper.choose(), history)


class _LastEpoch:
    """Keeps the weights of the last epoch, when there are no rows to choose by."""

    def __init__(self, program):
        self._program = program
        self.lowest_epoch = 0

    def see(self, epoch, penalty):
        """Note the epoch; there is no validation loss to return."""
        self.lowest_epoch = epoch
        return {}

    def choose(self):
        """Return the weights as they are now, the last epoch, and no gains."""
        return self._program.weights(), self.lowest_epoch, None


class _BestEpoch:
    """Keeps the weights of the best epoch on the validation rows.

    Parameters
    ----------
    program : Program
    validation : tuple of (Table, ndarray of int)
    judge, forward : callable or None
    """

    def __init__(self, program, validation, judge, forward):
        self._program = program
        self._forward_of = forward
        self._table, self._row_index = validation
        self._judge = judge
        weight = np.ones(len(self._row_index))
        if self._table.weight is not None:
            weight = self._table.weight[self._row_index]
        self._weight = weight / weight.sum()
        self._best = program.weights()
        self._noisy = None
        if (
            judge is not None
            and len(self._row_index) * self._table.X.shape[1] <= KEPT_VALUES
        ):
            self._noisy = list(self._noisy_parts())
        self._look()
        self._start_losses = self._best_losses = self._losses(is_judged=True)
        self._lowest = np.inf
        self.lowest_epoch = 0

    def see(self, epoch, penalty):
        """Look at the weights after an epoch and return the validation loss."""
        self._look()
        losses = self._losses(is_judged=True)
        loss = self._mean(losses)
        if loss + penalty < self._lowest:
            self._lowest, self.lowest_epoch = loss + penalty, epoch
            self._best, self._best_losses = self._program.weights(), losses
        if self._judge is None:
            return {"val_loss": loss}
        return {"val_loss": self._mean(self._losses()), "val_noisy_loss": loss}

    def choose(self):
        """Return the weights of the best epoch, its number, and the gain of each row."""
        gains = self._start_losses - self._best_losses
        return self._best, self.lowest_epoch, gains

    def _look(self):
        """Take the network as it is now, if it is to be judged in NumPy."""
        if self._forward_of is not None:
            self._forward = self._forward_of(self._program.weights())

    @one_blas_thread()
    def _mean(self, losses):
        return float(self._weight @ losses)

    def _losses(self, is_judged=False):
        """Return the loss of each row, corrupted if the judge asks for it."""
        inputs = (rows for rows, _ in self._parts())
        if is_judged and self._judge is not None:
            inputs = self._noisy_parts() if self._noisy is None else self._noisy
        losses = [
            self._losses_of(seen, targets)
            for seen, (_, targets) in zip(inputs, self._parts())
        ]
        return np.concatenate(losses).astype(np.float64)

    def _losses_of(self, inputs, targets):
        if self._forward_of is None:
            return self._program.evaluate(inputs, targets)
        return self._program.losses(inputs, targets, self._forward(inputs))

    def _parts(self):
        targets_of = self._program.task.targets
        for part in chunk_slices(len(self._row_index), self._table.X.shape[1]):
            yield self._table.pairs(self._row_index[part], targets_of)

    def _noisy_parts(self):
        corrupt = self._judge()
        return (corrupt(rows) for rows, _ in self._parts())


def _check_finite(logs, epoch, cause):
    if all(map(np.isfinite, logs.values())):
        return
    likely = None if cause is None else cause(logs)
    remedy = "change that"
    if likely is None:
        likely = "a learning_rate that is too high, or columns of very different scale"
        remedy = (
            "lower learning_rate, or standardise the columns first, with StandardScaler"
        )
    raise ValueError(
        f"The loss stopped being a number in epoch {epoch}; the likely cause is {likely}: "
        f"{remedy}."
    )


def _train_epoch(program, chunks, rates):
    """Train on the chunks of one epoch and return the mean loss and penalty."""
    loss_sum = penalty_sum = weight_sum = 0.0
    step = 0
    for chunk in chunks:
        chunk_rates = np.zeros(len(chunk.weights), dtype=np.float32)
        chunk_rates[: chunk.n_batches] = rates[step : step + chunk.n_batches]
        loss, penalty = program.train(chunk, chunk_rates)
        step += chunk.n_batches
        loss_sum += loss
        penalty_sum += penalty
        weight_sum += float(chunk.weights.sum(dtype=np.float64))
    total = weight_sum or 1.0
    return {"loss": loss_sum / total, "penalty": penalty_sum / total}
