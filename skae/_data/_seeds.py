"""Random states that leave the global generators alone."""

import numpy as np


def fresh_seed(random_state):
    """Return a random state, or a new seed for None: no global generator is moved."""
    if random_state is not None:
        return random_state
    return int(np.random.SeedSequence().generate_state(1)[0])
