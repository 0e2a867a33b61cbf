"""What files hold of an estimator: arrays, numbers, text, and dicts and lists of these."""

import copyreg
import importlib
import types
from dataclasses import fields, is_dataclass

from sklearn.base import BaseEstimator

from ._columns._aside import Aside
from ._columns._coded import Column
from ._columns._filling import Filling, Spread
from ._columns._floor import LinearFloor
from ._columns._frames import Dtype
from ._columns._levels import Hashed, Levels, OrderedLevels
from ._columns._numbers import Numbers, Quantiles
from ._columns._times import Times
from ._data._pca import PrincipalComponents
from ._fits._targets import Classes, Values
from ._models._bounds import Bounds
from ._models._code import ActivationCode, KLCode, L1Code, TopKCode
from ._models._custom import CustomModel, CustomNetwork
from ._models._dense_model import DenseModel
from ._models._dense_network import DenseNetwork
from ._models._perceptron import Perceptron
from ._models._predictor import Predictor
from ._models._references import KeptRows

FORMAT = (
    1  # of the state; raise it when files of this one can no longer be read as they are
)

STORED: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(ActivationCode, Bounds, Classes, CustomModel, CustomNetwork, DenseModel),
        *(DenseNetwork, KLCode, KeptRows, L1Code, Perceptron, Predictor),
        *(PrincipalComponents, TopKCode, Values),
        *(
            Aside,
            Column,
            Dtype,
            Filling,
            Hashed,
            LinearFloor,
            Spread,
            Levels,
            Numbers,
            OrderedLevels,
            Quantiles,
            Times,
        ),
    )
}


def stored(kind):
    """Let files hold objects of a class, by its name and its fields, or its state."""
    STORED[kind.__name__] = kind
    return kind


class StoredState(BaseEstimator):
    """Gives pickles and skops files a state without classes of skae.

    The state is ``{"_format": 1, "_described": {...}, ...}``: attributes as they are, but
    for those made of classes in `STORED`, which are described under ``"_described"``.
    """

    def __getstate__(self):
        state, described = {"_format": FORMAT}, {}
        for name, value in self._attributes().items():
            is_described = _holds_stored(value)
            (described if is_described else state)[name] = describe(value)
        return {**state, "_described": described}

    def __setstate__(self, state):
        state = dict(state)
        found = state.pop("_format", FORMAT)
        if found not in range(1, FORMAT + 1):
            raise ValueError(
                f"The file holds a {type(self).__name__} in format {found!r}, but this "
                f"skae reads formats up to {FORMAT}; install the newest skae, or one that "
                "is as new as the one that wrote the file."
            )
        described = state.pop("_described", {})
        super().__setstate__(state | {name: remade(d) for name, d in described.items()})

    def __copy__(self):
        made = type(self).__new__(type(self))
        vars(made).update(vars(self))
        return made

    def __reduce_ex__(self, protocol):
        return copyreg.__newobj__, (type(self),), self.__getstate__()

    def __reduce__(self):
        # Pickle asks __reduce_ex__, skops this, which alone does not see by itself that it
        # writes a function's name that leads nowhere.
        reduced = self.__reduce_ex__(2)
        _check_functions(reduced[2], type(self).__name__)
        return reduced

    def _attributes(self):
        """Return the attributes that files hold."""
        return super().__getstate__()


def describe(value):
    """Return a value with objects of our classes as dicts of their fields."""
    if type(value) in (list, tuple):
        return type(value)(map(describe, value))
    if not _is_stored(value):
        return value
    if is_dataclass(value):
        state = {field.name: getattr(value, field.name) for field in fields(value)}
    else:
        state = value.__getstate__()
    return {"type": type(value).__name__} | {k: describe(v) for k, v in state.items()}


def remade(description):
    """Return the value that `describe` has described."""
    if type(description) in (list, tuple):
        return type(description)(map(remade, description))
    if not isinstance(description, dict) or description.get("type") not in STORED:
        return description
    kind = STORED[description["type"]]
    state = {name: value for name, value in description.items() if name != "type"}
    if not is_dataclass(kind):
        made = kind.__new__(kind)
        made.__setstate__(state)
        return made
    made = kind(**{name: remade(value) for name, value in state.items()})
    return made.remade() if hasattr(made, "remade") else made


def _is_stored(value):
    return STORED.get(type(value).__name__) is type(value)


def _holds_stored(value):
    if type(value) in (list, tuple):
        return any(map(_holds_stored, value))
    return _is_stored(value)


def _check_functions(value, place):
    """Raise a TypeError for a function that cannot be imported by its name."""
    if isinstance(value, dict):
        for name, part in value.items():
            is_inside = name in ("_described", "settings")
            _check_functions(part, place if is_inside else f"{name} of {place}")
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check_functions(part, place)
    elif isinstance(value, types.FunctionType) and not _is_found(value):
        raise TypeError(
            f"{place} is the function {value.__qualname__!r} of {value.__module__!r}, "
            "which a file cannot hold; define it with def at the top of a module that can "
            "be imported where the file is loaded."
        )


def _is_found(function):
    if function.__module__ == "__main__":
        return False
    module = importlib.import_module(function.__module__)
    return getattr(module, function.__name__, None) is function
