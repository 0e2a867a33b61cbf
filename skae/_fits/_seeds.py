"""The seeds of a fit."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seeds:
    """One stream of random numbers per role, so that no role shifts another's."""

    weights: np.random.SeedSequence
    split: np.random.SeedSequence
    order: np.random.SeedSequence
    noise: np.random.SeedSequence
    dropout: np.random.SeedSequence
    judge: np.random.SeedSequence

    @classmethod
    def from_random_state(cls, random_state, n_epochs_before):
        """Draw the seeds as scikit-learn would, but never from a global generator.

        Parameters
        ----------
        random_state : int, numpy.random.RandomState or None
        n_epochs_before : int
            So that the epochs of partial fits do not repeat the first one's draws.
        """
        entropy = None
        if isinstance(random_state, np.random.RandomState):
            entropy = random_state.randint(2**31 - 1, size=4).tolist()
        elif random_state is not None:
            entropy = [int(random_state), n_epochs_before]
        return cls(*np.random.SeedSequence(entropy).spawn(6))
