"""What is likely to have gone wrong, or would: parameters far outside of all use."""

import os
from decimal import Decimal
from itertools import pairwise
from numbers import Real

import numpy as np

EXTREME = 1e6  # above it, a noise or a penalty drowns all that float32 can tell apart
BYTES_PER_WEIGHT = 32  # value, gradient, two moments, start and best epoch, two copies


def likely_cause(parameters, logs, rate, decay):
    """Return what the loss has probably died of, with what to do, or None.

    Parameters
    ----------
    parameters : dict
        Of the estimator.
    logs : dict
        What the epoch reports.
    rate, decay : float or None
        The optimizer's learning rate and weight decay.
    """
    if decay and decay * rate > 1 >= rate:  # a step takes away more than there is
        return f"weight_decay={decay:g}, which is too high for learning_rate={rate:g}"
    for name in ("input_noise", "noise_level", "emphasis", "sparsity_weight"):
        value = parameters.get(name)
        if isinstance(value, Real) and value > EXTREME:
            return f"{name}={value:g}, which drowns the rows"
    weight = parameters.get("target_weight")
    if isinstance(weight, Real) and weight > EXTREME:
        return f"target_weight={weight:g}, beside which the rows do not count"
    if np.isfinite(logs["loss"]) and not np.isfinite(logs.get("val_loss", 0)):
        return "the validation rows, which lie far outside of the training rows"
    return None


def check_size(widths, parameters):
    """Raise a ValueError for a network that this machine could not hold.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, outputs of one half.
    parameters : dict
        What asks for them.
    """
    n_weights = 2 * sum(before * behind for before, behind in pairwise(widths))
    needed, there = BYTES_PER_WEIGHT * n_weights, _memory()
    if needed > there:
        asked = " and ".join(f"{name}={value!r}" for name, value in parameters.items())
        raise ValueError(
            f"{asked} make a network of {Decimal(n_weights):.2g} weights, which needs "
            f"{Decimal(needed) / 10**9:.2g} GB to train, more than the {there / 1e9:.0f} "
            "GB of this machine; choose smaller ones."
        )


def _memory():
    """Return the bytes of memory of this machine, 1 TB if it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 10**12
