"""Reconstruction and neighbourhood metrics against direct computations."""

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import mean_squared_error, r2_score

from skae import AutoencoderTransformer
from skae.metrics import (
    continuity,
    neighborhood_preservation,
    reconstruction_error,
    reconstruction_r2,
)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5))
    return X, X[:, :2] + 0.3 * rng.normal(size=(40, 2))


def direct_ranks(X):
    distances = np.linalg.norm(X[:, np.newaxis] - X, axis=2)
    np.fill_diagonal(distances, -1)
    return distances.argsort(axis=1).argsort(axis=1)  # 0 for the row itself


def test_r2_and_error_are_those_of_scikit_learn(pair):
    X, _ = pair
    back = X + 0.5 * np.random.default_rng(1).normal(size=X.shape)
    assert reconstruction_r2(X, back) == pytest.approx(
        r2_score(X, back, multioutput="variance_weighted")
    )
    assert reconstruction_error(X, back).mean() == pytest.approx(
        mean_squared_error(X, back)
    )
    assert reconstruction_error(X, back, per_feature=True).shape == X.shape
    assert reconstruction_r2(np.ones((3, 2)), np.ones((3, 2))) == 1
    assert reconstruction_r2(np.ones((3, 2)), np.zeros((3, 2))) == 0


def test_metrics_agree_with_the_methods_of_an_autoencoder(small):
    fitted = AutoencoderTransformer(2, max_epochs=3, random_state=0).fit(small)
    back = fitted.inverse_transform(fitted.transform(small))
    assert reconstruction_r2(small, back) == pytest.approx(fitted.score(small))
    np.testing.assert_allclose(
        reconstruction_error(small, back), fitted.reconstruction_error(small)
    )


def test_rows_without_variance_are_reconstructed_or_not(digits):
    rows = np.full((3, 2), 0.1)
    assert rows.mean(axis=0)[0] != 0.1  # rounding is no variance
    assert reconstruction_r2(rows, rows) == 1
    assert reconstruction_r2(rows, rows + 0.1) == 0
    autoencoder = AutoencoderTransformer(2, max_epochs=1, random_state=0).fit(digits)
    assert autoencoder.score(np.repeat(digits[:1] + 0.1, 7, axis=0)) == 0
    far = 1e7 + np.random.default_rng(0).normal(size=(50, digits.shape[1]))
    expected = reconstruction_r2(
        far, autoencoder.inverse_transform(autoencoder.transform(far))
    )
    assert autoencoder.score(far) == pytest.approx(expected, rel=1e-6)
    assert expected < -1e6
    with pytest.warns(UndefinedMetricWarning, match="fewer than two rows"):
        assert np.isnan(reconstruction_r2(rows[:1], rows[:1]))
    with pytest.warns(UndefinedMetricWarning, match="fewer than two rows"):
        assert np.isnan(autoencoder.score(digits[:1]))


@pytest.mark.parametrize("k", [1, 4, 9])
def test_continuity_is_its_formula(pair, k):
    X, codes = pair
    n, there, here = len(X), direct_ranks(codes), direct_ranks(X)
    lost = (here >= 1) & (here <= k) & (there > k)
    expected = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * (there[lost] - k).sum()
    assert continuity(X, codes, n_neighbors=k) == pytest.approx(expected)


def test_preservation_is_the_co_ranking_matrix(pair):
    X, codes = pair
    n, here, there = len(X), direct_ranks(X), direct_ranks(codes)
    co_ranking = np.zeros((n, n), dtype=int)
    np.add.at(co_ranking, (here.ravel(), there.ravel()), 1)
    co_ranking = co_ranking[1:, 1:]
    kept = neighborhood_preservation(X, codes)
    for k, value in zip(kept.n_neighbors, kept.curve):
        quality = co_ranking[:k, :k].sum() / (k * n)
        assert value == pytest.approx(((n - 1) * quality - k) / (n - 1 - k))
    weights = 1 / kept.n_neighbors
    assert kept.area == pytest.approx((kept.curve * weights).sum() / weights.sum())


def test_identity_keeps_all_and_chance_nothing():
    rng = np.random.default_rng(0)
    X, other = rng.normal(size=(2, 500, 3))
    assert continuity(X, 3 * X) == 1
    np.testing.assert_allclose(neighborhood_preservation(X, 3 * X).curve, 1)
    assert abs(neighborhood_preservation(X, other).area) < 0.02
    assert continuity(X, other) == pytest.approx(0.5, abs=0.05)


def test_large_tables_are_sampled():
    X = np.random.default_rng(0).normal(size=(300, 3))
    kept = neighborhood_preservation(X, X[:, :2], max_rows=100)
    assert len(kept.curve) == 98
    again = neighborhood_preservation(X, X[:, :2], max_rows=100)
    other = neighborhood_preservation(X, X[:, :2], max_rows=100, random_state=1)
    assert kept.area == again.area != other.area
    assert continuity(X, X[:, :2], max_rows=100) != continuity(X, X[:, :2])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (reconstruction_r2, (np.ones((3, 2)), np.ones((3, 1))), "must have that of X"),
        (continuity, (np.ones((3, 2)), np.ones((4, 2))), "inconsistent numbers"),
        (neighborhood_preservation, (np.ones((2, 2)),) * 2, "at least three"),
    ],
)
def test_bad_input_is_told(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


@pytest.mark.parametrize("factor", [1e-170, 1e-290, 1e153, 1e200, 1e307])
def test_measures_do_not_depend_on_the_scale(pair, factor):
    X, embedded = pair
    back = X + 0.5 * np.random.default_rng(1).normal(size=X.shape)
    r2 = reconstruction_r2(X, back)
    assert reconstruction_r2(factor * X, factor * back) == pytest.approx(r2)
    kept = continuity(X, embedded)
    assert continuity(factor * X, embedded / factor) == pytest.approx(kept)
    kept = neighborhood_preservation(X, embedded).area
    area = neighborhood_preservation(factor * X, embedded * factor).area
    assert area == pytest.approx(kept)


def test_r2_is_that_of_columns_far_apart():
    rng = np.random.default_rng(0)
    X = np.c_[np.full(30, 1e300), 1e-10 * rng.normal(size=30)]
    back = np.c_[X[:, 0], 0.5 * X[:, 1]]
    expected = r2_score(X[:, 1], back[:, 1])
    assert reconstruction_r2(X, back) == pytest.approx(expected)
    assert reconstruction_r2(1e-170 * rng.normal(size=(9, 2)), np.ones((9, 2))) == -np.inf


def test_errors_are_exact_or_infinite():
    rows, back = np.array([[1e153, -2e153, 0.0]]), np.zeros((1, 3))
    expected = [(1e153**2 + 4 * 1e153**2) / 3]
    np.testing.assert_allclose(reconstruction_error(rows, back), expected)
    assert reconstruction_error(1e10 * rows, back).tolist() == [np.inf]
    cells = reconstruction_error(1e10 * rows, back, per_feature=True)
    assert cells.tolist() == [[np.inf, np.inf, 0]]
    extreme = np.array([[1.7e308, 1.0]])
    assert reconstruction_error(extreme, -extreme).tolist() == [np.inf]
    assert reconstruction_error(extreme, extreme).tolist() == [0]
    tiny = np.array([[3e-170, 4e-140]])
    np.testing.assert_allclose(reconstruction_error(tiny, 0 * tiny), [8e-280])


@pytest.mark.parametrize("factor", [2.0**-600, 1.0, 2.0**600])
def test_score_of_equal_rows_is_the_same_in_any_unit(small, factor):
    estimator = AutoencoderTransformer(2, max_epochs=2, random_state=0).fit(factor * small)
    assert estimator.score(factor * small[[0, 0]]) == 0
