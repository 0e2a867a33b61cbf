"""The same network in NumPy and in Keras."""

import numpy as np
import pytest

from skae import AutoencoderTransformer
from skae._models._activations import ACTIVATIONS
from skae._models._dense_network import DenseNetwork
from skae._models._perceptron import keras_perceptron, perceptron_variables


def random_half(widths, activation, has_path, seed=0):
    network = DenseNetwork(widths[0], widths[-1], tuple(widths[1:-1]), activation, has_path)
    half, _ = network.initial_halves(np.random.SeedSequence(seed))
    rng = np.random.default_rng(seed)
    return half.with_list([rng.normal(0, 0.5, array.shape) for array in half.to_list()])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_numpy_activation_equals_keras(activation):
    import keras

    x = np.linspace(-8, 8, 320, dtype=np.float32).reshape(32, 10)
    expected = np.asarray(keras.activations.get(activation)(x))
    found = ACTIVATIONS[activation](x.copy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=2e-6)
    double = ACTIVATIONS[activation](x.astype(np.float64))
    assert double.dtype == np.float64
    np.testing.assert_allclose(double, expected, atol=2e-6, rtol=2e-6)


def test_every_keras_activation_but_two_has_a_twin():
    import keras

    functions = {
        name
        for name, value in vars(keras.activations).items()
        if callable(value) and name not in ("get", "serialize", "deserialize")
    }
    assert functions - set(ACTIVATIONS) == {"glu", "threshold"}


@pytest.mark.parametrize("has_path", [True, False])
@pytest.mark.parametrize("widths", [(6, 2), (6, 9, 2), (6, 9, 4, 2)])
def test_numpy_forward_pass_equals_keras(widths, has_path):
    half = random_half(widths, "silu", has_path)
    shift = np.arange(6.0)
    model = keras_perceptron(widths, "silu", half.linear is not None, "half", shift=shift)
    for variable, array in zip(perceptron_variables(model), half.to_list()):
        variable.assign(array)
    X = np.random.default_rng(1).normal(3, 2, (50, 6)).astype(np.float32)
    expected = np.asarray(model(X))
    np.testing.assert_allclose(
        half.astype(np.float32)(X - shift.astype(np.float32)), expected, atol=1e-5
    )


@pytest.mark.parametrize("widths", [(6, 2), (6, 9, 2)])
def test_affine_maps_fold_into_the_layers(widths):
    half = random_half(widths, "tanh", True)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 6))
    matrix, offset = rng.normal(size=(2, 2)), rng.normal(size=2)
    np.testing.assert_allclose(
        half.after(matrix, offset)(X), half(X) @ matrix + offset, atol=1e-12
    )
    matrix, offset = rng.normal(size=(6, 6)), rng.normal(size=6)
    np.testing.assert_allclose(
        half.before(matrix, offset)(X), half(X @ matrix + offset), atol=1e-12
    )
    np.testing.assert_allclose(half.scaled_inputs(3.0)(X), half(3 * X), atol=1e-12)
    np.testing.assert_allclose(
        half.scaled_outputs(3.0, 1.0)(X), 3 * half(X) + 1, atol=1e-12
    )


@pytest.mark.parametrize("kwargs", [{}, {"init": "random"}, {"hidden_layer_sizes": ()}])
def test_keras_models_give_what_the_transformer_gives(small, kwargs):
    estimator = AutoencoderTransformer(2, random_state=0, max_epochs=5, **kwargs)
    X = 100 + 20 * small.astype(np.float32)
    estimator.fit(X)
    codes = estimator.transform(X)
    tolerance = 1e-5 * np.abs(X).max()
    np.testing.assert_allclose(np.asarray(estimator.encoder_(X)), codes, atol=tolerance)
    back = estimator.inverse_transform(codes)
    np.testing.assert_allclose(np.asarray(estimator.decoder_(codes)), back, atol=tolerance)
    np.testing.assert_allclose(np.asarray(estimator.autoencoder_(X)), back, atol=tolerance)


@pytest.mark.parametrize("block", [1 << 23, 100 * 64])
def test_ordering_the_codes_leaves_the_reconstruction(block, digits, monkeypatch):
    from skae._data._table import Table
    from skae._models._dense_model import order_codes

    monkeypatch.setattr("skae._models._dense_model.BLOCK_VALUES", block)
    model = AutoencoderTransformer(6, max_epochs=4, random_state=0).fit(digits)._model
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    mixed = model.with_code(rotation, np.arange(6.0))
    by_first = digits[np.argsort(model.encode(digits)[:, 0])]  # its ends are one-sided
    ordered = order_codes(mixed, Table(by_first, None, model.shift, model.scale))
    np.testing.assert_allclose(
        ordered.decode(ordered.encode(digits)),
        model.decode(model.encode(digits)),
        atol=1e-5,
    )
    np.testing.assert_allclose(ordered.encode(digits), model.encode(digits), atol=1e-5)


def test_rows_do_not_depend_on_their_batch(digits):
    estimator = AutoencoderTransformer(5, max_epochs=2, random_state=0).fit(digits)
    together = estimator.transform(digits)
    alone = np.vstack([estimator.transform(row) for row in digits[:50, np.newaxis]])
    np.testing.assert_allclose(alone, together[:50], rtol=1e-12, atol=1e-12)


def test_relu_hidden_layers_start_with_he_others_with_glorot():
    def spread(activation):
        network = DenseNetwork(400, 2, (300,), activation, False)
        return network.initial_halves(np.random.SeedSequence(0))[0].kernels[0].std()

    assert spread("relu") == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert spread("silu") == pytest.approx(np.sqrt(2 / 700), rel=0.02)
