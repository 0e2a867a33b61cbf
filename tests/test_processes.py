"""Forks, interruptions, backends and consoles: nobody's process hangs, nothing is lost."""

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings

import keras
import numpy as np
import pytest
from networks import dropout_network

from skae import AutoencoderTransformer, _backend, _keras, compare_with_pca
from skae._data import _threads

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def quick(**kwargs):
    settings = {"max_epochs": 3, "hidden_layer_sizes": (6,), "random_state": 0}
    return AutoencoderTransformer(2, **settings | kwargs)


def in_fork(function):
    """Return what a function gives, or says, in a forked child that must not hang."""
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        warnings.simplefilter("ignore", RuntimeWarning)  # which is JAX's of the same
        child = os.fork()
    if child == 0:
        try:
            answer = str(function())
        except BaseException:
            answer = traceback.format_exc()
        os.write(write_end, answer[-4000:].encode())
        os._exit(0)
    os.close(write_end)
    deadline = time.monotonic() + 30
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.01)
    with os.fdopen(read_end) as answer:
        return answer.read()


@needs_fork
@pytest.mark.parametrize("what", ["fit", "partial_fit", "encoder_", "transform"])
def test_keras_in_a_forked_child_is_refused_in_one_sentence(small, what):
    parameters = {"build_network": dropout_network} if what == "transform" else {}
    estimator = quick(**parameters).fit(small)
    estimator.transform(small)  # brings the Keras model of a custom network
    estimator.encoder_  # noqa: B018

    def use():
        if what == "encoder_":
            return estimator.encoder_
        return getattr(estimator, what)(small)

    answer = in_fork(use)
    name = _backend.BACKENDS[keras.backend.backend()]
    assert f"RuntimeError: This process was forked from one in which {name} had" in answer
    assert "start processes with 'spawn' or 'forkserver'" in answer


@needs_fork
@pytest.mark.slow
def test_forked_workers_train_if_the_parent_has_not(small, tmp_path):
    np.save(tmp_path / "small.npy", small)
    code = """if True:
        import multiprocessing, sys
        import numpy as np, skae
        from skae import AutoencoderTransformer
        import keras  # which starts no threads
        X = np.load(sys.argv[1])
        def fit(seed):
            settings = dict(max_epochs=3, hidden_layer_sizes=(6,), random_state=seed)
            return AutoencoderTransformer(2, **settings).fit(X).n_epochs_
        with multiprocessing.get_context("fork").Pool(1) as pool:
            print(pool.map_async(fit, [0, 1]).get(timeout=100))
    """
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "small.npy"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.stdout.strip() == "[3, 3]", answer.stderr


@needs_fork
def test_transform_works_in_a_child_forked_while_threads_transform(small):
    estimator = quick().fit(small)
    expected = estimator.transform(small)
    is_over = threading.Event()

    def transform():
        while not is_over.is_set():
            estimator.transform(small[:1])

    threads = [threading.Thread(target=transform) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            answer = in_fork(lambda: np.array_equal(estimator.transform(small), expected))
            assert answer == "True"
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@needs_fork
@pytest.mark.parametrize("is_held_here", [False, True])
def test_child_has_the_threads_of_blas_that_its_parent_was_given(is_held_here):
    given = _threads.n_threads_given()
    wanted = [library.get_num_threads() for library in _threads._blas_libraries()]
    is_held, is_over = threading.Event(), threading.Event()

    def hold():
        with _threads.one_blas_thread():
            is_held.set()
            is_over.wait()

    def found():
        libraries = _threads._blas_libraries()
        return _threads.n_threads_given(), [each.get_num_threads() for each in libraries]

    def in_own_block():
        with _threads.one_blas_thread():
            return in_fork(found)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait()
    try:
        answer = in_own_block() if is_held_here else in_fork(found)
    finally:
        is_over.set()
        thread.join()
    assert answer == str((given, [1] * len(wanted) if is_held_here else wanted))
    assert found() == (given, wanted)


def test_blas_is_held_by_any_thread_and_let_go_by_the_last():
    def found():
        return [library.get_num_threads() for library in _threads._blas_libraries()]

    wanted, seen = found(), []
    is_held, is_over = threading.Event(), threading.Event()

    def hold():
        with _threads.one_blas_thread():
            seen.append(found())
            is_held.set()
            is_over.wait()

    for is_last in (False, True):
        thread = threading.Thread(target=hold)
        with _threads.one_blas_thread():
            if is_last:
                thread.start()
                is_held.wait()
        if not is_last:
            thread.start()
            is_held.wait()
        is_over.set()
        thread.join()
        is_held.clear()
        is_over.clear()
        assert found() == wanted
    assert seen == [[1] * len(wanted)] * 2


@pytest.mark.slow
def test_interruption_of_the_first_import_does_not_spoil_later_fits(small, tmp_path):
    np.save(tmp_path / "small.npy", small)
    code = """if True:
        import os, signal, sys, threading, time
        import numpy as np
        from skae import AutoencoderTransformer
        def interrupt():
            while not {"tensorflow.python", "keras.src"} & set(sys.modules):
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        estimator = AutoencoderTransformer(2, max_epochs=2, hidden_layer_sizes=(6,))
        try:
            estimator.fit(np.load(sys.argv[1]))
        except KeyboardInterrupt:
            assert not hasattr(estimator, "history_")
            print("interrupted")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        print(estimator.fit(np.load(sys.argv[1])).n_epochs_)
    """
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "small.npy"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.stdout.split() == ["interrupted", "2"], answer.stderr


@pytest.mark.slow
def test_process_that_ends_waits_for_the_chunk_of_a_daemon_thread():
    code = """
import threading
import keras
import numpy as np
from skae import AutoencoderTransformer

class Begun(keras.callbacks.Callback):
    event = threading.Event()

    def on_epoch_end(self, epoch, logs=None):
        self.event.set()

def fit(X):
    try:
        AutoencoderTransformer(2, max_epochs=10**6, callbacks=[Begun()]).fit(X)
    except RuntimeError:
        print("ended")

X = np.random.default_rng(0).normal(size=(1500, 64))
threading.Thread(target=fit, args=[X], daemon=True).start()
assert Begun.event.wait(60)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert (answer.returncode, answer.stdout.split()) == (0, ["ended"]), answer.stderr


def test_import_that_cannot_be_repeated_says_to_restart(monkeypatch):
    def fail():
        raise ValueError("tf.RaggedTensorSpec has already been registered")

    name = keras.backend.backend()
    monkeypatch.setitem(_backend._STARTS, name, fail)
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "keras")
    with pytest.raises(RuntimeError, match=r"interrupted, restart the process, else inst"):
        _keras.load_keras()
    assert _keras._starting is None


def test_interruption_waits_for_the_end_of_the_block():
    seen = []
    before = signal.getsignal(signal.SIGINT)

    def nested():
        with _keras.interrupts_deferred():
            with _keras.interrupts_deferred():
                signal.raise_signal(signal.SIGINT)
                seen.append("inner")
            seen.append("outer")

    with pytest.raises(KeyboardInterrupt):
        nested()
    assert seen == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _keras.interrupts_deferred():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_program_is_traced_to_its_end_before_an_interruption_acts(small):
    seen = []

    def loss(y_true, y_pred):
        seen.append("begun")
        signal.raise_signal(signal.SIGINT)
        seen.append("ended")
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    estimator = quick(loss=loss)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(small)
    assert seen == ["begun", "ended"]
    assert not hasattr(estimator, "history_")
    assert quick().fit(small).n_epochs_ == 3


@pytest.mark.tensorflow
def test_graph_that_is_being_built_is_named(small):
    import tensorflow as tf

    estimator = quick()
    message = "outside of the block `with graph.as_default"
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match=message):
        estimator.fit(small)
    assert estimator.fit(small).n_epochs_ == 3


@pytest.mark.parametrize("name", ["torch", "nonsense"])
@pytest.mark.parametrize("is_in_file", [False, True])
def test_other_backend_is_named_before_anything_is_imported(
    small, monkeypatch, tmp_path, name, is_in_file
):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(_keras, "start", lambda name: pytest.fail("imported"))
    if is_in_file:
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        (tmp_path / "keras.json").write_text(json.dumps({"backend": name}))
    else:
        monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(RuntimeError, match=rf"backend '{name}', but .* KERAS_BACKEND to"):
        quick().fit(small)


def without(monkeypatch, *names):
    """Let packages be looked for in vain."""
    find = importlib.util.find_spec
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in names else find(name)
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["keras"], "keras is not installed"),
        (["keras", "tensorflow", "jax"], "neither tensorflow nor jax is installed"),
    ],
)
def test_package_that_is_missing_is_named(small, monkeypatch, names, said):
    without(monkeypatch, *names)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    both = r'pip install "skae\[tensorflow\]" or pip install "skae\[jax\]"\.$'
    with pytest.raises(ImportError, match=f"{said}, .* run {both}"):
        quick().fit(small)


@pytest.mark.parametrize("chosen", ["tensorflow", "jax", None])
@pytest.mark.parametrize("installed", ["tensorflow", "jax"])
def test_backend_that_is_installed_is_taken_for_one_that_is_not(
    monkeypatch, tmp_path, chosen, installed
):
    without(monkeypatch, *({"tensorflow", "jax"} - {installed}))
    monkeypatch.setitem(sys.modules, installed, None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))  # without a file
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if chosen is not None:
        monkeypatch.setenv("KERAS_BACKEND", chosen)
    assert _backend.backend_to_take() == installed


@pytest.mark.parametrize(("chosen", "taken"), [("jax", "jax"), (None, "tensorflow")])
def test_backend_that_keras_chooses_is_taken_if_both_are_installed(
    monkeypatch, tmp_path, chosen, taken
):
    for name in ("tensorflow", "jax"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if chosen is not None:
        (tmp_path / "keras.json").write_text(json.dumps({"backend": chosen}))
    assert _backend.backend_to_take() == taken


@pytest.mark.slow
def test_environment_is_as_it_was_when_another_backend_is_taken():
    name = keras.backend.backend()
    missing = {"tensorflow": "jax", "jax": "tensorflow"}[name]
    code = f"""if True:
        import importlib.util
        import os
        from skae._keras import load_keras
        find = importlib.util.find_spec
        def found(name, *package):
            return None if name == {missing!r} else find(name, *package)
        importlib.util.find_spec = found
        print(load_keras().backend.backend(), os.environ["KERAS_BACKEND"])
    """
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_BACKEND": missing},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.stdout.split() == [name, missing], answer.stderr


def ascii_console():
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


def test_console_of_few_characters_gets_plainer_ones(small, monkeypatch):
    monkeypatch.setattr(sys, "stdout", ascii_console())
    assert quick(verbose=1).fit(small).n_epochs_ == 3
    settings = {"n_components": 2, "cv": 2, "random_state": 0, "verbose": 1}
    comparison = compare_with_pca(quick(), small, **settings)
    print(comparison, flush=True)
    said = sys.stdout.buffer.getvalue().decode()
    monkeypatch.undo()
    assert "R2 on validation rows" in said
    assert "row (us)" in said
    assert "µ" in str(comparison)


def test_console_that_is_closed_loses_no_fit(small, monkeypatch):
    console = io.StringIO()
    console.close()
    monkeypatch.setattr(sys, "stdout", console)
    assert quick(verbose=2).fit(small).n_epochs_ == 3
