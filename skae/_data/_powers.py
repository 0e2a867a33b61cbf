"""Losses that are a power of the errors, from which the scale of rows can be taken."""

from .._compat import is_keras_own

_POWERS = {  # of the scale, in losses that a shift leaves alone
    "mse": 2,
    "MSE": 2,
    "mean_squared_error": 2,
    "MeanSquaredError": 2,
    "mae": 1,
    "MAE": 1,
    "mean_absolute_error": 1,
    "MeanAbsoluteError": 1,
}


def power_of_scale(loss):
    """Return the power of the scale in a loss; None if it must see the user's units."""
    if not isinstance(loss, str):
        loss = type(loss).__name__ if is_keras_own(loss) else None
    return _POWERS.get(loss)
