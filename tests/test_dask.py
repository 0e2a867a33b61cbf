"""Collections of Dask: lazy where they come in lazy, tasks that any worker can do again."""

import os
from pathlib import Path

import dask
import dask.array as da
import dask.dataframe as dd
import joblib
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skae import AutoencoderTransformer
from skae._data import _validation
from skae.blocks import as_blocks

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 2, "hidden_layer_sizes": (8,), "random_state": 0}


@pytest.fixture(scope="module")
def table():
    """A table of 400 rows of float32, with structure in two dimensions."""
    rng = np.random.default_rng(0)
    u, v = rng.uniform(-1, 1, (2, 400))
    return np.column_stack([u, v, u * v, u**2, v**2]).astype(np.float32)


@pytest.fixture(scope="module")
def frame(table):
    return pd.DataFrame(table, columns=list("abcde"), index=np.arange(400) + 7)


@pytest.fixture(scope="module")
def fitted(frame):
    return AutoencoderTransformer(2, **QUICK).fit(frame)


@pytest.fixture
def streamed(monkeypatch):
    """Take any table in blocks for one that memory does not hold."""
    monkeypatch.setattr(_validation, "AT_ONCE_VALUES", 0)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A cluster of two processes of a thread each."""
    folder = tmp_path_factory.mktemp("cluster")
    settings = {"distributed.comm.timeouts.connect": "60s"}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=str(folder),
            silence_logs=60,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def frames(frame):
    return dd.from_pandas(frame, npartitions=7)


def arrays(frame):
    return da.from_array(frame.to_numpy(), chunks=(90, 3))


def arrays_of_unknown_length(frame):
    return frames(frame).to_dask_array()


KINDS = [frames, arrays, arrays_of_unknown_length]


@pytest.mark.parametrize("make", KINDS)
def test_collection_is_its_blocks(frame, make):
    blocks = as_blocks(make(frame))
    assert blocks.shape == (400, 5)
    assert blocks.n_blocks == len(blocks.counts)
    np.testing.assert_array_equal(np.asarray(blocks), frame.to_numpy())


@pytest.mark.parametrize("make", KINDS)
def test_fit_of_a_collection_is_that_of_its_blocks(streamed, frame, make):
    estimator, collection = AutoencoderTransformer(2, **QUICK), make(frame)
    parts = [np.asarray(block) for block in as_blocks(collection)]
    found = clone(estimator).fit(collection)
    expected = clone(estimator).fit(OwnBlocks(parts))
    np.testing.assert_allclose(
        found._model.encode(parts[0]), expected._model.encode(parts[0]), atol=1e-5
    )
    assert hasattr(found, "feature_names_in_") == (make is frames)


class OwnBlocks:
    """The same rows in the same blocks, without Dask."""

    def __init__(self, parts):
        self.shape, self.n_blocks = (sum(map(len, parts)), 5), len(parts)
        self.block = parts.__getitem__


def test_codes_of_a_frame_are_a_lazy_frame(frame, fitted):
    codes = fitted.transform(frames(frame))
    assert isinstance(codes, dd.DataFrame)
    assert list(codes.columns) == list(fitted.get_feature_names_out())
    assert list(codes.dtypes) == [np.float32] * 2
    assert codes.divisions == frames(frame).divisions
    found = codes.compute()
    pd.testing.assert_index_equal(found.index, frame.index)
    np.testing.assert_allclose(found, fitted.transform(frame), rtol=1e-5)


def test_codes_of_an_array_are_a_lazy_array(table):
    fitted = AutoencoderTransformer(2, **QUICK).fit(table)
    codes = fitted.transform(da.from_array(table, chunks=(90, 3)))
    assert isinstance(codes, da.Array)
    assert codes.chunks == ((90, 90, 90, 90, 40), (2,))
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes.compute(), fitted.transform(table))


@pytest.mark.parametrize("make", [frames, arrays])
@pytest.mark.parametrize("ask", ["score_samples", "reconstruction_error"])
def test_what_is_asked_of_rows_is_lazy(frame, make, ask):
    fitted = AutoencoderTransformer(2, **QUICK).fit(
        frame if make is frames else frame.to_numpy()
    )
    collection = make(frame)
    found = getattr(fitted, ask)(collection)
    assert isinstance(found, dd.Series if make is frames else da.Array)
    X = frame if make is frames else frame.to_numpy()
    np.testing.assert_allclose(found.compute(), getattr(fitted, ask)(X), rtol=1e-5)
    assert fitted.score(collection) == pytest.approx(fitted.score(X), rel=1e-6)


def test_cells_of_a_frame_keep_their_names(frame, fitted):
    found = fitted.reconstruction_error(frames(frame), per_feature=True)
    assert list(found.columns) == list("abcde")
    expected = fitted.reconstruction_error(frame, per_feature=True)
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("make", [frames, arrays])
def test_lazy_answers_compute_nothing(frame, make):
    def fail(part):
        raise AssertionError("computed")

    fitted = AutoencoderTransformer(2, **QUICK).fit(
        frame if make is frames else frame.to_numpy()
    )
    if make is frames:
        collection = frames(frame).map_partitions(fail, meta=frame[:0])
    else:
        collection = arrays(frame).map_blocks(fail, dtype="f4")
    codes = fitted.transform(collection)
    with pytest.raises(AssertionError, match="computed"):
        codes.compute()


def test_missing_value_is_named_by_its_block_and_column(streamed, frame, fitted):
    frame = frame.copy()
    frame.iloc[100, 3] = np.nan
    match = r"Block 1 of X contains NaN.* column 'd' \(row 42\)"
    with pytest.raises(ValueError, match=match):
        AutoencoderTransformer(2, **QUICK).fit(frames(frame))
    with pytest.raises(ValueError, match=match):
        fitted.transform(frames(frame)).compute()


def test_partitions_without_rows_are_passed_over(streamed, frame):
    collection = frames(frame)
    thinned = collection.map_partitions(lambda part: part[part.index > 150])
    assert as_blocks(thinned).counts[0] == 0
    found = AutoencoderTransformer(2, **QUICK).fit(thinned)
    rows = frame[frame.index > 150]
    np.testing.assert_allclose(found.mean_, rows.mean(), rtol=1e-5)
    np.testing.assert_allclose(
        found.transform(thinned).compute(), found.transform(rows), rtol=1e-4, atol=1e-6
    )
    assert found.score(thinned) == pytest.approx(found.score(rows), rel=1e-5)


# On a cluster.


def dying_once(part, marker, after):
    """Return a part; the worker that is asked for the `after`th one dies, once."""
    folder = Path(marker)
    (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}").touch()
    if len(list(folder.iterdir())) >= after and not (folder / "died").exists():
        (folder / "died").touch()
        os._exit(1)
    return part


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 9], ids=["in PCA", "in training"])
def test_worker_that_dies_in_a_fit_costs_a_task(streamed, table, client, tmp_path, after):
    folder = tmp_path / "reads"
    folder.mkdir()
    collection = da.from_array(table, chunks=(60, 5))
    dying = collection.map_blocks(dying_once, str(folder), after, dtype="f4", meta=table)
    found = AutoencoderTransformer(2, **QUICK).fit(dying)
    readers = {path.name.partition("-")[0] for path in folder.iterdir()} - {"died"}
    assert len(readers) > 1
    assert str(os.getpid()) not in readers
    assert (folder / "died").exists()
    expected = AutoencoderTransformer(2, **QUICK).fit(collection)
    np.testing.assert_array_equal(found.transform(table), expected.transform(table))


@pytest.mark.slow
def test_worker_that_dies_in_transform_costs_a_task(table, client, tmp_path):
    folder = tmp_path / "reads"
    folder.mkdir()
    fitted = AutoencoderTransformer(2, **QUICK).fit(table)
    dying = da.from_array(table, chunks=(60, 5)).map_blocks(
        dying_once, str(folder), 3, dtype="f4", meta=table
    )
    codes = fitted.transform(dying).compute()
    assert (folder / "died").exists()
    np.testing.assert_array_equal(codes, fitted.transform(table))


@pytest.fixture
def threads():
    """A cluster of two workers in this process, of a thread each."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.slow
def test_fits_run_on_workers_at_the_same_time(streamed, frame, threads):
    estimator = AutoencoderTransformer(2, **QUICK)
    futures = [
        threads.submit(clone(estimator).set_params(random_state=seed).fit, frames(frame))
        for seed in range(2)
    ]
    found = [future.result(timeout=60) for future in futures]
    for seed, autoencoder in enumerate(found):
        expected = clone(estimator).set_params(random_state=seed).fit(frames(frame))
        np.testing.assert_allclose(
            autoencoder.transform(frame), expected.transform(frame), atol=1e-4
        )


@pytest.mark.slow
def test_grid_search_runs_on_a_cluster(table, threads):
    search = GridSearchCV(AutoencoderTransformer(**QUICK), {"n_components": [1, 3]}, cv=2)
    with joblib.parallel_backend("dask"):
        found = clone(search).fit(table)
    expected = search.fit(table)
    assert found.best_params_ == {"n_components": 3}
    np.testing.assert_allclose(
        found.cv_results_["mean_test_score"],
        expected.cv_results_["mean_test_score"],
        atol=1e-3,
    )
