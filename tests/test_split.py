"""Rows that belong together stand on one side of the validation split, and count once."""

import numpy as np
import pytest
from scipy import stats
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderClassifier, AutoencoderTransformer, DenoisingAutoencoder
from skae._data._split import (
    checked_groups,
    clusters_of,
    gain_is_real,
    split_rows,
    split_rows_evenly,
)
from skae._data._table import Table


def table_of(X):
    return Table(X, None, X.mean(axis=0), X.std())


def low_rank(n_rows, seed):
    basis = np.random.default_rng(7).normal(size=(3, 12))
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, 3)) @ basis + 0.3 * rng.normal(size=(n_rows, 12))


def error_beside_pca(estimator, X, unseen):
    pca = PCA(estimator.n_components_, svd_solver="full").fit(X)
    lost = ((unseen - pca.inverse_transform(pca.transform(unseen))) ** 2).sum()
    back = estimator.inverse_transform(estimator.transform(unseen))
    return ((unseen - back) ** 2).sum() / lost


@pytest.mark.parametrize("n_rows", [1, 2, 10, 97])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.99])
def test_rows_that_all_differ_are_split_as_asked(n_rows, fraction):
    rows, held_out = split_rows(np.arange(n_rows), fraction, np.random.SeedSequence(0))
    assert len(held_out) == min(np.ceil(fraction * n_rows), n_rows - 1)
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(n_rows))


@pytest.mark.parametrize("seed", range(5))
def test_clusters_of_any_size_stay_whole_and_fill_the_part_asked_for(seed):
    sizes = np.random.default_rng(seed).integers(1, 8, 60)
    clusters = np.repeat(np.arange(60), sizes)
    rows, held_out = split_rows(clusters, 0.2, np.random.SeedSequence(seed))
    assert not set(clusters[rows]) & set(clusters[held_out])
    assert 0.2 * len(clusters) - 1 <= len(held_out) <= 0.2 * len(clusters) + 1


def test_cluster_larger_than_the_part_asked_for_is_never_held_out():
    clusters = np.r_[np.zeros(60, int), np.arange(1, 41)]
    for seed in range(20):
        _, held_out = split_rows(clusters, 0.1, np.random.SeedSequence(seed))
        assert len(held_out) == 10
        assert clusters[held_out].min() > 0


def test_equal_rows_are_found_as_numpy_finds_them():
    X = np.random.default_rng(0).integers(0, 2, (400, 7)).astype(float)
    X[X == 0] = np.random.default_rng(1).choice([0.0, -0.0], (X == 0).sum())
    _, expected = np.unique(X + 0.0, axis=0, return_inverse=True)
    found = clusters_of(table_of(X), np.arange(400))
    pairs = set(zip(found.tolist(), expected.ravel().tolist()))
    assert len(pairs) == len(set(found.tolist())) == expected.max() + 1


def test_rows_that_differ_by_less_than_float32_are_equal_whatever_their_offset():
    X = np.random.default_rng(0).normal(size=(50, 4)) + 1e9
    copies = np.r_[X, X + 1e-6 * np.abs(X - 1e9).min()]
    assert clusters_of(table_of(X), np.arange(50)).max() == 49
    assert clusters_of(table_of(copies), np.arange(100)).max() < 99


@pytest.mark.parametrize("n_copies", [2, 5])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_repeated_rows_cost_no_error_on_unseen_rows(n_copies, seed):
    X, unseen = np.repeat(low_rank(60, seed), n_copies, axis=0), low_rank(10_000, 99)
    estimator = AutoencoderTransformer(3, random_state=0).fit(X)
    assert error_beside_pca(estimator, X, unseen) <= 1 + 1e-9
    assert estimator.validation_score_ == pytest.approx(estimator.pca_score_)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_grouped_rows_cost_no_error_on_unseen_rows(seed):
    groups = np.repeat(np.arange(60), 5)
    noise = 0.1 * np.random.default_rng(seed).normal(size=(300, 12))
    X, unseen = low_rank(60, seed)[groups] + noise, low_rank(10_000, 99)
    estimator = AutoencoderTransformer(3, random_state=0)
    assert error_beside_pca(estimator.fit(X, groups=groups), X, unseen) <= 1 + 1e-9
    assert error_beside_pca(estimator.fit(X), X, unseen) > 1.05


def test_table_and_the_same_table_twice_are_judged_the_same():
    rng = np.random.default_rng(0)
    gains, weight = rng.normal(0.3, 1, 40), rng.uniform(0.5, 2, 40)
    for shift in np.linspace(-1, 1, 41):
        once = gain_is_real(gains + shift, weight, np.arange(40))
        pairs = np.repeat(np.arange(40), 2)
        assert gain_is_real((gains + shift)[pairs], weight[pairs], pairs) == once


@pytest.mark.parametrize("shift", np.linspace(0, 0.8, 9))
def test_gain_is_real_if_one_of_two_tests_says_so(shift):
    gains = np.random.default_rng(2).normal(shift, 1, 30)
    student = stats.ttest_1samp(gains, 0, alternative="greater").pvalue < 0.01
    signs = np.sign(gains).mean() * np.sqrt(30) > stats.t(29).ppf(0.99)
    expected = gains.mean() > 0 and (student or signs)
    assert gain_is_real(gains, np.ones(30), np.arange(30)) == expected


def test_fit_holds_groups_out_whole(small, monkeypatch):
    seen = {}

    def noted(*arguments):
        seen["places"] = split_rows(*arguments)
        return seen["places"]

    monkeypatch.setattr("skae._fits._autoencoder.split_rows", noted)
    groups = np.array([f"patient {i}" for i in np.arange(90) % 18])
    AutoencoderTransformer(2, max_epochs=1, random_state=0).fit(small, groups=groups)
    rows, held_out = seen["places"]
    assert len(held_out) == 5
    assert not set(groups[rows]) & set(groups[held_out])


def test_rows_that_are_all_equal_leave_nothing_to_judge_by_and_pca_stays():
    X = np.full((40, 5), 3.7)
    estimator = AutoencoderTransformer(2, max_epochs=2, random_state=0).fit(X)
    assert estimator.best_epoch_ == 0
    np.testing.assert_array_equal(estimator.transform(X), 0)
    np.testing.assert_array_equal(estimator.inverse_transform(np.zeros((1, 2))), X[:1])


def test_noise_level_is_chosen_on_rows_without_copies_in_training(small, monkeypatch):
    seen = {}

    def noted(clusters, *arguments):
        seen["clusters"], seen["parts"] = clusters, split_rows(clusters, *arguments)
        return seen["parts"]

    monkeypatch.setattr("skae._fits._autoencoder.split_rows", noted)
    DenoisingAutoencoder(
        2, noise_level="auto", hidden_layer_sizes=(6,), max_epochs=4, random_state=0
    ).fit(np.repeat(small, 3, axis=0))
    rows, held_out = seen["parts"]
    assert len(held_out) == 27
    assert not set(seen["clusters"][rows]) & set(seen["clusters"][held_out])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.arange(89), "X and groups do not fit: .* inconsistent numbers of samples"),
        (np.array([0.0] * 89 + [np.nan]), "groups has a missing value in row 89; give"),
        (np.array([None, *range(89)], dtype=object), "groups has a missing value in row 0"),
        (np.ones((90, 2)), r"groups has the shape \(90, 2\), but must be \(n_samples,\)"),
    ],
)
def test_groups_that_do_not_fit_are_refused(small, groups, message):
    with pytest.raises(ValueError, match=message):
        AutoencoderTransformer(2, max_epochs=1).fit(small, groups=groups)


@pytest.mark.parametrize("groups", [["a", "b", "a"], [2.5, 1, 2.5], (True, False, True)])
def test_groups_may_be_labels_of_any_kind(groups):
    found = clusters_of(None, np.arange(3), checked_groups(groups, np.ones((3, 1))))
    np.testing.assert_array_equal(found, [0, 1, 0])


def test_groups_are_routed_as_metadata(small):
    groups = np.arange(90) // 5
    with config_context(enable_metadata_routing=True):
        estimator = AutoencoderTransformer(max_epochs=1, random_state=0)
        pipeline = make_pipeline(StandardScaler(), estimator.set_fit_request(groups=True))
        search = GridSearchCV(estimator, {"n_components": [1, 2]}, cv=GroupKFold(3))
        assert search.fit(small, groups=groups).best_params_
        routed = pipeline.fit(small, groups=groups)[-1]
    scaled = StandardScaler().fit_transform(small)
    direct = AutoencoderTransformer(max_epochs=1, random_state=0).fit(scaled, groups=groups)
    assert routed.validation_score_ == direct.validation_score_
    alone = AutoencoderTransformer(max_epochs=1, random_state=0).fit(scaled)
    assert routed.validation_score_ != alone.validation_score_


@pytest.mark.parametrize("n_rows", [10, 97])
def test_even_split_of_rows_that_differ_spans_the_targets(n_rows):
    targets = np.random.default_rng(0).normal(size=(n_rows, 1))
    rows, held_out = split_rows_evenly(
        np.arange(n_rows), targets, 0.2, np.random.SeedSequence(0)
    )
    assert len(held_out) == round(0.2 * n_rows)
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(n_rows))
    ranks = np.sort(np.argsort(np.argsort(targets[:, 0]))[held_out])
    assert np.diff(ranks).max() <= n_rows / len(held_out) + 1


def test_even_split_keeps_clusters_whole():
    sizes = np.random.default_rng(0).integers(1, 6, 80)
    clusters = np.repeat(np.arange(80), sizes)
    targets = np.repeat(np.random.default_rng(1).normal(size=80), sizes)[:, np.newaxis]
    rows, held_out = split_rows_evenly(clusters, targets, 0.2, np.random.SeedSequence(0))
    assert not set(clusters[rows]) & set(clusters[held_out])
    assert 0.1 < len(held_out) / len(clusters) < 0.3


@pytest.mark.parametrize("groups", [None, np.tile(np.arange(45), 4)])
def test_predictor_holds_copies_and_groups_out_whole(small, monkeypatch, groups):
    X = np.tile(small, (2, 1))
    seen = {}

    def noted(clusters, *arguments):
        seen["clusters"], seen["parts"] = clusters, split_rows_evenly(clusters, *arguments)
        return seen["parts"]

    monkeypatch.setattr("skae._fits._predictor.split_rows_evenly", noted)
    classifier = AutoencoderClassifier(
        AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_epochs=1),
        validation_fraction=0.2,
        max_epochs=1,
        random_state=0,
    )
    classifier.fit(X, X[:, 0] > 0, groups=groups)
    rows, held_out = seen["parts"]
    assert len(held_out) == 36
    assert len(np.unique(seen["clusters"])) == (90 if groups is None else 45)
    assert not set(seen["clusters"][rows]) & set(seen["clusters"][held_out])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.slow
def test_copies_of_training_rows_do_not_speak_for_the_epochs(seed):
    X, unseen = np.repeat(low_rank(60, seed), 2, axis=0), low_rank(10_000, 99)
    estimator = AutoencoderTransformer(3, random_state=0)
    estimator.fit(X[::2], X_val=X[1::2])
    assert error_beside_pca(estimator, X, unseen) <= 1 + 1e-9
    estimator.fit(X, groups=np.arange(120))  # that take the copies apart
    assert error_beside_pca(estimator, X, unseen) <= 1 + 1e-9


def test_masked_groups_are_refused():
    groups = np.ma.masked_array(np.arange(10), np.arange(10) == 3)
    with pytest.raises(ValueError, match="groups has masked values; give each row a group"):
        checked_groups(groups, np.ones((10, 2)))
