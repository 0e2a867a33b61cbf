"""Chunks, schedule, epochs, callbacks and the programs behind them."""

import copy
import csv
import pickle
import threading
import time

import joblib
import numpy as np
import pytest
from networks import convolutional_network, dropout_network
from sklearn.base import clone

from skae import AutoencoderTransformer
from skae._data._table import Table
from skae._models._dense_network import DenseNetwork
from skae._training import Reconstruction, Schedule, program_class, train
from skae._training import _chunks as chunks
from skae._training import _programs as programs
from skae._training._objective import make_optimizer
from skae.corruption import GaussianNoise

pytestmark = pytest.mark.usefixtures("without_xla")


def epochs(table, batch_size, n_epochs, rng, corrupt=None):
    n_rows = len(table.X)
    schedule = Schedule(batch_size, n_epochs, 0.01, n_rows)
    targets_of = Reconstruction("mse").targets
    return chunks.epochs(
        table, np.arange(n_rows), schedule, rng, targets_of=targets_of, corrupt=corrupt
    )


@pytest.mark.parametrize(("n_rows", "batch_size"), [(1, 4), (7, 4), (64, 32), (3000, 32)])
def test_every_row_counts_once_an_epoch(n_rows, batch_size):
    X = np.arange(n_rows * 3, dtype=float).reshape(n_rows, 3)
    table = Table(X, None, np.zeros(3), 1.0)
    rng = np.random.default_rng(0)
    for epoch in epochs(table, batch_size, 3, rng):
        seen = []
        for chunk in epoch:
            assert chunk.inputs is chunk.targets
            assert not chunk.weights[chunk.n_batches :].any()
            assert chunk.weights[chunk.n_batches - 1].any()
            seen.extend(chunk.targets[chunk.weights == 1][:, 0])
        np.testing.assert_array_equal(np.sort(seen), X[:, 0])
        assert n_rows < 8 or not np.array_equal(seen, X[:, 0])


def test_chunks_made_ahead_are_drawn_in_order(monkeypatch):
    X = np.random.default_rng(0).normal(size=(5000, 40))
    table = Table(X, np.arange(5000.0), X.mean(axis=0), 2.0)
    monkeypatch.setattr(chunks, "CHUNK_VALUES", 64 * 40 * 16)
    corrupt, noise_rng = GaussianNoise(0.5), np.random.default_rng(1)
    found = [
        chunk
        for epoch in epochs(
            table,
            64,
            2,
            np.random.default_rng(2),
            lambda rows: corrupt(rows, noise_rng),
        )
        for chunk in epoch
    ]
    assert len(found) == 10  # 79 batches of 64 rows, 16 a chunk, twice

    order_rng, noise_rng = np.random.default_rng(2), np.random.default_rng(1)
    rows = [X[order_rng.permutation(5000)] for _ in range(2)]
    for chunk, clean in zip(found, np.split(rows[0][:4096], 4)):
        conditioned = ((clean - X.mean(axis=0)) / 2).astype(np.float32)
        np.testing.assert_allclose(chunk.targets.reshape(-1, 40), conditioned, atol=1e-6)
        noisy = corrupt(chunk.targets.reshape(-1, 40), noise_rng)
        np.testing.assert_array_equal(chunk.inputs.reshape(-1, 40), noisy)
    conditioned = ((rows[1][:1024] - X.mean(axis=0)) / 2).astype(np.float32)
    np.testing.assert_allclose(found[5].targets.reshape(-1, 40), conditioned, atol=1e-6)


def test_failure_of_a_corruption_reaches_the_user():
    def fail(rows):
        raise RuntimeError("no noise today")

    table = Table(np.eye(9), None, np.zeros(9), 1.0)
    found = epochs(table, 4, 2, np.random.default_rng(0), fail)
    with pytest.raises(RuntimeError, match="no noise today"):
        list(next(found))


def test_schedule_warms_up_and_falls_to_zero():
    schedule = Schedule(batch_size=10, max_epochs=20, learning_rate=0.5, n_rows=95)
    rates = np.concatenate([schedule.rates(epoch) for epoch in range(20)])
    assert schedule.steps_per_epoch == 10
    assert np.all(np.diff(rates[:10]) > 0)
    assert np.all(np.diff(rates[10:]) < 0)
    assert 0.45 < rates.max() <= 0.5
    assert rates[-1] < 1e-3
    constant = Schedule(10, 20, 0.5, 95, is_constant=True)
    np.testing.assert_array_equal(constant.rates(3), np.full(10, 0.5, np.float32))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
@pytest.mark.compiled
def test_compiled_updates_equal_keras_fit(small, optimizer):
    import keras

    network = DenseNetwork(5, 2, (7,), "tanh", linear_path=False)
    start = [
        a
        for half in network.initial_halves(np.random.SeedSequence(0))
        for a in half.to_list()
    ]
    encoder, decoder, variables = network.build_models()
    program = program_class()(
        encoder,
        decoder,
        variables,
        Reconstruction("mse"),
        make_optimizer(optimizer, 0.01, None),
        n_features=5,
        n_outputs=5,
        in_user_units=False,
    )
    seed = np.random.SeedSequence(0)
    decay = make_optimizer(optimizer, None, None).weight_decay
    program.load(start, None, seed, shift=np.zeros(5), scale=1, weight_decay=decay)
    schedule = Schedule(128, 4, 0.01, len(small), is_constant=True)
    table = Table(small, None, np.zeros(5), 1.0)
    run = train(program, table, np.arange(90), schedule, np.random.default_rng(0))

    encoder, decoder, variables = network.build_models()
    inputs = keras.Input((5,))
    model = keras.Model(inputs, decoder(encoder(inputs)))
    for variable, array in zip(variables, start):
        variable.assign(array)
    model.compile(make_optimizer(optimizer, 0.01, None), "mse")
    fitted = model.fit(small, small, 128, 4, verbose=0, shuffle=False)
    np.testing.assert_allclose(run.history["loss"], fitted.history["loss"], rtol=1e-5)
    for found, variable in zip(run.weights, variables):
        np.testing.assert_allclose(found, variable.numpy(), atol=1e-5)


def settings(**kwargs):
    return {"max_epochs": 6, "hidden_layer_sizes": (8,), "random_state": 0} | kwargs


def fitted(X, **kwargs):
    return AutoencoderTransformer(2, **settings(**kwargs)).fit(X)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("hidden_layer_sizes", [(), 8, (9,), (9, 5)]),
        ("activation", ["silu", "tanh", "relu"]),
        ("init", ["pca", "random"]),
        ("input_noise", ["auto", 0, 0.5]),
        ("loss", ["mse", "mae", "huber", "log_cosh"]),
        ("optimizer", ["adamw", "sgd", "rmsprop", "lion"]),
        ("learning_rate", [2e-3, 1e-2, None]),
        ("weight_decay", [0, 0.5]),
        ("batch_size", [8, 16, "auto"]),
        ("max_epochs", [5, 6, "auto"]),
        ("validation_fraction", [0, 0.2, 0.4]),
        ("random_state", [1, 2]),
    ],
)
def test_every_value_of_every_option_has_an_effect(small, name, values):
    losses = [fitted(small, **{name: value}).history_["loss"] for value in values]
    assert len({tuple(series) for series in losses}) == len(values)


def test_noise_differs_between_presentations_and_is_off_in_transform(small):
    rows = np.tile(small[:1], (64, 1))
    rng = np.random.default_rng(0)
    noise = GaussianNoise(1.0)
    first, second = noise(rows, rng), noise(rows, rng)
    assert len(np.unique(np.vstack([first, second])[:, 0])) == 128
    estimator = fitted(small, input_noise=2.0)
    np.testing.assert_array_equal(estimator.transform(small), estimator.transform(small))


def test_noise_has_the_stated_deviation_in_each_column():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3)).astype(np.float32)
    noisy = GaussianNoise(0.5, [1.0, 4.0, 0.0])(X, rng)
    assert noisy.dtype == np.float32
    np.testing.assert_allclose((noisy - X).std(axis=0), [0.5, 2.0, 0.0], rtol=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_noise_stream_does_not_shift_the_others(small, seed):
    quiet = fitted(small, input_noise=0, random_state=seed)
    faint = fitted(small, input_noise=1e-12, random_state=seed)
    np.testing.assert_allclose(
        quiet.history_["val_loss"], faint.history_["val_loss"], rtol=1e-5
    )


def test_history_is_in_the_units_of_the_table(digits):
    plain, scaled = fitted(digits), fitted(1000 * digits)
    np.testing.assert_allclose(
        scaled.history_["val_loss"], 1e6 * np.array(plain.history_["val_loss"]), rtol=1e-4
    )
    best = min(plain.history_["val_loss"])
    assert best == plain.history_["val_loss"][plain.best_epoch_ - 1]
    assert plain.n_epochs_ == len(plain.history_["loss"]) == 6


def test_best_epoch_is_restored(small):
    from keras.callbacks import LearningRateScheduler

    spoil = LearningRateScheduler(lambda epoch: 0.003 if epoch < 20 else 0.3)
    kwargs = dict(callbacks=[spoil], max_epochs=40, init="random", batch_size=8)
    estimator = AutoencoderTransformer(2, **settings(**kwargs)).fit(small, X_val=small)
    assert 0 < estimator.best_epoch_ < 40
    best = min(estimator.history_["val_loss"])
    assert estimator.reconstruction_error(small).mean() == pytest.approx(best, rel=1e-4)
    assert best < estimator.history_["val_loss"][-1]


def test_patience_stops_after_so_many_epochs_without_a_better_one(small):
    estimator = fitted(small, learning_rate=0.3, max_epochs=500, patience=4, init="random")
    assert estimator.n_epochs_ < 500
    assert estimator.n_epochs_ - estimator.best_epoch_ == 4


@pytest.mark.parametrize("loss", ["huber", "mae", "mse"])
def test_loss_is_the_keras_loss_in_the_units_of_the_table(small, loss):
    import keras

    X = 30 * small + 7
    estimator = AutoencoderTransformer(2, **settings(loss=loss, init="random"))
    estimator.fit(X, X_val=X)
    back = estimator.inverse_transform(estimator.transform(X))
    expected = float(np.mean(keras.losses.get(loss)(X, back)))
    best = estimator.history_["val_loss"][estimator.best_epoch_ - 1]
    assert best == pytest.approx(expected, rel=1e-4)


def test_optimizer_and_loss_instances_are_not_touched(small):
    import keras

    optimizer, loss = keras.optimizers.Nadam(0.02), keras.losses.Huber(0.5)
    fitted(small, optimizer=optimizer, loss=loss)
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert not optimizer.built
    assert int(optimizer.iterations) == 0


def test_optimizer_with_its_own_schedule_is_followed(small):
    import keras

    decay = keras.optimizers.schedules.ExponentialDecay(0.05, 1, 0.5)
    own = keras.optimizers.Adam(decay)
    falling = fitted(small, optimizer=own, input_noise=0)
    constant = keras.optimizers.Adam(0.05)
    other = fitted(small, optimizer=constant, input_noise=0)
    changes = np.abs(np.diff(falling.history_["loss"]))
    assert changes[-1] < 0.2 * np.abs(np.diff(other.history_["loss"]))[-1] + 1e-3


def test_warm_start_goes_on(digits):
    cold = AutoencoderTransformer(3, max_epochs=3, warm_start=True, random_state=0)
    first = cold.fit(digits).score(digits)
    assert cold.fit(digits).score(digits) > first
    with pytest.raises(ValueError, match="warm_start=True goes on with the network"):
        cold.set_params(n_components=4).fit(digits)


def test_partial_fit_learns_and_keeps_its_units(digits):
    estimator = AutoencoderTransformer(3, random_state=0)
    scores = []
    for part in np.array_split(digits, 6):
        scores.append(estimator.partial_fit(part).score(digits))
    assert scores[-1] > scores[0]
    assert estimator.n_epochs_ == len(estimator.history_["loss"]) == 6
    np.testing.assert_allclose(estimator.mean_, digits[:300].mean(axis=0))


def test_partial_fit_keeps_the_state_of_the_optimizer(small):
    kwargs = settings(batch_size=128, input_noise=0, learning_rate=0.01)
    del kwargs["max_epochs"]
    steps = AutoencoderTransformer(2, **kwargs)
    for _ in range(3):
        steps.partial_fit(small)
    fresh = AutoencoderTransformer(2, **kwargs).partial_fit(small).partial_fit(small)
    fresh._optimizer_state = None
    fresh.partial_fit(small)
    assert steps.history_["loss"][:2] == fresh.history_["loss"][:2]
    assert not np.array_equal(steps.transform(small), fresh.transform(small))


def test_programs_are_shared_by_fits_of_one_architecture(small):
    fitted(small)
    n_idle = sum(map(len, programs._idle.values()))
    for learning_rate in (1e-3, 2e-3):
        for noise in (0, 0.1):
            fitted(
                small[:70],
                learning_rate=learning_rate,
                input_noise=noise,
                weight_decay=learning_rate,
                batch_size=32,
                max_epochs=3,
            )
    assert sum(map(len, programs._idle.values())) <= n_idle + 1


def test_number_of_idle_programs_is_bounded(small, monkeypatch):
    monkeypatch.setattr(programs, "_idle", type(programs._idle)())
    monkeypatch.setattr(programs, "MAX_IDLE", 1)
    seen = []
    for width in (8, 2):
        fitted(small, hidden_layer_sizes=(width,), max_epochs=1)
        seen.append(list(programs._idle))
    (first,), (second,) = seen
    assert first != second


def test_early_stopping_and_learning_rate_callbacks_are_obeyed(small):
    from keras import callbacks

    stop = callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=1e9)
    assert fitted(small, callbacks=[stop], max_epochs=50).n_epochs_ == 2
    rates = callbacks.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))
    history = fitted(small, callbacks=[rates]).history_
    np.testing.assert_allclose(
        history["learning_rate"], [0.01 / (i + 1) for i in range(6)], rtol=1e-6
    )
    plateau = callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=1e9)
    history = fitted(small, callbacks=[plateau], max_epochs=12).history_
    assert history["learning_rate"][-1] < 1e-4


@pytest.mark.tensorflow  # which TensorBoard writes with
def test_logging_callbacks_write_what_they_should(small, tmp_path):
    import keras
    from keras import callbacks

    said = []
    estimator = fitted(
        small,
        callbacks=[
            callbacks.CSVLogger(tmp_path / "log.csv"),
            callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
            callbacks.TensorBoard(tmp_path / "board"),
            callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: said.append(logs)),
        ],
        validation_fraction=0,
    )
    with (tmp_path / "log.csv").open() as file:
        logged = [float(row["loss"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(logged, estimator.history_["loss"])
    assert [logs["loss"] for logs in said] == estimator.history_["loss"]
    assert list((tmp_path / "board").rglob("events*"))
    saved = keras.saving.load_model(tmp_path / "6.keras")
    back = estimator.inverse_transform(estimator.transform(small))
    np.testing.assert_allclose(np.asarray(saved(small)), back, atol=1e-5)


def test_own_callbacks_hear_of_the_fit_and_are_left_without_a_model(small):
    from keras import callbacks

    history, stop = callbacks.History(), callbacks.EarlyStopping(patience=100)
    estimator = fitted(small, callbacks=[history, stop])
    for name, values in estimator.history_.items():
        assert history.history[name] == values
    assert history.epoch == list(range(6))
    assert stop.wait > 0
    assert history.model is None
    assert stop.model is None


def test_trial_runs_tell_callbacks_nothing(small):
    from keras.callbacks import History

    from skae import DenoisingAutoencoder

    history = History()
    DenoisingAutoencoder(
        2, noise_level="auto", callbacks=[history], **settings(random_state=0)
    ).fit(small)
    assert len(history.history["loss"]) == 6


def test_what_a_callback_raises_goes_through_and_the_estimator_stays(small):
    import keras

    class PrunedError(Exception):
        pass

    class Trial(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()  # as what belongs to a study may hold
            self.reported = {}

        def on_epoch_end(self, epoch, logs=None):
            self.reported[epoch] = logs["val_loss"]
            if epoch == 2:
                raise PrunedError

    trial = Trial()
    estimator = AutoencoderTransformer(2, **settings(callbacks=[trial]))
    before = dict(vars(estimator))
    with pytest.raises(PrunedError):
        estimator.fit(small)
    assert vars(estimator) == before
    assert list(trial.reported) == [0, 1, 2]
    assert trial.model is None
    with pytest.raises(TypeError, match=r"callbacks holds a 'Trial' that cannot be copied"):
        clone(estimator)


@pytest.mark.tensorflow  # which TensorBoard writes with
def test_estimator_with_callbacks_of_keras_is_cloned_and_pickled_after_a_fit(
    small, tmp_path
):
    from keras import callbacks

    estimator = fitted(
        small,
        callbacks=[
            callbacks.History(),
            callbacks.CSVLogger(tmp_path / "log.csv"),
            callbacks.EarlyStopping(restore_best_weights=True),
            callbacks.ReduceLROnPlateau(),
            callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", save_best_only=True),
            callbacks.TensorBoard(tmp_path / "board"),
            callbacks.BackupAndRestore(tmp_path / "backup"),
        ],
    )
    back = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(back.transform(small), estimator.transform(small))
    assert clone(estimator).fit(small).n_epochs_ == clone(back).fit(small).n_epochs_


@pytest.mark.parametrize(
    ("monitor", "fraction", "message"),
    [
        ("val_los", 0.1, r"watches 'val_los', but an epoch reports 'loss', .*'val_loss'"),
        ("val_loss", 0, "watches 'val_loss', .* or validation_fraction above 0"),
        ("val_noisy_loss", 0.1, "watches 'val_noisy_loss', but an epoch reports 'loss'"),
    ],
)
def test_callback_that_watches_what_nobody_reports_is_named(
    small, monitor, fraction, message
):
    import keras

    class Adding(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs[monitor] = 1.0

    for kind in ("EarlyStopping", "ReduceLROnPlateau"):
        watching = getattr(keras.callbacks, kind)(monitor=monitor, mode="min")
        with pytest.raises(ValueError, match=message):
            fitted(small, callbacks=[watching], validation_fraction=fraction)
    fitted(small, callbacks=[Adding(), watching], validation_fraction=fraction)
    checkpoint = keras.callbacks.ModelCheckpoint("x.keras", monitor, mode="min")
    fitted(small, callbacks=[checkpoint], validation_fraction=fraction, max_epochs=1)


def own_optimizer(scale=2.0, says_it=True):
    import keras

    class Own(keras.optimizers.SGD):
        def __init__(self, scale=1.0, **kwargs):
            super().__init__(**kwargs)
            self.scale = scale

        def update_step(self, gradient, variable, learning_rate):
            super().update_step(self.scale * gradient, variable, learning_rate)

        def get_config(self):
            return super().get_config() | ({"scale": self.scale} if says_it else {})

    return Own(scale)


def test_own_optimizer_class_works_if_its_config_says_all(small):
    import keras

    kwargs = {"learning_rate": 0.01, "weight_decay": 0}
    found = fitted(small, optimizer=own_optimizer(2.0), **kwargs).history_["loss"]
    plain = fitted(small, optimizer=keras.optimizers.SGD(), **kwargs).history_["loss"]
    assert found != plain
    same = fitted(small, optimizer=own_optimizer(1.0), **kwargs).history_["loss"]
    np.testing.assert_allclose(same, plain, rtol=1e-5)
    estimator = clone(AutoencoderTransformer(2, optimizer=own_optimizer(2.0)))
    assert estimator.optimizer.scale == 2.0
    with pytest.raises(ValueError, match=r"Own cannot be made anew from its get_config"):
        fitted(small, optimizer=own_optimizer(says_it=False))


def keras_parameters():
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 1, 0.5)
    built = keras.optimizers.Adam(1e-3, beta_1=0.8)
    built.build([keras.Variable(np.zeros(3))])
    excluding = keras.optimizers.AdamW()
    excluding.exclude_from_weight_decay(var_names=["bias"])
    return [
        {"optimizer": keras.optimizers.Adam(1e-3)},
        {"optimizer": keras.optimizers.SGD(schedule)},
        {"optimizer": built},
        {"optimizer": excluding},
        {"loss": keras.losses.Huber(0.3)},
        {"callbacks": [keras.callbacks.EarlyStopping(patience=3)]},
    ]


@pytest.mark.parametrize("i", range(6))
def test_hash_depends_on_the_settings_of_keras_objects_alone(small, i, monkeypatch):
    first, second = (AutoencoderTransformer(2, **keras_parameters()[i]) for _ in range(2))
    expected = joblib.hash(first)
    later = time.time() + 5
    monkeypatch.setattr(time, "time", lambda: later)
    for equal in (first, second, clone(first), pickle.loads(pickle.dumps(first))):
        assert joblib.hash(equal) == expected
    name, value = next(iter(keras_parameters()[i].items()))
    assert getattr(copy.copy(first), name) is getattr(first, name)
    for other in keras_parameters()[:i] + keras_parameters()[i + 1 :]:
        assert joblib.hash(AutoencoderTransformer(2, **other)) != expected
    back = pickle.loads(
        pickle.dumps(AutoencoderTransformer(2, **settings(**{name: value})))
    )
    assert back.fit(small).history_ == fitted(small, **{name: value}).history_


def test_batch_level_callback_is_refused(small):
    from keras import callbacks

    class Counting(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise AssertionError

    for callback in (
        Counting(),
        callbacks.ModelCheckpoint("x.keras", save_freq=5),
        callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
    ):
        with pytest.raises(ValueError, match="wants to be called at every batch"):
            fitted(small, callbacks=[callback])
    with pytest.raises(TypeError, match="pass scikit-learn's callbacks to set_callbacks"):
        fitted(small, callbacks=["EarlyStopping"])


def test_scikit_learn_callbacks_see_each_epoch(small, capsys):
    from sklearn.callback import ProgressBar, ScoringMonitor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    monitor = ScoringMonitor(scoring={"score": lambda fitted, X, y: fitted.score(X)})
    estimator = AutoencoderTransformer(2, **settings()).set_callbacks(monitor).fit(small)
    scores = monitor.get_logs().data_as_pandas
    epochs = scores[scores["task_name"] == "epoch"]
    assert len(epochs) == 6
    last = estimator.set_params(validation_fraction=0, input_noise=0).fit(small)
    scores = monitor.get_logs().data_as_pandas
    final = scores[scores["task_name"] == "epoch"]["score"].iloc[-1]
    assert final == pytest.approx(last.score(small), abs=1e-6)
    pipeline = make_pipeline(StandardScaler(), AutoencoderTransformer(2, **settings()))
    pipeline.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(small)
    assert "AutoencoderTransformer" in capsys.readouterr().out


def test_verbose_prints_readable_lines(small, capsys):
    fitted(small, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert "R² on validation rows 0." in lines[-1]
    assert ", of PCA 0." in lines[-1]
    assert lines[2].startswith("[AutoencoderTransformer] epoch 3/6  loss 0.")
    assert "(best at " in lines[2]
    fitted(small, verbose=1, max_epochs=60)
    assert 11 <= len(capsys.readouterr().out.splitlines()) <= 13


@pytest.mark.parametrize("network", [dropout_network, convolutional_network])
@pytest.mark.compiled
def test_custom_networks_train_and_share_a_program(digits, network):
    estimator = AutoencoderTransformer(
        6, build_network=network, learning_rate=0.01, max_epochs=10, random_state=0
    )
    X = digits / 16
    first = estimator.fit(X).score(X)
    assert first > 0.4
    n_idle = sum(map(len, programs._idle.values()))
    assert estimator.fit(X).score(X) == first
    assert sum(map(len, programs._idle.values())) == n_idle
    codes = estimator.transform(X)
    np.testing.assert_allclose(np.asarray(estimator.encoder_(X)), codes, atol=1e-5)
    np.testing.assert_allclose(
        np.asarray(estimator.decoder_(codes)), estimator.inverse_transform(codes), atol=1e-5
    )


def test_custom_networks_of_different_dropout_do_not_share_a_program(small):
    from keras import Sequential, layers

    def with_dropout(rate):
        def build(n_features, n_components):
            encoder = Sequential([layers.Dropout(rate), layers.Dense(n_components)])
            return encoder, Sequential([layers.Dense(n_features)])

        return build

    losses = [
        AutoencoderTransformer(
            2, build_network=with_dropout(rate), max_epochs=60, random_state=0
        )
        .fit(small)
        .history_["loss"][-1]
        for rate in (0.1, 0.8)
    ]
    assert losses[1] > losses[0]


def test_penalties_of_a_custom_network_count_and_are_kept_apart(small):
    from keras import Sequential, layers, regularizers

    def build(n_features, n_components):
        heavy = layers.Dense(n_components, kernel_regularizer=regularizers.L2(1.0))
        return Sequential([heavy]), Sequential([layers.Dense(n_features)])

    estimator = AutoencoderTransformer(
        2, build_network=build, max_epochs=200, learning_rate=0.02, random_state=0
    ).fit(small)
    assert estimator.history_["penalty"][0] > 0.1
    assert estimator.history_["penalty"][-1] < 0.02
    assert np.abs(estimator.encoder_.get_weights()[0]).max() < 0.3
