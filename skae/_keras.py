"""The backend that Keras trains with: chosen, brought late and quietly, and only once."""

import contextlib
import difflib
import os
import random
import signal
import sys
import threading

import numpy as np

from ._backend import BACKENDS, backend_to_take, start, wrong_backend
from ._compat import busy_backends, seed_modules

_import_lock = threading.Lock()
_starting = None  # the backend that is being imported
_lost = None  # the backend whose threads did not follow this process, a forked child
_HELD_BACK = [  # signals whose handlers may raise an exception
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM")
    if hasattr(signal, name)
]


def load_keras():
    """Import Keras on the backend that is chosen and installed, and return it.

    The first import sets the backend's number of threads to what this process was
    given (a joblib worker has ``OMP_NUM_THREADS``) and holds back TensorFlow's start-up
    lines. Ctrl-C waits until it is over: half an import cannot be repeated.

    Raises
    ------
    ImportError
        If Keras is not installed, or neither TensorFlow nor JAX.
    RuntimeError
        If Keras runs on another backend than these, if this process was forked from one
        in which the backend had been at work, if it cannot be started, or in a TensorFlow
        graph.
    """
    global _starting
    check_process()
    with _import_lock, interrupts_deferred():
        if "keras" not in sys.modules:
            _starting = backend_to_take()
            try:
                start(_starting)
            finally:
                _starting = None
        import keras

    if keras.backend.backend() not in BACKENDS:
        raise wrong_backend(keras.backend.backend())
    if keras.backend.backend() == "tensorflow":
        _check_eager()
    return keras


def _check_eager():
    import tensorflow as tf

    if tf.executing_eagerly() or tf.compat.v1.get_default_graph().building_function:
        return  # a program is being traced
    raise RuntimeError(
        "skae trains and builds Keras models eagerly, but TensorFlow is building a graph "
        "here; call skae outside of the block `with graph.as_default()`, and without "
        "disable_eager_execution."
    )


@contextlib.contextmanager
def interrupts_deferred():
    """Hold Ctrl-C back inside the block, and let it act behind it.

    TensorFlow goes on with an exception that a handler of signals raised in the middle
    of its C++ code, and half an import or half a traced program cannot be repeated: an
    interruption there would spoil later fits, or end the process.
    """
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in _HELD_BACK}
        handlers = {
            number: handler for number, handler in found.items() if callable(handler)
        }
    is_open, arrived = True, []

    def hold(number, frame):
        if is_open:
            arrived.append(number)
        else:  # an interruption came before the handlers were back
            handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, hold)
    try:
        yield
    finally:
        is_open = False
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in arrived:
            signal.raise_signal(number)


def check_process():
    """Raise a RuntimeError in a child that the backend's threads did not follow."""
    if _lost is not None:
        raise RuntimeError(
            f"This process was forked from one in which {BACKENDS[_lost]} had been at "
            "work, and would wait forever for its threads; start processes with 'spawn' or "
            "'forkserver', or with joblib, or call skae before anything is trained in the "
            "parent."
        )


def _notice_fork():
    global _import_lock, _lost
    _import_lock = threading.Lock()  # its holder may be a thread that did not follow
    _lost = _lost or _starting or next(iter(busy_backends()), None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notice_fork)


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


def keras_settings():
    """Return the settings of Keras, made once for all, that programs are compiled with."""
    config = load_keras().config
    return config.floatx(), config.epsilon(), config.image_data_format()


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


def zeros(shape, dtype):
    """Return zeros, as an initializer of Keras does, of an array that NumPy has made.

    On JAX, those of Keras are compiled for each new shape, and stay in memory.
    """
    return load_keras().ops.convert_to_tensor(np.zeros(shape, dtype), dtype)


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
    global_state, seed_generator = seed_modules()
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
