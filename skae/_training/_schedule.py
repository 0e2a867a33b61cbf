"""How long to train and how fast: the learning rate of every step."""

import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """A learning rate that warms up and then falls to zero as a cosine.

    Attributes
    ----------
    batch_size, max_epochs : int
    learning_rate : float
        The highest rate.
    n_rows : int
        Number of rows in an epoch.
    is_constant : bool, default=False
        Hold the learning rate instead.
    """

    batch_size: int
    max_epochs: int
    learning_rate: float
    n_rows: int
    is_constant: bool = False

    WARM_UP = 0.05

    def shortened(self, fraction):
        """Return the same schedule with fewer epochs, at least one."""
        return replace(self, max_epochs=max(1, round(fraction * self.max_epochs)))

    @property
    def steps_per_epoch(self):
        return math.ceil(self.n_rows / self.batch_size)

    def rates(self, epoch):
        """Return the learning rates of the steps of an epoch, as float32."""
        n_steps = self.steps_per_epoch
        if self.is_constant:
            return np.full(n_steps, self.learning_rate, dtype=np.float32)
        n_total = self.max_epochs * n_steps
        n_warm_up = max(1.0, self.WARM_UP * n_total)
        step = epoch * n_steps + np.arange(n_steps) + 0.5
        falling = (1 + np.cos(np.pi * np.clip(step / n_total, 0, 1))) / 2
        rising = np.minimum(step / n_warm_up, 1.0)
        return (self.learning_rate * falling * rising).astype(np.float32)
