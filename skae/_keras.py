"""Keras as skae meets it: its names looked up kindly, its objects copied whole."""

import contextlib
import difflib
import inspect
import random
import threading
import warnings

from ._activations import ACTIVATIONS
from ._backend import load_keras

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


def unknown_name(value, parameter, names):
    """Return the error for a name that Keras does not know.

    Parameters
    ----------
    value : object
        The value given.
    parameter : str
        The name of the parameter.
    names : iterable of str
        The names to suggest from.
    """
    names = sorted(names, key=str.lower)
    close = difflib.get_close_matches(str(value).lower(), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"choose from {names}."
    return ValueError(f"{parameter}={value!r} is not a name that Keras knows; {hint}")


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
    excluded = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    excluded = None if excluded is None else excluded.pattern
    problem = "arguments are missing"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about functions, which are kept as they are
            settings = optimizer.get_config()
        if not has_plain_rate(optimizer):
            settings["learning_rate"] = optimizer._learning_rate
        made = remade_optimizer(type(optimizer), settings, None)
        if is_keras_own(optimizer) or _plain_state(made) == _plain_state(optimizer):
            return settings, excluded
    except Exception as error:  # whatever the user's class raises
        problem = error
    raise ValueError(
        f"optimizer={type(optimizer).__name__} cannot be made anew from its get_config "
        f"({problem}); let get_config return all arguments of its __init__."
    )


def remade_optimizer(kind, settings, excluded):
    """Return a new optimizer with the settings that :func:`optimizer_settings` gives."""
    made = kind.from_config(dict(settings))
    if excluded is not None:  # no config says it
        made.exclude_from_weight_decay(var_names=[excluded])
    return made


def _plain_state(optimizer):
    plain = bool, int, float, str, tuple, type(None)
    own = {name: v for name, v in vars(optimizer).items() if isinstance(v, plain)}
    return {name: own[name] for name in own if name not in ("built", "_trackable_saver")}


def has_plain_rate(optimizer):
    """Whether the learning rate is a number, which can be set, and not a schedule."""
    return isinstance(optimizer._learning_rate, load_keras().Variable)


def is_keras_own(thing):
    """Whether Keras defines the class, so that its config says all that it does."""
    return is_keras_name(type(thing).__module__)


def is_keras_name(module):
    """Whether a module of that name is one of Keras'."""
    return isinstance(module, str) and module.partition(".")[0] == "keras"


def keras_settings():
    """Return the settings of Keras, made once for all, that programs are compiled with."""
    config = load_keras().config
    return config.floatx(), config.epsilon(), config.image_data_format()


def power_of_scale(loss):
    """Return the power of the scale in a loss; None if it must see the user's units."""
    if not isinstance(loss, str):
        loss = type(loss).__name__ if is_keras_own(loss) else None
    return _POWERS.get(loss)


@contextlib.contextmanager
def float32_policy():
    """Build layers in float32 inside the block, whatever policy the user has set."""
    config = load_keras().config
    before = config.dtype_policy()
    config.set_dtype_policy("float32")
    try:
        yield
    finally:
        config.set_dtype_policy(before)


def check_activation(activation):
    """Raise a ValueError for an activation that has no NumPy twin."""
    if activation not in ACTIVATIONS:
        raise unknown_name(activation, "activation", ACTIVATIONS)


class _Draws(threading.local):
    """Python's module `random` for Keras, with a generator of its own in some threads."""

    generator = None

    def __getattr__(self, name):
        return getattr(self.generator or random, name)


_draws = _Draws()


@contextlib.contextmanager
def seeded_draws(seed):
    """Let what Keras draws in this thread depend on a seed.

    Keras takes the seeds of layers that were given none from Python's global generator,
    which other threads use too. So Keras, and nobody else, gets another one to ask; and
    its own global generator, one for each thread, is another inside the block.

    Parameters
    ----------
    seed : int
    """
    load_keras()
    from keras.src.backend.common import global_state
    from keras.src.random import seed_generator

    seed_generator.python_random = _draws
    name = "global_seed_generator"  # for which Keras 3.12 has no constant
    before = _draws.generator, global_state.get_global_attribute(name)
    _draws.generator = random.Random(seed)
    global_state.set_global_attribute(name, seed_generator.SeedGenerator(seed))
    try:
        yield
    finally:
        _draws.generator, generator = before
        global_state.set_global_attribute(name, generator)
