"""Random states that leave the global generators alone."""

from numbers import Integral

import numpy as np

MOST_SEEDS = 2**32


def fresh_seed(random_state):
    """Return a random state, or a new seed for None: no global generator is moved."""
    if random_state is not None:
        return random_state
    return int(np.random.SeedSequence().generate_state(1)[0])


def as_seed(random_state):
    """Return the int that a random state is or draws, so that all that use it agree.

    None stays what it is.

    Raises
    ------
    ValueError
        If it is no random state.
    """
    if random_state is None:
        return None
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, Integral) and 0 <= random_state < MOST_SEEDS:
        return int(random_state)
    raise ValueError(
        f"random_state={random_state!r} must be an int from 0 to {MOST_SEEDS - 1}, a "
        "RandomState, or None."
    )
