"""compare_with_pca: the same splits and widths for all."""

import re
import threading
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, FastICA, KernelPCA
from sklearn.exceptions import NotFittedError
from sklearn.manifold import trustworthiness
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

from skae import (
    AutoencoderTransformer,
    SparseAutoencoder,
    SupervisedAutoencoder,
    compare_with_pca,
    displays,
)
from skae.compare import _preparation
from skae.compare._comparison import Comparison
from skae.compare._gain import sampled
from skae.compare._measuring import Split, _neighbourhoods, _relative
from skae.compare._outlook import Clock, expected_seconds, in_words
from skae.compare._preparation import as_frame, as_target, holds_classes, prepared
from skae.metrics import reconstruction_r2

pytestmark = pytest.mark.usefixtures("without_xla")
SLOW = pytest.mark.slow
SETTINGS = {"cv": 3, "random_state": 0, "verbose": 0}
LINEAR = AutoencoderTransformer(hidden_layer_sizes=(), max_epochs=2)
MEASURED = ["r2", "relative_error", "trustworthiness", "continuity"]


class InverseInPlace(PCA):
    """A PCA that spoils the codes that it is asked to turn back."""

    def inverse_transform(self, X):
        back = super().inverse_transform(X)
        X *= 0
        return back


def test_pca_is_measured_on_held_out_rows_of_each_split():
    X = load_wine().data
    comparison = compare_with_pca(LINEAR, X, n_components=[2, 4], **SETTINGS)
    frame = comparison.frame()
    assert len(frame) == 2 * 2 * 3
    ours = frame[frame.estimator == "PCA"].set_index(["n_components", "split"])
    assert (ours["relative_error"] == 1).all()
    folds = KFold(3, shuffle=True, random_state=0).split(X)
    curves = []
    for split, (train, test) in enumerate(folds):
        scaler = StandardScaler().fit(X[train])
        rows, unseen = scaler.transform(X[train]), scaler.transform(X[test])
        curve = []
        for width in range(1, 14):
            pca = PCA(width).fit(rows)
            back = pca.inverse_transform(pca.transform(unseen))
            curve.append(reconstruction_r2(unseen, back))
        assert ours.loc[(2, split), "r2"] == pytest.approx(curve[1])
        assert ours.loc[(4, split), "r2"] == pytest.approx(curve[3])
        curves.append(curve)
    np.testing.assert_allclose(comparison.pca_curve, np.mean(curves, axis=0))


def test_linear_autoencoder_and_linear_kernel_pca_are_as_good_as_pca():
    methods = {
        "linear": LINEAR,
        "kernel": KernelPCA(fit_inverse_transform=True, alpha=1e-9),
    }
    X = load_wine().data
    summary = compare_with_pca(methods, X, n_components=3, **SETTINGS).summary()
    np.testing.assert_allclose(summary["relative_error"], 1, atol=0.02)
    assert list(summary.loc[3].index) == ["PCA", "linear", "kernel"]
    assert summary.loc[(3, "PCA"), "components_of_pca"] == 3
    assert summary.loc[(3, "PCA"), "standard_error"] == 0


def test_curved_table_is_won_and_worth_more_components():
    u, v = np.random.default_rng(3).uniform(-1, 1, (2, 600))
    curved = np.column_stack([u, v, u * v, u**2, v**2])
    comparison = compare_with_pca(
        AutoencoderTransformer(max_epochs=60), curved, n_components=2, **SETTINGS
    )
    best = comparison.summary().loc[(2, "AutoencoderTransformer")]
    assert best["relative_error"] < 0.9
    assert best["components_of_pca"] > 2
    assert best["wins"]
    assert best["fit_seconds"] > 0
    text = str(comparison)
    assert " yes " in text
    assert (
        f"AutoencoderTransformer wins with 2 components: {1 - best['relative_error']:.0%}"
        in text
    )


def mixed_table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)) * [1, 100, 1e4], columns=list("abc"))
    frame.loc[::7, "b"] = np.nan
    frame["empty"] = np.nan
    frame["object"] = frame["a"].astype(object)
    frame.loc[4, "object"] = pd.NA
    frame["kind"] = rng.choice(["x", "y", None], 60)
    frame["category"] = pd.Categorical(rng.choice(["u", "v"], 60))
    frame["flag"] = rng.random(60) < 0.5
    frame["whole"] = pd.array(rng.integers(0, 9, 60), dtype="Int64")
    frame.loc[3, "whole"] = pd.NA
    frame["day"] = pd.date_range("2020-01-01", periods=60)
    frame.loc[5, "day"] = pd.NaT
    frame["date"] = frame["day"].dt.date
    frame["month"] = pd.period_range("2020-01", periods=60, freq="M")
    frame["since"] = frame["day"] - pd.Timestamp("2019-12-31")
    frame["name"] = [f"row {i}" for i in range(60)]
    return frame


def test_mixed_columns_are_prepared_within_the_split():
    frame = mixed_table()
    before = frame.copy()
    result = compare_with_pca(LINEAR, frame, n_components=[2, 99], **SETTINGS).frame()
    pd.testing.assert_frame_equal(frame, before)
    assert result["n_components"].unique().tolist() == [2]
    assert np.isfinite(result[MEASURED]).all(axis=None)
    # Held-out rows that are wild do not move the scale of the rows that are trained on.
    wild = frame.copy()
    train, test = list(KFold(3, shuffle=True, random_state=0).split(frame))[2]
    wild.iloc[test, 0] *= 1e6
    rows, unseen = prepared(as_frame(frame), train, test)
    wild_rows, wild_unseen = prepared(as_frame(wild), train, test)
    np.testing.assert_array_equal(wild_rows, rows)
    np.testing.assert_allclose(wild_unseen[:, 0].std(), 1e6 * unseen[:, 0].std(), rtol=1e-6)


def test_columns_become_numbers_that_can_be_told():
    frame = mixed_table()
    numbers = as_frame(frame).set_axis(frame.columns, axis=1)
    assert (numbers["day"].drop(index=5).diff().dropna().isin([1, 2])).all()
    assert numbers["day"].isna().sum() == 1
    pd.testing.assert_series_equal(numbers["date"], numbers["day"], check_names=False)
    pd.testing.assert_series_equal(numbers["since"], numbers["day"] + 1, check_names=False)
    assert numbers["month"][:3].tolist() == [0, 31, 60]
    assert numbers["flag"].tolist() == frame["flag"].tolist()
    train, test = np.arange(40), np.arange(40, 60)
    rows, unseen = prepared(as_frame(frame), train, test)
    # kind: x, y, missing; category: u, v; name: 19 rows by name, the rest together
    assert rows.shape[1] == unseen.shape[1] == 11 + 3 + 2 + 20
    np.testing.assert_allclose(rows[:, :11].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_array_equal(unseen[:, -1], 1)
    np.testing.assert_array_equal(as_frame(sparse.eye_array(3)), np.eye(3))


def test_tables_of_other_kinds_are_taken():
    rows = [{"a": 1.5, "b": "x"}, {"a": None, "b": "y"}]
    expected = pd.DataFrame({0: [1.5, np.nan], 1: ["x", "y"]})
    polars = pytest.importorskip("polars")
    listed = [list(row.values()) for row in rows]
    frame = polars.DataFrame(rows)
    for table in (rows, tuple(rows), listed, pd.DataFrame(rows), frame, frame.lazy()):
        pd.testing.assert_frame_equal(as_frame(table), expected, check_dtype=False)


def test_masked_cells_are_missing():
    masked = np.ma.masked_greater(np.arange(6.0).reshape(3, 2), 4)
    assert np.isnan(as_frame(masked).iloc[2, 1])
    with pytest.raises(ValueError, match="y has 1 missing values"):
        as_target(masked[:, 1])


def test_targets_are_numbers_or_text():
    assert as_target(np.array([1, 0, 1], dtype=object)).dtype.kind == "i"
    assert as_target([1, "a"]).tolist() == ["1", "a"]
    assert as_target(pd.date_range("2020-01-01", periods=2)).tolist() == [0, 1]
    assert as_target(pd.Series([True, False], dtype="boolean")).tolist() == [True, False]
    assert holds_classes(as_target(np.array([True, False], dtype=object)))
    with pytest.raises(ValueError, match="y has infinite values"):
        as_target([0.5, np.inf])


def test_codes_serve_a_predictor_of_classes_and_of_numbers():
    X, y = load_wine(return_X_y=True)
    classes = compare_with_pca(LINEAR, X, y, n_components=2, **SETTINGS).frame()
    assert (classes["score"] > 0.8).all()
    comparison = compare_with_pca(LINEAR, X, y, n_components=2, **SETTINGS)
    means = comparison.summary().loc[2, "score"]
    said = f"minus that from PCA's: {means['AutoencoderTransformer'] - means['PCA']:+.3f}."
    assert f"with 2 components, {said}" in str(comparison)
    other = compare_with_pca(
        LINEAR, X, y, n_components=2, scoring="neg_log_loss", **SETTINGS
    ).frame()
    assert (other["score"] < 0).all()
    scored = compare_with_pca(
        LINEAR, X, X[:, 0] + 0.5, n_components=5, scoring="r2", **SETTINGS
    )
    assert "r2 of y" in str(scored)
    assert "r2 of y" in scored._repr_html_()
    numbers = compare_with_pca(LINEAR, X, X[:, 0] + 0.5, n_components=5, **SETTINGS)
    assert (numbers.frame()["score"] > 0.5).all()


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["a", "b", "c"], True),
        ([True, False], True),
        ([0.0, 1.0, 2.0] * 3, True),
        (np.repeat(np.arange(50), 3), True),
        (np.repeat(np.arange(51), 3), False),
        (np.repeat(np.arange(40), 2), False),
        ([0.5, 1.0], False),
        ([1e300, 2e300] * 3, False),
    ],
)
def test_classes_are_told_from_numbers(y, expected):
    assert holds_classes(np.asarray(y)) is expected


def test_error_relative_to_pca_has_the_standard_error_of_a_ratio():
    rng = np.random.default_rng(0)
    theirs = rng.gamma(3, size=400)
    ours = 0.5 * theirs + 0.2 * rng.gamma(2, size=400)
    measured = _relative(ours, theirs, variance=0.0)
    drawn = rng.integers(0, 400, (2000, 400))
    ratios = ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1)
    assert measured["relative_error"] == ours.sum() / theirs.sum()
    assert measured["standard_error"] == pytest.approx(ratios.std(), rel=0.1)


def test_table_of_low_rank_leaves_nothing_to_win():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2)) @ rng.normal(size=(2, 6))
    summary = compare_with_pca(LINEAR, X, n_components=[2, 4], **SETTINGS).summary()
    np.testing.assert_allclose(summary["relative_error"], 1, atol=1e-3)
    assert not summary["wins"].any()


@pytest.mark.parametrize("n_rows", [100, 900])
def test_pca_is_exact_on_wide_tables_too(n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 120))
    settings = SETTINGS | {"n_components": [9, n_rows]}  # one with rows is left out
    comparison = compare_with_pca(LINEAR, X, **settings)
    expected = []
    for train, test in KFold(3, shuffle=True, random_state=0).split(X):
        scaler = StandardScaler().fit(X[train])
        rows, unseen = scaler.transform(X[train]), scaler.transform(X[test])
        pca = PCA(9, svd_solver="full").fit(rows)
        back = pca.inverse_transform(pca.transform(unseen))
        expected.append(reconstruction_r2(unseen, back))
    assert comparison.summary()["r2"].loc[9, "PCA"] == pytest.approx(np.mean(expected))
    assert len(comparison.pca_curve) == 120
    assert comparison.pca_curve[8] == pytest.approx(np.mean(expected))


def test_sparse_codes_and_nested_pipelines_are_compared(small):
    inner = make_pipeline(StandardScaler(), LINEAR)
    methods = {
        "sparse": SparseAutoencoder(n_nonzero=2, sparse_output=True, max_epochs=2),
        "nested": make_pipeline(StandardScaler(), inner),
    }
    y = small[:, 0] > 0
    frame = compare_with_pca(methods, small, y, n_components=2, **SETTINGS).frame()
    assert np.isfinite(frame[[*MEASURED, "score"]]).all(axis=None)
    r2 = frame.groupby("estimator")["r2"].mean()
    assert r2["nested"] == pytest.approx(r2["PCA"], abs=1e-3)


def test_one_split_is_judged_by_the_differences_between_rows():
    u, v = np.random.default_rng(3).uniform(-1, 1, (2, 600))
    curved = np.column_stack([u, v, u * v, u**2, v**2])
    split = ShuffleSplit(1, test_size=200, random_state=0)
    comparison = compare_with_pca(
        AutoencoderTransformer(max_epochs=60),
        curved,
        n_components=2,
        cv=split,
        random_state=0,
        verbose=0,
    )
    summary = comparison.summary().loc[(2, "AutoencoderTransformer")]
    assert summary["standard_error"] == comparison.frame()["standard_error"][1] > 0
    assert summary["wins"]


class WithTarget(PCA):
    """A PCA that cannot be fitted without a target, and remembers what it was given."""

    given: list = []

    def fit(self, X, y=None):
        self.given.append(y)
        return super().fit(X)

    def fit_transform(self, X, y=None):
        return self.fit(X, y).transform(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class WithoutTarget(WithTarget):
    """The same PCA that can do without, and remembers what it was given."""

    given: list = []

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


@pytest.mark.parametrize("kind", ["text", "numbers"])
def test_estimators_that_need_a_target_have_that_of_the_training_rows(small, kind):
    y = small[:, 0] if kind == "numbers" else np.where(small[:, 0] > 0, "yes", "no")
    for estimator in (WithTarget(), WithoutTarget(), make_pipeline(WithTarget(5), PCA())):
        WithTarget.given.clear()
        WithoutTarget.given.clear()
        comparison = compare_with_pca({"it": estimator}, small, y, n_components=2, cv=3)
        if isinstance(estimator, WithoutTarget):
            assert WithoutTarget.given == [None] * 3
            assert "fitted with y" not in str(comparison)
            continue
        given = np.concatenate(WithTarget.given)
        assert sorted(given) == sorted(np.tile(y, 2))  # of three folds, two train
        said = "it was fitted with y of the training rows, PCA without."
        assert said in str(comparison)
        assert f"<p>{said}</p>" in comparison._repr_html_()


def test_supervised_codes_are_compared_in_groups_and_in_a_display(small):
    pytest.importorskip("matplotlib").use("agg")
    y, groups = (small[:, 2] > 0).astype(int), np.arange(90) // 3
    supervised = SupervisedAutoencoder(
        hidden_layer_sizes=(6,), max_epochs=2, random_state=0
    )
    settings = SETTINGS | {"n_components": 2, "groups": groups}
    comparison = compare_with_pca(supervised, small, y, **settings)
    assert "SupervisedAutoencoder was fitted with y" in str(comparison)
    piped = make_pipeline(StandardScaler(with_mean=False, with_std=False), supervised)
    again = compare_with_pca(piped, small, y, **settings)
    measured = ["r2", "score"]
    np.testing.assert_array_equal(
        comparison.frame()[measured].to_numpy(), again.frame()[measured].to_numpy()
    )
    display = displays.WidthDisplay.from_estimator(supervised, small, y, **settings)
    np.testing.assert_array_equal(display.frame()["r2"], comparison.frame()["r2"])
    with pytest.raises(ValueError, match="'SupervisedAutoencoder' needs a target"):
        displays.WidthDisplay.from_estimator(supervised, small, **settings)


def test_steps_that_work_in_place_leave_the_rows_to_the_others(small):
    in_place = make_pipeline(MinMaxScaler(copy=False), PCA(copy=False))
    methods = {"in place": in_place, "other": make_pipeline(MinMaxScaler(), PCA())}
    methods["inverse in place"] = InverseInPlace()
    y = small[:, 0] + small[:, 1]
    frame = compare_with_pca(methods, small + 3, y, n_components=2, **SETTINGS).frame()
    means = frame.groupby("estimator")[[*MEASURED, "score"]].mean()
    pd.testing.assert_series_equal(
        means.loc["in place"], means.loc["other"], check_names=False
    )
    pd.testing.assert_series_equal(
        means.loc["inverse in place"], means.loc["PCA"], check_names=False
    )


def test_rounding_is_no_gain(small):
    methods = {"arpack": PCA(svd_solver="arpack"), "same": make_pipeline(PCA())}
    summary = compare_with_pca(methods, small, n_components=2, **SETTINGS).summary()
    np.testing.assert_allclose(summary["relative_error"], 1)
    assert not summary["wins"].any()
    np.testing.assert_allclose(summary["components_of_pca"], 2)


def test_gain_must_be_more_than_the_chance_of_so_few_splits():
    def wins(errors):
        records = pd.DataFrame(
            {
                "estimator": "other",
                "n_components": 2,
                "split": range(len(errors)),
                "r2": 0.5,
                "relative_error": errors,
                "standard_error": 0.01,
            }
        )
        return Comparison(records, np.array([0.4, 0.6])).summary()["wins"].item()

    assert not wins([0.8, 0.95])  # Student: 0.125 is less than 12.7 times 0.075
    assert wins([0.8, 0.81])
    assert wins([0.8, 0.95] * 5)
    assert not wins([0.9995] * 5)
    assert wins([0.97])
    assert not wins([0.99])


def test_small_gains_are_not_printed_as_none(small):
    comparison = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS)
    records = comparison.frame()
    records.loc[records["estimator"] != "PCA", "relative_error"] = 0.996
    said = str(replace(comparison, records=records))
    assert "AutoencoderTransformer wins with 2 components: 0.4% less error" in said


def test_splits_that_hold_out_the_same_rows_share_variance(small):
    folds = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    settings = SETTINGS | {"n_components": 2, "cv": folds}
    comparison = compare_with_pca(make_pipeline(MinMaxScaler(), PCA()), small, **settings)
    assert comparison.shared == pytest.approx(30 / 60)
    errors = comparison.frame()["relative_error"][1::2]
    expected = errors.std() * np.sqrt(1 / 6 + 0.5)
    assert comparison.summary()["standard_error"].iloc[1] == pytest.approx(expected)
    once = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS)
    assert once.shared == 0


def test_splits_may_be_masks_or_tuples(small):
    splits = list(KFold(3, shuffle=True, random_state=0).split(small))
    masks = [tuple(np.isin(np.arange(90), rows) for rows in pair) for pair in splits]
    tuples = [tuple(tuple(rows.tolist()) for rows in pair) for pair in splits]
    frames = [
        compare_with_pca(LINEAR, small, n_components=2, **SETTINGS | {"cv": cv})
        for cv in (splits, masks, tuples)
    ]
    assert [frame.shared for frame in frames] == [0, 0, 0]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frames[0].frame()[MEASURED], frame.frame()[MEASURED])


def test_neighbours_are_those_of_different_rows():
    rows = np.repeat(np.random.default_rng(0).normal(size=(40, 3)), 20, axis=0)
    measured = _neighbourhoods(rows, rows)
    assert measured == {"trustworthiness": 1, "continuity": 1}
    few = np.repeat(rows[::80], 20, axis=0)
    assert np.isnan(list(_neighbourhoods(few, few).values())).all()


def test_components_of_pca_are_interpolated():
    curve = np.array([0.4, 0.6, 0.6, 0.9])
    assert Comparison(pd.DataFrame(), curve - 0.5)._components_of_pca(-0.1) == 0
    comparison = Comparison(pd.DataFrame(), curve)
    found = [
        comparison._components_of_pca(r2) for r2 in (0.1, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95)
    ]
    np.testing.assert_allclose(found, [0.25, 1, 1.5, 2, 3.5, 4, np.inf])


def test_hidden_activations_are_for_the_predictor_alone(small):
    settings = SETTINGS | {"n_components": 2}
    plain = AutoencoderTransformer(max_epochs=2)
    y = small[:, 0]
    code = compare_with_pca(plain, small, y, **settings).frame()
    kind = type("My_Hidden", (AutoencoderTransformer,), {})  # no trap for names
    all_features = kind(max_epochs=2, features="all")
    both = compare_with_pca(all_features, small, y, **settings).frame()
    pd.testing.assert_frame_equal(code[MEASURED], both[MEASURED])
    ours = code["estimator"] != "PCA"
    assert (both["score"][ours] > code["score"][ours]).all()


def test_constant_rows_held_out_do_not_spoil_the_curve(small):
    table = small.copy()
    table[:20] = table[0]
    splits = [(np.arange(20, len(table)), np.arange(20)), *KFold(2).split(table)]
    settings = SETTINGS | {"cv": splits}
    comparison = compare_with_pca(LINEAR, table, n_components=2, **settings)
    assert (comparison.pca_curve > -1).all()
    assert comparison.summary()["components_of_pca"].iloc[0] == pytest.approx(2)


def test_text_columns_are_told(capsys):
    compare_with_pca(LINEAR, mixed_table(), n_components=[2, 99], cv=2)
    said = capsys.readouterr().out
    assert (
        "60 rows, 14 columns, 3 of them text, one-hot encoded (kind, category, name)"
        in said
    )
    assert "99 components are left out" in said
    compare_with_pca(
        LINEAR,
        [{"n": k, "m": -k, "city": "xyz"[k % 3]} for k in range(9)],
        n_components=2,
        cv=2,
    )
    assert "(city)" in capsys.readouterr().out


def test_kind_of_target_is_told(capsys):
    X, y = load_wine(return_X_y=True)
    for target, said in ((y, "; y: 3 classes"), (X[:, 0], "; y: numbers")):
        compare_with_pca(LINEAR, X, target, n_components=2, cv=2)
        assert capsys.readouterr().out.splitlines()[0].endswith(said)


def test_gain_and_time_are_told_before_and_what_is_left_after_each_split(capsys):
    compare_with_pca(LINEAR, load_wine().data, n_components=[1, 2], cv=2)
    lines = capsys.readouterr().out.splitlines()
    said = [line.removeprefix("[compare_with_pca] ") for line in lines]
    assert said[0] == "178 rows, 13 columns"
    for width, line in zip((1, 2), said[1:3]):
        start, _, reason = line.partition(" of PCA's error (")
        assert re.fullmatch(rf"expected of .* {width} components?: [01]\.\d\d", start)
        assert reason.endswith(" to 1.00): too few rows (89 that differ)")
    assert re.fullmatch(r"comparing takes about \d+ (s|min)", said[3])
    done = said[4:]
    assert [line[:3] for line in done] == ["1/4", "2/4", "3/4", "4/4"]
    assert all(re.search(r"; about \d+ (s|min) left$", line) for line in done[:-1])
    assert "left" not in done[-1]


def test_estimators_of_others_promise_no_time(capsys):
    compare_with_pca(FastICA(random_state=0), load_wine().data, n_components=2, cv=2)
    said = capsys.readouterr().out
    assert "with 2 components: 1.00 of PCA's error" in said
    assert "takes" not in said


def test_few_rows_are_compared_without_an_estimate(capsys):
    X = np.random.default_rng(0).normal(size=(18, 4))
    compare_with_pca(PCA(), X, n_components=2, cv=2)
    assert "expected" not in capsys.readouterr().out


def test_silence_estimates_nothing(small, monkeypatch):
    monkeypatch.delattr("skae.compare._compare.expected_lines")
    compare_with_pca(PCA(), small, n_components=2, **SETTINGS)


def test_sample_is_compared_as_if_it_were_the_table(capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 5)), rng.normal(size=500)
    groups = np.repeat(np.arange(100), 5)
    rows = sampled(200, 7, np.arange(500))[0]
    assert len(set(rows)) == 200
    settings = {"n_components": 2, "cv": 2, "random_state": 7}
    some = compare_with_pca(PCA(), X, y, groups=groups, max_samples=200, **settings)
    assert capsys.readouterr().out.startswith(
        "[compare_with_pca] 200 of 500 rows, 5 columns"
    )
    same = compare_with_pca(PCA(), X[rows], y[rows], groups=groups[rows], **settings)
    columns = [*MEASURED, "score"]
    pd.testing.assert_frame_equal(some.frame()[columns], same.frame()[columns])


@pytest.mark.parametrize("frame", [pd.DataFrame, lambda X: X])
def test_all_rows_are_taken_for_none_and_for_splits_of_ones_own(frame, capsys):
    X = frame(np.random.default_rng(0).normal(size=(60, 4)))
    halves = [(np.arange(30), np.arange(30, 60))]
    for given in ({"cv": 2, "max_samples": None}, {"cv": halves, "max_samples": 20}):
        compare_with_pca(PCA(), X, n_components=2, **given)
        assert capsys.readouterr().out.startswith("[compare_with_pca] 60 rows, 4 columns")


@pytest.mark.parametrize("n_jobs", [0, 1.5, True, "all"])
def test_bad_n_jobs_is_refused_before_anything_is_printed(n_jobs, small, capsys):
    with pytest.raises(ValueError, match=f"n_jobs={n_jobs!r} must be an int of at least"):
        compare_with_pca(PCA(), small, n_components=2, n_jobs=n_jobs)
    assert not capsys.readouterr().out


def test_random_state_object_is_one_seed_for_all(small):
    kernel = KernelPCA(kernel="rbf", fit_inverse_transform=True, eigen_solver="randomized")
    settings = {"n_components": [1, 2], "cv": 2, "verbose": 0}
    seed = np.random.RandomState(0).randint(2**31)
    r2 = [
        compare_with_pca(kernel, small, random_state=state, **settings).frame()["r2"]
        for state in (np.random.RandomState(0), seed)
    ]
    assert r2[0].tolist() == r2[1].tolist()


def test_one_is_told_as_one_and_thousands_with_a_comma(capsys):
    X = pd.DataFrame({"place": ["north", "south", "west"] * 400})
    compare_with_pca(PCA(), X, n_components=1, cv=[(range(600), range(600, 1200))])
    said = capsys.readouterr().out
    assert "1,200 rows, 1 column, 1 of them text" in said
    assert "1/1: 1 component, split 1" in said


def test_numbers_alone_are_read_at_once_as_beside_others(monkeypatch):
    X = pd.DataFrame(
        {
            "whole": [3, 2**40, -5],
            "short": np.float32([0.1, np.nan, 3]),
            "truth": [True, False, True],
            "missing": [np.nan] * 3,
        }
    )
    beside = as_frame(X.assign(text="a"))
    monkeypatch.setattr(_preparation, "_as_column", None)
    pd.testing.assert_frame_equal(as_frame(X), beside.iloc[:, :4])


@pytest.mark.parametrize("max_samples", [1, 0, 2.5, True, "all"])
def test_bad_max_samples_is_refused(max_samples, small):
    message = f"max_samples={max_samples!r} must be an int of at least 2"
    with pytest.raises(ValueError, match=re.escape(message)):
        compare_with_pca(PCA(), small, n_components=2, max_samples=max_samples)


def test_more_to_do_takes_longer():
    X = np.zeros((4000, 20))
    split = Split(0, X, X[:9])
    seconds = [
        expected_seconds([AutoencoderTransformer(2, max_epochs=n)], [split] * 3, n_jobs)
        for n, n_jobs in ((5, 1), (50, 1), (50, 3))
    ]
    assert max(seconds[0], seconds[2]) < seconds[1]
    own = AutoencoderTransformer(2, build_network=print)
    assert expected_seconds([AutoencoderTransformer(2), own], [split], 1) is None


def test_clock_tells_what_is_left(monkeypatch):
    now = iter([100.0, 110.0, 170.0])
    monkeypatch.setattr("skae.compare._outlook.time.perf_counter", lambda: next(now))
    clock = Clock(4)
    assert clock.left(1) == "; about 30 s left"
    assert clock.left(3) == "; about 25 s left"  # 70 s for three
    assert clock.left(4) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (7.6, "8 s"), (43, "45 s"), (89, "90 s"), (130, "2 min")],
)
def test_times_are_as_precise_as_estimates(seconds, words):
    assert in_words(seconds) == words


def test_failure_tells_whose_it_is(small):
    failing = make_pipeline(StandardScaler(), KernelPCA())  # has no inverse yet
    with pytest.raises(NotFittedError) as caught:
        compare_with_pca({"kernel": failing}, small, n_components=2, **SETTINGS)
    assert "'kernel'" in caught.value.__notes__[0]
    assert "split 1" in caught.value.__notes__[0]


@pytest.mark.parametrize("names", [list("aabcd"), [0, "a", 1, "b", 2]])
def test_names_of_columns_do_not_matter(names, small):
    plain = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS).frame()
    named = pd.DataFrame(small, columns=names)
    other = compare_with_pca(LINEAR, named, n_components=2, **SETTINGS).frame()
    pd.testing.assert_frame_equal(plain[MEASURED], other[MEASURED])


@pytest.mark.parametrize("factor", [1e-290, 1e-170, 1e153, 1e300])
def test_scale_of_columns_does_not_matter(small, factor):
    plain = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS)
    scaled = small * [factor, 1, 1 / factor, 1, -factor]
    other = compare_with_pca(LINEAR, scaled, n_components=2, **SETTINGS)
    np.testing.assert_allclose(plain.frame()["r2"], other.frame()["r2"], atol=1e-3)
    np.testing.assert_allclose(plain.pca_curve, other.pca_curve)


def test_neighbours_of_a_sorted_table_are_those_of_all_of_it():
    rng = np.random.default_rng(0)
    angle = np.sort(rng.uniform(0, 6, 3000))
    rows = np.column_stack([np.cos(angle), np.sin(angle), 0.02 * rng.normal(size=3000)])
    codes = rows[:, 1:]  # the two sides of the circle come to lie upon each other
    measured = _neighbourhoods(rows, codes)["trustworthiness"]
    assert measured == pytest.approx(trustworthiness(rows, codes), abs=0.05)
    assert trustworthiness(rows[:1000], codes[:1000]) > measured + 0.1


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_that_transformers_give_are_compared(library, small):
    pytest.importorskip(library)
    plain = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS).frame()
    with config_context(transform_output=library):
        configured = compare_with_pca(LINEAR, small, n_components=2, **SETTINGS).frame()
    pd.testing.assert_frame_equal(plain[MEASURED], configured[MEASURED])
    framed = clone(LINEAR).set_output(transform=library)
    framed = compare_with_pca(framed, small, n_components=2, **SETTINGS).frame()
    pd.testing.assert_frame_equal(plain[MEASURED], framed[MEASURED])


def test_whole_number_of_any_type_gives_shuffled_folds(small):
    frames = [
        compare_with_pca(
            LINEAR, small, n_components=2, cv=cv, random_state=0, verbose=0
        ).frame()
        for cv in (3, np.int64(3), KFold(3, shuffle=True, random_state=0))
    ]
    pd.testing.assert_frame_equal(frames[0][MEASURED], frames[1][MEASURED])
    pd.testing.assert_frame_equal(frames[0][MEASURED], frames[2][MEASURED])


def test_fits_at_a_time_run_in_threads_of_this_process(small):
    seen = []

    class Noting(PCA):
        def fit(self, X, y=None):
            seen.append(threading.get_ident())
            return super().fit(X)

    settings = SETTINGS | {"n_components": [2, 3], "n_jobs": 2}
    compare_with_pca(Noting(), small, **settings)
    assert len(seen) == 6
    assert threading.get_ident() not in seen


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=SLOW)])
def test_two_fits_at_a_time_measure_what_one_does(two_processes, capsys, backend):
    X = load_wine().data
    given = [LINEAR, LINEAR, make_pipeline(MinMaxScaler(), FastICA())]
    settings = SETTINGS | {"n_components": 2, "n_jobs": two_processes}
    with parallel_config(backend) if backend == "loky" else nullcontext():
        two = compare_with_pca(given, X, **settings)
    assert not capsys.readouterr().out
    settings = SETTINGS | {"verbose": 1}
    one = compare_with_pca(given, X, n_components=2, **settings).frame()
    pd.testing.assert_frame_equal(one[MEASURED], two.frame()[MEASURED], check_exact=True)
    assert list(one["estimator"].unique()) == [
        "PCA",
        "AutoencoderTransformer",
        "AutoencoderTransformer 2",
        "FastICA",
    ]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "[compare_with_pca] 178 rows, 13 columns"
    assert [line[:22] for line in said[-3:]] == [
        f"[compare_with_pca] {k}/3" for k in (1, 2, 3)
    ]


def test_it_can_be_seen():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    comparison = compare_with_pca(LINEAR, load_wine().data, n_components=2, **SETTINGS)
    ax = comparison.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["PCA", "AutoencoderTransformer"]
    assert comparison.plot(ax) is ax
    assert all(tick == int(tick) for tick in ax.get_xticks())
    ax.set_xscale("log")
    assert comparison.plot(ax) is ax
    plt.close("all")
    assert "AutoencoderTransformer has no sure gain over PCA" in str(comparison)
    assert "from codes of" not in str(comparison)
    assert repr(comparison) == str(comparison)
    html = comparison._repr_html_()
    assert "<table" in html
    assert "<p>AutoencoderTransformer has no sure gain over PCA" in html


@pytest.mark.parametrize(
    ("estimators", "arguments", "message"),
    [
        (StandardScaler(), {}, "'StandardScaler' has no parameter n_components"),
        (
            make_pipeline(PolynomialFeatures(), LINEAR),
            {},
            "'AutoencoderTransformer' has no inverse_transform",
        ),
        (AutoencoderTransformer, {}, "pass an instance of a transformer"),
        ([], {}, "at least one transformer"),
        ({"PCA": LINEAR}, {}, "none of them named 'PCA'"),
        (LINEAR, {"n_components": 40}, "leaves nothing to compare"),
        (LINEAR, {"n_components": (0, 2)}, "an int of at least 1"),
        (LINEAR, {"n_components": 0.9}, "an int of at least 1"),
        (LINEAR, {"n_components": True}, "an int of at least 1"),
        (LINEAR, {"cv": []}, "must give splits"),
        (LINEAR, {"cv": [(range(9), range(9, 400))]}, "positions from 0 to 177"),
        (LINEAR, {"cv": [([], range(178))]}, "neither of them empty"),
        (LINEAR, {"cv": [(range(178),)]}, "must give pairs of training"),
        (LINEAR, {"cv": [1, 2]}, "must give pairs of training"),
        (LINEAR, {"cv": [(np.ones(9), np.ones(9))]}, "each a mask or positions"),
        (LINEAR, {"y": [0, 1] * 89, "scoring": "acuracy"}, "did you mean 'accuracy'"),
        (LINEAR, {"y": [0, 1] * 89, "scoring": "xyz"}, "is no scorer of scikit-learn"),
        (LINEAR, {"n_components": "2"}, "n_components='2' must be an int"),
        (LINEAR, {"n_components": [1, None]}, "an int of at least 1"),
        (LINEAR, {"y": [1] * 178}, "y has a single class"),
        (
            LINEAR,
            {"y": ["a"] * 170 + ["b"] * 8, "cv": [(np.arange(100), np.arange(100, 178))]},
            "training rows are all of one class",
        ),
        (
            LINEAR,
            {"y": [0, 1] * 89, "scoring": ["accuracy"]},
            "must be one name of a scorer",
        ),
        (LINEAR, {"scoring": "accuracy"}, "needs something to predict"),
        (LINEAR, {"cv": LeaveOneOut()}, "hold out two rows or more"),
        (LINEAR, {"cv": [(np.arange(178) > 0, np.arange(178) == 0)]}, "hold out two rows"),
        (LINEAR, {"y": [1, 2]}, "inconsistent numbers"),
        (
            {"it": make_pipeline(StandardScaler(), SupervisedAutoencoder())},
            {},
            "The estimator 'it' needs a target to be fitted; pass y, or leave",
        ),
        (LINEAR, {"y": ["a"] * 177 + [None]}, "y has 1 missing values"),
        (LINEAR, {"y": load_wine().data}, "should be a 1d array"),
    ],
)
def test_bad_input_is_told(estimators, arguments, message):
    with pytest.raises(ValueError, match=message):
        compare_with_pca(estimators, load_wine().data, **SETTINGS | arguments)


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_frame_of_another_library_is_read_as_one_of_pandas(library):
    table = mixed_table().drop(columns="month")  # periods are pandas' own
    table["sort"] = pd.Categorical(table["kind"])  # with missing ones
    arrow = pytest.importorskip("pyarrow").Table.from_pandas(table, preserve_index=False)
    X = arrow if library == "pyarrow" else pytest.importorskip("polars").from_arrow(arrow)
    pd.testing.assert_frame_equal(as_frame(X), as_frame(arrow.to_pandas()))


def test_infinite_values_are_told_with_their_column():
    table = load_wine(as_frame=True).data
    table.loc[3, "hue"] = np.inf
    with pytest.raises(ValueError, match="Column 'hue' of X has infinite values"):
        compare_with_pca(LINEAR, table, **SETTINGS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, r"X has the shape \(\), but must be a table"),
        (np.zeros((2, 2, 2)), r"X has the shape \(2, 2, 2\)"),
        (np.zeros((0, 3)), "X has no cells"),
        ([[1, 2], [3]], "X has rows of 1 and of 2 values"),
        (np.array([[1j, 2], [3, 4]]), "complex values"),
        ([[10**400, 1], [2, 3]], "Column 0 of X cannot be read as numbers"),
    ],
)
def test_what_is_no_table_is_told(X, message):
    with pytest.raises(ValueError, match=message):
        compare_with_pca(LINEAR, X, **SETTINGS)
