"""Who is told of a fit: Keras callbacks, scikit-learn's, the console."""

import contextlib

from .._compat import callback_context, has_sklearn_callbacks
from .._console import say
from .._training import (
    Hooks,
    KerasCallbacks,
    Lines,
    SklearnCallbacks,
    check_callbacks,
    check_monitors,
)


class Audience:
    """Who listens to the fit of an estimator, or to a part of it.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks and `verbose` it is; scikit-learn's callbacks are given it.
    X, y : array-like
        What it is fitted on, for scikit-learn's callbacks.
    what : str, default=None
        The part of the fit, for messages, if it has several.
    metadata : dict, default=None
        What else scikit-learn's callbacks are told.
    """

    def __init__(self, estimator, X, y, *, what=None, metadata=None):
        self.estimator = estimator
        self.X, self.y = X, y
        self.what, self.metadata = what, metadata
        self.keras_callbacks = list(getattr(estimator, "callbacks", None) or ())
        self.context = None
        self.outcome = None  # what a part has fitted

    def check(self):
        """Raise an error for callbacks that cannot be called."""
        check_callbacks(self.keras_callbacks)

    def check_monitors(self, names):
        """Raise an error for callbacks that wait for what no epoch reports."""
        check_monitors(self.keras_callbacks, names)

    def begin(self, max_subtasks=None):
        """Tell that the fit begins."""
        self.context = callback_context(self.estimator, max_subtasks)
        self.context.call_on_fit_task_begin(**self._told)

    def end(self, attributes=None):
        """Tell that the fit has ended, and with what."""
        outcome = {} if attributes is None else {"reconstruction_attributes": attributes}
        self.context.call_on_fit_task_end(**self._told, **outcome)

    @contextlib.contextmanager
    def part(self, what, max_subtasks=None):
        """Return the audience of a part; tell that it begins, and that it ends."""
        part = Audience(self.estimator, self.X, self.y, what=what)
        if self.context is None:  # nobody has been told of the whole
            yield part
            return
        part.context = self.context.subcontext(task_name=what, max_subtasks=max_subtasks)
        part.context.call_on_fit_task_begin(**part._told)
        yield part
        part.end(part.outcome)

    @contextlib.contextmanager
    def shared_with(self, estimator, what, X):
        """Tell of a part that is the fit of another estimator, and let its own listen."""
        context = self.context.subcontext(task_name=what)
        told = {"estimator": self.estimator, "X": X}
        context.call_on_fit_task_begin(**told)
        with context.propagate_callback_context(estimator):
            yield
        context.call_on_fit_task_end(**told)

    @contextlib.contextmanager
    def hooks(self, program, table, schedule, attributes):
        """Return the hooks of epochs, or None if nobody listens; end with them.

        Parameters
        ----------
        program : Program
        table : Table
        schedule : Schedule
        attributes : callable
            ``() -> dict``: what a fitted estimator would have after an epoch.
        """
        with contextlib.ExitStack() as stack:
            listeners = []
            if self.keras_callbacks:
                listeners.append(self._keras(program, table, schedule))
                stack.callback(listeners[0].close)
            if has_sklearn_callbacks(self.estimator):
                listeners.append(
                    SklearnCallbacks(
                        self.estimator, self.context, self.X, attributes, self.y
                    )
                )
            if self.estimator.verbose:
                listeners.append(self._lines(schedule.max_epochs))
            yield Hooks(listeners) if listeners else None

    def say(self, line):
        """Print a line if the estimator is verbose."""
        if self.estimator.verbose:
            say(f"[{type(self.estimator).__name__}] {line}")

    def say_result(self, attributes):
        """Print what was kept, and what it is worth on the validation rows."""
        kept = attributes["best_epoch_"]
        self.say(
            f"kept {f'epoch {kept}' if kept else 'the start'}: R² on validation rows "
            f"{attributes['validation_score_']:.4f}, of PCA {attributes['pca_score_']:.4f}"
        )

    @property
    def _told(self):
        told = {"estimator": self.estimator, "X": self.X, "y": self.y}
        return told if self.metadata is None else told | {"metadata": self.metadata}

    def _keras(self, program, table, schedule):
        return KerasCallbacks(
            self.keras_callbacks,
            program,
            table.shift,
            table.scale,
            max_epochs=schedule.max_epochs,
            steps_per_epoch=schedule.steps_per_epoch,
        )

    def _lines(self, max_epochs):
        every = 1 if self.estimator.verbose > 1 else max(1, max_epochs // 10)
        name = type(self.estimator).__name__ + (f", {self.what}" if self.what else "")
        return Lines(name, max_epochs, every)
