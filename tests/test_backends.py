"""The same fit is the same on each backend, up to rounding."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest
from networks import dropout_network
from sklearn.datasets import load_digits

from skae import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
)

BACKENDS = "tensorflow", "jax"
SHORT = {"max_epochs": 4, "random_state": 0}
FITS = {
    "plain": lambda X, y: AutoencoderTransformer(5, **SHORT).fit(X),
    "relu": lambda X, y: AutoencoderTransformer(
        5, activation="relu", init="random", optimizer="adam", batch_size=200, **SHORT
    ).fit(X),
    "mae": lambda X, y: AutoencoderTransformer(
        5, loss="mae", optimizer="rmsprop", **SHORT
    ).fit(X),
    "emphasis": lambda X, y: DenoisingAutoencoder(5, emphasis=2.0, **SHORT).fit(X),
    "kl": lambda X, y: SparseAutoencoder(20, sparsity="kl", **SHORT).fit(X),
    "stack": lambda X, y: StackedAutoencoder(3, **SHORT).fit(X),
    "supervised": lambda X, y: SupervisedAutoencoder(5, **SHORT).fit(X, y),
    "classifier": lambda X, y: AutoencoderClassifier(
        AutoencoderTransformer(5, **SHORT), **SHORT
    ).fit(X, y),
    "long": lambda X, y: AutoencoderTransformer(5, random_state=0).fit(X),
}


def losses():
    """Return the losses of the first epochs of fits, and R² at the end of a long one."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:600, X.std(axis=0) > 1], y[:600]  # errors of 0 have a sign by rounding
    told = {}
    for name, fit in FITS.items():
        estimator = fit(X, y)
        told[name] = {key: curve[:3] for key, curve in estimator.history_.items()}
    return told | {"score": estimator.score(X), "imported": sorted(sys.modules)}


@pytest.fixture(scope="module")
def told():
    """What a process of each backend says."""
    if not all(map(importlib.util.find_spec, BACKENDS)):
        pytest.skip("asks for TensorFlow and for JAX")
    answers = {}
    for name in BACKENDS:
        environment = os.environ | {"KERAS_BACKEND": name}
        answer = subprocess.run(
            [sys.executable, __file__], env=environment, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stderr
        answers[name] = json.loads(answer.stdout)
    return answers


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_first_epochs_are_the_same_on_each_backend(told, name):
    first, second = (told[backend][name] for backend in BACKENDS)
    assert first.keys() == second.keys()
    for key, curve in first.items():
        np.testing.assert_allclose(curve, second[key], rtol=1e-4, err_msg=key)


@pytest.mark.slow
def test_codes_keep_as_much_on_each_backend(told):
    first, second = (told[backend]["score"] for backend in BACKENDS)
    assert first == pytest.approx(second, abs=0.005)


@pytest.mark.slow
def test_fits_on_jax_do_not_wait_for_the_import_of_tensorflow(told):
    assert "jax" in told["jax"]["imported"]
    assert "tensorflow" not in told["jax"]["imported"]


@pytest.mark.parametrize("optimizer", ["adamw", "lamb", "muon"])
def test_step_of_one_vector_is_that_of_each_weight(small, monkeypatch, optimizer):
    """Of optimizers whose steps of a weight look at others, weights stay apart."""
    from skae._training import _programs, _vector

    settings = dict(optimizer=optimizer, learning_rate=1e-3, weight_decay=0.1, max_epochs=3)
    settings |= dict(hidden_layer_sizes=(6,), random_state=0)
    expected = AutoencoderTransformer(2, **settings).fit(small)
    monkeypatch.setattr(_vector, "_BY_ELEMENT", set())
    monkeypatch.setattr(_programs, "_idle", OrderedDict())
    apart = AutoencoderTransformer(2, **settings).fit(small)
    for key, curve in expected.history_.items():
        np.testing.assert_allclose(curve, apart.history_[key], rtol=1e-5, err_msg=key)


def test_optimizer_goes_on_from_the_state_that_another_backend_has_left(small):
    settings = dict(hidden_layer_sizes=(6,), random_state=0)
    curves = []
    for whole in ("int32", "int64"):  # JAX's and TensorFlow's numbers of steps
        estimator = AutoencoderTransformer(2, **settings).partial_fit(small)
        kind, state = estimator._optimizer_state
        state = [v.astype(whole) if v.dtype.kind == "i" else v for v in state]
        estimator._optimizer_state = kind, state
        curves.append(estimator.partial_fit(small).history_["loss"])
    assert curves[0] == curves[1]


def test_state_that_does_not_fit_the_optimizer_is_not_gone_on_from(small):
    settings = dict(hidden_layer_sizes=(6,), random_state=0)
    fresh, other = (
        AutoencoderTransformer(2, **settings).partial_fit(small) for _ in range(2)
    )
    kind, state = other._optimizer_state
    fresh._optimizer_state = None
    other._optimizer_state = kind, state[:2]
    assert fresh.partial_fit(small).history_ == other.partial_fit(small).history_


def test_dropout_draws_by_the_seed_of_the_fit(small):
    settings = dict(build_network=dropout_network, max_epochs=3)
    curves = [
        AutoencoderTransformer(2, random_state=seed, **settings).fit(small).history_["loss"]
        for seed in (0, 0, 1)
    ]
    assert curves[0] == curves[1] != curves[2]


if __name__ == "__main__":
    print(json.dumps(losses()))
