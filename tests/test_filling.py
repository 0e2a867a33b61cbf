"""What fills holes: the floor, what is hidden while training, the gate, the intervals."""

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skae import AutoencoderTransformer, TableAutoencoder, TableCodec
from skae._columns._draws import drawn
from skae._columns._filling import fit_filling, fit_spread
from skae._columns._floor import LinearFloor, fit_floor
from skae._columns._levels import scale_of
from skae._columns._measures import baseline_losses, cell_losses, shares_explained
from skae._fits import _cells
from skae._fits._cells import MOST_WORK, Cells, HiddenCells
from skae._fits._defaults import MIN_EPOCHS, max_epochs
from skae._training import Kinds, ObservedCells, Reconstruction


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def correlated(rng):
    """Standardised rows of four columns that tell of each other."""
    X = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(
        size=(2000, 4)
    )
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_floor_expects_what_least_squares_does(correlated):
    rows = correlated[:5].copy()
    rows[:, 2] = np.nan
    others = [0, 1, 3]
    slopes = np.linalg.lstsq(correlated[:, others], correlated[:, 2], rcond=None)[0]
    filled = fit_floor(correlated).fill(rows)
    assert_allclose(filled[:, 2], correlated[:5][:, others] @ slopes, atol=1e-3)
    assert_array_equal(filled[:, others], rows[:, others])


def test_floor_learns_from_rows_with_holes(correlated, rng):
    holed = np.where(rng.random(correlated.shape) < 0.3, np.nan, correlated)
    whole, found = np.cov(correlated.T), np.linalg.inv(fit_floor(holed).precision)
    assert np.abs(found - whole).max() < 0.1
    dropped = holed[~np.isnan(holed).any(axis=1)]
    assert len(dropped) < 600


def test_rows_with_the_same_holes_are_filled_as_each_alone(correlated):
    holed = correlated[:400].copy()
    holed[:360, [1, 3]] = np.nan
    holed[360:, 0] = np.nan
    floor, together, spreads = fit_floor(correlated), np.zeros((4, 4)), np.zeros((4, 4))
    one_by_one = [floor.fill(row[np.newaxis], spread=spreads) for row in holed]
    filled = floor.fill(holed, spread=together)
    assert_allclose(filled, np.concatenate(one_by_one), atol=1e-12)
    assert_allclose(floor.fill(holed), filled, atol=1e-12)
    assert_allclose(together, spreads, atol=1e-9)


def test_spread_of_missing_cells_is_their_covariance_given_the_others(correlated):
    floor, spread = fit_floor(correlated), np.zeros((4, 4))
    rows = correlated[:1].copy()
    rows[0, :2] = np.nan
    floor.fill(rows, spread=spread)
    covariance = np.linalg.inv(floor.precision)
    gone, there = slice(0, 2), slice(2, 4)
    slopes = covariance[gone, there] @ np.linalg.inv(covariance[there, there])
    expected = covariance[gone, gone] - slopes @ covariance[there, gone]
    assert_allclose(spread[gone, gone], expected, atol=1e-9)
    assert not spread[there].any()


def test_floor_that_starts_from_a_settled_one_stays_there(correlated, rng):
    holed = np.where(rng.random(correlated.shape) < 0.3, np.nan, correlated)
    floor = fit_floor(holed)
    again = fit_floor(holed, start=floor)
    found, settled = (np.linalg.inv(each.precision) for each in (again, floor))
    assert_allclose(found, settled, atol=1e-3)


def test_row_without_a_value_is_filled_with_the_means(correlated):
    floor = LinearFloor(np.array([1.0, 2, 3, 4]), np.linalg.inv(np.cov(correlated.T)))
    assert_allclose(floor.fill(np.full((1, 4), np.nan)), [[1, 2, 3, 4]])


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_cells_are_hidden_at_their_rate_and_filled_by_the_floor(correlated, rng, share):
    floor = fit_floor(correlated)
    signs = (correlated[:, :2] > 1).astype(float)  # what was missing before
    values = floor.fill(np.where(np.hstack([signs, 0 * signs]) > 0, np.nan, correlated))
    rows = np.hstack([values, (signs - 0.25) / 2]).astype(np.float32)
    holes, rates = (slice(0, 1), slice(1, 2)), np.float32([0.1, 0.4])
    hide = HiddenCells(None, floor, holes, rates, (np.array([0.25, 0.25]), 2.0), share)
    changed = hide(rows, rng)
    now = changed[:, 4:] * 2 + 0.25 > 0.5
    assert now[signs > 0].all()
    found = (now & (signs == 0)).sum(axis=0) / (signs == 0).sum(axis=0)
    assert_allclose(found, rates * share, atol=0.05)
    assert_array_equal(changed[:, 2:4], rows[:, 2:4])
    missing = np.hstack([now, np.zeros_like(now)])
    assert_allclose(changed[:, :4], floor.fill(values, missing), atol=1e-4)


def test_network_is_trusted_as_far_as_it_is_right(rng):
    truth = rng.normal(size=(400, 2))
    floor = truth + rng.normal(size=truth.shape)
    hidden = np.ones(truth.shape, dtype=bool)
    slices = [[0, 1], [1, 2]]
    better = np.column_stack([truth[:, 0], floor[:, 1] + 0.5 * rng.normal(size=400)])
    own = {"slices": slices, "clusters": np.arange(400)}
    shares = fit_filling(truth, hidden, floor, better, **own).shares
    assert shares[0] > 0.9
    assert shares[1] < 0.2


def test_network_is_not_trusted_without_a_doubt_cleared(rng):
    truth = rng.normal(size=(60, 2))
    floor = truth + rng.normal(size=truth.shape)
    hidden = np.ones(truth.shape, dtype=bool)
    own = {"slices": [[0, 1], [1, 2]], "clusters": np.arange(60)}
    for seed in range(10):
        noise = 0.5 * np.random.default_rng(seed).normal(size=truth.shape)
        found = fit_filling(truth, hidden, floor, floor + noise, **own)
        assert_array_equal(found.shares, 0)
    assert (fit_filling(truth, hidden, floor, truth, **own).shares > 0.9).all()
    one = truth[:1].repeat(60, axis=0)  # a single row, 60 times
    own["clusters"] = np.zeros(60, dtype=int)
    assert_array_equal(fit_filling(one, hidden, one + 1, one, **own).shares, 0)


def test_intervals_cover_what_they_say_also_where_spread_differs(rng):
    expected = rng.uniform(0, 1, 8000)
    residuals = expected * rng.standard_t(3, 8000)
    spread = fit_spread(expected[:4000], residuals[:4000], is_level=False)
    new, far = expected[4000:], np.abs(residuals[4000:])
    within = far <= 1.645 * spread.of(new)
    assert within.mean() == pytest.approx(0.9, abs=0.02)
    assert within[new > 0.8].mean() == pytest.approx(0.9, abs=0.04)
    wrong = fit_spread(expected, rng.random(8000) > expected, is_level=True)
    assert wrong.of(np.array([0.1]))[0] == pytest.approx(0.9, abs=0.05)


@pytest.fixture
def mixed(rng):
    """A coded table of numbers and levels, what was given back for it, and its codec."""
    table = pd.DataFrame({"x": rng.normal(size=50), "sort": rng.choice(list("abc"), 50)})
    codec = TableCodec().fit(table)
    coded = codec.transform(table)
    return codec, coded, coded + 0.5 * rng.normal(size=coded.shape)


def kinds_of(codec, n_signs=0):
    shares = codec._columns[1].code.shares
    return Kinds(
        *(4 + n_signs, 4, 2, ((1, 3),)),
        np.append(0.0, shares),
        np.append(1.0, np.full(3, scale_of(shares))),
    )


@pytest.mark.parametrize("emphasis", [0.0, 3.0])
def test_loss_is_that_of_the_cells_that_are_there(mixed, rng, emphasis):
    codec, coded, back = mixed
    targets = np.hstack([coded, np.full((50, 1), np.nan)]).astype(np.float32)
    targets[:10, 0] = np.nan
    targets[20:25, 1:4] = np.nan
    inputs = targets.copy()
    inputs[40:, 0] += 1  # what was hidden
    outputs = np.hstack([back, rng.normal(size=(50, 1))]).astype(np.float32)
    task = ObservedCells("mse", emphasis, kinds_of(codec, n_signs=1))
    tensors = map(keras.ops.convert_to_tensor, (inputs, targets, outputs))
    settings = [np.float32(value) for value in task.settings]
    found = task.row_losses(task.make_losses(), *tensors, lambda values: values, settings)
    cells = cell_losses(codec._columns, coded, back, by_kind=True)
    cells[:10, 0] = cells[20:25, 1] = 0
    cells[40:, 0] *= 1 + emphasis
    assert_allclose(keras.ops.convert_to_numpy(found), cells.mean(axis=1), 1e-4, 1e-6)


def test_tasks_of_the_same_columns_share_a_program(mixed):
    codec, _, _ = mixed
    task = ObservedCells("mse", 3.0, kinds_of(codec))
    other = kinds_of(codec)
    other.shares[1:] = 0.5, 0.3, 0.2
    assert task.key() == ObservedCells("mse", 2.0, other).key()
    assert task.key() != ObservedCells("mse", 0.0, other).key()
    assert task.key() != ObservedCells("mse", 3.0, kinds_of(codec, n_signs=1)).key()


def test_loss_that_is_no_mean_over_cells_is_refused(mixed):
    with pytest.raises(ValueError, match="not a mean over the cells"):
        ObservedCells("cosine_similarity", 0.0, kinds_of(mixed[0])).check(4)


def test_mean_of_columns_explains_nothing_and_themselves_all(mixed):
    codec, coded, _ = mixed
    for by_kind in (True, False):
        baseline = baseline_losses(codec._columns, coded, by_kind)
        assert_allclose(baseline, 1, rtol=1e-6)
        nothing = cell_losses(codec._columns, coded, 0 * coded, by_kind)
        of_columns, of_all = shares_explained(nothing, baseline)
        assert_allclose([*of_columns, of_all], 0, atol=0.05)
        everything = cell_losses(codec._columns, coded, coded, by_kind)
        assert shares_explained(everything, baseline)[1] > 0.9


def test_hidden_cells_weigh_more_where_there_are_holes(mixed):
    codec, coded, _ = mixed
    floor, observed = fit_floor(coded), np.ones(coded.shape, dtype=bool)
    own = kinds_of(codec), floor
    holed = Cells(*own, (slice(0, 1),), np.float32([0.2]), observed, None)
    whole = Cells(*own, (), np.float32([]), observed, None)
    assert holed.task(Reconstruction("mae", 1.0)).emphasis == 4
    assert whole.task(Reconstruction("mae", 1.0)).emphasis == 1
    assert holed.task(Reconstruction("mae")).loss == "mae"


def test_work_of_a_fit_with_levels_is_bounded(rng, monkeypatch, without_xla):
    wide, narrow = (40_000, 512, 50_000), (20_000, 512, 20_000)
    assert max_epochs(*wide, MOST_WORK) < 0.7 * max_epochs(*wide)
    assert max_epochs(*narrow, MOST_WORK) == max_epochs(*narrow)
    monkeypatch.setattr(_cells, "MOST_WORK", 1.0)
    table = pd.DataFrame({"x": rng.normal(size=60), "sort": rng.choice(list("abc"), 60)})
    fitted = TableAutoencoder(AutoencoderTransformer(2, random_state=0)).fit(table)
    assert fitted.autoencoder_.n_epochs_ == MIN_EPOCHS


def expected_of(series, value, n=4000):
    """Return a column, and a block in which a value is expected again and again."""
    codec = TableCodec().fit(pd.DataFrame({"z": series}))
    column = codec._columns[0]
    return column, np.repeat(codec.transform(pd.DataFrame({"z": [value]})), n, axis=0)


@pytest.mark.parametrize("is_whole", [True, False])
def test_drawn_numbers_spread_within_what_was_seen(rng, is_whole):
    values = rng.normal(50, 20, 500)
    column, block = expected_of(np.rint(values) if is_whole else values, 50.0)
    found = drawn(column, block, np.full(4000, 5.0), np.random.RandomState(0))
    assert found.mean() == pytest.approx(50, abs=0.3)
    assert found.std() == pytest.approx(5, rel=0.05)
    assert (found == np.rint(found)).all() == is_whole
    far = drawn(column, block, np.full(4000, 500.0), np.random.RandomState(0))
    assert [far.min(), far.max()] == [column.code.low, column.code.high]


def test_drawn_dates_spread_in_days(rng):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 500), "D")
    column, block = expected_of(days, pd.Timestamp("2021-03-01"))
    found = drawn(column, block, np.full(4000, 30.0), np.random.RandomState(0))
    since = (found - np.datetime64("2021-03-01")) / np.timedelta64(1, "D")
    assert since.std() == pytest.approx(30, rel=0.05)
    assert (since == np.rint(since)).all()


@pytest.mark.parametrize("is_ordered", [True, False])
def test_drawn_levels_are_others_as_often_as_told(rng, is_ordered):
    levels = rng.choice(list("abcd"), 500, p=[0.4, 0.3, 0.2, 0.1])
    series = pd.Series(pd.Categorical(levels, list("abcd"), ordered=is_ordered))
    value = pd.Categorical(["b"], list("abcd"), ordered=is_ordered)[0]
    column, block = expected_of(series, value)
    found = pd.Series(drawn(column, block, np.full(4000, 0.3), np.random.RandomState(0)))
    assert (found != "b").mean() == pytest.approx(0.3, abs=0.03)
    assert set(found) == set("abcd")
    sure = drawn(column, block, np.zeros(4000), np.random.RandomState(0))
    assert set(sure) == {"b"}
