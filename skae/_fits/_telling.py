"""Who is told of a fit: Keras callbacks, scikit-learn's, the console."""

from .._compat import has_sklearn_callbacks
from .._console import say
from .._training import Hooks, KerasCallbacks, Lines


def hooks_of(estimator, schedule, sklearn_callbacks, *, keras_callbacks=(), what=None):
    """Return the hooks of some epochs, or None if nobody listens.

    Parameters
    ----------
    estimator : estimator
    schedule : Schedule
    sklearn_callbacks : callable
        ``() -> SklearnCallbacks``, asked for if the estimator has any.
    keras_callbacks : sequence of KerasCallbacks, default=()
    what : str, default=None
        What the epochs are, for messages, if the fit has others too.
    """
    listeners = [*keras_callbacks]
    if has_sklearn_callbacks(estimator):
        listeners.append(sklearn_callbacks())
    if estimator.verbose:
        max_epochs = schedule.max_epochs
        every = 1 if estimator.verbose > 1 else max(1, max_epochs // 10)
        name = type(estimator).__name__ + (f", {what}" if what else "")
        listeners.append(Lines(name, max_epochs, every))
    return Hooks(listeners) if listeners else None


def keras_callbacks_of(estimator, program, table, schedule, on_close):
    """Return the Keras callbacks of an estimator as listeners, none or one.

    Parameters
    ----------
    estimator : BaseAutoencoder
    program : Program
    table : Table
    schedule : Schedule
    on_close : contextlib.ExitStack
        Closes what the fit has opened.
    """
    if not estimator.callbacks:
        return []
    callbacks = KerasCallbacks(
        list(estimator.callbacks),
        program,
        table.shift,
        table.scale,
        max_epochs=schedule.max_epochs,
        steps_per_epoch=schedule.steps_per_epoch,
    )
    on_close.callback(callbacks.close)
    return [callbacks]


def say_of(estimator, line):
    """Print a line if the estimator is verbose."""
    if estimator.verbose:
        say(f"[{type(estimator).__name__}] {line}")


def say_result(estimator, attributes):
    """Print what was kept, and what it is worth on the validation rows."""
    kept = attributes["best_epoch_"]
    say_of(
        estimator,
        f"kept {f'epoch {kept}' if kept else 'the start'}: R² on validation rows "
        f"{attributes['validation_score_']:.4f}, of PCA {attributes['pca_score_']:.4f}",
    )
