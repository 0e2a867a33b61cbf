"""Data and networks that several test modules use."""

import gc
import os
from collections import OrderedDict

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from skae._backend import backend_to_take
from skae._training import _programs as programs
from skae._training._tensorflow import TensorFlowProgram

BACKEND = backend_to_take()
os.environ["KERAS_BACKEND"] = BACKEND  # for tests that import Keras themselves


def pytest_collection_modifyitems(items):
    """Leave out what the backend has not, and keep together what shares programs.

    One process has the tests of a module, of an estimator in scikit-learn's checks, and
    of the code of a document.
    """
    for item in items:
        if BACKEND != "tensorflow" and item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason=f"needs TensorFlow, not {BACKEND}"))
        module, _, test = item.nodeid.partition("::")
        name, _, parameters = test.partition("[")
        is_apart = name in ("test_scikit_learn_check_passes", "test_code_of_documents_runs")
        group = f"{module} {parameters.partition('-')[0]}" if is_apart else module
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def digits():
    """The bundled digits, 1797 rows of 64 pixels in [0, 16]."""
    return load_digits().data


@pytest.fixture(scope="session")
def wine():
    """The bundled wine table, standardised: 178 rows of 13 columns."""
    return StandardScaler().fit_transform(load_wine().data)


@pytest.fixture
def small():
    """A table of 90 rows and 5 columns with a curved two-dimensional structure."""
    rng = np.random.default_rng(3)
    u, v = rng.uniform(-1, 1, (2, 90))
    return np.column_stack([u, v, u * v, u**2, v**2]) + 0.01 * rng.standard_normal((90, 5))


@pytest.fixture(scope="module", autouse=True)
def idle_programs():
    """Programs that wait for the next fit of a module, compiled and traced ones apart."""
    compiled, traced = programs._idle, OrderedDict()
    yield traced
    compiled.clear()
    traced.clear()
    gc.collect()  # models and their layers refer to each other


@pytest.fixture
def without_xla(request, idle_programs, monkeypatch):
    """Leave XLA out of a fit: half of its time, if it is short, and most of its memory.

    For modules that test what surrounds the training. Their tests that are marked
    `compiled` train long, or ask for the bits that a user's fit has. On JAX there is
    nothing but XLA.
    """
    if request.node.get_closest_marker("compiled"):
        return
    concrete = TensorFlowProgram._concrete

    def traced(program, function, *arguments, jit_compile=None):
        return concrete(program, function, *arguments)

    monkeypatch.setattr(TensorFlowProgram, "_concrete", traced)
    monkeypatch.setattr(programs, "_idle", idle_programs)


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    """Run each test where a file that it should not write would be seen."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def two_processes():
    """The value 2 for `n_jobs`; the processes end with the test."""
    yield 2
    get_reusable_executor().shutdown(wait=True)
