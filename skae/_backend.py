"""The backends that Keras may train with: which one is taken, and how it starts."""

import contextlib
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}  # names of Keras', and of people
_START_UP_LINE = ("WARNING: All log messages before absl", "To enable the following")


def backend_to_take():
    """Return the backend that Keras would take, or the other if that is not installed.

    Raises
    ------
    ImportError
        If Keras is not installed, or neither of the backends.
    RuntimeError
        If Keras would take a backend that skae does not train on.
    """
    chosen = _chosen_backend()
    if chosen not in BACKENDS:
        raise wrong_backend(chosen)
    names = sorted(BACKENDS, key=lambda name: name != chosen)
    installed = list(filter(_is_installed, names))
    if not installed or not _is_installed("keras"):
        missing = "keras is not" if installed else "neither tensorflow nor jax is"
        raise ImportError(
            f"{missing} installed, and skae trains with it; run "
            'pip install "skae[tensorflow]" or pip install "skae[jax]".'
        )
    return installed[0]


def _is_installed(name):
    return name in sys.modules or importlib.util.find_spec(name) is not None


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


def wrong_backend(name):
    """Return the error for a backend of Keras' that skae does not train on."""
    return RuntimeError(
        f"Keras runs on the backend {name!r}, but skae trains on 'tensorflow' or 'jax'; "
        "set the environment variable KERAS_BACKEND to one of them before Keras is "
        "imported."
    )


def start(name):
    """Import a backend, and Keras on it.

    Raises
    ------
    RuntimeError
        If that fails.
    """
    try:
        with _environment(KERAS_BACKEND=name):  # TensorFlow, too, imports Keras
            if name not in sys.modules:
                _STARTS[name]()
            import keras  # noqa: F401
    except Exception as error:
        raise RuntimeError(
            f"{BACKENDS[name]} could not be started ({type(error).__name__}: {error}); if "
            "an earlier import of it was interrupted, restart the process, else install it "
            f"anew with pip install --upgrade {name} keras."
        ) from error


def _start_tensorflow():
    with _without_start_up_lines():
        import tensorflow as tf

        n_threads = _n_threads()
        threading_config = tf.config.threading
        if (
            n_threads is not None
            and "TF_NUM_INTRAOP_THREADS" not in os.environ
            and threading_config.get_intra_op_parallelism_threads() == 0
        ):
            threading_config.set_intra_op_parallelism_threads(n_threads)
            threading_config.set_inter_op_parallelism_threads(n_threads)
        tf.function(lambda x: x + x, jit_compile=True)(tf.constant(1.0))


def _start_jax():
    import jax

    n_threads = _n_threads()
    is_told = n_threads is not None and "NPROC" not in os.environ
    with _environment(**({"NPROC": str(n_threads)} if is_told else {})):
        jax.devices()  # makes the threads


_STARTS = {"tensorflow": _start_tensorflow, "jax": _start_jax}


def _n_threads():
    """Return the number of threads that this process was given, None if nobody says."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() else None


@contextlib.contextmanager
def _environment(**settings):
    """Set variables of the environment inside the block."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _without_start_up_lines():
    """Hold back what TensorFlow logs while it starts; let all else through.

    The lines come from C++ before any Python setting can reach them, so the file
    descriptor itself is caught for the time of the import. A user who asks for all
    lines, with TF_CPP_MIN_LOG_LEVEL=0, gets them.
    """
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL") or "2"
    if level == "0":
        yield
        return
    with _environment(TF_CPP_MIN_LOG_LEVEL=level), _caught_stderr() as caught:
        yield
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
