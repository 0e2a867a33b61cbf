"""Who is told of a fit: Keras callbacks, scikit-learn's, the console."""

from .._console import say
from .._training import Hooks, KerasCallbacks, Lines, SklearnCallbacks


def hooks_of(estimator, program, table, schedule, *, context, attributes, on_close):
    """Return the hooks of the epochs of an autoencoder's fit, or None.

    Parameters
    ----------
    estimator : BaseAutoencoder
    program : Program
    table : Table
    schedule : Schedule
    context : sklearn.callback.CallbackContext
        That of the fit.
    attributes : callable
        ``(weights) -> dict``: what a fitted estimator would have with these weights.
    on_close : contextlib.ExitStack
        Closes what the fit has opened.
    """
    listeners = []
    if estimator.callbacks:
        keras_callbacks = KerasCallbacks(
            list(estimator.callbacks),
            program,
            table.shift,
            table.scale,
            max_epochs=schedule.max_epochs,
            steps_per_epoch=schedule.steps_per_epoch,
        )
        on_close.callback(keras_callbacks.close)
        listeners.append(keras_callbacks)
    if getattr(estimator, "_skl_callbacks", None):
        listeners.append(
            SklearnCallbacks(
                estimator, context, table.X, lambda: attributes(program.weights())
            )
        )
    if estimator.verbose:
        max_epochs = schedule.max_epochs
        every = 1 if estimator.verbose > 1 else max(1, max_epochs // 10)
        listeners.append(Lines(type(estimator).__name__, max_epochs, every))
    return Hooks(listeners) if listeners else None


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
