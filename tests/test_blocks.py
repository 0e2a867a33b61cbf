"""Tables in blocks: the same numbers wherever they begin, and never all rows at once."""

import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.dataset
import pytest
import zarr
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderDetector,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
)
from skae._data import _stream, _validation
from skae._data._arrays import ArrayBlocks
from skae._data._moments import Moments, principal_components_of
from skae._data._pca import principal_components
from skae._data._stream import Rule, Stream
from skae._fits import _defaults
from skae._models._references import KeptRows
from skae.blocks import RowBlocks, as_blocks

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 3, "hidden_layer_sizes": (16,), "random_state": 0}


@pytest.fixture
def streamed(monkeypatch):
    """Take any table in blocks for one that memory does not hold."""
    monkeypatch.setattr(_validation, "AT_ONCE_VALUES", 0)


class Own:
    """Blocks of one's own: no more than the protocol."""

    def __init__(self, parts):
        self.parts = parts
        self.shape = sum(map(len, parts)), parts[0].shape[1]
        self.n_blocks = len(parts)
        self.n_read = 0

    def block(self, i):
        self.n_read += 1
        return self.parts[i]


def in_blocks(X, n_blocks):
    return ArrayBlocks(X, -(-len(X) // n_blocks))


def curved(n_rows, seed=0):
    """Rows about a curved surface of two dimensions, sorted by their first column."""
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(-1, 1, (2, n_rows))
    mixing = np.random.default_rng(100).normal(size=(5, 10))
    X = np.column_stack([u, v, 2 * u * v, 2 * u**2 - 0.66, 2 * v**2 - 0.66]) @ mixing
    X += 0.1 * rng.normal(size=X.shape)
    return X[np.argsort(X[:, 0])].astype(np.float32)


def moments_of(blocks):
    return blocks.reduced(lambda rows, i: Moments.of(rows), Moments.merged)


# Moments and principal components.


@pytest.mark.parametrize("n_blocks", [1, 10, 1000])
def test_principal_components_of_blocks_equal_scikit_learn(n_blocks):
    rng = np.random.default_rng(0)
    X = rng.normal(3, 1, (5000, 12)) @ rng.normal(size=(12, 12)) + 100 * np.arange(12)
    blocks, expected = in_blocks(X, n_blocks), PCA(6, svd_solver="full").fit(X)
    found = principal_components_of(moments_of(blocks), 6, blocks)
    for name, value in [
        ("mean", expected.mean_),
        ("components", expected.components_),
        ("explained_variance", expected.explained_variance_),
        ("explained_variance_ratio", expected.explained_variance_ratio_),
        ("column_scale", X.std(axis=0)),
    ]:
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-170, 1e9, 1e153])
def test_principal_components_of_blocks_are_found_beside_a_huge_column(scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 7)) * np.array([scale, *np.ones(6)])
    found = principal_components_of(moments_of(in_blocks(X, 7)), 3, in_blocks(X, 7))
    expected = principal_components(X, 3)
    np.testing.assert_allclose(found.components, expected.components, atol=1e-9)
    np.testing.assert_allclose(found.deviation, expected.deviation, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-170, 1e153])
def test_moments_of_tiny_and_huge_numbers_are_those_of_ordinary_ones(unit):
    X = np.random.default_rng(0).normal(size=(300, 4))
    found = principal_components_of(moments_of(in_blocks(X * unit, 7)), 2, None)
    expected = principal_components(X, 2)
    np.testing.assert_allclose(found.components, expected.components, atol=1e-9)
    np.testing.assert_allclose(found.deviation, expected.deviation * unit)


def test_constant_blocks_have_no_components():
    blocks = in_blocks(np.full((50, 3), 0.1), 7)
    found = principal_components_of(moments_of(blocks), 2, blocks)
    assert len(found.components) == 0
    assert not found.column_scale.any()
    assert (found.mean == 0.1).all()


# Which rows validate, and in which order the others come.


def test_validation_rows_do_not_depend_on_the_blocks():
    X, seed = np.arange(20_000.0).reshape(-1, 2), np.random.SeedSequence(3)
    found = []
    for n_blocks in 1, 7, 1000:
        blocks = in_blocks(X, n_blocks)
        rule = Rule.of(blocks, 0.1, seed)
        masks = [rule.split(i, len(block)) for i, block in enumerate(blocks)]
        found.append(np.hstack(masks))
    assert all((masks == found[0]).all() for masks in found)
    held_out, sampled = found[0]
    assert abs(held_out.mean() - 0.1) < 0.01
    assert not (held_out & sampled).any()
    places = np.flatnonzero(held_out)  # spread evenly, not in a rhythm
    assert abs(np.corrcoef(places[:-1], np.diff(places))[0, 1]) < 0.1


def test_rows_held_in_memory_are_bounded(monkeypatch):
    monkeypatch.setattr(_stream, "HELD_VALUES", 1000)
    blocks = in_blocks(np.zeros((20_000, 2)), 10)
    rule = Rule.of(blocks, 0.5, np.random.SeedSequence(0))
    masks = np.hstack([rule.split(i, len(block)) for i, block in enumerate(blocks)])
    assert (np.abs(masks.sum(axis=1) - 500) < 100).all()


def stream_of(X, n_blocks, fraction=0.0, **kwargs):
    blocks = in_blocks(X, n_blocks)
    rule = Rule.of(blocks, fraction, np.random.SeedSequence(0))
    watched = np.empty(0, np.uint64)
    return Stream(blocks, rule, np.zeros(X.shape[1]), 1.0, watched, **kwargs)


@pytest.mark.parametrize("buffer_rows", [100, 100_000])
def test_each_row_of_a_whole_stream_comes_once(monkeypatch, buffer_rows):
    monkeypatch.setattr(_stream, "BUFFER_VALUES", 2 * buffer_rows)
    X = np.arange(6000.0).reshape(-1, 2)
    stream = stream_of(X, 7, is_whole=True)
    parts = stream.shuffled(range(3000), 64, 1, np.random.default_rng(0))
    rows = np.concatenate([part.rows(index) for part, index in parts])
    assert (rows[:, 0] != X[:, 0]).any()
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], X)


@pytest.mark.parametrize("n_blocks", [1, 100])
def test_stream_of_sorted_rows_is_mixed(monkeypatch, n_blocks):
    monkeypatch.setattr(_stream, "BUFFER_VALUES", 2000)
    X = np.sort(np.random.default_rng(0).uniform(size=(100_000, 1)), axis=0)
    stream = stream_of(X, n_blocks, fraction=0.1)
    parts = stream.shuffled(range(5000), 500, 4, np.random.default_rng(0))
    means = [part.rows(index).mean() for part, index in parts]
    assert len(means) == 40
    assert np.std(means) < 0.1  # of rows as they come, 0.29; of independent ones, 0.013
    assert abs(np.mean(means) - 0.5) < 0.02


def test_validation_rows_never_train():
    X = np.arange(4000.0).reshape(-1, 1)
    stream = stream_of(X, 10, fraction=0.2)
    held_out = np.hstack([stream.rule.split(i, 400)[0] for i in range(10)])
    parts = stream.shuffled(range(1000), 100, 30, np.random.default_rng(0))
    seen = np.unique(np.concatenate([part.rows(index) for part, index in parts]))
    np.testing.assert_array_equal(seen, X[~held_out, 0])


def test_next_block_is_read_while_one_is_used():
    own = Own(list(np.zeros((5, 10, 2))))
    blocks = iter(as_blocks(own))
    next(blocks)
    for _ in range(1000):
        if own.n_read == 2:
            break
        np.zeros(100_000).sum()
    assert own.n_read == 2
    blocks.close()
    assert own.n_read == 2


# Fits.


@pytest.mark.parametrize("n_blocks", [10, 400])
def test_fit_of_blocks_is_as_good_as_one_in_memory(streamed, n_blocks):
    X, unseen = curved(4000), curved(2000, seed=1)
    settings = {"hidden_layer_sizes": (32, 16), "max_epochs": 20, "random_state": 0}
    in_memory = AutoencoderTransformer(2, **settings).fit(X)
    found = AutoencoderTransformer(2, **settings).fit(in_blocks(X, n_blocks))
    assert found.best_epoch_ > 0
    assert found.score(unseen) == pytest.approx(in_memory.score(unseen), abs=0.005)
    assert found.score(unseen) > r2_of_pca(X, unseen, 2) + 0.2
    assert found.pca_score_ == pytest.approx(r2_of_pca(X, unseen, 2), abs=0.05)
    np.testing.assert_allclose(found.mean_, in_memory.mean_, atol=1e-6)
    np.testing.assert_array_equal(found._model.bounds.low, X.min(axis=0))
    codes = found.transform(X)
    assert abs(np.corrcoef(codes.T)[0, 1]) < 0.02


def test_fit_of_blocks_gives_the_same_bits_again(streamed):
    X = curved(2000)
    first, second = (
        AutoencoderTransformer(3, **QUICK).fit(in_blocks(X, 10)).transform(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_fit_of_a_small_table_in_blocks_is_that_in_memory():
    X = curved(500)
    found = AutoencoderTransformer(3, **QUICK).fit(in_blocks(X, 10))
    expected = AutoencoderTransformer(3, **QUICK).fit(X)
    np.testing.assert_array_equal(found.transform(X), expected.transform(X))


def test_streamed_fit_keeps_pca_where_no_network_wins(streamed):
    X = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)
    found = AutoencoderTransformer(2, **QUICK | {"max_epochs": 40}).fit(in_blocks(X, 6))
    assert found.best_epoch_ == 0
    assert found.validation_score_ == pytest.approx(found.pca_score_)


def test_streamed_fit_is_not_fooled_by_copies(streamed):
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 12))

    def make(n):
        return rng.normal(size=(n, 3)) @ W + 0.3 * rng.normal(size=(n, 12))

    X, unseen = np.repeat(make(60), 5, axis=0), make(2000)
    found = AutoencoderTransformer(3, max_epochs=200, random_state=0).fit(in_blocks(X, 10))
    assert found.score(unseen) >= 1 - 1.001 * (1 - r2_of_pca(X, unseen))


def r2_of_pca(X, unseen, n_components=3):
    pca = PCA(n_components).fit(X)
    error = ((pca.inverse_transform(pca.transform(unseen)) - unseen) ** 2).sum()
    return 1 - error / ((unseen - unseen.mean(axis=0)) ** 2).sum()


@pytest.mark.parametrize(
    "estimator",
    [
        DenoisingAutoencoder(3, noise="swap", **QUICK),
        DenoisingAutoencoder(3, noise="salt_and_pepper", noise_level=0.1, **QUICK),
        SparseAutoencoder(12, **QUICK),
    ],
    ids=["swap", "salt_and_pepper", "sparse"],
)
def test_other_autoencoders_take_blocks(streamed, estimator):
    X = curved(3000)
    found = clone(estimator).fit(in_blocks(X, 10))
    expected = clone(estimator).fit(X)
    assert found.score(X) == pytest.approx(expected.score(X), abs=0.05)


def test_partial_fit_of_blocks_goes_on(streamed):
    X = curved(3000)
    found = AutoencoderTransformer(3, **QUICK)
    for n_epochs in 1, 2, 3, 4:
        found.partial_fit(in_blocks(X, 10))
        assert found.n_epochs_ == n_epochs
    assert found.history_["loss"][-1] < found.history_["loss"][0]
    np.testing.assert_allclose(found.mean_, X.mean(axis=0), atol=1e-5)
    assert found._kept_rows.n_seen == 4 * 3000


def test_x_val_chooses_the_epoch_of_a_streamed_fit(streamed):
    X, X_val = curved(2000), curved(300, seed=1)
    found = AutoencoderTransformer(3, **QUICK).fit(in_blocks(X, 10), X_val=X_val)
    assert found.validation_score_ == pytest.approx(found.score(X_val))


def test_noise_fades_with_all_rows_and_not_with_their_sample(streamed, monkeypatch):
    asked = []
    monkeypatch.setattr(_defaults, "input_noise", lambda pca, n: asked.append(n) or 0.0)
    monkeypatch.setattr(_stream, "HELD_VALUES", 1000)
    AutoencoderTransformer(2, **QUICK).fit(in_blocks(curved(2000), 10))
    assert abs(asked[0] - 1900) < 50


def test_rows_kept_of_a_sample_count_for_all_behind_it():
    first = KeptRows.of(np.zeros((3000, 1)), n_behind=30_000)
    both = KeptRows.of(np.ones((30_000, 1)), before=first)
    assert both.n_seen == 60_000
    assert abs(both.rows.mean() - 0.5) < 0.06


def test_x_val_may_come_in_blocks():
    X, X_val = curved(200), curved(50, seed=1)
    found, expected = (
        AutoencoderTransformer(3, **QUICK).fit(X, X_val=rows)
        for rows in (in_blocks(X_val, 3), X_val)
    )
    assert found.validation_score_ == expected.validation_score_


# What comes in blocks.


@pytest.fixture
def frame():
    return pd.DataFrame(curved(200), columns=list("abcdefghij"))


def as_parquet(frame):
    frame.to_parquet("table.parquet", row_group_size=30)
    return "table.parquet"


def as_folder(frame):
    Path("folder").mkdir()
    for i, start in enumerate(range(0, 200, 80)):
        frame[start : start + 80].to_parquet(f"folder/{i}.parquet")
    return Path("folder")


def as_dataset(frame):
    return pyarrow.dataset.dataset(as_folder(frame), format="parquet")


def as_files(frame):
    return sorted(as_folder(frame).iterdir())


def as_npy(frame):
    np.save("table.npy", frame.to_numpy())
    return "table.npy"


def as_memory_map(frame):
    return as_blocks(np.load(as_npy(frame), mmap_mode="r"), 40)


def as_zarr(frame):
    array = zarr.create_array("t.zarr", shape=frame.shape, chunks=(30, 10), dtype="f4")
    array[:] = frame.to_numpy()
    return array


def as_zarr_path(frame):
    as_zarr(frame)
    return Path("t.zarr")


def as_hdf5(frame):
    return h5py.File("t.h5", "w").create_dataset("X", data=frame.to_numpy(), chunks=(9, 10))


def as_own(frame):
    X = frame.to_numpy()
    return Own([X[:50], X[50:50], X[50:]])


def as_own_frames(frame):
    own = Own([frame[:50], frame[50:]])
    own.feature_names = list(frame.columns)
    return own


NAMED = [as_parquet, as_folder, as_dataset, as_files, as_own_frames]
KINDS = [*NAMED, as_npy, as_memory_map, as_zarr, as_zarr_path, as_hdf5, as_own]


@pytest.mark.parametrize("make", KINDS)
def test_each_kind_of_blocks_is_the_table(streamed, frame, make):
    blocks = as_blocks(make(frame))
    assert blocks.shape == frame.shape
    assert blocks.counts == [len(block) for block in blocks]
    np.testing.assert_array_equal(np.asarray(blocks), frame.to_numpy())
    assert blocks.feature_names == (list(frame.columns) if make in NAMED else None)


@pytest.mark.parametrize("make", KINDS)
def test_each_kind_of_blocks_is_fitted_encoded_and_judged(streamed, frame, make):
    table, X = make(frame), frame if make in NAMED else frame.to_numpy()
    found = AutoencoderTransformer(3, **QUICK).fit(table)
    assert hasattr(found, "feature_names_in_") == (make in NAMED)
    codes = found.transform(table)
    assert isinstance(codes, RowBlocks)
    np.testing.assert_allclose(np.asarray(codes), found.transform(X), rtol=1e-5)
    assert found.score(table) == pytest.approx(found.score(X))
    for ask in found.score_samples, found.reconstruction_error:
        np.testing.assert_allclose(ask(table), ask(X), rtol=1e-4)
    cells = found.reconstruction_error(table, per_feature=True)
    expected = found.reconstruction_error(X, per_feature=True)
    np.testing.assert_allclose(np.asarray(cells), expected, rtol=1e-3, atol=1e-9)


def test_index_of_a_frame_is_no_column(frame):
    frame.index = [f"row {i}" for i in range(len(frame))]
    frame.to_parquet("table.parquet")
    assert as_blocks("table.parquet").feature_names == list(frame.columns)


@pytest.mark.parametrize(
    ("column", "dtype"), [("int8", "float64"), ("bool", "float64"), ("float32", "float32")]
)
def test_columns_of_parquet_become_floats(column, dtype):
    frame = pd.DataFrame({"a": np.float32([1, 0, 1]), "b": np.array([0, 1, 1], column)})
    frame.to_parquet("table.parquet")
    (block,) = as_blocks("table.parquet")
    assert block.dtype == dtype
    np.testing.assert_array_equal(block, frame.to_numpy(float))


def test_estimators_without_streams_read_a_small_table_at_once(frame):
    y = frame["a"] > 0
    path = as_parquet(frame)
    classifier = AutoencoderClassifier(max_epochs=2, random_state=0).fit(path, y)
    expected = AutoencoderClassifier(max_epochs=2, random_state=0).fit(frame, y)
    np.testing.assert_array_equal(classifier.predict(path), expected.predict(frame))


# Lazy results.


def test_codes_are_made_when_they_are_asked_for():
    own = Own(list(curved(400).reshape(10, 40, 10)))
    autoencoder = AutoencoderTransformer(3, **QUICK).fit(np.concatenate(own.parts))
    codes = autoencoder.transform(own)
    assert own.n_read == 0
    assert codes.n_features == 3
    np.testing.assert_array_equal(codes.block(4), autoencoder.transform(own.parts[4]))
    assert own.n_read == 1


def test_codes_go_to_parquet_in_one_line(frame):
    autoencoder = AutoencoderTransformer(3, **QUICK).fit(frame)
    autoencoder.transform(as_parquet(frame)).to_parquet("codes.parquet")
    codes = pd.read_parquet("codes.parquet")
    assert list(codes) == list(autoencoder.get_feature_names_out())
    np.testing.assert_allclose(codes, autoencoder.transform(frame), rtol=1e-5)
    assert len(as_blocks("codes.parquet").counts) == len(as_blocks("table.parquet").counts)
    np.testing.assert_allclose(
        autoencoder.transform("table.parquet").block(1), codes[30:60], rtol=1e-6
    )


def test_failure_leaves_no_file(frame):
    frame.iloc[150, 2] = np.nan
    autoencoder = AutoencoderTransformer(3, **QUICK).fit(frame[:100])
    with pytest.raises(ValueError, match=r"Block 5 of X contains NaN.* in column 'c'"):
        autoencoder.transform(as_parquet(frame)).to_parquet("codes.parquet")
    assert [path.name for path in Path().iterdir()] == ["table.parquet"]


def test_scaler_is_mapped_over_blocks(streamed):
    blocks, scaler = in_blocks(curved(2000) * np.float32(1 + np.arange(10)), 10), None
    scaler = StandardScaler()
    for block in blocks:
        scaler.partial_fit(block)
    scaled = blocks.map(scaler.transform)
    X = np.asarray(blocks)
    expected = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(np.asarray(scaled), expected, atol=1e-4)
    found = AutoencoderTransformer(3, **QUICK).fit(scaled)
    np.testing.assert_allclose(found.mean_, 0, atol=1e-4)


def test_frames_are_given_where_set_output_asks_for_them(frame):
    autoencoder = AutoencoderTransformer(3, **QUICK).fit(frame)
    expected = autoencoder.transform(frame)
    codes = autoencoder.set_output(transform="pandas").transform(as_parquet(frame))
    assert isinstance(codes, pd.DataFrame)
    np.testing.assert_allclose(codes, expected, rtol=1e-5)


# Faults.


def test_blocks_without_rows_are_passed_over(streamed):
    X = curved(300)
    parts = [X[:0], X[:100], X[100:100], X[100:], X[:0]]
    found = AutoencoderTransformer(3, **QUICK).fit(Own(parts))
    assert found.score(Own(parts)) == pytest.approx(found.score(X))
    assert len(found.score_samples(Own(parts))) == 300
    codes = found.transform(Own(parts))
    assert codes.block(0).shape == (0, 3)
    np.testing.assert_allclose(np.asarray(codes), found.transform(X), rtol=1e-5)


def test_table_without_rows_is_refused():
    own = Own([np.empty((0, 3))])
    with pytest.raises(ValueError, match="0 sample"):
        AutoencoderTransformer(2).fit(own)
    autoencoder = AutoencoderTransformer(2, **QUICK).fit(np.eye(3))
    with pytest.raises(ValueError, match="has no rows"):
        autoencoder.score(own)


@pytest.mark.parametrize("at_once", [0, 1 << 24], ids=["streamed", "at once"])
def test_missing_value_is_named_by_its_block_and_column(monkeypatch, frame, at_once):
    monkeypatch.setattr(_validation, "AT_ONCE_VALUES", at_once)
    frame.iloc[100, 3] = np.nan
    found = AutoencoderTransformer(3, **QUICK)
    before = dict(vars(found))
    with pytest.raises(ValueError, match=r"^Block 3 of X .*NaN.* column 'd' \(row 10\)"):
        found.fit(as_parquet(frame))
    assert vars(found) == before


def test_text_is_named_by_its_block_and_column(frame):
    frame["c"] = "word"
    with pytest.raises(ValueError, match=r"^Block 0 of X contains text, 'word', in column"):
        AutoencoderTransformer(3).fit(as_parquet(frame))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([np.zeros((9, 3)), np.zeros((9, 4))], r"Block 1 of X has the shape \(9, 4\)"),
        ([np.zeros((9, 3)), np.zeros(3)], r"Block 1 of X has the shape \(3,\)"),
    ],
)
def test_blocks_of_other_columns_are_refused(streamed, parts, message):
    with pytest.raises(ValueError, match=message):
        AutoencoderTransformer(2).fit(Own(parts))


def test_other_columns_than_in_fit_are_refused(frame):
    autoencoder = AutoencoderTransformer(3, **QUICK).fit(frame)
    path = as_parquet(frame.rename(columns={"a": "other"}))
    with pytest.raises(ValueError, match="feature names should match"):
        autoencoder.transform(path)
    with pytest.raises(ValueError, match="X has 2 features"):
        AutoencoderTransformer(3, **QUICK).fit(frame.to_numpy()).transform(
            as_blocks(np.zeros((4, 2)))
        )


@pytest.mark.parametrize("name", ["sample_weight", "groups"])
def test_what_needs_all_rows_is_refused_beside_a_stream(streamed, name):
    X = curved(100)
    with pytest.raises(ValueError, match=f"{name} cannot be given for 100 rows in blocks"):
        AutoencoderTransformer(3).fit(in_blocks(X, 4), **{name: np.ones(100)})


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (StackedAutoencoder(2), "layers of a stack"),
        (AutoencoderClassifier(), "100 rows of 10 columns in blocks"),
        (AutoencoderDetector(), "100 rows of 10 columns in blocks"),
        (SupervisedAutoencoder(2), "y cannot be given for 100 rows in blocks"),
    ],
)
def test_estimator_that_needs_all_rows_says_so(streamed, estimator, message):
    X = curved(100)
    with pytest.raises(ValueError, match=message):
        estimator.fit(in_blocks(X, 4), X[:, 0] > 0)


@pytest.mark.parametrize("path", ["none.parquet", "none.npy", ["none.npy"]])
def test_missing_file_is_named(path):
    with pytest.raises(ValueError, match="There is no file or folder 'none"):
        AutoencoderTransformer(2).fit(path)


def test_as_blocks_says_what_it_takes():
    Path("table.csv").write_text("1,2")
    with pytest.raises(ValueError, match=r"'table.csv' is no file .* \.parquet"):
        as_blocks("table.csv")
    with pytest.raises(ValueError, match=r"shape \(3,\) is no table"):
        as_blocks(np.zeros(3))
    np.save("a.npy", np.zeros((3, 2)))
    np.save("b.npy", np.zeros((3, 4)))
    with pytest.raises(ValueError, match="Table 1 of the list has 4 columns"):
        as_blocks(["a.npy", "b.npy"])


def test_chunks_of_arrays_are_read_whole():
    class Chunked:
        shape, dtype, chunks = (10_000, 1000), np.dtype("f4"), (300, 100)

    blocks = ArrayBlocks(Chunked())
    offsets = np.array(blocks.offsets)
    assert (offsets[1:-1] % 300 == 0).all()
    assert offsets[-1] == 10_000
    assert max(b - a for a, b in pairwise(offsets)) <= 4200


def test_missing_pyarrow_is_named(frame, monkeypatch):
    path = as_parquet(frame)
    monkeypatch.setitem(sys.modules, "pyarrow.dataset", None)
    with pytest.raises(ImportError, match="Parquet is read by pyarrow, which is not inst"):
        as_blocks(path)
