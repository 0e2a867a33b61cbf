"""Compiled programs kept for the next fit of the same architecture."""

import atexit
import contextlib
import functools
import threading
import time
from collections import OrderedDict

from .._keras import interrupts_deferred, keras_settings, load_keras
from ._jax import JaxProgram
from ._tensorflow import TensorFlowProgram

_PROGRAMS = {"tensorflow": TensorFlowProgram, "jax": JaxProgram}

MAX_IDLE = 16
LONGEST_WAIT = 30  # seconds, at exit

_lock = threading.Lock()
_idle: OrderedDict = OrderedDict()
_borrowers: list = []  # the threads of fits


@contextlib.contextmanager
def borrowed_program(key, build):
    """Lend a program to one fit at a time.

    Parameters
    ----------
    key : hashable or None
        Programs with equal keys do the same; None keeps nothing.
    build : callable
        ``() -> Program``, called if no idle program has the key. Two fits that run at
        the same time therefore get two programs.
    """
    with _lock:
        waiting = _idle.get(key)
        program = waiting.pop() if waiting else None
        if waiting == []:
            del _idle[key]  # else it would be the oldest of the idle ones one day
    _await_at_exit()
    thread = threading.current_thread()
    _borrowers.append(thread)
    try:
        with _lent(key, build() if program is None else program) as lent:
            yield lent
    finally:
        _borrowers.remove(thread)


@contextlib.contextmanager
def _lent(key, program):
    try:
        yield program
    finally:  # also after a failure: the next fit sets all that is not compiled in
        if key is not None and program.is_untouched:
            left_over = _put_back(key, program)
        else:
            left_over = [program]
        for unused in left_over:
            unused.release()


@functools.cache
def _await_at_exit():
    """Wait for the fits of daemon threads when the process ends.

    They end with the chunk that they are at, since no other is prepared then. Within a
    backend's compiled code a thread must not end: JAX would abort the process. Registered
    once the backend has been imported, this comes before what the backend does at exit.
    """
    atexit.register(_await_borrowers)


def _await_borrowers():
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end and any(
        thread.daemon and thread.is_alive() for thread in list(_borrowers)
    ):
        time.sleep(0.01)


def _put_back(key, program):
    """Keep a program for the next fit, and return those for which there is no room."""
    left_over = []
    with _lock:
        _idle.setdefault(key, []).append(program)
        _idle.move_to_end(key)
        while sum(map(len, _idle.values())) > MAX_IDLE:
            oldest = next(iter(_idle))
            left_over.append(_idle[oldest].pop(0))
            if not _idle[oldest]:
                del _idle[oldest]
    return left_over


def program_class():
    """Return the kind of program that Keras' backend runs."""
    return _PROGRAMS[load_keras().backend.backend()]


def lent_program(architecture, objective, optimizer, batch_size):
    """Return a context that lends the compiled program of a fit.

    Parameters
    ----------
    architecture : DenseNetwork or BuiltNetwork
    objective : Objective
    optimizer : keras.optimizers.Optimizer
        As the objective made it; a new program takes it over.
    batch_size : int
    """
    in_user_units = architecture.is_conditioned and objective.task.power is None

    @interrupts_deferred()
    def build():
        encoder, decoder, variables = architecture.build_models()
        return program_class()(
            encoder,
            decoder,
            variables,
            objective.task,
            optimizer,
            n_features=architecture.n_features,
            n_outputs=architecture.n_outputs,
            in_user_units=in_user_units,
        )

    keys = architecture.key, objective.key(optimizer)
    key = None if None in keys else (*keys, batch_size, keras_settings())
    return borrowed_program(key, build)
