"""What theory says the autoencoder must find."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_swiss_roll
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderClassifier, AutoencoderTransformer

pytestmark = pytest.mark.slow


def relative_error(estimator, X):
    pca = PCA(estimator.n_components_).fit(X)
    lost = ((X - pca.inverse_transform(pca.transform(X))) ** 2).sum()
    return estimator.reconstruction_error(X).sum() * X.shape[1] / lost


@pytest.mark.parametrize("n_components", [1, 3, 8])
def test_linear_autoencoder_started_at_pca_stays_there(wine, n_components):
    linear = AutoencoderTransformer(
        n_components, hidden_layer_sizes=(), input_noise=0, max_epochs=30, random_state=0
    ).fit(wine)
    assert relative_error(linear, wine) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(
        linear.transform(wine), PCA(n_components).fit_transform(wine), atol=1e-8
    )


def test_linear_autoencoder_from_random_weights_finds_pca(wine):
    linear = AutoencoderTransformer(
        3,
        hidden_layer_sizes=(),
        init="random",
        input_noise=0,
        learning_rate=0.02,
        weight_decay=0,
        batch_size=256,
        max_epochs=2000,
        validation_fraction=0,
        random_state=0,
    ).fit(wine)
    assert 1 - 1e-6 <= relative_error(linear, wine) < 1 + 1e-5
    decoder = np.asarray(linear.decoder_.get_weights()[0])
    pca = PCA(3).fit(wine)
    assert subspace_angles(decoder.T, pca.components_.T).max() < 1e-2


@pytest.mark.parametrize("seed", range(3))
def test_epoch_zero_is_pca(small, seed):
    estimator = AutoencoderTransformer(2, learning_rate=1e-12, random_state=seed)
    estimator.set_params(max_epochs=1).fit(small)
    assert estimator.best_epoch_ == 0
    pca = PCA(2).fit(small)
    np.testing.assert_allclose(estimator.transform(small), pca.transform(small), atol=1e-10)
    np.testing.assert_allclose(estimator.explained_variance_, pca.explained_variance_)
    np.testing.assert_allclose(
        estimator.explained_variance_ratio_, pca.explained_variance_ratio_
    )


@pytest.mark.parametrize("load", [load_diabetes, load_breast_cancer])
def test_default_is_no_worse_than_pca_on_unseen_rows_of_small_tables(load):
    ratios = []
    for seed in range(3):
        train, test = train_test_split(load().data, random_state=seed)
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
        estimator = AutoencoderTransformer(2, random_state=seed).fit(train)
        pca = PCA(2).fit(train)
        lost = ((test - pca.inverse_transform(pca.transform(test))) ** 2).mean(axis=1)
        ratios.append(estimator.reconstruction_error(test).mean() / lost.mean())
    assert np.mean(ratios) <= 1


def test_default_has_less_than_two_thirds_of_pca_error_on_unseen_digits(digits):
    train, test = train_test_split(digits, random_state=0)
    estimator = AutoencoderTransformer(5, random_state=0).fit(train)
    pca = PCA(5).fit(train)
    pca_r2 = r2_score(
        test, pca.inverse_transform(pca.transform(test)), multioutput="variance_weighted"
    )
    assert (1 - estimator.score(test)) / (1 - pca_r2) < 2 / 3


@pytest.mark.parametrize("init", ["pca", "random"])
def test_codes_are_uncorrelated_and_sorted_and_centred(digits, init):
    estimator = AutoencoderTransformer(4, init=init, max_epochs=5, random_state=0)
    codes = estimator.fit(digits).transform(digits)
    assert estimator.best_epoch_ > 0
    covariance = np.cov(codes.T)
    variances = np.diag(covariance)
    assert np.all(np.diff(variances) < 0)
    np.testing.assert_allclose(
        covariance, np.diag(variances), atol=1e-6 * variances.max(), rtol=0
    )
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-6 * variances.max() ** 0.5)


def test_two_dimensional_code_unrolls_the_swiss_roll():
    X, _ = make_swiss_roll(2000, noise=0.1, random_state=0)
    noise = np.random.default_rng(0).standard_normal((len(X), 5))
    X = np.hstack([StandardScaler().fit_transform(X), 0.1 * noise])
    estimator = AutoencoderTransformer(2, max_epochs=150, random_state=0).fit(X)
    pca = PCA(2).fit(X)
    assert estimator.score(X) > pca.explained_variance_ratio_.sum() + 0.2
    assert trustworthiness(X, estimator.transform(X)) > trustworthiness(X, pca.transform(X))


def test_full_batch_weights_equal_repeated_rows(small):
    weight = np.random.default_rng(0).integers(1, 4, len(small))
    settings = dict(
        batch_size=512, max_epochs=60, validation_fraction=0, input_noise=0, random_state=0
    )
    weighted = AutoencoderTransformer(2, **settings).fit(small, sample_weight=weight)
    repeated = AutoencoderTransformer(2, **settings).fit(np.repeat(small, weight, axis=0))
    assert weighted.best_epoch_ == 60
    np.testing.assert_allclose(
        weighted.transform(small), repeated.transform(small), atol=2e-3
    )
    plain = AutoencoderTransformer(2, **settings).fit(small)
    assert np.abs(plain.transform(small) - weighted.transform(small)).max() > 2e-2


def test_score_is_variance_weighted_r2(wine):
    estimator = AutoencoderTransformer(3, max_epochs=2, random_state=0).fit(wine)
    rows = wine[:100]
    back = estimator.inverse_transform(estimator.transform(rows))
    expected = r2_score(rows, back, multioutput="variance_weighted")
    assert estimator.score(rows) == pytest.approx(expected, abs=1e-12)
    errors = (rows - back) ** 2
    np.testing.assert_allclose(estimator.reconstruction_error(rows), errors.mean(axis=1))
    np.testing.assert_allclose(
        estimator.reconstruction_error(rows, per_feature=True), errors, atol=1e-9
    )


def test_validation_scores_are_those_of_the_rows_held_out(wine):
    train, held_out = wine[::2], wine[1::2]
    estimator = AutoencoderTransformer(3, max_epochs=4, random_state=0)
    estimator.fit(train, X_val=held_out)
    assert estimator.validation_score_ == pytest.approx(estimator.score(held_out))
    pca = PCA(3).fit(train)
    expected = r2_score(
        held_out,
        pca.inverse_transform(pca.transform(held_out)),
        multioutput="variance_weighted",
    )
    assert estimator.pca_score_ == pytest.approx(expected)
    error = held_out - pca.inverse_transform(pca.transform(held_out))
    assert estimator.pca_loss_ == pytest.approx(np.mean(error**2))


def test_pre_training_helps_where_labels_are_few():
    X, y = load_digits(return_X_y=True)
    rows, unseen, y_rows, y_unseen = train_test_split(X, y, random_state=0, stratify=y)
    gains = []
    for seed in range(3):
        fitted = AutoencoderClassifier(compare_from_scratch=True, random_state=seed)
        start = 50 * seed
        few = slice(start, start + 50)
        fitted.set_params(max_epochs=200).fit(rows[few], y_rows[few], X_unlabeled=rows)
        gains.append(
            fitted.score(unseen, y_unseen) - fitted.scratch_.score(unseen, y_unseen)
        )
    assert np.mean(gains) > 0.01
