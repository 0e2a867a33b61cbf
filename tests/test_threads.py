"""Fits in threads of one process give what they give one after another."""

import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import joblib
import numpy as np
import pytest
from networks import dropout_network
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skae import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
)
from skae._data._split import gain_is_real
from skae._data._table import Table
from skae._data._threads import in_threads
from skae._training import _programs as programs

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0}


def autoencoder(n_components=2, **settings):
    return AutoencoderTransformer(n_components, **QUICK | settings)


def with_own_parts(n_components):
    import keras

    return autoencoder(
        n_components,
        build_network=dropout_network,
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
    )


KINDS = {
    "equal": lambda: [autoencoder() for _ in range(4)],
    "rates": lambda: [autoencoder(learning_rate=r) for r in (1e-3, 2e-3, 5e-3, 1e-2)],
    "widths": lambda: [autoencoder(k) for k in (1, 2, 3, 4)],
    "own parts": lambda: [with_own_parts(k) for k in (1, 2, 2, 1)],
    "kinds": lambda: [
        autoencoder(),
        SparseAutoencoder(4, **QUICK),
        DenoisingAutoencoder(2, noise_level="auto", **QUICK),
        AutoencoderClassifier(autoencoder(), max_epochs=2, random_state=0),
    ],
}


def fitted_at_once(estimators, X, y):
    """Fit in threads that begin together; return what each fit returns or raises."""
    barrier = Barrier(len(estimators))

    def outcome(estimator):
        barrier.wait(60)
        try:
            return estimator.fit(X, y)
        except BaseException as error:
            return error

    with ThreadPoolExecutor(len(estimators)) as pool:
        return list(pool.map(outcome, estimators))


def assert_same_bits(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert type(one) is type(other), one
        assert one.history_ == other.history_
        models = [
            each._predictor if hasattr(each, "_predictor") else each._model
            for each in (one, other)
        ]
        for pair in zip(*(model.weights() for model in models), strict=True):
            np.testing.assert_array_equal(*pair)


@pytest.mark.parametrize("kind", KINDS)
def test_fits_at_once_give_the_bits_of_fits_in_turn(small, kind):
    y = small[:, 0] > 0
    expected = [estimator.fit(small, y) for estimator in KINDS[kind]()]
    filters = list(warnings.filters)
    programs._idle.clear()  # so that they are built and compiled at the same time
    for _ in range(2):
        assert_same_bits(fitted_at_once(KINDS[kind](), small, y), expected)
    assert warnings.filters == filters


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_in_one_thread_leaves_others_whole(small, error):
    import keras

    class Failing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise error("in the middle")

    expected = autoencoder().fit(small)
    programs._idle.clear()
    estimators = [autoencoder(), autoencoder(callbacks=[Failing()]), autoencoder()]
    first, failed, last = fitted_at_once(estimators, small, None)
    assert isinstance(failed, error)
    assert not hasattr(estimators[1], "history_")
    assert_same_bits([first, last], [expected] * 2)
    later = [autoencoder() for _ in range(3)]  # one takes the program of the failed fit
    assert_same_bits(fitted_at_once(later, small, None), [expected] * 3)


@pytest.mark.parametrize("how", [{"backend": "threading"}, {"prefer": "threads"}])
def test_search_in_threads_finds_what_a_search_in_turn_finds(small, how):
    grid = {"learning_rate": [1e-3, 1e-2], "hidden_layer_sizes": [(8,), (9,)]}

    def search(n_jobs):
        return GridSearchCV(autoencoder(), grid, cv=2, n_jobs=n_jobs).fit(small)

    expected = search(1)
    with joblib.parallel_config(**how):
        found = search(2)
    assert found.best_params_ == expected.best_params_
    for name, values in expected.cv_results_.items():
        if name.endswith("_score"):
            np.testing.assert_array_equal(found.cv_results_[name], values)


def test_measurements_do_not_depend_on_threads_that_others_leave_to_blas():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60_000, 8))
    table = Table(X, rng.uniform(0.5, 2, len(X)), np.zeros(8), 1.0)
    gains = rng.standard_normal(len(X)) + 1

    def measured(n_threads):
        with threadpool_limits(n_threads, user_api="blas"):
            limits = table.mse_and_r2(lambda rows: 0.5 * rows)
            return limits, gain_is_real(gains, np.ones(len(X)), np.arange(len(X)))

    assert measured(2) == measured(1)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_items_in_threads_are_answered_in_order_up_to_an_error(n_threads):
    seen = []

    def square(item):
        seen.append(item)
        time.sleep(1e-4)
        if item == 40:
            raise IndexError("of the function, not of the items")
        return item**2

    with threadpool_limits(n_threads, user_api="blas"):
        assert in_threads(square, range(40)) == [item**2 for item in range(40)]
        assert in_threads(square, []) == []
        seen.clear()
        with pytest.raises(IndexError, match="of the function"):
            in_threads(square, range(40, 2_000))
    assert len(seen) < 1_000  # the others end with the item that they are at


def test_first_bad_cell_is_named_whatever_thread_finds_one():
    X = np.zeros((40_000, 16))
    X[30_000, 3] = X[35_000, 1] = np.nan
    estimator = autoencoder(max_epochs=1).fit(
        np.random.default_rng(0).normal(size=(90, 16))
    )
    limit = threadpool_limits(2, user_api="blas")
    with limit, pytest.raises(ValueError, match=r"column 3 \(row 30000\)"):
        estimator.transform(X)
