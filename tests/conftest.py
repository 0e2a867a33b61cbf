"""Data and networks that several test modules use."""

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits, load_wine
from sklearn.preprocessing import StandardScaler


def pytest_collection_modifyitems(items):
    """Keep tests that share compiled programs in one process: those of a module, and of
    an estimator in scikit-learn's checks.
    """
    for item in items:
        module, _, test = item.nodeid.partition("::")
        estimator = test.partition("[")[2].partition("-")[0]
        group = f"{module} {estimator}" if "test_common" in module else module
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


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    """Run each test where a file that it should not write would be seen."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def two_processes():
    """The value 2 for `n_jobs`; the processes end with the test."""
    yield 2
    get_reusable_executor().shutdown(wait=True)
