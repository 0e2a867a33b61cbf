"""The codec of frames: each kind of column there and back, and what it cannot take."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skae import TableCodec

N = 40


@pytest.fixture
def frame():
    """A frame of pandas with a column of each kind, some cells of which are missing."""
    rng = np.random.default_rng(0)
    choice = lambda levels: rng.choice(levels, N)  # noqa: E731
    table = pd.DataFrame(
        {
            "number": rng.normal(size=N),
            "whole": rng.integers(0, 9, N),
            "nullable": pd.array(rng.integers(0, 5, N), dtype="Int64"),
            "single": rng.normal(size=N).astype(np.float32),
            "category": pd.Categorical(choice(list("abc")), list("dabc")),
            "ordered": pd.Categorical(choice(["low", "high"]), ["low", "high"], True),
            "text": choice(["x", "y", ""]),
            "objects": choice(["x", "y"]).astype(object),
            "truth": rng.random(N) > 0.5,
            "date": pd.date_range("2020-01-01", periods=N, freq="40D"),
            "zone": pd.date_range("2020-01-01", periods=N, freq="7h", tz="Europe/Oslo"),
            "nano": pd.date_range("2020-01-01", periods=N, freq="7h").as_unit("ns"),
            "duration": pd.to_timedelta(rng.integers(0, 100, N), "h"),
            "day": [datetime.date(2020, 1, 1 + i % 28) for i in range(N)],
        },
        index=pd.MultiIndex.from_product([["left", "right"], range(N // 2)]),
    )
    for row, name in enumerate(table.columns.drop(["whole", "truth"])):
        table.iloc[row, table.columns.get_loc(name)] = None
    return table


def test_frame_comes_back_as_it_was(frame):
    codec = TableCodec().fit(frame)
    coded = codec.set_output(transform="pandas").transform(frame)
    back = codec.inverse_transform(coded)
    pd.testing.assert_frame_equal(back, frame, rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(codec)).transform(frame), coded)


def test_each_column_has_variance_one(frame):
    codec = TableCodec().fit(frame)
    variance = pd.Series(np.nanvar(codec.transform(frame), axis=0))
    source = [name.split("=")[0].split("_")[0] for name in codec.get_feature_names_out()]
    assert variance.groupby(source).sum().to_numpy() == pytest.approx(1)
    assert set(source) == set(frame.columns)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_come_back_as_they_were(library):
    table = pl.DataFrame(
        {
            "number": [1.5, None, 3.0, 2.0],
            "whole": [1, 2, None, 2],
            "text": ["a", "b", None, "b"],
            "truth": [True, None, False, True],
            "date": [datetime.date(2020, 1, 1), None, datetime.date(2021, 5, 3)] * 1
            + [datetime.date(2022, 1, 1)],
            "time": [datetime.datetime(2020, 1, day, 5) for day in (1, 2, 3, 4)],
            "duration": [datetime.timedelta(hours=h) for h in (1, 5, 9, 12)],
            "constant": [7, 7, 7, 7],
            "none": [None] * 4,
        }
    ).with_columns(
        zone=pl.col("time").dt.replace_time_zone("Europe/Oslo"),
        short=pl.col("whole").cast(pl.Int8),
    )
    if library == "polars":
        levels = pl.Series(["low", "high", None, "low"], dtype=pl.Enum(["low", "high"]))
        table = table.with_columns(
            ordered=levels, category=pl.col("text").cast(pl.Categorical)
        )
    else:
        pytest.importorskip("pyarrow")
        table = table.to_arrow()
    codec = TableCodec().fit(table)
    back = codec.inverse_transform(codec.transform(table))
    assert type(back) is type(table)
    if library == "polars":
        assert back.equals(table)
    else:  # narwhals makes no large strings
        assert back.to_pylist() == table.to_pylist()


def test_array_comes_back_as_an_array():
    X = np.array([[1.0, np.nan, 3.0], [2.0, 5.0, 3.0], [4.0, 1.0, 3.0]])
    codec = TableCodec().fit(X)
    np.testing.assert_allclose(codec.inverse_transform(codec.transform(X)), X)
    mixed = np.array([[1.0, "a"], [2.0, "b"], [None, None]], dtype=object)
    codec = TableCodec().fit(mixed)
    assert codec.kinds_ == {0: "number", 1: "category"}
    back = codec.inverse_transform(codec.transform(mixed))
    assert back[:2].tolist() == mixed[:2].tolist()
    assert pd.isna(back[2]).all()


def test_levels_that_are_rare_share_a_column():
    table = pd.DataFrame({"sort": ["a"] * 5 + ["b"] * 4 + ["c", "d"]})
    codec = TableCodec(min_frequency=2).fit(table)
    assert codec.get_feature_names_out().tolist() == ["sort=a", "sort=b", "sort=rare"]
    coded = codec.transform(table)
    assert (coded[-1] == coded[-2]).all()
    back = codec.inverse_transform(coded)["sort"]
    assert back.isna().tolist() == [False] * 9 + [True] * 2
    assert back[:9].equals(table["sort"][:9])
    alone = TableCodec(min_frequency=1).fit(table)
    assert len(alone.get_feature_names_out()) == 4
    assert alone.inverse_transform(alone.transform(table)).equals(table)


def test_unknown_level_is_missing():
    codec = TableCodec().fit(pd.DataFrame({"sort": list("aabb"), "x": [1.0, 2, 3, 4]}))
    coded = codec.transform(pd.DataFrame({"sort": ["z", None, "a"], "x": [1.0, 1, 1]}))
    assert np.isnan(coded[:, :2]).all(axis=1).tolist() == [True, True, False]


def test_quantiles_tame_heavy_tails():
    heavy = np.exp(3 * np.random.default_rng(0).normal(size=(500, 1)))
    plain, tame = TableCodec().fit(heavy), TableCodec(numeric="quantile").fit(heavy)
    assert np.abs(plain.transform(heavy)).max() > 10
    assert np.abs(tame.transform(heavy)).max() < 4
    assert tame.transform(heavy).var() == pytest.approx(1)
    np.testing.assert_allclose(tame.inverse_transform(tame.transform(heavy)), heavy)


def test_ordered_levels_are_coded_by_rank():
    cut = pd.Categorical(["low", "mid", "high", "mid"], ["low", "mid", "high"], True)
    codes = TableCodec().fit_transform(pd.DataFrame({"cut": cut}))[:, 0]
    assert codes.tolist() == pytest.approx([-(2**0.5), 0, 2**0.5, 0])


def test_date_tells_of_its_place_in_the_year():
    dates = pd.date_range("2000-01-01", "2020-01-01", freq="D")
    codec = TableCodec().fit(pd.DataFrame({"day": dates}))
    names = codec.get_feature_names_out().tolist()
    assert names[0] == "day"
    assert {"day_week_sin", "day_year_cos"} <= set(names)
    assert "day_day_sin" not in names
    same = pd.DataFrame({"day": pd.to_datetime(["2001-07-01", "2009-07-01"])})
    coded = codec.transform(same)[
        :, [names.index("day_year_sin"), names.index("day_year_cos")]
    ]
    np.testing.assert_allclose(coded[0], coded[1], atol=0.02)


def test_kinds_say_what_types_do_not():
    table = pd.DataFrame({"code": [1, 2, 3] * 4, "name": [f"row {i}" for i in range(12)]})
    codec = TableCodec(kinds={"code": "category", "name": "aside"}).fit(table)
    assert codec.kinds_ == {"code": "category", "name": "aside"}
    assert codec.get_feature_names_out().tolist() == ["code=1", "code=2", "code=3"]
    back = codec.inverse_transform(codec.transform(table))
    assert back["code"].equals(table["code"])
    assert back["name"].isna().all()


def test_constant_and_missing_columns_come_back():
    table = pd.DataFrame({"x": [1.0, 2, 3], "same": ["a"] * 3, "five": 5, "none": np.nan})
    codec = TableCodec().fit(table)
    assert codec.get_feature_names_out().tolist() == ["x"]
    pd.testing.assert_frame_equal(codec.inverse_transform(codec.transform(table)), table)


@pytest.mark.parametrize("n_levels", [300, 10_000])
def test_many_levels_are_refused_hashed_or_left_out(n_levels):
    table = pd.DataFrame({"id": [f"n{i}" for i in range(n_levels)], "x": range(n_levels)})
    with pytest.raises(
        ValueError, match=rf"'id' has {n_levels} levels.*many_levels='hash'"
    ):
        TableCodec().fit(table)
    assert TableCodec(many_levels="hash").fit_transform(table).shape == (n_levels, 33)
    assert TableCodec(many_levels="aside").fit_transform(table).shape == (n_levels, 1)
    assert TableCodec(kinds={"id": "aside"}).fit_transform(table).shape == (n_levels, 1)


def test_text_of_rare_levels_is_refused():
    often, once = ["a"] * 30 + ["b"] * 30, [f"n{i}" for i in range(40)]
    with pytest.raises(ValueError, match="'id' has 42 levels, 2 of them seen 2 times"):
        TableCodec().fit(pd.DataFrame({"id": often + once}))
    assert TableCodec().fit(pd.DataFrame({"id": often + once[:25]})).kinds_


def test_highest_number_of_levels_counts():
    table = pd.DataFrame({"sort": list("abcabc")})
    with pytest.raises(ValueError, match=r"'sort' has 3 levels.*max_levels=2"):
        TableCodec(max_levels=2).fit(table)


BAD = {
    "infinity": ({"x": [1.0, np.inf]}, "'x' contains infinity in row 1"),
    "mixed types": ({"x": [1, "a"]}, "'x' mixes values of the types int and str"),
    "complex": ({"x": [1j, 2j]}, "'x' holds 1j"),
    "lists": ({"x": [[1], [2]]}, r"'x' holds \[1\]"),
    "times of day": ({"x": [datetime.time(1), datetime.time(2)]}, "'x' holds datetime"),
    "periods": ({"x": pd.period_range("2020", periods=2, freq="Y")}, "'x' holds Period"),
    "no rows": ({"x": []}, "0 sample"),
}


@pytest.mark.parametrize(("columns", "message"), BAD.values(), ids=BAD.keys())
def test_column_that_cannot_be_coded_is_named(columns, message):
    codec = TableCodec()
    with pytest.raises(ValueError, match=message):
        codec.fit(pd.DataFrame(columns))
    assert vars(codec) == vars(TableCodec())


def test_names_that_are_double_or_of_levels_are_refused():
    with pytest.raises(ValueError, match="more than one column 'a'"):
        TableCodec().fit(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]))
    levels = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    with pytest.raises(ValueError, match="names of 2 levels"):
        TableCodec().fit(pd.DataFrame([[1, 2], [3, 4]], columns=levels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[["b", "a"]], "order"),
        (lambda t: t[["a"]], "missing"),
        (lambda t: t.assign(c=1), "unseen"),
        (lambda t: t.assign(a=["x", "y"]), "'a' holds text.*held numbers in fit"),
        (lambda t: t.assign(b=[1, 2]), "'b' holds numbers, but held text"),
        (lambda t: t.assign(a=[1.0, np.inf]), "'a' contains infinity"),
    ],
    ids=["order", "fewer", "more", "text", "numbers", "infinity"],
)
def test_other_columns_than_in_fit_are_refused(change, message):
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["u", "v"]})
    codec = TableCodec().fit(table)
    with pytest.raises(ValueError, match=message):
        codec.transform(change(table))
    assert codec.transform(table[:0]).shape == (0, 3)


@pytest.mark.parametrize("kinds", [{"a": "colour"}, {"z": "number"}])
def test_kinds_that_do_not_fit_are_refused(kinds):
    with pytest.raises(ValueError, match="kinds"):
        TableCodec(kinds=kinds).fit(pd.DataFrame({"a": [1, 2]}))


def test_missing_values_of_all_sorts_are_missing():
    cells = [1.0, None, np.nan, pd.NA, pd.NaT, 2.0]
    coded = TableCodec().fit_transform(pd.DataFrame({"x": cells}))
    assert np.isnan(coded[:, 0]).tolist() == [False, True, True, True, True, False]


def test_codec_is_a_step_of_scikit_learn(frame):
    columns = ColumnTransformer(
        [("table", TableCodec(), ["text", "date"]), ("rest", StandardScaler(), ["number"])],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    made = columns.fit_transform(frame)
    assert {"text=x", "date_year_sin", "number"} <= set(made.columns)
    assert made.index.equals(frame.index)
    assert clone(TableCodec(min_frequency=3)).min_frequency == 3


CHECKS = list(estimator_checks_generator(TableCodec(), mark="xfail"))


@pytest.mark.parametrize(
    ("estimator", "check"),
    CHECKS,
    ids=lambda value: getattr(getattr(value, "func", None), "__name__", ""),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_check_passes(estimator, check):
    check(estimator)
