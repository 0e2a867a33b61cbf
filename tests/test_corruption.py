"""Corruptions: realised rates, untouched marginals, groups."""

import numpy as np
import pytest

from skae.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise, SwapNoise

SEEDS = range(5)


@pytest.fixture
def distinct():
    """2,000 rows of 6 columns whose cells all differ."""
    values = np.random.default_rng(0).permutation(12_000).astype(np.float64)
    return values.reshape(2000, 6) + 1


@pytest.mark.parametrize("level", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("make", [MaskingNoise, SaltAndPepperNoise, SwapNoise])
def test_each_column_is_corrupted_at_its_rate(distinct, make, level):
    rates = [
        (make(level)(distinct, np.random.default_rng(seed)) != distinct).mean(axis=0)
        for seed in SEEDS
    ]
    # four standard errors of a rate over 5 x 2,000 cells; a donor is rarely the row itself
    bound = 4 * np.sqrt(level * (1 - level) / 10_000) + level / 2000
    np.testing.assert_allclose(np.mean(rates, axis=0), level, atol=bound)


def test_level_may_differ_by_column(distinct):
    level = [0.0, 0.5, 0.0, 0.9, 0.0, 0.2]
    noisy = SwapNoise(level)(distinct, np.random.default_rng(0))
    np.testing.assert_allclose((noisy != distinct).mean(axis=0), level, atol=0.05)
    np.testing.assert_array_equal(noisy[:, ::2], distinct[:, ::2])


def test_gaussian_noise_has_the_deviation_asked_for():
    X = np.full((20_000, 3), 7.0)
    noise = GaussianNoise(0.5, scale=[1.0, 2.0, 0.0])(X, np.random.default_rng(0)) - X
    np.testing.assert_allclose(noise.std(axis=0), [0.5, 1.0, 0.0], rtol=0.03)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.03)
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.03


def test_masking_fills_with_the_value_of_the_column(distinct):
    fill = -np.arange(6.0)
    noisy = MaskingNoise(0.5, fill)(distinct, np.random.default_rng(0))
    rows, columns = np.nonzero(noisy != distinct)
    np.testing.assert_array_equal(noisy[rows, columns], fill[columns])


def test_salt_and_pepper_goes_to_both_extremes_at_even_odds(distinct):
    low, high = -np.arange(6.0) - 1, 20_000 + np.arange(6.0)
    noisy = SaltAndPepperNoise(0.4, low, high)(distinct, np.random.default_rng(0))
    is_low, is_high = noisy == low, noisy == high
    np.testing.assert_array_equal(is_low | is_high, noisy != distinct)
    np.testing.assert_allclose(is_low.mean(axis=0), 0.2, atol=0.04)
    np.testing.assert_allclose(is_high.mean(axis=0), 0.2, atol=0.04)


def test_swap_keeps_the_distribution_of_each_column(distinct):
    noisy = SwapNoise(0.5)(distinct, np.random.default_rng(0))
    assert all(np.isin(noisy[:, i], distinct[:, i]).all() for i in range(6))
    means = [
        SwapNoise(0.9)(distinct, np.random.default_rng(seed)).mean(axis=0) for seed in SEEDS
    ]
    error = distinct.std(axis=0) / np.sqrt(2000 * len(SEEDS))
    assert np.all(np.abs(np.mean(means, axis=0) - distinct.mean(axis=0)) < 4 * error)


def test_swap_draws_a_donor_for_each_cell(distinct):
    noisy = SwapNoise(0.9)(distinct, np.random.default_rng(0))
    home = [np.searchsorted(np.sort(distinct[:, i]), noisy[:, i]) for i in range(6)]
    donor = np.array([np.argsort(distinct[:, i])[home[i]] for i in range(6)]).T
    shared = (donor[:, :1] == donor[:, 1:]).mean()
    # the same donor for two cells of a row: both untouched, or drawn alike by chance
    assert abs(shared - 0.01) < 0.01


def test_swap_draws_from_the_donors_given(distinct):
    donors = -distinct[:10]
    noisy = SwapNoise(0.5, donors)(distinct, np.random.default_rng(0))
    swapped = noisy < 0
    assert abs(swapped.mean() - 0.5) < 0.03
    assert np.isin(noisy[swapped], donors).all()


@pytest.mark.parametrize("make", [MaskingNoise, SaltAndPepperNoise, SwapNoise])
def test_group_is_corrupted_as_one(distinct, make):
    groups = [[0, 2, 5], [1, 3]]
    noisy = make(0.4, groups=groups)(distinct, np.random.default_rng(0))
    changed = noisy != distinct
    for group in groups:
        assert np.all(changed[:, group] == changed[:, group[:1]])
    together = changed[:, [0, 1, 4]].astype(float)
    np.testing.assert_allclose(together.mean(axis=0), 0.4, atol=0.05)
    assert np.abs(np.corrcoef(together.T) - np.eye(3)).max() < 0.1


def test_swapped_group_comes_from_one_donor():
    blocks = np.eye(4)[np.random.default_rng(0).integers(4, size=500)]
    noisy = SwapNoise(0.8, groups=[range(4)])(blocks, np.random.default_rng(1))
    np.testing.assert_array_equal(noisy.sum(axis=1), 1)
    assert (noisy != blocks).any(axis=1).mean() > 0.4


def test_column_in_two_groups_is_refused(distinct):
    noise = SwapNoise(0.5, groups=[[0, 1], [1, 2]])
    with pytest.raises(ValueError, match="names a column twice"):
        noise(distinct, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "noise",
    [GaussianNoise(1.0), MaskingNoise(0.5), SaltAndPepperNoise(0.5), SwapNoise(0.5)],
)
def test_input_is_left_alone_and_dtype_kept(distinct, noise, dtype):
    X = distinct.astype(dtype)
    before = X.copy()
    assert noise(X, np.random.default_rng(0)).dtype == dtype
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("make", [MaskingNoise, SaltAndPepperNoise, SwapNoise])
@pytest.mark.parametrize("level", [1.0, -0.1, np.nan, [0.1, 2.0]])
def test_impossible_probability_is_refused(make, level):
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        make(level)


def test_negative_deviation_is_refused():
    with pytest.raises(ValueError, match="must be >= 0"):
        GaussianNoise(-1.0)


def test_levels_that_differ_within_a_group_are_refused(distinct):
    noise = MaskingNoise([0, 0.9, 0, 0, 0, 0], groups=[[0, 1]])
    with pytest.raises(ValueError, match="level differs within a group"):
        noise(distinct, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ([0.1, -1, 0.2], r"level=-1.0 of column 1 must be in \[0, 1\)"),
        ([0.1, 0.2, np.nan], r"level=nan of column 2 must be in"),
        (-0.5, r"level=-0.5 must be in \[0, 1\)"),
        ("high", "level='high' must be a number in"),
    ],
)
def test_column_of_a_bad_level_is_told(level, message):
    with pytest.raises(ValueError, match=message):
        MaskingNoise(level)
