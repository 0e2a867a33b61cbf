"""Who is told of the epochs: Keras callbacks, scikit-learn callbacks, the console."""

import copy
import time

import numpy as np

from .._compat import is_empty_hook, is_keras_own, model_of, set_model
from .._console import say
from .._keras import float32_policy, load_keras

_BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_batch_begin",
    "on_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


class Hooks:
    """Several listeners as one.

    A listener may define ``epoch_begin(epoch, rates) -> rates``, which sees and may
    replace the learning rates of the coming epoch; ``epoch_end(epoch, logs) -> bool``,
    which stops the run by returning True; and ``train_end()``.
    """

    def __init__(self, listeners):
        self._listeners = listeners

    def epoch_begin(self, epoch, rates):
        for listener in self._listeners:
            rates = listener.epoch_begin(epoch, rates)
        return rates

    def epoch_end(self, epoch, logs):
        wishes = [listener.epoch_end(epoch, logs) for listener in self._listeners]
        return any(wishes)

    def train_end(self):
        for listener in self._listeners:
            listener.train_end()


class KerasCallbacks:
    """The user's Keras callbacks on a Keras model in the user's units.

    A callback that sets the optimizer's learning rate takes it over from the schedule
    for the rest of the run. Behind the run, callbacks have no model: its weights will be
    those of other fits.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
    program : Program
    shift : ndarray of shape (n_features,)
    scale : float
    max_epochs, steps_per_epoch : int
    """

    def __init__(self, callbacks, program, shift, scale, *, max_epochs, steps_per_epoch):
        keras = load_keras()
        self._used = {id(callback): dict(vars(callback)) for callback in callbacks}
        self._models_before = {id(callback): model_of(callback) for callback in callbacks}
        self._program, self._optimizer = program, program.optimizer
        self._model = _in_user_units(program.model, shift, scale)
        self._model.optimizer = program.optimizer
        self._model.stop_training = False
        self._model.train_function = None
        self._callbacks = keras.callbacks.CallbackList(
            callbacks,
            model=self._model,
            epochs=max_epochs,
            steps=steps_per_epoch,
            verbose=0,
        )
        self._rate_set = None
        self._taken_over = program.has_own_schedule
        self._has_begun = False

    def epoch_begin(self, epoch, rates):
        self._program.show()
        if not self._has_begun:
            self._callbacks.on_train_begin()
            self._has_begun = True
        if not self._taken_over:
            self._set_rate(rates[0])
        self._callbacks.on_epoch_begin(epoch)
        self._notice_new_rate()
        return np.full_like(rates, self._rate()) if self._taken_over else rates

    def epoch_end(self, epoch, logs):
        self._program.show()
        self._rate_set = self._rate()
        self._callbacks.on_epoch_end(epoch, dict(logs))
        self._notice_new_rate()
        return bool(self._model.stop_training)

    def train_end(self):
        self._callbacks.on_train_end()

    def close(self):
        """Take the model from the callbacks, also after a failure."""
        for callback in self._callbacks.callbacks:
            before = self._used.get(id(callback), {})
            set_model(callback, self._models_before.get(id(callback)))
            if is_keras_own(callback):
                _restore_uncopyable(callback, before)

    def _rate(self):
        return float(self._optimizer.learning_rate)

    def _set_rate(self, rate):
        self._optimizer.learning_rate = float(rate)
        self._rate_set = self._rate()

    def _notice_new_rate(self):
        self._taken_over = self._taken_over or self._rate() != self._rate_set


def _restore_uncopyable(callback, before):
    """Put back what no copy could have, such as a log file that is closed by now."""
    for name, value in list(vars(callback).items()):
        try:
            copy.deepcopy(value)
        except Exception:  # whatever a class raises that is not made for it
            if name in before:
                setattr(callback, name, before[name])
            else:
                delattr(callback, name)


def check_monitors(callbacks, names):
    """Raise a ValueError for a callback of Keras' that watches what nobody reports.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
    names : list of str
        What each epoch reports. A callback of the user's may add to it.
    """
    keras = load_keras()
    for callback in callbacks:
        if not is_keras_own(callback):
            return
        monitor = getattr(callback, "monitor", None)
        is_idle = isinstance(callback, keras.callbacks.ModelCheckpoint) and (
            not callback.save_best_only
        )
        if isinstance(monitor, str) and not is_idle and monitor not in names:
            hint = "set its monitor to one of them"
            if monitor.startswith("val_") and "val_loss" not in names:
                hint += ", or validation_fraction above 0"
            raise ValueError(
                f"The callback {type(callback).__name__!r} watches {monitor!r}, but an "
                f"epoch reports {', '.join(map(repr, names))}; {hint}."
            )


def check_callbacks(callbacks):
    """Raise an error for what the `callbacks` parameter cannot take.

    Raises
    ------
    TypeError
        For anything but Keras callbacks.
    ValueError
        For a callback that wants to be called at every batch.
    """
    keras = load_keras()
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks holds a {type(callback).__name__!r}, but takes instances of "
                "keras.callbacks.Callback only; pass scikit-learn's callbacks to "
                "set_callbacks."
            )
        hook = _batch_hook(callback, keras)
        if hook is not None:
            raise ValueError(
                f"The callback {type(callback).__name__!r} wants to be called at every "
                f"batch ({hook}), but all batches of an epoch run in one compiled "
                "program; use its on_epoch_end instead."
            )


def _batch_hook(callback, keras):
    """Return the name of a batch-level hook that `callback` needs, or None."""
    known = keras.callbacks
    if isinstance(callback, known.ProgbarLogger):
        return "on_train_batch_end"
    for frequency in ("save_freq", "update_freq"):
        if getattr(callback, frequency, "epoch") != "epoch":
            return frequency
    for hook in _BATCH_HOOKS:
        method = getattr(callback, hook)
        is_keras_own = getattr(method, "__module__", "").startswith("keras.")
        if not is_empty_hook(method) and not is_keras_own:
            return hook
    return None


def _in_user_units(model, shift, scale):
    """Wrap a model of conditioned rows so that it takes and gives the user's rows.

    The layers, and so the weights, are shared.
    """
    keras = load_keras()
    if scale == 1 and not shift.any():
        return model
    with float32_policy():
        inputs = keras.Input(shift.shape, name="table_rows")
        conditioned = keras.layers.Rescaling(1 / scale, -shift / scale, name="condition")
        restored = keras.layers.Rescaling(scale, shift, name="restore")
        outputs = restored(model(conditioned(inputs)))
        return keras.Model(inputs, outputs, name="autoencoder")


class SklearnCallbacks:
    """The callbacks of :mod:`sklearn.callback`, told of a task per epoch.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
        That of the fit.
    X : array-like
        The training rows.
    fitted_attributes : callable
        ``() -> dict``: what a fitted estimator would have after this epoch.
    y : array-like, default=None
        Labels of the rows. None makes the rows their own targets.
    """

    def __init__(self, estimator, context, X, fitted_attributes, y=None):
        self._estimator = estimator
        self._context = context
        self._arguments = {
            "X": X,
            "y": X if y is None else y,
            "metadata": {},
            "reconstruction_attributes": fitted_attributes,
        }

    def epoch_begin(self, epoch, rates):
        self._epoch_context = self._context.subcontext(task_name="epoch")
        self._epoch_context.call_on_fit_task_begin(
            estimator=self._estimator, **self._arguments
        )
        return rates

    def epoch_end(self, epoch, logs):
        return self._epoch_context.call_on_fit_task_end(
            estimator=self._estimator, **self._arguments
        )

    def train_end(self):
        """Nothing is left to do."""


class Lines:
    """A readable line now and then.

    Parameters
    ----------
    name : str
        Of the estimator.
    max_epochs : int
    every : int
        Print at every so many epochs, at the first and at the last.
    """

    def __init__(self, name, max_epochs, every):
        self._name = name
        self._max_epochs = max_epochs
        self._every = every
        self._best = np.inf
        self._best_epoch = 0
        self._last = None
        self._start = time.perf_counter()

    def epoch_begin(self, epoch, rates):
        return rates

    def epoch_end(self, epoch, logs):
        error = logs.get("val_loss", logs["loss"])
        if error < self._best:
            self._best, self._best_epoch = error, epoch + 1
        self._last = epoch + 1, logs
        if epoch == 0 or (epoch + 1) % self._every == 0:
            self._print()
        return False

    def train_end(self):
        if self._last is not None:
            self._print()

    def _print(self):
        epoch, logs = self._last
        self._last = None
        validation = ""
        if "val_loss" in logs:
            validation = f"  val_loss {logs['val_loss']:.4g} (best at {self._best_epoch})"
        say(
            f"[{self._name}] epoch {epoch}/{self._max_epochs}"
            f"  loss {logs['loss']:.4g}{validation}"
            f"  {time.perf_counter() - self._start:.1f} s"
        )
