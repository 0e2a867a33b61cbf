"""The training run that all fits share: a program is lent, loaded and run."""

import contextlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from .._training import Schedule, lent_program, train
from . import _defaults

LARGE = 1 << 20  # weights: a step takes so long that a second compilation does not count


@dataclass(frozen=True)
class Training:
    """What runs of one fit have in common: all but schedule, corruption and listeners.

    Attributes
    ----------
    start : Model, Supervised or Predictor
        Where training starts from.
    architecture : DenseNetwork, BuiltNetwork, SupervisedNetwork or PredictorNetwork
        What the program is built from.
    objective : Objective
    optimizer : keras.optimizers.Optimizer
        As the objective made it; a new program takes it over.
    learning_rate : float
    weight_decay : float or None
        As the optimizer had them when it was made.
    seeds : Seeds
    table : Table
        Rows, and what is compared with the outputs.
    row_index : ndarray of int
        The training rows.
    validation : tuple of (Table, ndarray of int) or None
    patience : int or None
    cause : callable
        ``(logs, rate, decay) -> str or None``: what a loss that is no number may come from.
    optimizer_state : list of ndarray or None
        Where the optimizer goes on from.
    """

    start: object
    architecture: object
    objective: object
    optimizer: object
    learning_rate: float
    weight_decay: float | None
    seeds: object
    table: object
    row_index: np.ndarray
    validation: tuple | None
    patience: int | None
    cause: object
    optimizer_state: list | None = None

    def schedule(self, batch_size, max_epochs, limit=None, most_work=np.inf):
        """Return how long to train, and how fast.

        Parameters
        ----------
        batch_size, max_epochs : int or "auto"
            As asked for; batches are smaller if all rows fit into less.
        limit : int, default=None
            At most so many epochs for ``"auto"``.
        most_work : float, default=inf
            And at most so much work.
        """
        n_rows = len(self.row_index)
        if batch_size == "auto":
            batch_size = _defaults.batch_size(n_rows)
        batch_size = min(int(batch_size), 1 << (n_rows - 1).bit_length())
        if max_epochs == "auto":
            n_weights = sum(array.size for array in self.start.weights())
            max_epochs = _defaults.max_epochs(n_rows, batch_size, n_weights, most_work)
            max_epochs = max_epochs if limit is None else min(max_epochs, limit)
        return Schedule(batch_size, int(max_epochs), self.learning_rate, n_rows)

    def lent_program(self, batch_size):
        """Return a context that lends the compiled program of these runs."""
        return lent_program(self.architecture, self.objective, self.optimizer, batch_size)

    def run(self, program, schedule, corrupt, judge=None, listeners=None):
        """Train from the start for the epochs of a schedule.

        Parameters
        ----------
        program : Program
            That of `lent_program`.
        schedule : Schedule
        corrupt, judge : callable or None
            What corrupts the inputs, and the validation rows that choose the best epoch.
        listeners : callable, default=None
            ``() -> context``, which gives Hooks or None: who is told, asked for when the
            program is loaded.

        Returns
        -------
        TrainingRun
        """
        program.load(
            self.start.weights(),
            self.optimizer_state,
            self.seeds.dropout,
            shift=self.table.shift,
            scale=self.table.scale,
            weight_decay=self.weight_decay,
            settings=self.objective.task.settings,
        )
        cause = partial(self.cause, rate=self.learning_rate, decay=self.weight_decay)
        with contextlib.nullcontext() if listeners is None else listeners() as hooks:
            return train(
                program,
                self.table,
                self.row_index,
                schedule,
                np.random.default_rng(self.seeds.order),
                corrupt=corrupt,
                validation=self.validation,
                patience=self.patience,
                judge=judge,
                forward=self._forward(),
                counts_penalty=self.start.has_penalty,
                hooks=hooks,
                unit=self.objective.task.unit(self.table.scale),
                cause=cause,
            )

    def _forward(self):
        """Return how weights are judged in NumPy: None for large networks, and custom ones.

        Where there is a faster device than the processor, large ones are judged on it.
        """
        start = self.start
        is_large = sum(array.size for array in start.weights()) > LARGE
        if is_large or start.forward() is None:
            return None
        return lambda weights: start.with_weights(weights).forward()
