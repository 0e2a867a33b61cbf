"""Compiled programs are shared only by fits that are truly the same but for values."""

import functools
import gc
from collections import OrderedDict

import numpy as np
import pytest
from networks import dropout_network

from skae import AutoencoderTransformer
from skae._training import _program
from skae._training import _programs as programs
from skae._training._functions import function_key

pytestmark = pytest.mark.usefixtures("without_xla")
power, unread = 2, [2]


def fitted(X, **kwargs):
    settings = {"max_epochs": 6, "hidden_layer_sizes": (8,), "random_state": 0}
    return AutoencoderTransformer(2, **settings | kwargs).fit(X)


def losses(X, **kwargs):
    return fitted(X, **kwargs).history_["loss"]


def test_custom_losses_of_one_class_and_name_do_not_share(small):
    import keras

    class Weighted(keras.losses.Loss):
        def __init__(self, weight):
            super().__init__(name="weighted")
            self.weight = weight

        def call(self, y_true, y_pred):
            return keras.ops.mean(self.weight * (y_true - y_pred) ** 2, axis=-1)

    first, second = (losses(small, loss=Weighted(w))[0] for w in (1.0, 100.0))
    assert second > 50 * first


def test_layers_named_like_their_activation_do_not_share(small):
    from keras import Sequential, layers

    def named(activation):
        def build(n_features, n_components):
            hidden = layers.Activation(activation, name=activation)
            encoder = Sequential([layers.Dense(8), hidden, layers.Dense(n_components)])
            return encoder, Sequential([layers.Dense(n_features)])

        return build

    relu, tanh = (losses(small, build_network=named(name)) for name in ("relu", "tanh"))
    assert relu != tanh


def test_functions_as_activations_do_not_share(small):
    import keras
    from keras import Sequential, layers

    def scaled(factor):
        def act(x):
            return keras.ops.tanh(factor * x)

        def build(n_features, n_components):
            encoder = Sequential([layers.Dense(8, act), layers.Dense(n_components)])
            return encoder, Sequential([layers.Dense(n_features)])

        return build

    one, zero = (losses(small, build_network=scaled(factor)) for factor in (1.0, 0.0))
    assert one != zero


@pytest.mark.parametrize(
    "what", ["trainable", "weight_decay", "learning_rate", "rate", "beta_1"]
)
@pytest.mark.slow
def test_callback_that_meddles_does_not_reach_later_fits(small, what):
    import keras

    class Meddling(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            if what == "trainable":
                self.model.trainable = False
            elif what == "rate":
                for layer in self.model._flatten_layers():
                    if isinstance(layer, keras.layers.Dropout):
                        layer.rate = 0.9
            elif what == "beta_1":
                self.model.optimizer.beta_1 = 0.1
            elif what == "weight_decay":
                self.model.optimizer.weight_decay = 0.0
            else:
                schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
                self.model.optimizer.learning_rate = schedule

    network = dropout_network if what == "rate" else None
    settings = {"weight_decay": 2.0, "build_network": network}
    programs._idle.clear()
    expected = losses(small, **settings)
    programs._idle.clear()
    try:
        fitted(small, callbacks=[Meddling()], **settings)
    except (TypeError, ValueError):
        assert what == "learning_rate"
    assert losses(small, **settings) == expected


def test_callback_sees_the_weights_of_its_epoch_and_may_set_them(small):
    """They stay on the backend from chunk to chunk, unless somebody looks."""
    import keras

    class Zeroing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model.get_weights()
            if epoch == 1:
                self.model.set_weights([np.zeros_like(array) for array in self.seen])

    settings = dict(validation_fraction=0, max_epochs=4, input_noise=0)
    callback = Zeroing()
    losses = fitted(
        small, learning_rate=1e-9, weight_decay=0, callbacks=[callback], **settings
    ).history_["loss"]
    variance = small.var(axis=0).mean()
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[1] < 0.9 * variance
    assert losses[2:] == pytest.approx([variance] * 2, rel=1e-3)
    assert all(np.abs(array).max() < 1e-6 for array in callback.seen)


def test_noise_of_a_custom_network_is_in_deviations_of_its_columns(small):
    from keras import Sequential, layers

    def build(n_features, n_components):
        return Sequential([layers.Dense(n_components)]), Sequential(
            [layers.Dense(n_features)]
        )

    seen = []
    for factor in (1e-3, 1.0, 1e3):
        X = factor * small
        quiet, noisy = (
            losses(
                X, build_network=build, input_noise=noise, learning_rate=1e-9, max_epochs=1
            )[0]
            for noise in (0, 0.5)
        )
        seen.append((noisy - quiet) / X.var())
    assert seen[0] == pytest.approx(seen[1], rel=0.5)
    assert seen[2] == pytest.approx(seen[1], rel=0.5)
    assert seen[1] > 0


def test_padding_does_not_move_batch_statistics():
    from keras import Sequential, layers

    def build(n_features, n_components):
        encoder = Sequential(
            [layers.BatchNormalization(momentum=0.5), layers.Dense(n_components)]
        )
        return encoder, Sequential([layers.Dense(n_features)])

    X = 100 + np.random.default_rng(0).standard_normal((65, 5))
    estimator = fitted(
        X, build_network=build, batch_size=64, validation_fraction=0, max_epochs=20
    )
    mean = estimator.encoder_.layers[0].moving_mean.numpy()
    np.testing.assert_allclose(mean, 100, atol=3)


def test_own_schedule_is_in_the_history(small):
    import keras

    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    history = fitted(
        small, optimizer=keras.optimizers.SGD(decay), batch_size=128, max_epochs=3
    ).history_
    np.testing.assert_allclose(history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-5)
    with pytest.raises(ValueError, match="cannot replace the schedule"):
        fitted(small, optimizer=keras.optimizers.SGD(decay), learning_rate=0.1)


def test_optimizer_instance_is_copied_with_what_its_config_does_not_say(small):
    import keras

    def with_exclusion(names):
        optimizer = keras.optimizers.AdamW(0.01, weight_decay=5.0)
        optimizer.exclude_from_weight_decay(var_names=names)
        return losses(small, optimizer=optimizer)

    assert with_exclusion(["kernel"]) != with_exclusion(["nothing"])


@pytest.mark.parametrize("options", [{"use_ema": True}, {"loss_scale_factor": 8.0}])
def test_optimizer_options_that_are_not_followed_are_refused(small, options):
    import keras

    with pytest.raises(ValueError, match=f"{next(iter(options))} is not supported"):
        fitted(small, optimizer=keras.optimizers.Adam(0.01, **options))


@pytest.mark.parametrize("loss", ["dice", lambda a, b: (a - b) ** 2])
def test_loss_without_a_value_per_row_is_refused(small, loss):
    with pytest.raises(ValueError, match="must give one value a row"):
        fitted(small, loss=loss)


def test_loss_class_is_refused(small):
    import keras

    with pytest.raises(TypeError, match=r"pass an instance, Huber\(\)"):
        fitted(small, loss=keras.losses.Huber)


def test_global_dtype_policy_does_not_matter(small):
    import keras

    expected = fitted(small).transform(small)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found = fitted(small, hidden_layer_sizes=(8,), batch_size=16).transform(small)
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(
        found, fitted(small, hidden_layer_sizes=(8,), batch_size=16).transform(small)
    )
    assert expected.shape == found.shape


def test_patience_is_counted_from_the_best_epoch_not_from_the_start(digits):
    estimator = AutoencoderTransformer(5, random_state=0, max_epochs=60, patience=5)
    assert estimator.fit(digits[:400]).best_epoch_ > 5


def test_partial_fit_refuses_another_network_and_takes_another_optimizer(small):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(8,), random_state=0)
    estimator.partial_fit(small)
    estimator.set_params(optimizer="rmsprop").partial_fit(small)
    with pytest.raises(ValueError, match="partial_fit goes on with the network"):
        estimator.set_params(hidden_layer_sizes=(9,)).partial_fit(small)


def test_unit_of_weights_does_not_matter_and_rows_of_weight_zero_do_not_count(small):
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 3, len(small)).astype(float)
    expected = AutoencoderTransformer(2, max_epochs=6, random_state=0)
    expected.fit(small, sample_weight=weight)
    for factor in (1e-50, 1e39):
        found = AutoencoderTransformer(2, max_epochs=6, random_state=0)
        found.fit(small, sample_weight=factor * weight)
        np.testing.assert_allclose(found.transform(small), expected.transform(small))
    wild = small.copy()
    wild[weight == 0] = 1e6
    found = AutoencoderTransformer(2, max_epochs=6, random_state=0)
    found.fit(wild, sample_weight=weight)
    np.testing.assert_allclose(found.transform(small), expected.transform(small), atol=1e-5)


def test_models_given_out_are_copies(small):
    from networks import dropout_network

    for kwargs in ({}, {"build_network": dropout_network}):
        estimator = fitted(small, **kwargs)
        codes = estimator.transform(small)
        encoder = estimator.encoder_
        assert encoder is estimator.encoder_
        encoder.set_weights([np.zeros_like(w) for w in encoder.get_weights()])
        np.testing.assert_array_equal(estimator.transform(small), codes)


def test_network_may_be_built_while_another_is(small):
    from keras import Sequential, layers

    def plain(n_features, n_components):
        return Sequential([layers.Dense(n_components)]), Sequential(
            [layers.Dense(n_features)]
        )

    def pretrained(n_features, n_components):
        inner = fitted(small, build_network=plain, max_epochs=1)
        encoder, decoder = plain(n_features, n_components)
        encoder.build((None, n_features))
        encoder.set_weights(inner.encoder_.get_weights())
        return encoder, decoder

    assert fitted(small, build_network=pretrained).n_epochs_ == 6


def tied(n_features, n_components):
    from keras import Input, Model, layers

    dense = layers.Dense(n_features, name="h")
    return [Model(a, dense(a)) for a in (Input((n_features,)), Input((n_components,)))]


def untied(n_features, n_components):
    from keras import Input, Model, layers

    a, b = Input((n_features,)), Input((n_components,))
    return [Model(x, layers.Dense(n_features, name="h")(x)) for x in (a, b)]


@pytest.mark.parametrize("order", [(tied, untied), (untied, tied)])
def test_networks_that_share_layers_differently_do_not_share(small, order):
    def of_five(build):
        settings = {"max_epochs": 4, "random_state": 0, "build_network": build}
        return AutoencoderTransformer(5, **settings).fit(small).history_["loss"]

    programs._idle.clear()
    expected = of_five(order[1])
    programs._idle.clear()
    first, second = map(of_five, order)
    assert second == expected
    assert first != second


def made_loss(name, exponent):
    """Return a loss that reads its exponent in some way."""
    import keras

    def with_argument(a, b, exponent=exponent):
        return keras.ops.mean(keras.ops.abs(a - b) ** exponent, -1)

    def with_closure(a, b):
        return with_argument(a, b, exponent)

    def with_global(a, b):
        return with_argument(a, b, power)

    def with_list(a, b):
        return with_argument(a, b, unread[0])

    def with_attribute(a, b):
        return with_argument(a, b, with_attribute.exponent)

    with_attribute.exponent = exponent

    class Loss:
        def method(self, a, b):
            return with_argument(a, b, exponent)

    return {
        "argument": with_argument,
        "closure": with_closure,
        "global": with_global,
        "list": with_list,
        "attribute": with_attribute,
        "lambda": lambda a, b: with_argument(a, b, power),
        "partial": functools.partial(with_argument, exponent=exponent),
        "method": Loss().method,
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "argument",
        "closure",
        "global",
        "list",
        "attribute",
        "lambda",
        "partial",
        "method",
    ],
)
@pytest.mark.slow
def test_losses_that_read_other_values_do_not_share(small, monkeypatch, name):
    def loss_of(exponent, expected=False):
        monkeypatch.setitem(globals(), "power", exponent)
        unread[0] = exponent
        loss = made_loss("argument" if expected else name, exponent)
        return losses(small, loss=loss, max_epochs=2)

    first, second = loss_of(2), loss_of(4)
    programs._idle.clear()
    assert second == loss_of(4, expected=True)
    assert first != second


@pytest.mark.parametrize("name", ["argument", "closure", "global", "lambda"])
def test_losses_that_read_plain_values_share_with_their_equals(name):
    first, second = (function_key(made_loss(name, 3)) for _ in range(2))
    assert first == second
    assert first is not None
    assert function_key(made_loss(name, 2)) != first or name in ("global", "lambda")


def test_wrapped_losses_of_one_name_do_not_share():
    from keras.src.losses.losses import LossFunctionWrapper

    from skae._training._objective import loss_key

    def make(factor):
        def own(a, b):
            return factor * (a - b)

        return LossFunctionWrapper(own)

    assert loss_key(make(1)) != loss_key(make(2))
    assert loss_key(make(1)) == loss_key(make(1))
    assert loss_key(make([1])) is None
    assert loss_key("mse") == loss_key("mean_squared_error") != loss_key("mae")
    assert None not in map(loss_key, ["mse", "huber", "log_cosh"])


def test_activation_named_like_one_of_keras_does_not_share(small):
    import keras
    from keras import Sequential, layers

    def relu(x):
        return 0 * keras.ops.relu(x)

    def with_activation(activation):
        def build(n_features, n_components):
            encoder = Sequential([layers.Dense(8, activation), layers.Dense(n_components)])
            return encoder, Sequential([layers.Dense(n_features)])

        return build

    theirs, own = (losses(small, build_network=with_activation(a)) for a in ("relu", relu))
    assert theirs != own


def test_settings_of_keras_that_are_compiled_in_are_told_apart(small):
    import keras

    X, settings = np.clip(small, 0, 1), {"loss": "binary_crossentropy", "max_epochs": 1}
    before = keras.config.epsilon()
    first = losses(X, **settings)
    try:
        keras.config.set_epsilon(0.1)
        assert losses(X, **settings) != first
    finally:
        keras.config.set_epsilon(before)
    assert losses(X, **settings) == first


def n_compiled():
    import jax

    return len(jax.devices()[0].client.live_executables())


def test_architectures_that_leave_the_cache_leave_nothing_compiled(small, monkeypatch):
    import keras

    if keras.backend.backend() != "jax":
        pytest.skip("TensorFlow does not tell what is compiled")
    monkeypatch.setattr(programs, "MAX_IDLE", 1)
    fitted(small, hidden_layer_sizes=(21,))
    before = n_compiled()
    for width in (22, 23):
        fitted(small, hidden_layer_sizes=(width,))
    assert n_compiled() == before


@pytest.mark.tensorflow
def test_architectures_that_leave_the_cache_leave_no_graphs(small, monkeypatch):
    def n_graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    monkeypatch.setattr(programs, "MAX_IDLE", 1)
    fitted(small, hidden_layer_sizes=(21,))
    before = n_graphs()
    for width in (22, 23):
        fitted(small, hidden_layer_sizes=(width,))
    assert n_graphs() == before


def test_layers_are_built_of_zeros_that_their_config_names(small):
    encoder = fitted(small).encoder_
    hidden = encoder.get_layer("encoder_hidden_0").get_config()
    for name in ("kernel_initializer", "bias_initializer"):
        assert hidden[name]["class_name"] == "Zeros"


@pytest.mark.parametrize("is_kept", [True, False])
def test_program_that_no_fit_will_take_is_released(monkeypatch, is_kept):
    class Program:
        is_untouched = True
        released = False

        def release(self):
            self.released = True

    monkeypatch.setattr(programs, "_idle", OrderedDict())
    with programs.borrowed_program("key" if is_kept else None, Program) as program:
        assert not program.released
    assert program.released is not is_kept
    monkeypatch.setattr(programs, "MAX_IDLE", 0)
    with programs.borrowed_program("another", Program):
        pass
    assert program.released


def test_lent_programs_make_no_room_for_others(monkeypatch):
    class Idle:
        is_untouched = True

        def release(self):
            pass

    def lend(key):
        return programs.borrowed_program(key, Idle)

    monkeypatch.setattr(programs, "_idle", OrderedDict())
    monkeypatch.setattr(programs, "MAX_IDLE", 1)
    for key in "ab":  # of a key that was idle and is lent now, nothing is left to drop
        with lend(key):
            pass
        with lend(key), lend("c"), lend("d"):
            pass
        assert list(programs._idle) == [key]


def test_program_of_a_custom_network_is_kept_for_the_fit_after_one_with_callbacks(small):
    import keras

    programs._idle.clear()
    kept = []
    for callbacks in (None, [keras.callbacks.History()], None):
        settings = dict(build_network=dropout_network, callbacks=callbacks, max_epochs=1)
        fitted(small, **settings)
        kept.append([id(program) for idle in programs._idle.values() for program in idle])
    assert len(kept[0]) == 1
    assert kept[0] == kept[1] == kept[2]


@pytest.mark.parametrize("name", ["scale", "rate", "kernel_regularizer", "activation"])
def test_setting_of_a_layer_that_changes_is_noticed(name):
    from keras import activations, layers, regularizers

    layer = {
        "scale": layers.Rescaling([1.0, 2.0]),
        "rate": layers.Dropout(0.1),
        "kernel_regularizer": layers.Dense(2, kernel_regularizer=regularizers.L2(0.1)),
        "activation": layers.Dense(2, "relu"),
    }[name]
    before = _program._settings(layer)
    assert _program._settings(layer) == before
    if name == "scale":
        layer.scale[0] = 5.0
    elif name == "rate":
        layer.rate = 0.5
    elif name == "kernel_regularizer":
        layer.kernel_regularizer.l2 = 0.5
    else:
        layer.activation = activations.tanh
    assert _program._settings(layer) != before
