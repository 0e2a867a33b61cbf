"""The private names that skae needs are there, in any version that is supported."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.callback import ScoringMonitor

import skae
from skae import AutoencoderTransformer, _compat

FILES = [p for p in Path(skae.__file__).parent.rglob("*.py") if p.stem != "_compat"]


def is_private(node):
    """Whether an import takes a private name or module of scikit-learn or of Keras."""
    if not isinstance(node, ast.ImportFrom) or node.level:
        return False
    module = node.module.split(".")
    names = [*module, *(alias.name for alias in node.names)]
    is_hidden = any(name.startswith("_") for name in names) or module[:2] == [
        "keras",
        "src",
    ]
    return module[0] in ("sklearn", "keras", "tensorflow") and is_hidden


@pytest.mark.parametrize("path", FILES, ids=str)
def test_private_names_come_through_one_door(path):
    assert not any(map(is_private, ast.walk(ast.parse(path.read_text()))))


def test_sample_weights_are_checked():
    with pytest.raises(ValueError, match=r"(?i)negative"):
        _compat.check_sample_weight(
            np.array([1.0, -1.0]), np.ones((2, 1)), ensure_non_negative=True
        )


def test_frames_are_made_where_they_are_asked_for():
    estimator = AutoencoderTransformer()
    assert _compat.output_adapter(estimator) is None
    adapter = _compat.output_adapter(estimator.set_output(transform="pandas"))
    frame = adapter.create_container(np.ones((2, 1)), np.ones((2, 1)), columns=["a"])
    assert frame.columns.tolist() == ["a"]


def test_sklearn_callbacks_are_seen():
    estimator = AutoencoderTransformer()
    assert not _compat.has_sklearn_callbacks(estimator)
    estimator.set_callbacks(ScoringMonitor(scoring=lambda *_: 0.0))
    assert _compat.has_sklearn_callbacks(estimator)


def test_layers_are_found_at_any_depth():
    import keras

    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5, name="deep")])
    model = keras.Sequential([keras.Input((2,)), inner])
    assert "deep" in {layer.name for layer in _compat.all_layers(model)}


def test_rates_and_schedules_are_told_apart():
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    assert _compat.rate_or_schedule(keras.optimizers.Adam(schedule)) is schedule
    rate = _compat.rate_or_schedule(keras.optimizers.Adam(0.1))
    assert isinstance(rate, keras.Variable)


def test_undecayed_names_are_found():
    import keras

    optimizer = keras.optimizers.AdamW()
    assert _compat.undecayed_pattern(optimizer) is None
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert _compat.undecayed_pattern(optimizer).search("a bias")


def test_settings_of_a_loss_are_found():
    import keras

    assert _compat.function_settings(keras.losses.Huber(delta=3.0))["delta"] == 3.0


def test_empty_hooks_are_known():
    import keras

    class Noisy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert _compat.is_empty_hook(keras.callbacks.Callback().on_train_batch_end)
    assert not _compat.is_empty_hook(Noisy().on_train_batch_end)


def test_callbacks_get_and_lose_their_model():
    import keras

    callback = keras.callbacks.Callback()
    assert _compat.model_of(callback) is None
    _compat.set_model(callback, "a model")
    assert callback.model == _compat.model_of(callback) == "a model"


def test_states_of_generators_are_known():
    import keras

    dropout = keras.layers.Dropout(0.5)
    assert [_compat.is_seed_state(v) for v in dropout.variables] == [True]
    dense = keras.layers.Dense(2)
    dense.build((None, 2))
    assert not any(map(_compat.is_seed_state, dense.variables))


def test_seeds_are_drawn_where_they_were():
    global_state, seed_generator = _compat.seed_modules()
    assert callable(seed_generator.python_random.randint)
    assert callable(global_state.get_global_attribute)
    assert isinstance(seed_generator.GLOBAL_SEED_GENERATOR, str)


def test_threads_of_the_backend_are_noticed():
    keras.ops.ones(1) + 1.0
    assert keras.backend.backend() in _compat.busy_backends()
