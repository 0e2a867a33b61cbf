"""Losses and optimizers: found by name, or copied whole."""

import inspect
import warnings
from dataclasses import dataclass

import numpy as np

from .._compat import function_settings, is_keras_own, rate_or_schedule, undecayed_pattern
from .._keras import load_keras, unknown_name
from ._functions import function_key

LEARNING_RATE = 5e-3
WEIGHT_DECAY = 1e-2


@dataclass(frozen=True)
class Objective:
    """What a fit is for, and the optimizer that gets there.

    Attributes
    ----------
    task : Reconstruction or Labels
        What the outputs are compared with.
    optimizer : str or keras.optimizers.Optimizer
    learning_rate, weight_decay : float or None
    """

    task: object
    optimizer: object
    learning_rate: float | None
    weight_decay: float | None

    def make_optimizer(self):
        """Return a new optimizer; a name gets the defaults, an instance keeps its own."""
        rate, decay = self.learning_rate, self.weight_decay
        if isinstance(self.optimizer, str):
            rate = LEARNING_RATE if rate is None else rate
            decay = WEIGHT_DECAY if decay is None else decay
        return make_optimizer(self.optimizer, rate, decay)

    def key(self, optimizer):
        """Return what a compiled program depends on: not the values set at run time.

        None if that cannot be told: a config says all only of Keras' own classes.
        """
        task, steps = self.task.key(), optimizer_key(optimizer)
        return None if None in (task, steps) else (task, steps)


def loss_key(loss):
    """Return what equal losses share, or None if that cannot be told."""
    losses = load_keras().losses
    if isinstance(loss, str):  # also a name that the user has registered
        loss = losses.get(loss)
    if not isinstance(loss, losses.Loss):
        return function_key(loss)
    if not is_keras_own(loss):
        return None
    settings = function_settings(loss).items()
    function = function_key(getattr(loss, "fn", None), *settings)
    config = {k: value for k, value in loss.get_config().items() if k not in ("name", "fn")}
    return function and (type(loss), repr(config), function)


def optimizer_key(optimizer):
    """Return what the steps of an optimizer depend on but for rate and decay, or None."""
    rate = rate_or_schedule(optimizer)
    if not is_keras_own(optimizer) or not is_keras_own(rate):
        return None
    config = optimizer.get_config()
    for runtime in ("name", "weight_decay"):
        config.pop(runtime, None)
    if has_plain_rate(optimizer):
        config.pop("learning_rate")
    excluded = undecayed_pattern(optimizer)
    has_decay = optimizer.weight_decay is not None
    return type(optimizer), repr(config), repr(excluded), has_decay


def check_cellwise(loss, n_features):
    """Raise a ValueError unless a loss is the mean of a value for each cell."""
    tensor = load_keras().ops.convert_to_tensor
    shape = 2, 3, n_features
    rows = np.random.default_rng(0).uniform(0.1, 0.9, shape).astype(np.float32)
    value = make_loss(loss)
    try:
        per_row = np.array(value(*map(tensor, rows)))
        per_cell = np.array(value(*map(tensor, rows[..., np.newaxis])))
        is_mean = per_cell.shape == shape[1:] and np.allclose(
            per_cell.mean(axis=1), per_row
        )
    except Exception:  # a loss may fail in any way on rows of another shape
        is_mean = False
    if not is_mean:
        raise ValueError(
            f"emphasis needs a loss that is a mean over the cells, such as 'mse' or "
            f"'mae', but loss={loss!r} is none; set emphasis=0."
        )


def make_loss(loss):
    """Return the Keras loss as a function of (y_true, y_pred) with a value per row."""
    keras = load_keras()
    if inspect.isclass(loss):
        raise TypeError(
            f"loss={loss.__name__} is a class; pass an instance, {loss.__name__}()."
        )
    if isinstance(loss, str):
        try:
            found = keras.losses.get(loss)
        except ValueError:
            names = {
                name
                for name, value in vars(keras.losses).items()
                if inspect.isfunction(value) or inspect.isclass(value)
            }
            names -= {"get", "serialize", "deserialize", "Loss"}
            raise unknown_name(loss, "loss", names | {"mse", "mae"}) from None
        loss = found
    return loss.call if isinstance(loss, keras.losses.Loss) else loss


def make_optimizer(optimizer, learning_rate, weight_decay):
    """Return a new, unbuilt Keras optimizer.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
        A name, or an instance of which a copy is made.
    learning_rate, weight_decay : float or None
        None leaves what the optimizer brings.
    """
    keras = load_keras()
    if isinstance(optimizer, str):
        made = _optimizer_classes(keras, optimizer)()
    elif isinstance(optimizer, keras.optimizers.Optimizer):
        made = _copied(optimizer)
    else:
        raise TypeError(
            f"optimizer={optimizer!r} must be a name or an instance of "
            "keras.optimizers.Optimizer."
        )
    if learning_rate is not None:
        if not has_plain_rate(made):
            raise ValueError(
                f"learning_rate={learning_rate} cannot replace the schedule that the "
                "optimizer brings; set learning_rate=None to follow the schedule."
            )
        made.learning_rate = learning_rate
    if weight_decay is not None:
        made.weight_decay = weight_decay
    return made


def _optimizer_classes(keras, name):
    base = keras.optimizers.Optimizer
    classes = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
    }
    classes.pop("lossscaleoptimizer", None)
    if name.lower() not in classes:
        raise unknown_name(name, "optimizer", classes)
    return classes[name.lower()]


def _copied(optimizer):
    for option in ("use_ema", "loss_scale_factor"):
        if getattr(optimizer, option, None) or "LossScale" in type(optimizer).__name__:
            raise ValueError(
                f"optimizer={type(optimizer).__name__} with {option} is not supported; "
                "the best epoch's weights are kept instead, and training is in float32."
            )
    return remade_optimizer(type(optimizer), *optimizer_settings(optimizer))


def optimizer_settings(optimizer):
    """Return the arguments of an optimizer, and what it leaves without weight decay.

    Raises
    ------
    ValueError
        If a class of the user's does not say by `get_config` how to make it again.
    """
    excluded = undecayed_pattern(optimizer)
    excluded = None if excluded is None else excluded.pattern
    problem = "arguments are missing"
    try:
        settings = _config(optimizer)
        if not has_plain_rate(optimizer):
            settings["learning_rate"] = rate_or_schedule(optimizer)
        made = remade_optimizer(type(optimizer), settings, None)
        if is_keras_own(optimizer) or plain_state(made) == plain_state(optimizer):
            return settings, excluded
    except Exception as error:  # whatever the user's class raises
        problem = error
    raise ValueError(
        f"optimizer={type(optimizer).__name__} cannot be made anew from its get_config "
        f"({problem}); let get_config return all arguments of its __init__."
    )


def _config(optimizer):
    """Return the config of an optimizer, without what Keras says of a lambda."""
    if getattr(rate_or_schedule(optimizer), "__name__", None) != "<lambda>":
        return optimizer.get_config()  # filters are the process's: threads share them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is kept as it is
        return optimizer.get_config()


def remade_optimizer(kind, settings, excluded):
    """Return a new optimizer with the settings that :func:`optimizer_settings` gives."""
    made = kind.from_config(dict(settings))
    if excluded is not None:  # no config says it
        made.exclude_from_weight_decay(var_names=[excluded])
    return made


def plain_state(thing):
    """Return the attributes of a thing that are numbers, text or tuples, by their names."""
    plain = bool, int, float, str, tuple, type(None)
    parts = dict(getattr(thing, "__dict__", {}))
    for name in ("built", "_trackable_saver"):
        parts.pop(name, None)
    return {name: part for name, part in parts.items() if isinstance(part, plain)}


def has_plain_rate(optimizer):
    """Whether the learning rate is a number, which can be set, and not a schedule."""
    return isinstance(rate_or_schedule(optimizer), load_keras().Variable)
