"""Estimators that hold Keras objects: cloned, pickled and hashed by what they say."""

import contextlib
import copy
import sys
from dataclasses import dataclass

from sklearn.base import BaseEstimator

from ._keras import load_keras
from ._state import StoredState, stored
from ._training._objective import optimizer_settings, remade_optimizer


class KerasParameters(StoredState):
    """Clones, pickles and hashes an estimator with Keras objects as parameters.

    Keras pickles an optimizer or a loss as a file, with the time of day in it. Here it is
    pickled by its settings, so that equal ones have equal hashes.
    """

    def _attributes(self):
        return _described(super()._attributes())

    def __sklearn_clone__(self):
        bare = copy.copy(self)
        kept = {
            name: value
            for name, value in _described(vars(self)).items()
            if isinstance(value, _Described)
        }
        vars(bare).update(dict.fromkeys(kept))
        try:
            cloned = BaseEstimator.__sklearn_clone__(bare)
        except Exception:
            _check_callbacks_copy(getattr(self, "callbacks", None) or ())
            raise
        for name, value in kept.items():
            setattr(cloned, name, value.remade())
        return cloned


@stored
@dataclass
class _Described:
    """A Keras optimizer or loss by its class and settings.

    Attributes
    ----------
    kind : type
    settings : dict
        Arguments of an optimizer, attributes of a loss.
    excluded : str or None
        What an optimizer leaves without weight decay: its config does not say it.
    """

    kind: type
    settings: dict
    excluded: object = None

    def remade(self):
        """Return an equal object."""
        if not issubclass(self.kind, load_keras().losses.Loss):
            return remade_optimizer(self.kind, self.settings, self.excluded)
        made = self.kind.__new__(self.kind)
        vars(made).update(copy.deepcopy(self.settings))
        return made


def _described(state):
    """Return the state of an estimator with its Keras optimizer and loss described."""
    keras = sys.modules.get("keras")
    if not hasattr(keras, "optimizers"):
        return state
    state = dict(state)
    for name, value in state.items():
        if isinstance(value, keras.losses.Loss):
            settings = _uncounted(type(value), dict(vars(value)))
            state[name] = _Described(type(value), settings)
        elif isinstance(value, keras.optimizers.Optimizer):
            with contextlib.suppress(ValueError):  # one that does not say its settings
                settings, excluded = optimizer_settings(value)
                settings = _uncounted(type(value), settings)
                state[name] = _Described(type(value), settings, excluded)
    return state


def _uncounted(kind, settings):
    """Return settings without the number that Keras adds to a name, as in "adam_17"."""
    stem, _, number = str(settings.get("name")).rpartition("_")
    if number.isdecimal() and stem.replace("_", "") == kind.__name__.lower():
        return {**settings, "name": stem}
    return settings


def _check_callbacks_copy(callbacks):
    """Raise a TypeError that names the first callback of which no copy can be made."""
    for callback in callbacks:
        try:
            copy.deepcopy(callback)
        except Exception as error:
            raise TypeError(
                f"callbacks holds a {type(callback).__name__!r} that cannot be copied "
                f"({error}), as clone, and so every search and cross-validation, must; "
                "give it a __deepcopy__, or call fit directly."
            ) from error
