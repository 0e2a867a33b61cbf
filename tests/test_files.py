"""Files: a state without classes of ours, skops, pickles, and formats that last."""

import copy
import pickle

import joblib
import keras
import numpy as np
import pytest
from networks import dropout_network
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stored import DATA
from without_keras import ANSWERS, PREDICTORS, QUICK, TRANSFORMERS

import skae
from skae._models._code import CodeLayer
from skae._state import STORED

X, Y = load_wine(return_X_y=True)
ESTIMATORS = {
    **TRANSFORMERS,
    **PREDICTORS,
    "codec": skae.TableCodec(),
    "kl": skae.SparseAutoencoder(4, sparsity="kl", **QUICK),
    "l1 stack": skae.StackedAutoencoder(2, sparsity="l1", pretrain_epochs=2, **QUICK),
    "loss": skae.AutoencoderTransformer(2, loss=keras.losses.Huber(0.5), **QUICK),
    "seed": skae.AutoencoderTransformer(
        2, max_epochs=1, random_state=np.random.RandomState(3)
    ),
    "frozen": skae.AutoencoderClassifier(
        FrozenEstimator(clone(TRANSFORMERS["plain"]).fit(X)),
        compare_from_scratch=True,
        max_epochs=1,
        random_state=0,
    ),
}
FROM_KERAS = {"loss"}  # whose types are Keras', for the user to trust
PLAIN = (bool, int, float, str, bytes, type(None), np.ndarray, np.generic)


@pytest.fixture(scope="module")
def fitted():
    """Pipelines of all estimators, each fitted once, when it is asked for."""
    made = {}

    def pipeline(name):
        if name not in made:
            new = make_pipeline(StandardScaler(), clone(ESTIMATORS[name]))
            made[name] = new.fit(X, Y)
        return made[name]

    return pipeline


def answers(name, pipeline):
    methods = ANSWERS.get(name, ["predict"] if name == "frozen" else ["transform"])
    return [getattr(pipeline, method)(X) for method in methods]


def assert_same(name, found, pipeline):
    for got, expected in zip(answers(name, found), answers(name, pipeline)):
        assert_array_equal(got, expected)


def leaves(value):
    """Yield what a state holds, inside of dicts, lists and tuples."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    else:
        yield value


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_state_holds_plain_values_alone(name, fitted):
    state = fitted(name)[-1].__getstate__()
    assert state["_format"] == 1
    assert {"_model", "_components", "_kept_rows"} <= set(state["_described"])
    assert [value for value in leaves(state) if not isinstance(value, PLAIN)] == []


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickles_answer_bit_for_bit(name, fitted):
    pipeline = fitted(name)
    assert_same(name, pickle.loads(pickle.dumps(pipeline)), pipeline)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_skops_asks_for_one_type_of_each_estimator(name, fitted):
    io = pytest.importorskip("skops.io")
    pipeline = fitted(name)
    file = io.dumps(pipeline)
    asked = io.get_untrusted_types(data=file)
    if name not in FROM_KERAS:
        assert set(asked) <= set(skae.SKOPS_TYPES)
    assert f"skae.{type(pipeline[-1]).__name__}" in asked
    loaded = io.loads(file, trusted=asked)
    assert_same(name, loaded, pipeline)
    assert pickle.loads(pickle.dumps(loaded[-1])).__getstate__().keys() == (
        pipeline[-1].__getstate__().keys()
    )


def test_skops_types_are_those_of_all_estimators():
    found = {f"skae.{type(estimator).__name__}" for estimator in ESTIMATORS.values()}
    assert found == set(skae.SKOPS_TYPES)
    assert all(isinstance(getattr(skae, t[5:]), type) for t in skae.SKOPS_TYPES)
    for name in skae.SKOPS_TYPES:
        assert getattr(skae, name[5:]).__module__ == "skae"


def test_files_hold_all_code_layers():
    assert {kind.__name__ for kind in CodeLayer.__subclasses__()} <= set(STORED)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_all_protocols_of_pickle_serve(protocol, fitted):
    pipeline = fitted("plain")
    assert_same("plain", pickle.loads(pickle.dumps(pipeline, protocol)), pipeline)


def test_function_without_an_address_goes_to_other_processes():
    cloudpickle = pytest.importorskip("cloudpickle")
    estimator = skae.AutoencoderTransformer(2, loss=lambda y, z: (y - z) ** 2)
    copied = cloudpickle.loads(cloudpickle.dumps(estimator))
    assert copied.loss(3, 1) == 4


def test_loaded_estimator_trains_on(fitted):
    io = pytest.importorskip("skops.io")
    original = clone(TRANSFORMERS["plain"]).partial_fit(X)
    loaded = io.loads(io.dumps(original), trusted=skae.SKOPS_TYPES)
    assert_array_equal(
        original.partial_fit(X).transform(X), loaded.partial_fit(X).transform(X)
    )


def test_function_that_can_be_imported_is_stored_by_name():
    io = pytest.importorskip("skops.io")
    estimator = skae.AutoencoderTransformer(2, build_network=dropout_network, max_epochs=1)
    estimator.fit(X)
    file = io.dumps(estimator)
    asked = io.get_untrusted_types(data=file)
    assert asked == ["networks.dropout_network", "skae.AutoencoderTransformer"]
    assert_array_equal(io.loads(file, trusted=asked).transform(X), estimator.transform(X))


def test_function_without_an_address_is_named_when_it_is_stored():
    io = pytest.importorskip("skops.io")
    estimator = skae.AutoencoderTransformer(2, loss=lambda y, z: (y - z) ** 2)
    with pytest.raises(TypeError, match=r"loss of AutoencoderTransformer is the function "):
        io.dumps(make_pipeline(estimator))


@pytest.mark.parametrize("found", [2, 0, "1"])
def test_unknown_format_says_what_to_do(found, fitted):
    state = fitted("plain")[-1].__getstate__() | {"_format": found}
    bare = skae.AutoencoderTransformer.__new__(skae.AutoencoderTransformer)
    with pytest.raises(ValueError, match=rf"in format {found!r}.* install the newest skae"):
        bare.__setstate__(state)


def test_file_of_the_first_format_is_read():
    io = pytest.importorskip("skops.io")
    loaded = io.load(DATA / "format_1.skops", trusted=["skae.SparseAutoencoder"])
    expected = np.load(DATA / "format_1.npy")
    np.testing.assert_allclose(loaded.transform(X[::20]), expected, 1e-9, 1e-9)
    assert (DATA / "format_1.skops").stat().st_size < 30_000


def test_copies_share_and_deep_copies_do_not(fitted):
    estimator = fitted("loss")[-1]
    shallow, deep = copy.copy(estimator), copy.deepcopy(estimator)
    assert shallow._model is estimator._model
    assert shallow.loss is estimator.loss
    assert deep.loss is not estimator.loss
    assert deep.loss.get_config() == estimator.loss.get_config()
    assert not np.shares_memory(deep.mean_, estimator.mean_)
    assert joblib.hash(deep) == joblib.hash(estimator) == joblib.hash(shallow)
