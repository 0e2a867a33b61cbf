"""Error on unseen rows against PCA's at the same width, with default parameters.

Bundled tables, and those of a folder::

    python benchmarks/quality.py --data FOLDER --picture quality.png --table quality.csv
"""

import argparse
import time
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.decomposition import PCA
from tables import load_table, split, table_names

from skae import AutoencoderTransformer

WIDTHS = (2, 5, 10)


def lost(estimator, X):
    """Return the total squared error of the reconstructions."""
    return ((X - estimator.inverse_transform(estimator.transform(X))) ** 2).sum()


@cache
def warmed_up():
    """Import Keras untimed, once in each process."""
    AutoencoderTransformer(max_epochs=1).fit(np.eye(9))


def measure(name, width, seed, folder, **parameters):
    """Return what one fit on one split of a table reaches, None if it is too narrow."""
    X, _ = load_table(name, folder)
    train, test = split(X, seed)
    if width >= min(train.shape):
        return None
    warmed_up()
    start = time.process_time()
    fitted = AutoencoderTransformer(width, random_state=seed, **parameters)
    fitted.fit(train)
    seconds = time.process_time() - start
    return {
        "table": name,
        "rows": train.shape[0],
        "columns": train.shape[1],
        "width": width,
        "ratio": lost(fitted, test) / lost(PCA(width).fit(train), test),
        "kept PCA": fitted.best_epoch_ == 0,
        "seconds": seconds,
    }


def measured(names, n_splits, folder, n_jobs=1, **parameters):
    """Yield the records of all widths and splits of tables, as they are made."""
    places = product(names, WIDTHS, range(n_splits))
    made = Parallel(n_jobs, return_as="generator")(
        delayed(measure)(*place, folder, **parameters) for place in places
    )
    return filter(None, made)


def summary(records):
    """Return a row for each table and width; splits may differ by a rare level's column."""
    columns = ["table", "rows", "columns", "width"]
    frame = pd.DataFrame(records).assign(worst=lambda frame: frame["ratio"])
    sizes = {"rows": "max", "columns": "max"}
    of_splits = {"ratio": "mean", "worst": "max", "kept PCA": "sum", "seconds": "max"}
    places = frame.groupby(["table", "width"], sort=False, as_index=False)
    return places.agg(sizes | of_splits)[[*columns, *of_splits]]


def draw(frame, path):
    """Draw the ratios, a line per table, sorted."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    order = frame.groupby("table")["ratio"].mean().sort_values(ascending=False).index
    figure, ax = plt.subplots(figsize=(8, 0.33 * len(order) + 1.2), layout="constrained")
    places = {name: i for i, name in enumerate(order)}
    for width, marker, shade in zip(WIDTHS, "osD", ("#9ecae1", "#4292c6", "#08306b")):
        part = frame[frame["width"] == width]
        ax.scatter(
            part["ratio"],
            part["table"].map(places),
            marker=marker,
            color=shade,
            s=36,
            label=f"{width} components",
            zorder=3,
        )
    ax.axvline(1, color="0.3", linewidth=1)
    ax.text(1, len(order) - 0.3, "PCA ", ha="right", va="bottom", color="0.3")
    shapes = frame.drop_duplicates("table").set_index("table")
    labels = [
        f"{name.replace('_', ' ')} ({shapes.rows[name]} by {shapes['columns'][name]})"
        for name in order
    ]
    ax.set(
        yticks=range(len(order)),
        yticklabels=labels,
        xlabel="squared error on unseen rows, relative to PCA of the same width",
        xlim=(0, 1.05),
    )
    ax.grid(axis="x", color="0.9")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower left", frameon=True)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder of open tables")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--jobs", type=int, default=1, help="fits at once")
    parser.add_argument("--picture")
    parser.add_argument("--table", help="where to write the numbers as CSV")
    arguments = parser.parse_args()
    names = arguments.tables or table_names(arguments.data)
    records = []
    for record in measured(names, arguments.splits, arguments.data, arguments.jobs):
        records.append(record)
        print(
            "{table:20} k={width:<2} {ratio:.3f} in {seconds:.1f} s".format(**record),
            flush=True,
        )
    frame = summary(records)
    print(frame.round(3).to_string(index=False))
    print(
        f"{len(frame)} rows: geometric mean {np.exp(np.log(frame.ratio).mean()):.3f} "
        f"(goal: 0.36), largest {frame.ratio.max():.3f} (goal: 1.00), "
        f"slowest fit {frame.seconds.max():.1f} s (goal: 8)"
    )
    if arguments.table:
        frame.round(4).to_csv(arguments.table, index=False)
    if arguments.picture:
        draw(frame, arguments.picture)


if __name__ == "__main__":
    main()
