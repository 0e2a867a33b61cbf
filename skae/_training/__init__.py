"""The only place that trains: chunks, epochs, schedule, callbacks, compiled programs."""

from ._hooks import (
    Hooks,
    KerasCallbacks,
    Lines,
    SklearnCallbacks,
    check_callbacks,
    check_monitors,
)
from ._loop import train
from ._programs import borrowed_program
from ._schedule import Schedule
from ._tensorflow import Program

__all__ = [
    "Hooks",
    "KerasCallbacks",
    "Lines",
    "Program",
    "Schedule",
    "SklearnCallbacks",
    "borrowed_program",
    "check_callbacks",
    "check_monitors",
    "train",
]
