"""Tables larger than memory: rates, memory and errors beside those of rows in memory.

Each case runs in a process of its own. The sizes that the goals are stated for take some
hours on two cores::

    python benchmarks/scale.py
    python benchmarks/scale.py --rows 10000000 --columns 100 --cluster-rows 2000000
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from scipy import stats
from sklearn.decomposition import PCA

from skae import SKOPS_TYPES, AutoencoderTransformer
from skae.blocks import as_blocks

MEGABYTE = 1 << 20
WIDTH = 5
TEST_ROWS = 20_000


def rows_of(n_rows, n_columns, low, high, seed):
    """Return rows whose first column rises from one quantile to another."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).normal(size=(2 * WIDTH, n_columns))
    latent = rng.normal(size=(n_rows, WIDTH))
    latent[:, 0] = stats.norm.ppf(np.sort(rng.uniform(low, high, n_rows)))
    X = np.hstack([latent, np.maximum(latent, 0)]) @ mixing
    X += 0.5 * rng.normal(size=X.shape)
    X[:, 0] = latent[:, 0]
    return X.astype(np.float32)


def write_table(path, n_rows, n_columns, n_group_rows):
    """Write a Parquet file that is sorted by its first column, a row group at a time."""
    schema = pyarrow.schema([(f"c{i}", pyarrow.float32()) for i in range(n_columns)])
    edges = np.linspace(0, 1, max(1, n_rows // n_group_rows) + 1)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for i, (low, high) in enumerate(pairwise(edges)):
            X = rows_of(n_rows // (len(edges) - 1), n_columns, low, high, i + 1)
            columns = list(np.ascontiguousarray(X.T))
            writer.write_table(pyarrow.table(columns, schema=schema))


class Watch:
    """Seconds, and the highest memory above that at the beginning, of a block of code."""

    def __enter__(self):  # noqa: D105
        self.done, self.most = threading.Event(), 0
        self.before = self._resident()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        self.start = time.perf_counter()
        return self

    def __exit__(self, *failure):  # noqa: D105
        self.seconds = time.perf_counter() - self.start
        self.done.set()
        self.thread.join()
        self.megabytes = (self.most - self.before) / MEGABYTE

    def _look(self):
        while not self.done.wait(0.02):
            self.most = max(self.most, self._resident())

    @staticmethod
    def _resident():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def warmed(n_columns):
    """Import the backend and compile the program that the fit needs, on a small table."""
    X = rows_of(40_000, n_columns, 0, 1, 0)
    fit(X, max_epochs=1)


def fit(X, **settings):
    return AutoencoderTransformer(WIDTH, random_state=0, **settings).fit(X)


def test_rows(n_columns):
    X = rows_of(TEST_ROWS, n_columns, 0, 1, 10**6)
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(n_columns)])


def in_memory(options):
    """Fit and encode the rows as an array."""
    warmed(options.n_columns)
    X = np.asarray(as_blocks(options.path))
    with Watch() as fitting:
        autoencoder = fit(X)
    with Watch() as encoding:
        autoencoder.transform(X)
    n_trained = autoencoder.n_epochs_ * round(0.9 * len(X))
    r2 = autoencoder.score(test_rows(options.n_columns).to_numpy())
    return summary(fitting, encoding, n_trained, len(X), r2, autoencoder)


def in_blocks(options):
    """Fit and encode the rows as they come from disk, training on as many."""
    warmed(options.n_columns)
    n_rows = len(as_blocks(options.path))
    with Watch() as fitting:
        autoencoder = fit(options.path, max_epochs=options.n_epochs)
    with tempfile.TemporaryDirectory() as folder, Watch() as encoding:
        autoencoder.transform(options.path).to_parquet(Path(folder) / "codes.parquet")
    r2 = autoencoder.score(test_rows(options.n_columns))
    return summary(fitting, encoding, options.n_trained, n_rows, r2, autoencoder)


def summary(fitting, encoding, n_trained, n_rows, r2, autoencoder):
    return {
        "fit s": fitting.seconds,
        "fit rows/s": n_trained / fitting.seconds,
        "fit MB": fitting.megabytes,
        "transform rows/s": n_rows / encoding.seconds,
        "transform MB": encoding.megabytes,
        "R2": r2,
        "PCA's R2": autoencoder.pca_score_,
        "trained rows": n_trained,
    }


def partitions(options):
    """Compare PCA and fits of the same rows in few and in many blocks."""
    from skae._data import _blocks, _moments, _validation

    _validation.AT_ONCE_VALUES = 0  # streams however small the table is
    X = rows_of(100_000, options.n_columns, 0, 1, 1)
    pca, found = PCA(WIDTH, svd_solver="full").fit(X.astype(np.float64)), {}
    for n_blocks in 1, 10, 1000:
        blocks = as_blocks(X, len(X) // n_blocks)
        look = _blocks.OfRows(_moments.Moments.of)
        moments = blocks.reduced(look, _moments.Moments.merged)
        ours = _moments.principal_components_of(moments, WIDTH, blocks)
        found[f"PCA, {n_blocks} blocks"] = np.abs(ours.components - pca.components_).max()
        if n_blocks > 1:
            r2 = fit(blocks, max_epochs=15).score(X)
            found[f"R2, {n_blocks} blocks"] = r2
    return found


def growth(options):
    """Fit tables of more and more rows, for a bounded number of epochs."""
    from skae._data import _validation

    _validation.AT_ONCE_VALUES = 0
    warmed(options.n_columns)
    found, n_all = {}, len(as_blocks(options.path))
    for n_rows in (10**k for k in range(4, 10)):
        n_rows = min(n_rows, n_all)
        part = Path(options.path).with_name(f"{n_rows}.parquet")
        write_table(part, n_rows, options.n_columns, min(n_rows, options.group_rows))
        with Watch() as whole:
            autoencoder = fit(str(part))
        with Watch() as one_epoch:
            fit(str(part), max_epochs=1)
        per_epoch = (whole.seconds - one_epoch.seconds) / (autoencoder.n_epochs_ - 1)
        found[n_rows] = {
            "pass s": one_epoch.seconds - per_epoch,
            "training s": per_epoch * autoencoder.n_epochs_,
            "MB": max(whole.megabytes, one_epoch.megabytes),
        }
        part.unlink()
        if n_rows == n_all:
            return found
    return found


def cluster(options):
    """Fit on two processes of Dask, one of which is killed, and compare."""
    import dask.dataframe as dd
    from distributed import Client, LocalCluster

    from skae._data import _validation

    _validation.AT_ONCE_VALUES = 0
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "table.parquet")
        write_table(
            path, options.cluster_rows, options.n_columns, options.cluster_rows // 20
        )
        X, found = test_rows(options.n_columns), {}
        alone = fit(path, max_epochs=options.cluster_epochs)
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as two,
            Client(two) as client,
        ):
            frame = dd.read_parquet(path, split_row_groups=True)
            for name, after in (("", None), (" and a killed worker", 2.0)):
                killer = threading.Timer(after or 10**6, _kill_one, [client])
                killer.start()
                with Watch() as watch:
                    together = fit(frame, max_epochs=options.cluster_epochs)
                killer.cancel()
                ratio = (1 - together.score(X)) / (1 - alone.score(X))
                found[f"error beside a single fit{name}"] = ratio
                found[f"seconds{name}"] = watch.seconds
    return found


def _kill_one(client):
    os.kill(next(iter(client.run(os.getpid).values())), 9)


def files(options):
    """Compare kinds of files: sizes, seconds to load, microseconds for a row."""
    import onnxruntime
    import skl2onnx
    import skops.io

    X = rows_of(20_000, options.n_columns, 0, 1, 1)
    autoencoder = fit(X, max_epochs=2)
    keras_encoder, row = autoencoder.encoder_, X[:1]
    graph = skl2onnx.to_onnx(autoencoder, row).SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "encoder.keras"
        keras_encoder.save(place)
        stored = {
            "pickle": (pickle.dumps(autoencoder), pickle.loads),
            "skops": (
                skops.io.dumps(autoencoder),
                lambda data: skops.io.loads(data, trusted=SKOPS_TYPES),
            ),
            "ONNX": (graph, onnxruntime.InferenceSession),
            "Keras": (place.read_bytes(), lambda _: _keras_model(place)),
        }
        found = {}
        for name, (data, load) in stored.items():
            load(data)
            start = time.perf_counter()
            loaded = load(data)
            seconds = time.perf_counter() - start
            answer = {
                "ONNX": lambda model: model.run(None, {"X": row}),
                "Keras": lambda model: model(row),
            }.get(name, lambda model: model.transform(row))
            found[name] = {
                "kB": len(data) / 1024,
                "load ms": 1000 * seconds,
                "row us": _microseconds(answer, loaded),
            }
    return found


def _keras_model(path):
    import keras

    return keras.models.load_model(path)


def _microseconds(answer, model):
    times = []
    for _ in range(300):
        start = time.perf_counter()
        answer(model)
        times.append(time.perf_counter() - start)
    return 1e6 * float(np.median(times))


CASES = {f.__name__: f for f in (in_memory, in_blocks, partitions, growth, cluster, files)}


def run(case, options):
    """Return what a case finds, in a process of its own."""
    command = [sys.executable, __file__, "--case", case, "--options", repr(options)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = eval(printed.splitlines()[-1])  # our own repr, below
    for name, value in found.items():
        print(f"{case}: {name}: {_short(value)}", flush=True)
    return found


def _short(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(part)}" for name, part in value.items())
    return f"{value:.4g}"


def verdict(memory, blocks):
    print(
        f"fit at {blocks['fit rows/s'] / memory['fit rows/s']:.2f} of the rate in memory, "
        f"transform to Parquet at "
        f"{blocks['transform rows/s'] / memory['transform rows/s']:.2f} (goals: 0.7); "
        f"{blocks['fit MB']:.0f} MB above the idle backend (goal: 1024); R² differs by "
        f"{blocks['R2'] - memory['R2']:+.4f} (goal: 0.005)"
    )


def forecast(found, n_columns):
    """Print what larger tables would cost by the largest that was measured."""
    n_rows, last = max(found.items())
    print(
        f"Forecast, for {n_columns} columns: a pass takes as long a row as at {n_rows:,} "
        "rows and is shared by the workers; training takes as long, on one of them."
    )
    for wanted in 10**8, 10**9:
        costs = [
            f"{(last['pass s'] * wanted / n_rows / n + last['training s']) / 60:.1f} min "
            f"on {n}"
            for n in (1, 10, 100)
        ]
        print(f"  {wanted:,} rows: " + ", ".join(costs))


def draw(found, path):
    """Draw seconds and memory by the number of rows."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    table = pd.DataFrame(found).T
    table[["pass s", "training s"]].plot(ax=axes[0], logx=True, logy=True, marker="o")
    table[["MB"]].plot(ax=axes[1], logx=True, marker="o", ylim=(0, None))
    for ax in axes:
        ax.set_xlabel("rows")
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--group-rows", type=int, default=100_000)
    parser.add_argument("--cluster-rows", type=int, default=500_000)
    parser.add_argument("--cluster-epochs", type=int, default=16)
    parser.add_argument("--only", nargs="+", default=["fit", *list(CASES)[2:]])
    parser.add_argument("--picture", help="file to draw the growth to")
    parser.add_argument("--folder", help="where the table may be, for a while")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--options", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case is not None:
        print(repr(CASES[arguments.case](SimpleNamespace(**eval(arguments.options)))))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        options = dict(
            path=str(Path(folder) / "table.parquet"),
            n_columns=arguments.columns,
            group_rows=arguments.group_rows,
            cluster_rows=arguments.cluster_rows,
            cluster_epochs=arguments.cluster_epochs,
        )
        if {"fit", "growth"} & set(arguments.only):
            write_table(
                options["path"], arguments.rows, arguments.columns, arguments.group_rows
            )
        if "fit" in arguments.only:
            memory = run("in_memory", options)
            n_trained = memory["trained rows"]
            epochs = {"n_epochs": max(1, round(n_trained / 2**18)), "n_trained": n_trained}
            verdict(memory, run("in_blocks", options | epochs))
        for case in list(CASES)[2:]:
            if case in arguments.only:
                found = run(case, options)
                if case == "growth":
                    forecast(found, arguments.columns)
                    if arguments.picture:
                        draw(found, arguments.picture)


if __name__ == "__main__":
    main()
