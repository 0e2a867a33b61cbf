"""Far from the training rows an autoencoder is PCA, and near them it is itself."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, DenoisingAutoencoder

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 30, "random_state": 0}


@pytest.fixture(scope="module")
def fitted(digits):
    return AutoencoderTransformer(5, **QUICK).fit(digits / 16)


@pytest.fixture(scope="module")
def fitted_to_a_part(digits):
    return AutoencoderTransformer(5, **QUICK).fit(digits[:1300] / 16)


def directions(n, n_features, seed=0):
    d = np.random.default_rng(seed).normal(size=(n, n_features))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def errors(estimator, rows):
    back = estimator.inverse_transform(estimator.transform(rows))
    return ((rows - back) ** 2).sum(axis=1)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_far_rows_have_the_error_of_pca(digits, kind):
    estimator = kind(5, **QUICK).fit(digits / 16)
    assert estimator.best_epoch_ > 0
    pca = PCA(5, svd_solver="full").fit(digits / 16)
    for distance in (1e3, 1e6, 1e12):
        rows = digits[:50] / 16 + distance * directions(50, 64)
        np.testing.assert_allclose(errors(estimator, rows), errors(pca, rows), rtol=1e-6)


@pytest.mark.parametrize("factor", [1.5, 2, 5, 10, 30, 100, 1000])
def test_row_outside_never_has_a_larger_error_than_with_pca(
    digits, fitted_to_a_part, factor
):
    train, unseen = digits[:1300] / 16, digits[1300:] / 16
    estimator = fitted_to_a_part
    pca = PCA(5, svd_solver="full").fit(train)
    rows = unseen * factor
    outside = ((rows < train.min(axis=0)) | (rows > train.max(axis=0))).any(axis=1)
    assert outside.mean() > 0.9
    worse = errors(estimator, rows) > errors(pca, rows) * (1 + 1e-9)
    assert not worse[outside].any()


def test_row_a_little_outside_keeps_the_code_of_the_network_where_that_is_better(
    digits, fitted
):
    rows = 1.1 * digits / 16
    unbounded = replace(fitted._model, bounds=None)
    is_kept = (fitted.transform(rows) == unbounded.encode(rows)).all(axis=1)
    assert 0.5 < is_kept.mean() < 1
    pca = PCA(5, svd_solver="full").fit(digits / 16)
    lost = ((rows - unbounded.reconstruct(rows)) ** 2).sum(axis=1)
    assert (lost[~is_kept] > errors(pca, rows)[~is_kept]).all()


def test_component_less_than_codes_is_no_hindrance():
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, (300, 1))
    X = np.column_stack([u, 2 * u]) + 0.05 * rng.normal(size=(300, 2))
    estimator = AutoencoderTransformer(4, **QUICK).fit(X)
    rows = 1e6 * directions(20, 2)
    assert (errors(estimator, rows) <= 1e-16 * (rows**2).sum(axis=1)).all()


def test_rows_in_the_range_of_the_training_rows_do_not_feel_the_bounds(digits, fitted):
    unbounded = replace(fitted._model, bounds=None)
    for X in (digits / 16, (digits / 16).astype(np.float32)):
        np.testing.assert_array_equal(fitted.transform(X), unbounded.encode(X))
        np.testing.assert_array_equal(
            fitted.inverse_transform(fitted.transform(X)), unbounded.reconstruct(X)
        )


def test_rows_outside_do_not_change_the_others_by_a_bit(digits, fitted):
    X = digits[:100] / 16
    far = np.r_[X, 1e3 * X[:1]]
    np.testing.assert_array_equal(fitted.transform(far)[:-1], fitted.transform(X))


def test_keras_models_have_the_same_bounds(digits, fitted):
    rows = (digits[:40] / 16 + 50 * directions(40, 64)).astype(np.float32)
    codes = fitted.transform(rows)
    scale = np.abs(codes).max()
    np.testing.assert_allclose(fitted.encoder_(rows), codes, atol=1e-5 * scale)
    back = fitted.inverse_transform(codes)
    np.testing.assert_allclose(fitted.decoder_(codes), back, atol=1e-5 * scale)
    np.testing.assert_allclose(fitted.autoencoder_(rows), back, atol=2e-5 * scale)


def test_saved_keras_models_keep_the_bounds(digits, fitted):
    import keras

    rows = (digits[:40] / 16 + 50 * directions(40, 64)).astype(np.float32)
    fitted.encoder_.save("encoder.keras")
    loaded = keras.saving.load_model("encoder.keras")
    np.testing.assert_array_equal(loaded(rows), fitted.encoder_(rows))


def test_pickles_keep_the_bounds(digits, fitted):
    rows = digits[:40] / 16 + 50 * directions(40, 64)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(rows), fitted.transform(rows))


def test_float32_rows_far_away_agree_with_float64(digits, fitted):
    rows = (digits[:40] / 16 + 50 * directions(40, 64)).astype(np.float32)
    codes = fitted.transform(rows.astype(np.float64))
    np.testing.assert_allclose(
        fitted.transform(rows), codes, atol=1e-5 * np.abs(codes).max()
    )


def test_hidden_activations_stay_those_of_the_network(digits):
    estimator = AutoencoderTransformer(5, features="all", **QUICK).fit(digits / 16)
    rows = digits[:20] / 16 + 50 * directions(20, 64)
    unbounded = replace(estimator._model, bounds=None).encode_all(rows)
    found = estimator.transform(rows)
    np.testing.assert_array_equal(found[:, :192], unbounded[:, :192])
    np.testing.assert_array_equal(found[:, 197:], unbounded[:, 197:])
    estimator.set_params(features="code")
    np.testing.assert_array_equal(found[:, 192:197], estimator.transform(rows))


def test_code_of_pca_at_the_middle_is_told_from_that_of_the_network(fitted):
    bounds = fitted._model.bounds
    middle, _ = bounds.zone
    for codes in (middle[np.newaxis], middle + 1e-9 * directions(5, 5)):
        moved = bounds.moved_out(codes)
        back = bounds.decode(moved, lambda codes: 0 * (codes @ bounds.to_rows))
        expected = codes @ bounds.to_rows + bounds.shift
        np.testing.assert_allclose(back, expected, atol=1e-9)


def test_rows_far_outside_leave_a_linear_model_behind_the_code_its_worth():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(4000, 2))
    X = np.column_stack([u @ rng.normal(size=(2, 6)), u**2, u[:, 0] * u[:, 1]])
    X += 0.1 * rng.normal(size=X.shape)
    X[500:] *= np.where(rng.uniform(size=(3500, 1)) < 0.01, 3, 1)
    y = X[:, 0] - X[:, 1]
    estimator = AutoencoderTransformer(2, **QUICK).fit(X[:500])
    codes = estimator.transform(X)
    middle, reach = estimator._model.bounds.zone
    of_pca = np.abs(codes - middle)[:, -1] > reach[-1]
    assert not of_pca[:500].any()
    assert of_pca.sum() > 3
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(codes[:500], y[:500])
    assert ridge.score(codes[500:], y[500:]) > 0.6  # below -5 with a border of 30 ranges


def test_partial_fit_widens_the_bounds(small):
    estimator = AutoencoderTransformer(2, random_state=0).partial_fit(small)
    first = estimator._model.bounds
    estimator.partial_fit(2 * small)
    second = estimator._model.bounds
    assert (second.low <= first.low).all()
    assert (second.high >= (2 * small).max(axis=0)).all()
    np.testing.assert_array_equal(first.to_codes, second.to_codes)
    rows = 1e6 * directions(20, 5)
    pca = PCA(2, svd_solver="full").fit(small)
    np.testing.assert_allclose(errors(estimator, rows) / errors(pca, rows), 1, rtol=1e-6)


def test_random_start_promises_nothing_and_has_no_bounds(small):
    assert (
        AutoencoderTransformer(2, init="random", **QUICK).fit(small)._model.bounds is None
    )


@pytest.mark.parametrize(
    ("unit", "dtype"),
    [(1e20, np.float32), (1e-25, np.float32), (1e160, np.float64), (1e-170, np.float64)],
)
def test_better_code_is_chosen_in_any_unit(digits, fitted, unit, dtype):
    estimator = AutoencoderTransformer(5, **QUICK).fit((digits / 16 * unit).astype(dtype))
    rows = 5 * digits[:200] / 16
    back = estimator.inverse_transform(estimator.transform((rows * unit).astype(dtype)))
    error = ((rows - back.astype(np.float64) / unit) ** 2).sum()
    assert error == pytest.approx(errors(fitted, rows).sum(), rel=1e-3)


def test_keras_models_choose_in_any_unit(digits):
    rows = (digits / 16 * 1e20).astype(np.float32)
    estimator = AutoencoderTransformer(5, **QUICK).fit(rows)
    codes = estimator.transform(5 * rows[:50])
    found = np.asarray(estimator.encoder_(5 * rows[:50]))
    np.testing.assert_allclose(found, codes, atol=1e-5 * np.abs(codes).max())


@pytest.mark.parametrize("unit", [1e-44, 1e-40, 1e37])
def test_rows_at_the_ends_of_float32_are_answered_in_it(small, unit):
    rows = (small / np.abs(small).max() * unit).astype(np.float32)
    estimator = AutoencoderTransformer(2, **QUICK).fit(rows)
    codes = estimator.transform(rows)
    back = estimator.inverse_transform(codes)
    assert codes.dtype == back.dtype == np.float32
    assert estimator.score(rows) > 0.5
    scaled = rows.astype(np.float64) / unit
    rest = 1 - ((scaled - back / np.float64(unit)) ** 2).sum() / scaled.var(
        axis=0
    ).sum() / len(rows)
    assert rest == pytest.approx(estimator.score(rows), abs=0.05)


def test_largest_numbers_are_encoded_without_overflow(small):
    rows = small / np.abs(small).max() * 1.7e307
    estimator = AutoencoderTransformer(2, **QUICK).fit(rows)
    assert np.isfinite(estimator.inverse_transform(estimator.transform(3 * rows[:1]))).all()


def test_denoiser_is_not_judged_by_the_noise_that_it_takes_away(digits):
    denoiser = DenoisingAutoencoder(64, noise="gaussian", noise_level=1.0, **QUICK)
    denoiser.fit(digits / 16)
    rows = np.random.default_rng(0).normal(digits[:200] / 16, 0.4)
    unbounded = replace(denoiser._model, bounds=None)
    assert _share_outside(denoiser, rows) > 0.9
    np.testing.assert_array_equal(denoiser.transform(rows), unbounded.encode(rows))
    np.testing.assert_allclose(
        denoiser.encoder_(rows.astype(np.float32)), unbounded.encode(rows), atol=1e-4
    )


def _share_outside(estimator, rows):
    bounds = estimator._model.bounds
    return ((rows < bounds.low) | (rows > bounds.high)).any(axis=1).mean()


def test_far_codes_of_the_network_are_kept_where_they_are_better():
    """But for the last one, by which a decoder tells them from PCA's."""
    rng = np.random.default_rng(0)
    t = rng.uniform(-1, 1, size=(2000, 2))
    X = np.column_stack([t[:, 0], t[:, 1], np.abs(t[:, 0]), np.abs(t[:, 1])])
    autoencoder = AutoencoderTransformer(2, max_epochs=100, random_state=0).fit(X)
    model = autoencoder._model
    far = X[np.abs(t).max(axis=1) > 0.9] * 8
    free = replace(model, bounds=None)
    of_network = free.encode(far)
    middle, reach = model.bounds.zone
    is_trusted = np.abs(of_network - middle)[:, -1] <= reach[-1]
    is_far_otherwise = np.abs(of_network - middle)[:, 0] > reach[0]
    error = ((far - free.decode(of_network)) ** 2).sum(axis=1)
    components = autoencoder._components
    scores = (far - components.mean) @ components.components.T
    back = scores @ components.components + components.mean
    is_better = error < ((far - back) ** 2).sum(axis=1)
    kept = is_trusted & is_far_otherwise & is_better
    assert kept.any()
    np.testing.assert_allclose(autoencoder.transform(far)[kept], of_network[kept])


@pytest.mark.parametrize(
    ("given_back", "code", "back"),
    [([0.6, 0.4], 5.0, [3.0, 2.0]), ([0.0, 0.0], 8.5, [3.0, 0.0])],
    ids=["better than PCA", "worse"],
)
def test_last_code_ends_at_its_limit_where_that_is_better_than_pca(given_back, code, back):
    from skae._models._bounds import Bounds, bounded_models

    ends = np.full(2, 1.0)
    axis = np.array([[1.0, 0.0]])
    bounds = Bounds(0 * ends, -ends, ends, -ends[:1], ends[:1], axis.T, axis)
    rows = np.array([[3.0, 2.0]])

    def decode(codes):
        return codes * given_back

    settled = bounds.settled(rows, np.array([[80.0]]), decode)
    np.testing.assert_allclose(settled, [[code]])
    np.testing.assert_allclose(bounds.decode(settled, decode), [back])

    import keras

    halves = [
        keras.Sequential([keras.Input((len(kernel),)), keras.layers.Dense(len(kernel[0]))])
        for kernel in ([[20.0], [10.0]], [given_back])
    ]
    halves[0].set_weights([np.array([[20.0], [10.0]]), np.zeros(1)])
    halves[1].set_weights([np.array([given_back]), np.zeros(2)])
    encoder, decoder = bounded_models(*halves, bounds.astype(np.float32))
    np.testing.assert_allclose(encoder(rows.astype(np.float32)), [[code]], rtol=1e-6)
    np.testing.assert_allclose(decoder(np.array([[code]], np.float32)), [back], rtol=1e-5)
