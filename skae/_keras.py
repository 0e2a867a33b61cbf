"""The backend that Keras trains with: chosen, brought late and quietly, and only once."""

import contextlib
import difflib
import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

from ._compat import seed_modules, tensorflow_has_threads

_import_lock = threading.Lock()
_is_starting = False
_is_lost = False  # whether this process is the child of one that TensorFlow worked in
_HELD_BACK = [  # signals whose handlers may raise an exception
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM")
    if hasattr(signal, name)
]
_START_UP_LINE = ("WARNING: All log messages before absl", "To enable the following")


def load_keras():
    """Import Keras on its TensorFlow backend and return it.

    The first import sets TensorFlow's number of threads to what this process was
    given (a joblib worker has ``OMP_NUM_THREADS``) and holds back its start-up lines.
    Ctrl-C waits until it is over: half an import cannot be repeated.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is not installed.
    RuntimeError
        If Keras runs on another backend than TensorFlow, if this process was forked
        from one in which TensorFlow had been at work, if TensorFlow cannot be started,
        or in a TensorFlow graph.
    """
    global _is_starting
    check_process()
    with _import_lock, interrupts_deferred():
        if "keras" not in sys.modules or "tensorflow" not in sys.modules:
            _check_choice()
            _is_starting = True
            try:
                _start()
            finally:
                _is_starting = False
        import keras

    if keras.backend.backend() != "tensorflow":
        raise _wrong_backend(keras.backend.backend())
    _check_eager()
    return keras


def _start():
    try:
        if "tensorflow" not in sys.modules:
            with _without_start_up_lines():
                _start_tensorflow()
        import keras  # noqa: F401
    except Exception as error:
        raise RuntimeError(
            f"TensorFlow could not be started ({type(error).__name__}: {error}); if an "
            "earlier import of it was interrupted, restart the process, else install it "
            "anew with pip install --upgrade tensorflow keras."
        ) from error


def _start_tensorflow():
    import tensorflow as tf

    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    threading_config = tf.config.threading
    if (
        n_threads.isdecimal()
        and "TF_NUM_INTRAOP_THREADS" not in os.environ
        and threading_config.get_intra_op_parallelism_threads() == 0
    ):
        threading_config.set_intra_op_parallelism_threads(int(n_threads))
        threading_config.set_inter_op_parallelism_threads(int(n_threads))
    tf.function(lambda x: x + x, jit_compile=True)(tf.constant(1.0))


def _check_choice():
    """Raise an error if Keras would not come, or on another backend, before it tries."""
    for name in ("tensorflow", "keras"):
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            raise ImportError(
                f"{name} is not installed, and skae trains with it; run "
                'pip install "skae[tensorflow]".'
            )
    if "keras" not in sys.modules and _chosen_backend() != "tensorflow":
        raise _wrong_backend(_chosen_backend())


def _chosen_backend():
    """Return the backend that Keras will take: the environment's, or its file's."""
    name = os.environ.get("KERAS_BACKEND")
    if name:
        return name
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        name = json.loads((home / "keras.json").read_text()).get("backend")
    except (OSError, ValueError, AttributeError):  # none, or none that Keras could read
        name = None
    return name or "tensorflow"


def _wrong_backend(name):
    return RuntimeError(
        f"Keras runs on the backend {name!r}, but skae trains on 'tensorflow'; set the "
        "environment variable KERAS_BACKEND=tensorflow before Keras is imported."
    )


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
    """Raise a RuntimeError in a child that TensorFlow's threads did not follow."""
    if _is_lost:
        raise RuntimeError(
            "This process was forked from one in which TensorFlow had been at work, and "
            "would wait forever for its threads; start processes with 'spawn' or "
            "'forkserver', or with joblib, or call skae before anything is trained in the "
            "parent."
        )


def _notice_fork():
    global _import_lock, _is_lost
    _import_lock = threading.Lock()  # its holder may be a thread that did not follow
    _is_lost = _is_lost or _is_starting or tensorflow_has_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notice_fork)


@contextlib.contextmanager
def _without_start_up_lines():
    """Hold back what TensorFlow logs while it starts; let all else through.

    The lines come from C++ before any Python setting can reach them, so the file
    descriptor itself is caught for the time of the import. A user who asks for all
    lines, with TF_CPP_MIN_LOG_LEVEL=0, gets them.
    """
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    if level == "0":
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = level or "2"
    try:
        with _caught_stderr() as caught:
            yield
    finally:
        if level is None:
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]
    for line in caught:
        if not _is_start_up_line(line) and sys.stderr is not None:
            sys.stderr.write(line)


@contextlib.contextmanager
def _caught_stderr():
    """Collect the lines that arrive at file descriptor 2 inside the block."""
    lines = []
    try:
        stderr = os.dup(2)
    except OSError:  # a process without a console has nothing to keep clean
        yield lines
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines(True)


def _is_start_up_line(line):
    is_c_log = line[:1] in "IWE" and line[1:5].isdecimal()
    is_dated_log = line[:4].isdecimal() and "tensorflow" in line
    return is_c_log or is_dated_log or line.startswith(_START_UP_LINE)


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
