"""Anomalies: the score against its formula, the detector, and the cells that it names."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderDetector,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
)
from skae._models._references import CENTRAL, KEPT_VALUES, LEAST_KEPT, N_KEPT, KeptRows
from skae.displays import CodeDisplay, ErrorDisplay

QUICK = {"max_epochs": 4, "hidden_layer_sizes": (6,), "random_state": 0}
AS_PCA = {"learning_rate": 1e-12, **QUICK}


def quick(n_components=2, **kwargs):
    return AutoencoderTransformer(n_components, **QUICK | kwargs)


def detector(**kwargs):
    return AutoencoderDetector(quick(), **kwargs)


def expected_scores(codes, residuals, new_codes, new_residuals):
    """Return the scores by their definition: no row is compared with itself."""
    halves = [
        (scaler.transform(old), scaler.transform(new), old.shape[1])
        for old, new in [(codes, new_codes), (residuals, new_residuals)]
        for scaler in [StandardScaler().fit(old)]
    ]
    points = np.hstack([old / np.sqrt(width) for old, _, width in halves])
    new = np.hstack([new / np.sqrt(width) for _, new, width in halves])
    lengths = np.linalg.norm(points, axis=1)
    points = points[np.argsort(lengths)[: int(np.ceil(CENTRAL * len(points)))]]
    distances = np.linalg.norm(new[:, np.newaxis] - points, axis=2)
    distances[distances == 0] = np.inf
    return -np.sort(distances, axis=1)[:, 2]


@pytest.mark.parametrize(
    "estimator",
    [
        quick(),
        quick(features="all"),
        DenoisingAutoencoder(2, **QUICK),
        SparseAutoencoder(8, sparsity="kl", **QUICK),
        StackedAutoencoder(2, pretrain_epochs=2, fine_tune=False, **QUICK),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_score_is_the_distance_to_the_third_nearest_central_row(wine, estimator):
    train, new = wine[::2], wine[1::2]
    estimator.fit(train)
    codes = [estimator._model.encode(rows) for rows in (train, new)]
    residuals = [rows - estimator._model.decode(c) for rows, c in zip((train, new), codes)]
    expected = expected_scores(codes[0], residuals[0], codes[1], residuals[1])
    np.testing.assert_allclose(estimator.score_samples(new), expected, rtol=1e-6)


def test_score_of_a_detector_that_is_pca_follows_from_pca(wine):
    units = 10.0 ** np.arange(wine.shape[1]) / 1e6
    train, new = wine[::2], wine[1::2]
    scale = train.std(axis=0)
    pca = PCA(2).fit(train / scale)
    codes = [pca.transform(rows / scale) for rows in (train, new)]
    residuals = [
        rows / scale - pca.inverse_transform(c) for rows, c in zip((train, new), codes)
    ]
    expected = expected_scores(codes[0], residuals[0], codes[1], residuals[1])
    order = np.random.default_rng(0).permutation(wine.shape[1])
    found = AutoencoderDetector(quick(**AS_PCA)).fit((train * units)[:, order])
    scores = found.score_samples((new * units)[:, order])
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_training_row_is_not_compared_with_itself(wine):
    estimator = quick().fit(wine)
    codes = estimator.transform(wine)
    residuals = wine - estimator.inverse_transform(codes)
    expected = expected_scores(codes, residuals, codes, residuals)
    np.testing.assert_allclose(estimator.score_samples(wine), expected, rtol=1e-6)


def test_farther_rows_score_lower(wine):
    estimator = quick().fit(wine)
    directions = np.random.default_rng(0).normal(size=(20, wine.shape[1]))
    scores = [estimator.score_samples(reach * directions) for reach in (3, 10, 1e3, 1e9)]
    assert (np.diff(scores, axis=0) < 0).all()
    huge = estimator.score_samples(1e300 * directions)
    assert np.isfinite(huge).all()
    assert (huge < scores[-1]).all()


def with_anomalies():
    """Return rows with a far cluster among them, which any principal component finds."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 8))
    rows += 0.3 * rng.normal(size=rows.shape)
    is_anomaly = np.arange(400) < 16
    rows[is_anomaly] += 30 * rng.normal(size=(1, 8))
    return rows, is_anomaly


def test_anomalies_among_the_training_rows_are_found_where_the_residual_is_blind():
    rows, is_anomaly = with_anomalies()
    found = detector().fit(rows)
    residual = found.autoencoder_.reconstruction_error(rows / found.scale_)
    assert roc_auc_score(is_anomaly, residual) < 0.7
    assert roc_auc_score(is_anomaly, -found.score_samples(rows)) == 1
    labels = found.predict(rows)
    assert (labels[is_anomaly] == -1).all()
    assert np.mean(labels[~is_anomaly] == -1) < 0.05


def test_score_is_the_same_from_a_pickle_and_in_other_batches(wine):
    estimator = quick().fit(wine)
    scores = estimator.score_samples(wine)
    carried = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(carried.score_samples(wine), scores)
    one_by_one = [estimator.score_samples(wine[[i]])[0] for i in range(20)]
    np.testing.assert_allclose(one_by_one, scores[:20], rtol=1e-9)
    np.testing.assert_array_equal(quick().fit(wine).score_samples(wine), scores)
    float32 = estimator.score_samples(wine.astype(np.float32))
    np.testing.assert_allclose(float32, scores, rtol=1e-3)


def test_references_are_of_the_rows_of_all_calls_of_partial_fit(wine):
    estimator = quick()
    for part in np.array_split(wine, 4):
        estimator.partial_fit(part)
    at_once = KeptRows.of(wine)
    kept = estimator._kept_rows
    assert (kept.n_seen, len(kept.rows)) == (len(wine), len(at_once.rows))
    np.testing.assert_array_equal(np.sort(kept.rows, axis=0), np.sort(wine, axis=0))
    assert np.median(estimator.score_samples(wine)) > -2  # all parts are at home


def test_kept_rows_of_a_stream_are_a_fair_sample():
    X = np.arange(20_000.0)[:, np.newaxis]
    kept = None
    for part in np.array_split(X, 80):
        kept = KeptRows.of(part, before=kept)
    assert len(kept.rows) == N_KEPT
    shares = np.histogram(kept.rows, bins=10, range=(0, 20_000))[0] / N_KEPT
    np.testing.assert_allclose(shares, 0.1, atol=0.03)


def test_kept_rows_are_as_likely_as_they_have_weight():
    X = np.arange(30_000.0)[:, np.newaxis]
    weight = np.repeat([0.0, 1.0, 3.0], 10_000)
    kept = KeptRows.of(X, weight).rows
    assert kept.min() >= 10_000
    assert np.mean(kept >= 20_000) == pytest.approx(0.75, abs=0.04)


@pytest.mark.parametrize("n_features", [5000, 100_000])
def test_fewer_rows_of_a_wide_table_are_kept(n_features):
    kept = KeptRows.of(sparse.random_array((300, n_features), format="csr", rng=0))
    assert len(kept.rows) == max(LEAST_KEPT, KEPT_VALUES // n_features)


@pytest.mark.parametrize("contamination", [0.05, 0.1, 0.5])
def test_contamination_is_the_share_of_training_rows_that_are_anomalies(
    wine, contamination
):
    found = detector(contamination=contamination)
    labels = found.fit_predict(wine)
    assert np.mean(labels == -1) == pytest.approx(contamination, abs=1 / len(wine))
    assert set(labels) == {-1, 1}
    decision = found.decision_function(wine)
    np.testing.assert_array_equal(labels == -1, decision < 0)
    np.testing.assert_array_equal(decision, found.score_samples(wine) - found.offset_)


def test_new_normal_rows_are_judged_as_the_training_rows_were():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(2, 6))
    rows = rng.normal(size=(1200, 2)) @ mixing + 0.3 * rng.normal(size=(1200, 6))
    found = detector(contamination=0.1).fit(rows[:600])
    assert np.mean(found.predict(rows[600:]) == -1) == pytest.approx(0.1, abs=0.04)


def test_automatic_line_is_finite_where_most_rows_repeat():
    X = np.tile(np.random.default_rng(0).normal(size=(1, 4)), (60, 1))
    X[:6] += np.random.default_rng(1).normal(size=(6, 4))
    found = detector().fit(X)
    assert np.isfinite(found.offset_)
    assert (found.predict(X[6:]) == 1).all()
    assert (found.predict(X[:1] + 100) == -1).all()


def pump(n, rng):
    """Return n rows of which each column follows from the others, in unlike units."""
    speed, valve = rng.uniform(0.3, 1, (2, n))
    flow = speed * valve
    table = {
        "speed": speed,
        "valve": 1e-3 * valve,
        "flow": 1e6 * flow,
        "pressure": speed**2 / (0.5 + valve),
        "power": speed**3 + 0.3 * flow,
        "noise": speed + 0.3 * np.sin(6 * valve),
    }
    frame = pd.DataFrame(table)
    return frame + 0.01 * frame.std().to_numpy() * rng.normal(size=frame.shape)


@pytest.fixture(scope="module")
def pumps():
    """A detector that knows a pump, rows with a planted cell each, and its column."""
    rng = np.random.default_rng(0)
    found = AutoencoderDetector(
        AutoencoderTransformer(2, max_epochs=60, random_state=0), contamination=0.01
    ).fit(pump(1000, rng))
    later = pump(100, rng).set_index(pd.RangeIndex(500, 600))
    true = later.copy()
    columns = rng.integers(0, later.shape[1], len(later))
    others = later.sample(frac=1, random_state=0).to_numpy()
    for i, column in enumerate(columns):
        later.iat[i, column] = others[i, column]
    return found, later, true, columns


def test_planted_cell_is_the_first_that_explains_its_row(pumps):
    found, later, true, columns = pumps
    is_flagged = (found.predict(later) == -1) & (found.predict(true) == 1)
    assert is_flagged.sum() > 60
    gains = found.explain(later[is_flagged])
    assert list(gains.columns) == list(later.columns)
    assert list(gains.index) == list(later.index[is_flagged])
    assert (gains.to_numpy() >= 0).all()
    assert np.mean(gains.to_numpy().argmax(axis=1) == columns[is_flagged]) >= 0.9


def test_expected_values_are_near_the_true_ones_in_the_units_of_the_table(pumps):
    found, later, true, columns = pumps
    is_flagged = found.predict(later) == -1
    expected = found.explain(later, what="expected")
    place = np.flatnonzero(is_flagged), columns[is_flagged]
    unit = true.std().to_numpy()
    errors = ((expected - true) / unit).to_numpy()[place]
    planted = ((later - true) / unit).to_numpy()[place]
    assert np.median(np.abs(errors)) < 0.3 * np.median(np.abs(planted))


def test_gain_of_a_cell_is_what_the_score_rises_with_its_expected_value(pumps):
    found, later, _, columns = pumps
    gains, expected = found.explain(later), found.explain(later, "expected")
    for i in range(10):
        mended = later.iloc[[i]].copy()
        mended.iat[0, columns[i]] = expected.iat[i, columns[i]]
        rise = found.score_samples(mended) - found.score_samples(later.iloc[[i]])
        assert gains.iat[i, columns[i]] == pytest.approx(max(0, rise[0]), abs=1e-6)


def test_error_display_draws_the_explanation(pumps):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    found, later, _, _ = pumps
    display = ErrorDisplay.from_estimator(found, later, n_rows=4)
    frame = display.frame()
    cells = frame.drop(columns="distance")
    scores = pd.Series(found.score_samples(later), later.index)
    assert frame.index[0] == scores.idxmin()
    np.testing.assert_allclose(frame["distance"], -scores[frame.index])
    np.testing.assert_allclose(cells.sort_index(), found.explain(later))
    image = display.ax_.images[0].get_array()
    assert image.shape == (4, later.shape[1])
    assert image.max() == pytest.approx(cells.iloc[:4].to_numpy().max())
    with pytest.raises(ValueError, match="has no transform"):
        CodeDisplay.from_estimator(found, later)
    plt.close("all")


def test_detector_stands_at_the_end_of_a_pipeline_and_takes_sparse_rows():
    X = load_wine().data
    X[X < 1] = 0
    dense = detector(contamination=0.1).fit(X)
    scores = detector(contamination=0.1).fit(sparse.csr_array(X)).score_samples(X)
    np.testing.assert_allclose(scores, dense.score_samples(X), rtol=1e-3)
    frame = dense.explain(sparse.csr_array(X[:3]))
    np.testing.assert_allclose(frame, dense.explain(X[:3]), atol=1e-9)
    assert list(frame.columns) == [f"x{i}" for i in range(X.shape[1])]
    labels = make_pipeline(StandardScaler(), detector(contamination=0.1)).fit_predict(X)
    assert np.mean(labels == -1) == pytest.approx(0.1, abs=1 / len(X))


def test_rows_of_weight_zero_do_not_count():
    rows, is_anomaly = with_anomalies()
    weight = np.where(is_anomaly, 0.0, 2.0)
    weighted = detector(contamination=0.1).fit(rows, sample_weight=weight)
    plain = detector(contamination=0.1).fit(rows[~is_anomaly])
    np.testing.assert_allclose(weighted.scale_, plain.scale_)
    kept = weighted.autoencoder_._kept_rows.rows * weighted.scale_
    np.testing.assert_allclose(np.sort(kept, 0), np.sort(rows[~is_anomaly], 0))
    share = np.mean(weighted.predict(rows[~is_anomaly]) == -1)
    assert share == pytest.approx(0.1, abs=0.01)


def test_validation_rows_and_groups_reach_the_autoencoder(wine):
    train, held_out = wine[::2], wine[1::2]
    found = detector().fit(train, X_val=held_out)
    direct = quick().fit(train / found.scale_, X_val=held_out / found.scale_)
    assert found.autoencoder_.validation_score_ == direct.validation_score_
    by_group = [
        detector().fit(wine, groups=groups).autoencoder_.validation_score_
        for groups in (None, np.arange(len(wine)) // 30)
    ]
    assert by_group[0] != by_group[1]


def test_seed_of_the_detector_is_for_the_default_autoencoder_alone(wine):
    seeded = AutoencoderDetector(random_state=3)
    assert seeded._autoencoder().get_params() == (
        AutoencoderTransformer(random_state=3).get_params()
    )
    by_seed = [detector(random_state=seed).fit(wine).offset_ for seed in (0, 1)]
    assert by_seed[0] == by_seed[1]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"contamination": 0.6}, "contamination"),
        ({"contamination": 0}, "contamination"),
        ({"contamination": "some"}, "contamination"),
        ({"autoencoder": PCA()}, "autoencoder"),
    ],
)
def test_settings_that_cannot_be_are_told_and_nothing_is_lost(wine, kwargs, message):
    found = detector().fit(wine)
    before = dict(vars(found))
    found.set_params(**kwargs)
    with pytest.raises(ValueError, match=f"The '{message}' parameter"):
        found.fit(wine)
    assert vars(found) == before | kwargs


def test_what_cannot_be_explained_is_told(wine):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        detector().explain(wine)
    found = detector().fit(wine)
    with pytest.raises(ValueError, match="what='cause' must be 'gain' or 'expected'"):
        found.explain(wine, what="cause")
    with pytest.raises(ValueError, match="X has 3 features"):
        found.score_samples(wine[:, :3])


@pytest.mark.parametrize("unit", [1e-200, 1e300])
def test_score_does_not_depend_on_a_unit_whose_square_is_out_of_range(wine, unit):
    scores = quick().fit(wine * unit).score_samples(wine * unit)
    expected = quick().fit(wine).score_samples(wine)
    assert np.corrcoef(scores, expected)[0, 1] > 0.99


def test_columns_that_cannot_be_scaled_are_told(wine):
    with pytest.raises(ValueError, match="Column 0 of X varies more than can be squared"):
        detector().fit(wine * 1e300)


def test_failed_fit_leaves_the_detector_as_it_was(wine):
    found = detector().fit(wine)
    before = dict(vars(found))
    with pytest.raises(ValueError, match="groups"):
        found.fit(2 * wine[:50], groups=[1, 2])
    assert vars(found) == before
