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
from ._objective import Objective, check_cellwise, make_loss, optimizer_key
from ._observed import Kinds, ObservedCells
from ._program import Program
from ._programs import borrowed_program, lent_program, program_class
from ._schedule import Schedule
from ._task import Labels, Reconstruction, RowsAndLabels

__all__ = [
    "Hooks",
    "KerasCallbacks",
    "Kinds",
    "Labels",
    "Lines",
    "Objective",
    "ObservedCells",
    "Program",
    "Reconstruction",
    "RowsAndLabels",
    "Schedule",
    "SklearnCallbacks",
    "borrowed_program",
    "check_callbacks",
    "check_cellwise",
    "check_monitors",
    "lent_program",
    "make_loss",
    "optimizer_key",
    "program_class",
    "train",
]
