"""Frames that people have: each is taken, or refused in one sentence."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skae import AutoencoderTransformer, TableAutoencoder
from skae._columns._frames import Dtype, of_types_of

pytestmark = pytest.mark.usefixtures("without_xla")
N = 60
QUICK = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
TABLE = TableAutoencoder(AutoencoderTransformer(1, **QUICK))


def numbers(seed=0):
    x = np.random.default_rng(seed).normal(size=N)
    return pd.DataFrame({"x": x, "y": x + 0.1 * np.sin(np.arange(N))})


def levels(name="sort", of=("a", "b", "c")):
    return pd.DataFrame({name: np.resize(np.array(of, dtype=object), N)})


def holed(column):
    """Return a column beside numbers, every fifth cell of which is missing."""
    table = numbers()
    table["z"] = column
    table.loc[::5, "z"] = None
    return table


TAKEN = {
    "categories alone": levels().assign(other=np.resize(["u", "v"], N)),
    "unused levels": holed(pd.Categorical(np.resize(["a", "b"], N), list("abcd"))),
    "pd.NA": holed(pd.array(np.resize([1, 2, 3], N), dtype="Int64")),
    "nullable truth values": holed(pd.array(np.resize([True, False], N), dtype="boolean")),
    "string dtype": holed(pd.array(np.resize(["a", "b"], N), dtype="string")),
    "None": holed(np.resize(np.array(["a", "b", None], dtype=object), N)),
    "empty strings": holed(np.resize(np.array(["a", ""], dtype=object), N)),
    "time zones": holed(pd.date_range("2020", periods=N, freq="5h", tz="Asia/Tokyo")),
    "nanoseconds": holed(pd.date_range("2020", periods=N, freq="5h").as_unit("ns")),
    "durations": holed(pd.to_timedelta(np.arange(N), "m")),
    "float32": holed(np.arange(N, dtype=np.float32)),
    "an offset": holed(np.arange(N) + 1e12),
    "huge numbers": holed(np.arange(N) * 1e160),
    "labels that are no text": numbers().rename(columns={"x": 0, "y": 1}),
    "a MultiIndex": numbers().set_index(pd.MultiIndex.from_product([range(6), range(10)])),
    "a double index": numbers().set_index(np.zeros(N, dtype=int)),
    "a missing column": numbers().assign(z=np.nan, w=None),
    "constant columns with holes": holed(np.full(N, "a", dtype=object)),
}


@pytest.mark.parametrize("table", TAKEN.values(), ids=TAKEN.keys())
def test_frame_is_taken_and_filled(table):
    before = table.copy()
    fitted = clone(TABLE).fit(table)
    filled = fitted.impute(table)
    assert filled.dtypes.equals(table.dtypes)
    assert filled.index.equals(table.index)
    assert filled.columns.equals(table.columns)
    can_be_filled = table.columns[table.notna().any()]
    assert not filled[can_be_filled].isna().any().any()
    there = table.notna()
    for name in can_be_filled:
        assert filled[name][there[name].to_numpy()].equals(
            table[name][there[name].to_numpy()]
        )
    back = fitted.reconstruct(table)
    assert back.index.equals(table.index)
    assert np.isfinite(fitted.score(table))
    pd.testing.assert_frame_equal(table, before)


def test_text_in_buckets_of_which_some_are_empty_is_taken():
    rooms = [f"room {i}" for i in range(N // 3)] * 3  # fewer than there are buckets
    table = clone(TABLE).set_params(many_levels="hash", max_levels=3)
    table.fit(numbers().assign(room=rooms))
    assert (table.codec_._columns[2].code.shares == 0).any()
    assert np.isfinite(table.autoencoder_.history_["loss"]).all()


def arrow_columns():
    """Return columns of Arrow with holes, whose types say more than narwhals'."""
    pa = pytest.importorskip("pyarrow")
    whole = [None if i % 5 == 0 else i for i in range(N)]
    text = [None if i is None else "ab"[i % 2] for i in whole]
    return {
        "dictionary": pa.array(text).dictionary_encode(),
        "large text": pa.array(text, pa.large_string()),
        "decimal": pa.array(whole, pa.int64()).cast(pa.decimal128(38, 2)),
        "large": pa.array([None if i is None else 2**62 + i for i in whole]),
        "days": pa.array(whole, pa.int32()).cast(pa.date32()),
    }


@pytest.mark.parametrize("kind", ["dictionary", "large text", "decimal", "large", "days"])
def test_types_of_arrow_stay(kind):
    pa = pytest.importorskip("pyarrow")
    column = arrow_columns()[kind]
    table = pa.table({"x": numbers()["x"], "y": numbers()["y"], "z": column})
    fitted = clone(TABLE).fit(table)
    filled = fitted.impute(table)
    assert filled.schema == table.schema
    assert filled["z"].null_count == 0
    there = column.is_valid()
    assert filled["z"].filter(there).to_pylist() == column.filter(there).to_pylist()
    assert fitted.reconstruct(table).schema == table.schema
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    of_frame = clone(TABLE).fit(frame).impute(frame)
    assert of_frame.dtypes.equals(frame.dtypes)
    assert of_frame["z"].tolist() == filled["z"].to_pylist()


@pytest.mark.parametrize("kind", ["numbers", "truth values", "runs"])
def test_arrow_may_write_numbers_by_dictionary_or_in_runs(kind):
    pa = pytest.importorskip("pyarrow")
    pc = pytest.importorskip("pyarrow.compute")
    whole = np.resize(np.repeat(np.arange(4), 3), N)
    cells = whole % 2 == 1 if kind == "truth values" else whole.astype(float)
    plain = pa.array(cells, mask=np.arange(N) % 5 == 0)
    written = pc.run_end_encode(plain) if kind == "runs" else plain.dictionary_encode()
    table = pa.table({"x": numbers()["x"], "y": numbers()["y"], "z": plain})
    other = table.set_column(2, "z", written)
    fitted = [clone(TABLE).fit(each) for each in (table, other)]
    assert np.array_equal(*(each.transform(other) for each in fitted))
    assert fitted[0].impute(table).equals(fitted[1].impute(other))
    assert fitted[0].reconstruct(table).equals(fitted[1].reconstruct(other))


@pytest.mark.parametrize("library", ["arrow", "pandas", "polars"])
@pytest.mark.parametrize("kind", ["timestamp", "duration"])
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_come_back_in_the_unit_in_which_they_were_noted(kind, unit, library):
    """Whole seconds stay whole ones, also in a type that has microseconds."""
    pa = pytest.importorskip("pyarrow")
    seconds = np.arange(N, dtype=np.int64) ** 2 * 1009
    made = {"timestamp": pa.timestamp, "duration": pa.duration}[kind]
    times = pa.array(seconds, made("s"), mask=np.arange(N) % 5 == 0).cast(made(unit))
    table = pa.table({"x": numbers()["x"], "y": numbers()["y"], "z": times})
    if library == "pandas":
        table = table.to_pandas()
    elif library == "polars":
        table = pytest.importorskip("polars").from_arrow(table)
    fitted = clone(TABLE).fit(table)
    for answer in (fitted.impute(table), fitted.reconstruct(table)):
        cells = pd.Series(answer["z"].to_numpy())
        micro = cells.to_numpy().astype(f"{cells.dtype.kind}8[us]").view(np.int64)
        assert not np.any(micro % 1_000_000)


@pytest.mark.parametrize("kind", ["int8", "Int8", "int8[pyarrow]", "polars", "arrow"])
def test_whole_numbers_stay_in_the_range_of_their_type(kind):
    """A reconstruction of 137 must not come back as -119, nor fail."""
    near_the_end = np.clip(100 + 30 * np.random.default_rng(0).normal(size=N), 0, 127)
    frame = numbers().assign(z=near_the_end.astype("int8"))
    if kind == "polars":
        table = pytest.importorskip("polars").from_pandas(frame)
    elif kind == "arrow":
        table = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    else:
        pytest.importorskip("pyarrow")
        table = frame.astype({"z": kind})
    back = clone(TABLE).fit(table).reconstruct(table)
    kinds = [str(getattr(made["z"], "dtype", made["z"])) for made in (table, back)]
    if kind == "arrow":
        kinds = [str(made["z"].type) for made in (table, back)]
    assert kinds[0] == kinds[1]
    cells = np.array(back["z"].to_numpy(), dtype=float)
    assert np.abs(cells - frame["z"]).max() < 100


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("name", ["int", "uint"])
def test_ends_of_whole_types_are_whole_numbers_of_the_type(name, bits):
    dtype = Dtype(f"{name}{bits}")
    low, high = dtype.whole(np.array([-1e30, 1e30]))
    limits = np.iinfo(dtype.name)
    assert int(low) == limits.min
    assert limits.max * (1 - 1e-9) <= int(high) <= limits.max


@pytest.mark.parametrize("library", ["arrow", "pandas", "polars"])
def test_decimals_keep_their_digits(library):
    pa = pytest.importorskip("pyarrow")
    given = np.round(5 + numbers()["x"].rank(pct=True).to_numpy(), 2)
    column = pa.array(np.where(np.arange(N) % 5, given, np.nan), from_pandas=True)
    column = column.cast(pa.decimal128(5, 2))
    table = pa.table({"x": numbers()["x"], "y": numbers()["y"], "z": column})
    if library == "pandas":
        table = table.to_pandas(types_mapper=pd.ArrowDtype)
    elif library == "polars":
        table = pytest.importorskip("polars").from_arrow(table)
    fitted = clone(TABLE).fit(table)
    for made in (fitted.impute(table), fitted.reconstruct(table)):
        cells = np.array([float(cell) for cell in made["z"].to_numpy()])
        assert len(np.unique(cells[::5] % 1)) > 2


def test_number_too_large_for_its_decimal_comes_back_as_it_is():
    pa = pytest.importorskip("pyarrow")
    given = pa.table({"x": pa.array([1.5]).cast(pa.decimal128(3, 2)), "y": [1]})
    made = of_types_of(given, pa.table({"x": [12.5], "y": [2.0]}))
    assert made.to_pydict() == {"x": [12.5], "y": [2]}
    assert made.schema.field("y") == given.schema.field("y")


def test_lazy_frame_is_collected():
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(numbers())
    fitted = clone(TABLE).fit(frame.lazy())
    np.testing.assert_array_equal(fitted.transform(frame.lazy()), fitted.transform(frame))
    assert fitted.impute(frame.lazy()).equals(frame)


REFUSED = {
    "missing cells alone": (pd.DataFrame({"x": [None] * 5, "y": np.nan}), "no column that"),
    "one row": (numbers()[:1], "n_samples=1 and no column that varies"),
    "no rows": (numbers()[:0], "0 sample"),
    "infinity": (numbers().replace(numbers()["x"][3], np.inf), "'x' contains infinity"),
    "mixed types": (numbers().assign(z=[1, "a"] * (N // 2)), "'z' mixes values"),
    "double names": (numbers().set_axis(["x", "x"], axis=1), "more than one column 'x'"),
    "many levels": (
        pd.DataFrame({"id": [f"n{i}" for i in range(10_000)], "x": range(10_000)}),
        "'id' has 10000 levels",
    ),
}


@pytest.mark.parametrize(("table", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_frame_is_refused_in_one_sentence(table, message):
    estimator = clone(TABLE)
    with pytest.raises(ValueError, match=message) as caught:
        estimator.fit(table)
    assert str(caught.value).count(". ") <= 1
    assert not hasattr(estimator, "autoencoder_")


@pytest.fixture(scope="module")
def fitted():
    """A table autoencoder of numbers and levels."""
    return clone(TABLE).fit(numbers().join(levels()))


@pytest.mark.parametrize("method", ["transform", "impute", "reconstruct", "cell_scores"])
def test_no_rows_give_none(fitted, method):
    assert len(getattr(fitted, method)(numbers().join(levels())[:0])) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[["sort", "x", "y"]], "order"),
        (lambda t: t.drop(columns="x"), "missing"),
        (lambda t: t.assign(more=1), "unseen"),
        (lambda t: t.assign(x="a"), "'x' holds text"),
        (lambda t: t.assign(sort=1.5), "'sort' holds numbers"),
    ],
    ids=["order", "fewer", "more", "text", "numbers"],
)
def test_other_columns_are_refused(fitted, change, message):
    with pytest.raises(ValueError, match=message):
        fitted.transform(change(numbers().join(levels())))


def test_level_never_seen_stays_and_counts_as_missing(fitted):
    table = numbers().join(levels())[:3]
    strange = table.assign(sort=["z", "a", None])
    assert fitted.impute(strange)["sort"].tolist()[:2] == ["z", "a"]
    codes = fitted.transform(strange)
    np.testing.assert_allclose(codes[0], fitted.transform(table.assign(sort=None))[0])
    assert fitted.cell_scores(strange)["sort"].isna().tolist() == [True, False, True]


def test_row_of_nothing_gets_what_is_usual(fitted):
    table = numbers().join(levels())
    nothing = table[:1].astype({"sort": object}).copy()
    nothing.loc[0] = [np.nan, np.nan, None]
    filled = fitted.impute(nothing)
    assert filled["x"].iloc[0] == pytest.approx(table["x"].mean(), abs=0.1)
    assert filled["sort"].iloc[0] in ("a", "b", "c")
