"""Estimates of what there is to gain: what closed forms find, and what they do not."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris, make_swiss_roll
from sklearn.linear_model import Ridge

from skae.compare import estimate_gain
from skae.compare._calibration import drivers, expected
from skae.compare._closed_forms import (
    DAMPING,
    RandomFeatures,
    _steps,
    halves,
    ridge,
)

SEEDS = range(3)


def sheet(n_rows, seed):
    """Return rows near a curved sheet: two numbers and functions of them."""
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(-1, 1, size=(2, n_rows))
    X = np.stack([u, v, u**2, v**2, u * v, np.sin(3 * u), np.cos(2 * v)], axis=1)
    return X + rng.normal(scale=0.02, size=X.shape)


def independent(n_rows, seed):
    return np.random.default_rng(seed).normal(size=(n_rows, 10))


def low_rank(n_rows, seed):
    """Return rows of three linear factors and noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, 12))
    return X + rng.normal(scale=0.3, size=X.shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_curved_sheet_gains(seed):
    frame = estimate_gain(sheet(1000, seed), 2, random_state=seed).frame()
    assert frame.loc[2, "gain"] == "yes"
    assert frame.loc[2, "expected_error"] < 0.3
    assert frame.loc[2, "limit"].startswith("curved")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (independent, "the columns are nearly independent"),
        (low_rank, "what PCA leaves is noise"),
    ],
)
def test_tables_without_curves_gain_nothing(make, limit, seed):
    frame = estimate_gain(make(2000, seed), (3, 5), random_state=seed).frame()
    assert frame["gain"].tolist() == ["no", "no"]
    assert frame["limit"].tolist() == [limit, limit]
    assert (frame["expected_error"] > 0.97).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_copies_of_rows_tell_nothing_new(seed):
    rows = low_rank(100, seed)
    once = estimate_gain(rows, 3, random_state=seed).frame()
    copies = estimate_gain(np.repeat(rows, 8, axis=0), 3, random_state=seed).frame()
    assert copies["different_rows"].tolist() == once["different_rows"].tolist() == [100]
    assert copies.loc[3, "gain"] != "yes"
    assert copies.loc[3, "limit"] == "too few rows (100 that differ)"
    # Side by side with their copies, held-out rows are learnt by heart.
    everywhere = np.repeat(rows, 8, axis=0)
    [by_heart] = halves(everywhere, everywhere, [3])
    assert by_heart.decoder < 0.8 < 0.95 < copies.loc[3, "decoder"]


def test_groups_stand_on_one_side():
    rng = np.random.default_rng(0)
    rows = np.repeat(low_rank(100, 0), 8, axis=0)
    near = rows + rng.normal(scale=0.01, size=rows.shape)
    groups = np.repeat(np.arange(100), 8)
    apart = estimate_gain(near, 3, groups=groups, random_state=0).frame()
    mixed = estimate_gain(near, 3, random_state=0).frame()
    assert mixed.loc[3, "decoder"] < apart.loc[3, "decoder"] - 0.1
    assert apart.loc[3, "gain"] != "yes"


def test_few_rows_are_named():
    frame = estimate_gain(load_iris().data, 2, random_state=0).frame()
    assert frame.loc[2, "gain"] == "maybe"
    assert frame.loc[2, "limit"] == "too few rows (149 that differ)"  # two are equal


def test_nothing_is_left_of_a_table_of_low_rank():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 8))
    frame = estimate_gain(X, (3, 5), random_state=0).frame()
    assert frame["gain"].tolist() == ["no", "no"]
    assert frame["limit"].tolist() == ["PCA leaves nothing"] * 2
    assert (frame[["expected_error", "low", "high"]] == 1).all(axis=None)


def test_constant_columns_change_nothing():
    X = sheet(600, 0)
    more = np.column_stack([X, np.full(len(X), 7.0), np.zeros(len(X))])
    expected_one = estimate_gain(X, 2, random_state=0).frame().loc[2, "expected_error"]
    found = estimate_gain(more, 2, random_state=0).frame().loc[2, "expected_error"]
    assert found == pytest.approx(expected_one, rel=1e-3)


def test_frame_with_text_dates_and_holes_is_taken_as_it_is():
    X = pd.DataFrame(sheet(600, 0))
    X["place"] = np.where(X[0] > 0, "north", "south")
    X["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(600), "D")
    X.iloc[::7, 1] = np.nan
    frame = estimate_gain(X, 3, random_state=0).frame()
    assert frame.loc[3, "gain"] == "yes"
    assert frame.loc[3, "directions"] == pytest.approx(9)  # north is where south is not


def test_same_random_state_gives_the_same_and_moves_no_global_generator():
    X = sheet(4000, 0)
    before = np.random.get_state()[1].copy()
    first, second = (estimate_gain(X, 2, random_state=3).frame() for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    estimate_gain(X[:100], 2)
    assert (np.random.get_state()[1] == before).all()


def test_widths_do_not_hang_on_each_other():
    X = load_digits().data[:400]
    alone = estimate_gain(X, 5, random_state=0).frame()
    pd.testing.assert_frame_equal(
        alone, estimate_gain(X, (2, 5, 10), random_state=0).frame().loc[[5]]
    )


def test_large_tables_are_subsampled():
    estimate = estimate_gain(sheet(10_000, 0), 2, random_state=0)
    assert (estimate.n_rows, estimate.n_seen) == (10_000, 3000)
    assert estimate.frame().loc[2, "different_rows"] == 10_000
    assert "on 3,000 of 10,000 rows" in repr(estimate)


def test_printed_estimate_has_all_that_decides():
    estimate = estimate_gain(sheet(2000, 0), (2, 3), random_state=0)
    for text in (repr(estimate), estimate._repr_html_()):
        assert all(word in text for word in ("error", "from", "to", "gain", "limit"))
        assert "curved enough to gain" in text
        assert "on all 2,000 rows" in text


def test_printed_estimate_fits_eighty_columns():
    estimate = estimate_gain(sheet(1000, 0), (2, 3, 6), random_state=0)
    assert "; more rows help" in repr(estimate)
    assert max(map(len, repr(estimate).splitlines())) <= 80


def test_random_state_object_is_one_seed():
    X = sheet(4000, 0)
    given = estimate_gain(X, 2, random_state=np.random.RandomState(3)).frame()
    seed = np.random.RandomState(3).randint(2**31)
    same = estimate_gain(X, 2, random_state=seed).frame()
    pd.testing.assert_frame_equal(given, same)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a", np.random.default_rng(0)])
def test_what_is_no_random_state_is_told(seed):
    message = r"random_state=.* must be an int from 0 to 4294967295, a RandomState, or None"
    with pytest.raises(ValueError, match=message):
        estimate_gain(sheet(60, 0), 2, random_state=seed)


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (np.eye(9), {}, "X has 9 rows that differ, but an estimate needs 20"),
        (np.ones((99, 9)), {}, "X has 1 rows that differ, but an estimate needs 20"),
        (sheet(60, 0), {"n_components": 0}, "n_components=0 must be an int of at least 1"),
        (sheet(60, 0), {"n_components": 7}, "a width must be below 7"),
        (sheet(60, 0), {"n_components": ()}, r"n_components=\(\) must be an int of at"),
        (sheet(60, 0)[:, :1], {"n_components": 1}, "and one of these is 1; give more"),
        (np.full((60, 3), np.inf), {}, "has infinite values; replace them"),
        (sheet(60, 0), {"groups": [0, 1] * 30}, "groups holds 2 different ones"),
        (sheet(60, 0), {"groups": [0, 1]}, "X and groups do not fit"),
        (np.arange(60.0), {}, "must be a table"),
    ],
)
def test_bad_input_gets_one_sentence(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        estimate_gain(X, **parameters, random_state=0)


def test_no_backend_is_imported():
    code = (
        "import sys; from sklearn.datasets import load_iris;"
        "from skae.compare import estimate_gain;"
        "print(estimate_gain(load_iris().data, 2, random_state=0));"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_swiss_roll_keeps_its_verdict_over_seeds():
    X = make_swiss_roll(1500, noise=0.05, random_state=0)[0]
    found = [estimate_gain(X, 2, random_state=seed).frame() for seed in SEEDS]
    ratios = [frame.loc[2, "expected_error"] for frame in found]
    assert max(ratios) < 1.25 * min(ratios)
    assert {frame.loc[2, "gain"] for frame in found} == {"yes"}


def test_ridge_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(80), rng.normal(size=(80, 4))])
    features[:, 1:] /= features[:, 1:].std(axis=0)
    features[:, 1:] -= features[:, 1:].mean(axis=0)
    targets = rng.normal(size=(80, 3))
    model = Ridge(alpha=0.2 * 80).fit(features[:, 1:], targets)
    found = ridge(features, targets, 0.2)
    np.testing.assert_allclose(found[1:], model.coef_.T, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found[0], model.intercept_, rtol=1e-3)


def test_slopes_are_those_of_differences():
    rng = np.random.default_rng(0)
    features = RandomFeatures.of(1, 5, 1.5, rng)
    X = rng.normal(size=(20, 1))
    step = 1e-6
    differences = (features(X + step) - features(X - step))[:, 2:] / (2 * step)
    np.testing.assert_allclose(
        features.slopes(X) * features.directions, differences, atol=1e-8
    )


def test_codes_of_a_straight_decoder_move_to_the_projections():
    rng = np.random.default_rng(0)
    decoder = RandomFeatures.of(2, 6, 1.5, rng)
    axes = np.linalg.qr(rng.normal(size=(5, 2)))[0].T
    weights = np.vstack([np.zeros(5), axes, np.zeros((6, 5))])
    rows, codes = rng.normal(size=(2, 30, 5)) / 10, rng.normal(size=(30, 2)) / 10
    wanted = rows[0] @ axes.T - codes
    found = _steps(decoder, codes, weights, rows[0])
    np.testing.assert_allclose(found, wanted / (1 + DAMPING), atol=1e-12)


def test_rows_without_variance_leave_nothing():
    [found] = halves(np.ones((30, 4)), np.eye(4), [2])
    assert (found.left, found.both) == (0, 1)


def test_rows_far_outside_give_finite_numbers():
    X = sheet(300, 0)
    [found] = halves(X[:200], np.vstack([X[200:], np.full((1, 7), 1e200)]), [2])
    assert 0 <= found.both < 1
    assert 0 <= found.left <= 1


def test_no_gain_of_closed_forms_lets_expect_none():
    ratio, low, high = expected(drivers([1.0, 1.3], 2000, 0.5))
    assert ratio.tolist() == high.tolist() == [1, 1]
    assert (low < 1).all()


def test_more_rows_and_wider_codes_let_expect_more():
    ratios = expected(drivers(0.7, [500, 2000, 2000, 6000], [0.2, 0.2, 0.5, 0.5]))[0]
    assert (np.diff(ratios) < 0).all()
    assert ((ratios > 0) & (ratios < 1)).all()
