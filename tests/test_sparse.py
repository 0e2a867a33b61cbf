"""SparseAutoencoder and the layers of skae.sparsity."""

import numpy as np
import pytest
from scipy import sparse

from skae import AutoencoderTransformer, SparseAutoencoder
from skae._models._code import KLCode, L1Code, TopKCode

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 3, "random_state": 0}
KINDS = ["topk", "kl", "l1"]


def penalty_gradient(layer, outputs):
    """Return the gradient of a layer's penalty by what it is called with."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        def penalty(values):
            with keras.StatelessScope(collect_losses=True):
                layer(values, training=True)
                return layer.losses[-1]

        return np.array(jax.grad(penalty)(outputs))
    import tensorflow as tf

    values = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(values)
        layer(values, training=True)
        loss = layer.losses[-1]
    return tape.gradient(loss, values).numpy()


@pytest.fixture(scope="module")
def atoms():
    """128 unit atoms in 64 dimensions."""
    atoms = np.random.default_rng(0).normal(size=(128, 64))
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def mixtures(atoms):
    """20,000 sums of 5 atoms each."""
    rng = np.random.default_rng(1)
    codes = np.zeros((20_000, 128))
    active = np.argsort(rng.random(codes.shape), axis=1)[:, :5]
    np.put_along_axis(codes, active, rng.uniform(0.5, 1.5, active.shape), axis=1)
    return codes @ atoms


@pytest.mark.compiled
@pytest.mark.slow
def test_topk_recovers_the_atoms_of_sparse_mixtures(atoms, mixtures):
    autoencoder = SparseAutoencoder(192, n_nonzero=5, max_epochs=60, random_state=0)
    autoencoder.fit(mixtures)
    found = autoencoder.decoder_.get_layer("decoder_output").kernel.numpy()
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    cosine = np.abs(atoms @ found.T).max(axis=1)
    assert (cosine > 0.9).mean() >= 0.9
    assert len(autoencoder.dead_units_) <= 0.05 * 192
    assert (autoencoder.transform(mixtures) != 0).sum(axis=1).max() <= 5


@pytest.mark.slow
def test_kl_reaches_the_target_on_digits(digits):
    autoencoder = SparseAutoencoder(
        100, sparsity="kl", sparsity_target=0.05, sparsity_weight=3.0, random_state=0
    ).fit(digits)
    means = autoencoder.mean_activation_
    assert abs(means.mean() - 0.05) < 0.02
    assert ((means > 0.05 / 3) & (means < 0.15)).mean() >= 0.9
    np.testing.assert_allclose(means, autoencoder.transform(digits).mean(axis=0))


@pytest.mark.parametrize("target", [0.02, 0.2])
@pytest.mark.compiled
@pytest.mark.slow
def test_kl_follows_the_target(digits, target):
    autoencoder = SparseAutoencoder(
        50, sparsity="kl", sparsity_target=target, sparsity_weight=3.0, random_state=0
    ).fit(digits)
    np.testing.assert_allclose(autoencoder.mean_activation_.mean(), target, atol=0.025)


@pytest.mark.compiled
@pytest.mark.slow
def test_l1_activity_falls_with_the_weight(digits):
    active = [
        SparseAutoencoder(
            100, sparsity="l1", sparsity_weight=weight, max_epochs=40, random_state=0
        )
        .fit(digits)
        .active_fraction_.mean()
        for weight in (0.03, 0.1, 0.3, 1.0)
    ]
    assert np.all(np.diff(active) < 0)
    assert active[-1] < 0.5 * active[0]


@pytest.mark.parametrize("hidden_layer_sizes", [(), (20,)])
@pytest.mark.parametrize("kind", ["topk", "l1"])
def test_weights_that_leave_a_unit_have_norm_one(small, kind, hidden_layer_sizes):
    """So that codes cannot be made small, and cheap, by making the decoder large."""
    autoencoder = SparseAutoencoder(
        12, sparsity=kind, hidden_layer_sizes=hidden_layer_sizes, **QUICK
    ).fit(small)
    for kernel in autoencoder._model.decoder.kernels:
        np.testing.assert_allclose(np.linalg.norm(kernel, axis=1), 1, atol=1e-5)


def test_topk_keeps_the_largest_and_of_equals_the_first():
    outputs = np.array(
        [[1.0, 3, 2, 5], [2, 2, 2, 2], [-1, 0, -2, 4], [0, 0, 0, 0], [1, 2, 2, 2]]
    )
    expected = [[0, 3, 0, 5], [2, 2, 0, 0], [0, 0, 0, 4], [0, 0, 0, 0], [0, 2, 2, 0]]
    np.testing.assert_array_equal(TopKCode(2)(outputs.copy()), expected)
    np.testing.assert_array_equal(TopKCode(4)(outputs.copy()), np.maximum(outputs, 0))


@pytest.mark.parametrize("code", [TopKCode(3), KLCode(0.1, 1.0), L1Code(1.0)])
def test_keras_layer_equals_its_numpy_twin(code):
    rng = np.random.default_rng(0)
    outputs = rng.integers(-2, 5, (500, 10)).astype(np.float32)  # with many ties
    outputs[250:] += rng.normal(size=(250, 10))
    found = np.array(code.build("code")(outputs))
    np.testing.assert_allclose(found, code(outputs.copy()), atol=1e-6)


def test_topk_in_training_keeps_no_more_than_at_inference():
    from skae.sparsity import TopK

    outputs = np.random.default_rng(0).normal(size=(2000, 50)).astype(np.float32)
    layer = TopK(6)
    trained = np.array(layer(outputs, training=True))
    inferred = np.array(layer(outputs))
    kept = trained != 0
    np.testing.assert_array_equal(trained[kept], inferred[kept])
    assert kept.sum() > 0.99 * (inferred != 0).sum()


def test_topk_revives_units_that_are_never_kept():
    from skae.sparsity import TopK

    rng = np.random.default_rng(0)
    outputs = rng.uniform(1, 2, (400, 8)).astype(np.float32)
    outputs[:, 3] = -1
    layer = TopK(2)
    for _ in range(30):
        layer(outputs, training=True)
    gradient = penalty_gradient(layer, outputs)
    assert np.all(gradient[:, 3] < 0)
    assert not np.delete(gradient, 3, axis=1).any()


def test_kl_penalty_is_the_formula():
    from skae.sparsity import KLSparsity

    means = np.array([0.01, 0.05, 0.5, 0.9], dtype=np.float32)
    rho = 0.05
    expected = 3 * np.sum(
        rho * np.log(rho / means) + (1 - rho) * np.log((1 - rho) / (1 - means))
    )
    layer = KLSparsity(rho, 3.0)
    np.testing.assert_allclose(float(layer.penalty(means)), expected, rtol=1e-5)


def test_kl_gradient_is_the_numeric_one():
    from skae.sparsity import HORIZON, KLSparsity

    outputs = np.random.default_rng(0).normal(size=(HORIZON, 3)).astype(np.float32)

    def penalty(value):  # a batch as long as the running mean, which then is its mean
        layer = KLSparsity(0.1, 2.0)
        layer(value, training=True)
        return layer.losses[-1]

    layer = KLSparsity(0.1, 2.0)
    layer.build(outputs.shape)
    gradient = penalty_gradient(layer, outputs).sum(axis=0)

    def numeric(unit, step=1e-2):
        shift = np.zeros(3, np.float32)
        shift[unit] = step
        return float(penalty(outputs + shift) - penalty(outputs - shift)) / (2 * step)

    np.testing.assert_allclose(gradient, [numeric(unit) for unit in range(3)], rtol=0.01)


@pytest.mark.parametrize("batch_size", [20, 2000])
def test_kl_strength_does_not_depend_on_the_batch(batch_size):
    """The gradient of a row times the number of rows is the same in any batch."""
    from skae.sparsity import KLSparsity

    rows = np.tile(np.random.default_rng(0).normal(size=(20, 3)), (100, 1))
    outputs = rows[:batch_size].astype(np.float32)
    layer = KLSparsity(0.1, 2.0)
    for _ in range(2000 * 10 // batch_size):  # until the running mean has settled
        layer(outputs, training=True)
    gradient = batch_size * penalty_gradient(layer, outputs)[:20]

    means = (1 / (1 + np.exp(-rows[:20]))).mean(axis=0)
    slope = 2 * (0.9 / (1 - means) - 0.1 / means)
    logistic = 1 / (1 + np.exp(-rows[:20]))
    np.testing.assert_allclose(gradient, slope * logistic * (1 - logistic), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_row_alone_has_the_code_it_has_in_a_batch(digits, kind):
    autoencoder = SparseAutoencoder(40, sparsity=kind, **QUICK).fit(digits)
    codes = autoencoder.transform(digits)
    for i in range(5):
        alone = autoencoder.transform(digits[i : i + 1])
        np.testing.assert_allclose(alone[0], codes[i], atol=1e-10)


def test_all_units_kept_is_no_constraint(small):
    topk = SparseAutoencoder(6, n_nonzero=6, **QUICK).fit(small)
    free = SparseAutoencoder(6, sparsity="l1", sparsity_weight=0.0, **QUICK).fit(small)
    np.testing.assert_allclose(topk.transform(small), free.transform(small), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_diagnostics_describe_the_codes(digits, kind):
    autoencoder = SparseAutoencoder(90, sparsity=kind, **QUICK).fit(digits)
    codes = autoencoder.transform(digits)
    is_active = codes > (0.5 if kind == "kl" else 0)
    np.testing.assert_allclose(autoencoder.mean_activation_, codes.mean(axis=0))
    np.testing.assert_allclose(autoencoder.active_fraction_, is_active.mean(axis=0))
    np.testing.assert_array_equal(
        autoencoder.dead_units_, np.flatnonzero(~is_active.any(axis=0))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_keras_models_give_the_same(digits, kind, tmp_path):
    import keras

    autoencoder = SparseAutoencoder(40, sparsity=kind, **QUICK).fit(digits)
    codes = autoencoder.transform(digits[:100])
    rows = digits[:100].astype(np.float32)
    autoencoder.encoder_.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    for encoder in (autoencoder.encoder_, loaded):
        np.testing.assert_allclose(np.array(encoder(rows)), codes, atol=2e-4)
    np.testing.assert_allclose(
        np.array(autoencoder.autoencoder_(rows)),
        autoencoder.inverse_transform(codes),
        atol=1e-3,
    )


def test_sparse_output_holds_the_same_codes(digits):
    dense = SparseAutoencoder(100, n_nonzero=5, **QUICK).fit(digits)
    thin = SparseAutoencoder(100, n_nonzero=5, sparse_output=True, **QUICK).fit(digits)
    codes = thin.transform(digits)
    assert sparse.issparse(codes)
    assert codes.format == "csr"
    assert codes.nnz <= 5 * len(digits)
    np.testing.assert_array_equal(codes.toarray(), dense.transform(digits))
    np.testing.assert_array_equal(
        thin.inverse_transform(codes), dense.inverse_transform(codes.toarray())
    )


def test_width_defaults_to_twice_the_columns(small):
    autoencoder = SparseAutoencoder(**QUICK).fit(small)
    assert autoencoder.n_components_ == 10
    assert (autoencoder.transform(small) != 0).sum(axis=1).max() <= 1


def test_penalty_is_kept_apart_from_the_error(digits):
    autoencoder = SparseAutoencoder(
        40, sparsity="l1", sparsity_weight=0.5, validation_fraction=0, **QUICK
    ).fit(digits)
    heavy = SparseAutoencoder(
        40, sparsity="l1", sparsity_weight=5.0, validation_fraction=0, **QUICK
    ).fit(digits)
    assert all(value > 0 for value in autoencoder.history_["penalty"])
    assert heavy.history_["penalty"][0] > 2 * autoencoder.history_["penalty"][0]
    assert heavy.history_["loss"][-1] > autoencoder.history_["loss"][-1]


def test_weights_share_a_program(small, monkeypatch):
    """So a search over the weight compiles once."""
    from skae._training import _programs

    monkeypatch.setattr(_programs, "_idle", type(_programs._idle)())
    for weight in (0.1, 1.0):
        SparseAutoencoder(7, sparsity="kl", sparsity_weight=weight, **QUICK).fit(small)
    assert [len(programs) for programs in _programs._idle.values()] == [1]


def test_warm_start_takes_the_new_weight(small):
    autoencoder = SparseAutoencoder(
        8, sparsity="l1", sparsity_weight=0.1, warm_start=True, **QUICK
    ).fit(small)
    few = autoencoder.mean_activation_.sum()
    autoencoder.set_params(sparsity_weight=10.0, max_epochs=50).fit(small)
    assert autoencoder.mean_activation_.sum() < 0.5 * few


@pytest.mark.parametrize("kind", ["kl", "l1"])
def test_partial_fit_takes_the_new_weight(small, kind):
    autoencoder = SparseAutoencoder(
        8, sparsity=kind, sparsity_weight=0.0, random_state=0
    ).partial_fit(small)
    assert autoencoder.history_["penalty"][-1] == 0
    autoencoder.set_params(sparsity_weight=5.0).partial_fit(small)
    assert autoencoder.history_["penalty"][-1] > 0


def test_diagnostics_leave_out_rows_without_weight(small):
    weight = np.repeat([1.0, 0.0], [5, 85])
    autoencoder = SparseAutoencoder(20, n_nonzero=1, **QUICK)
    autoencoder.fit(small, sample_weight=weight)
    codes = autoencoder.transform(small[:5])
    np.testing.assert_allclose(autoencoder.mean_activation_, codes.mean(axis=0))
    np.testing.assert_array_equal(
        autoencoder.dead_units_, np.flatnonzero(~codes.any(axis=0))
    )
    assert len(autoencoder.dead_units_) >= 15


@pytest.mark.parametrize("name", ["TopK", "KLSparsity", "L1Sparsity"])
def test_layer_trains_in_any_keras_model(small, name):
    import keras

    from skae import sparsity

    arguments = {"TopK": (2,), "KLSparsity": (0.1, 1.0), "L1Sparsity": (0.1,)}[name]
    layer = getattr(sparsity, name)(*arguments)
    model = keras.Sequential([keras.layers.Dense(8), layer, keras.layers.Dense(5)])
    model.compile(keras.optimizers.Adam(0.03), "mse")
    rows = small.astype(np.float32)
    losses = model.fit(rows, rows, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * max(losses)


def test_layer_serves_in_a_custom_network(small):
    autoencoder = AutoencoderTransformer(6, build_network=network_with_topk, **QUICK).fit(
        small
    )
    assert (autoencoder.transform(small) != 0).sum(axis=1).max() <= 2


def network_with_topk(n_features, n_components):
    import keras

    from skae.sparsity import TopK

    encoder = keras.Sequential([keras.layers.Dense(n_components), TopK(2)])
    return encoder, keras.Sequential([keras.layers.Dense(n_features)])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"sparsity": "top"}, "'sparsity' parameter"),
        ({"n_nonzero": 0}, "'n_nonzero' parameter"),
        ({"n_components": 8, "n_nonzero": 9}, "n_nonzero=9 must be at most n_components=8"),
        ({"sparsity": "kl", "sparsity_target": 1.0}, "'sparsity_target' parameter"),
        ({"sparsity": "l1", "sparsity_weight": -1}, "'sparsity_weight' parameter"),
    ],
)
def test_bad_settings_are_told(small, kwargs, message):
    autoencoder = SparseAutoencoder(**{**QUICK, **kwargs})
    with pytest.raises(ValueError, match=message):
        autoencoder.fit(small)
    assert not hasattr(autoencoder, "n_features_in_")
