"""Frames as they are: codes for them, frames for codes, and holes filled."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    TableAutoencoder,
    TableCodec,
    TableImputer,
    compare_with_pca,
)

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 5, "random_state": 0}
PLAIN = AutoencoderTransformer(2, **QUICK)


def with_holes(table, seed=0, rate=0.2):
    """Return a frame with cells missing completely at random."""
    hole = np.random.default_rng(seed).random(table.shape) < rate
    return table.mask(hole), hole


@pytest.fixture(scope="module")
def mixed():
    """The wine table with categories, truth values and dates made of it, without holes."""
    data = load_wine(as_frame=True)
    table = data.data.iloc[:, :6]
    table["sort"] = data.target_names[data.target]
    table["strong"] = table["alcohol"] > 13
    table["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        (table["malic_acid"] * 100).round(), "D"
    )
    table["proof"] = pd.cut(table["alcohol"], 3, labels=["low", "mid", "high"])
    return table


@pytest.fixture(scope="module")
def fitted(mixed):
    """A table autoencoder of the mixed table with holes, and that table."""
    holed, _ = with_holes(mixed.astype({"strong": object}))
    return TableAutoencoder(PLAIN).fit(holed), holed


def test_without_holes_or_categories_it_is_the_plain_fit_bit_for_bit():
    X = load_iris(as_frame=True).data
    table = TableAutoencoder(PLAIN).fit(X)
    coded = TableCodec().fit_transform(X)
    plain = clone(PLAIN).fit(coded)
    assert_array_equal(table.transform(X), plain.transform(coded))
    assert table.score(X) == pytest.approx(plain.score(coded))
    assert table.validation_score_ == plain.validation_score_


def test_impute_changes_holes_alone(fitted):
    table, holed = fitted
    filled = table.impute(holed)
    assert (filled.dtypes == holed.dtypes).all()
    assert filled.index.equals(holed.index)
    assert not filled.isna().any().any()
    for name in holed:
        is_there = holed[name].notna()
        assert filled.loc[is_there, name].equals(holed.loc[is_there, name])
        if holed[name].dtype.kind == "f":
            assert filled[name].between(holed[name].min(), holed[name].max()).all()
    assert set(filled["sort"]) == set(holed["sort"].dropna())


def test_imputed_cells_are_near_the_truth(fitted, mixed):
    table, holed = fitted
    filled = table.impute(holed)
    hole = holed.isna()
    accuracy = (filled["sort"] == mixed["sort"])[hole["sort"]].mean()
    assert accuracy > mixed["sort"].value_counts(normalize=True).max() + 0.15
    name = "alcohol"
    error = (filled[name] - mixed[name])[hole[name]]
    assert (error**2).mean() < 0.7 * mixed[name].var()


def test_draws_differ_in_holes_alone_and_come_again(fitted):
    table, holed = fitted
    draws = table.impute(holed, n_draws=3, random_state=0)
    filled, there = table.impute(holed), holed.notna()
    for draw in draws:
        pd.testing.assert_frame_equal(draw.where(there), filled.where(there))
        assert draw.dtypes.equals(filled.dtypes)
        assert draw.notna().all(axis=None)
    assert not draws[0].equals(draws[1])
    for draw, again in zip(draws, table.impute(holed, n_draws=3, random_state=0)):
        pd.testing.assert_frame_equal(draw, again)
    assert not draws[0].equals(table.impute(holed, n_draws=1, random_state=1)[0])


@pytest.mark.parametrize("n_draws", [0, 2.5, True, "many"])
def test_number_of_draws_that_is_none_is_told(fitted, n_draws):
    table, holed = fitted
    with pytest.raises(ValueError, match=r"n_draws=.* must be an integer >= 1"):
        table.impute("not even a frame", n_draws=n_draws)
    with pytest.raises(ValueError, match="return_std=True and n_draws=2 exclude"):
        table.impute(holed, n_draws=2, return_std=True)


def test_low_rank_table_is_filled_exactly():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 12))
    hole = rng.random(X.shape) < 0.2
    filled = TableAutoencoder(AutoencoderTransformer(3, **QUICK)).fit(
        np.where(hole, np.nan, X)
    )
    error = (filled.impute(np.where(hole, np.nan, X)) - X)[hole]
    # All but those beyond the range of the others, to which what fills holes is held.
    assert np.quantile(np.abs(error), 0.9) < 1e-3 * X.std()


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        PLAIN,
        DenoisingAutoencoder(3, noise_level=0.1, **QUICK),
        SparseAutoencoder(6, **QUICK),
        StackedAutoencoder(3, pretrain_epochs=2, **QUICK),
        SupervisedAutoencoder(2, **QUICK),
        AutoencoderTransformer(0.8, **QUICK),
        AutoencoderTransformer(2, features="all", **QUICK),
        AutoencoderTransformer(2, validation_fraction=0, **QUICK),
    ],
    ids=lambda estimator: str(estimator)[:30],
)
def test_every_transformer_is_taken(estimator, mixed):
    holed, _ = with_holes(mixed[::3])
    y = load_wine().target[::3]
    table = TableAutoencoder(estimator, random_state=0)
    codes = table.fit(holed, y).transform(holed)
    assert codes.shape == (len(holed), len(table.get_feature_names_out()))
    assert np.isfinite(codes).all()
    back = table.inverse_transform(codes)
    assert back.dtypes.equals(table.reconstruct(holed).dtypes)
    assert np.isfinite(table.score(holed))
    again = pickle.loads(pickle.dumps(table))
    assert_array_equal(again.transform(holed), codes)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_each_column_counts_one_before_anything_is_learnt(loss, mixed):
    table = TableAutoencoder(AutoencoderTransformer(2, **QUICK), categorical_loss=loss).fit(
        mixed
    )
    task_loss = table.autoencoder_.history_["val_loss"][0]
    assert 0 < task_loss < 1
    columns = table.score_columns(mixed)
    assert columns.index.tolist() == mixed.columns.tolist()
    assert columns.between(-0.5, 1).all()
    assert columns.mean() == pytest.approx(table.score(mixed), abs=0.01)


def test_polars_frame_comes_back_as_one(mixed):
    holed, _ = with_holes(mixed[["alcohol", "sort", "ash"]])
    frame = pl.DataFrame(holed.astype(object).where(holed.notna(), None).to_dict("list"))
    table = TableAutoencoder(PLAIN).fit(frame)
    filled, std = table.impute(frame, return_std=True)
    assert isinstance(filled, pl.DataFrame)
    assert filled.schema == frame.schema
    assert filled.null_count().sum_horizontal()[0] == 0
    assert isinstance(table.inverse_transform(table.transform(frame)), pl.DataFrame)
    assert ((std.to_numpy() > 0) == holed.isna().to_numpy()).all()


def test_grid_search_reaches_the_width(mixed):
    holed, _ = with_holes(mixed)
    search = GridSearchCV(
        TableAutoencoder(PLAIN), {"estimator__n_components": [1, 3]}, cv=2
    ).fit(holed)
    assert search.best_params_["estimator__n_components"] == 3
    assert search.best_estimator_.n_components_ == 3


def test_codes_serve_a_classifier(mixed):
    holed, _ = with_holes(mixed.drop(columns="sort"))
    y = mixed["sort"]
    pipeline = make_pipeline(
        TableAutoencoder(AutoencoderTransformer(4, **QUICK)),
        LogisticRegression(max_iter=500),
    ).set_output(transform="pandas")
    assert pipeline.fit(holed, y).score(holed, y) > 0.7
    codes = pipeline[0].transform(holed)
    assert codes.columns.tolist() == [f"tableautoencoder{i}" for i in range(4)]


def test_broken_cell_is_unusual(fitted, mixed):
    table, _ = fitted
    broken = mixed.astype({"strong": object})
    broken.loc[5, "ash"] = 20
    scores = table.cell_scores(broken)
    assert scores.loc[5].idxmax() == "ash"
    assert scores.loc[5, "ash"] > 10
    assert scores.drop(index=5).mean().between(0.2, 3).all()


def test_failed_fit_loses_nothing(mixed):
    table = TableAutoencoder(PLAIN).fit(mixed)
    before = dict(vars(table))
    with pytest.raises(ValueError, match="mixes values"):
        table.fit(mixed.assign(ash=[1, "a"] * 89))
    assert vars(table) == before


def test_imputer_is_a_step_that_gives_the_filled_frame(mixed):
    holed, _ = with_holes(mixed[["alcohol", "ash", "sort"]])
    table = TableAutoencoder(AutoencoderTransformer(3, **QUICK))
    imputer = TableImputer(table)
    filled = imputer.fit_transform(holed)
    pd.testing.assert_frame_equal(filled, imputer.table_.impute(holed))
    assert imputer.get_feature_names_out().tolist() == holed.columns.tolist()
    numbers = make_pipeline(TableImputer(table), LinearRegression())
    names = ["alcohol", "ash"]
    assert numbers.fit(holed[names], mixed["malic_acid"]).predict(holed[names]).shape == (
        178,
    )


def test_array_of_numbers_is_filled_as_a_frame_of_them_is():
    frame, _ = with_holes(load_iris(as_frame=True).data)
    X = frame.to_numpy()
    table = TableAutoencoder(AutoencoderTransformer(3, **QUICK)).fit(X)
    unnamed = frame.set_axis(range(4), axis=1)
    assert_array_equal(table.impute(X), table.impute(unnamed).to_numpy())
    assert_array_equal(table.impute(X), table.impute(X, return_std=True)[0])
    assert_array_equal(table.transform(X), table.transform(unnamed))
    with pytest.raises(ValueError, match="0 contains infinity"):
        table.impute(np.full((1, 4), np.inf))
    of_frame = TableAutoencoder(AutoencoderTransformer(3, **QUICK)).fit(frame)
    by_columns = of_frame.impute(frame, return_std=True)[0]  # and not all of them at once
    pd.testing.assert_frame_equal(of_frame.impute(frame), by_columns)
    assert_array_equal(of_frame.transform(frame), table.transform(X))


def test_comparison_with_pca_is_on_the_same_codec(mixed):
    holed, _ = with_holes(mixed)
    comparison = compare_with_pca(
        {"table": TableAutoencoder(PLAIN), "plain": PLAIN},
        holed,
        mixed["sort"].to_numpy(),
        n_components=[2, 4],
        cv=2,
        random_state=0,
        verbose=0,
    )
    found = (
        comparison.frame().groupby(["estimator", "n_components"])[["r2", "score"]].mean()
    )
    assert set(found.index.get_level_values(0)) == {"PCA", "table", "plain"}
    assert found["r2"].between(0.1, 0.95).all()
    near = found["r2"].unstack()
    assert abs(near.loc["table", 2] - near.loc["PCA", 2]) < 0.15
    assert (near[4] > near[2]).all()
    with pytest.raises(ValueError, match="has no parameter n_components"):
        compare_with_pca(TableAutoencoder(), holed, verbose=0)


@pytest.mark.filterwarnings("ignore::FutureWarning:skrub")
def test_frame_of_skrub_is_taken(mixed):
    skrub = pytest.importorskip("skrub")
    holed, _ = with_holes(mixed.drop(columns="sort"))
    table = TableAutoencoder(AutoencoderTransformer(3, **QUICK))
    pipeline = make_pipeline(skrub.TableVectorizer(), table, LogisticRegression())
    assert pipeline.fit(holed, mixed["sort"]).score(holed, mixed["sort"]) > 0.5
    predictor = make_pipeline(table, skrub.tabular_pipeline(LogisticRegression()))
    assert predictor.fit(holed, mixed["sort"]).score(holed, mixed["sort"]) > 0.5


@pytest.mark.slow
@pytest.mark.compiled
def test_network_fills_what_no_linear_regression_can():
    rng = np.random.default_rng(0)
    u, v = rng.uniform(-1, 1, (2, 2000))
    sort = np.where(u * v > 0, "same", "other")
    table = pd.DataFrame(
        {"u": u, "v": v, "uv": u * v, "uu": u**2, "vv": v**2, "sort": sort}
    )
    holed, hole = with_holes(table)
    fitted = TableAutoencoder(AutoencoderTransformer(7, random_state=0)).fit(holed)
    floor = fitted._model.floor.fill(fitted.codec_.transform(holed))
    of_floor = fitted.codec_.inverse_transform(floor)
    filled, std = fitted.impute(holed, return_std=True)
    numbers = ["uv", "uu", "vv"]
    gone = hole[:, 2:5]
    error, error_of_floor = (
        (
            ((found[numbers] - table[numbers]) / table[numbers].std()).to_numpy()[gone] ** 2
        ).mean()
        for found in (filled, of_floor)
    )
    assert error < 0.75 * error_of_floor
    right, right_of_floor = (
        (found["sort"] == table["sort"])[hole[:, 5]].mean() for found in (filled, of_floor)
    )
    assert right > right_of_floor + 0.03
    within = (filled[numbers] - table[numbers]).abs() <= 1.645 * std[numbers]
    assert within.to_numpy()[gone].mean() == pytest.approx(0.9, abs=0.04)


def test_rows_of_one_group_are_not_held_out_from_each_other(mixed):
    holed, _ = with_holes(mixed)
    table = TableAutoencoder(PLAIN).fit(holed, groups=np.zeros(len(holed)))
    assert np.isnan(table.validation_score_)
    assert not table._model.filling.shares.any()
    halves = TableAutoencoder(AutoencoderTransformer(2, validation_fraction=0.5, **QUICK))
    halves.fit(holed, groups=np.arange(len(holed)) % 2)
    assert np.isfinite(halves.validation_score_)


def test_rows_given_for_validation_are_those_judged(mixed):
    holed, _ = with_holes(mixed)
    train, unseen = holed[::2], holed[1::2]
    table = TableAutoencoder(PLAIN).fit(train, X_val=unseen)
    assert table.validation_score_ == pytest.approx(table.score(unseen))
    assert table.pca_score_ < 1
