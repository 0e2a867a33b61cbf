"""Whether a default fit is ever worse than exact PCA on rows that it has not seen.

Tables that are made here, bundled ones, and those of a folder::

    python benchmarks/promise.py --data FOLDER --table promise.csv
"""

import argparse

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.decomposition import PCA
from tables import load_table, split, table_names

from skae import AutoencoderTransformer

N_ROWS, N_COLUMNS, N_UNSEEN = 200, 12, 5000
ROUNDING = 1e-6  # of PCA's error


def low_rank(rng, n_rows, noise=0.3):
    """Return rows near a space of three dimensions, the same space for the same state."""
    basis = np.random.default_rng(7).normal(size=(3, N_COLUMNS))
    return rng.normal(size=(n_rows, 3)) @ basis + noise * rng.normal(
        size=(n_rows, N_COLUMNS)
    )


def clusters(rng, n_rows):
    centres = 3 * np.random.default_rng(7).normal(size=(6, N_COLUMNS))
    return centres[rng.integers(6, size=n_rows)] + rng.normal(size=(n_rows, N_COLUMNS))


def heavy_tails(rng, n_rows):
    return low_rank(rng, n_rows) * (1 + rng.pareto(1.5, size=(n_rows, 1)))


def binary(rng, n_rows):
    return (low_rank(rng, n_rows, noise=1.0) > 0.5).astype(float)


def counts(rng, n_rows):
    return rng.poisson(np.exp(0.5 * low_rank(rng, n_rows, noise=0.1))).astype(float)


def curved(rng, n_rows):
    u = rng.uniform(-1, 1, size=(n_rows, 3))
    features = np.column_stack([u, u**2, u[:, :1] * u, np.sin(3 * u)])
    return features + 0.1 * rng.normal(size=features.shape)


def scales(rng, n_rows):
    return clusters(rng, n_rows) * np.logspace(-6, 6, N_COLUMNS)


MADE = {
    "gaussian": lambda rng, n_rows: rng.normal(size=(n_rows, N_COLUMNS)),
    "low rank": low_rank,
    "clusters": clusters,
    "heavy tails": heavy_tails,
    "binary": binary,
    "counts": counts,
    "curved": curved,
    "columns from 1e-6 to 1e6": scales,
}


def made(name, draw, seed):
    """Return training rows, unseen ones, and the groups of the former or None."""
    rng = np.random.default_rng(seed)
    unseen = draw(rng, N_UNSEEN)
    n_first = {"twice": N_ROWS // 2, "five times": N_ROWS // 5, "in groups": N_ROWS // 5}
    how = name.partition(", ")[2]
    rows, groups = draw(rng, n_first.get(how, N_ROWS)), None
    if how == "twice":
        rows = np.repeat(rows, 2, axis=0)
    elif how == "five times":
        rows = np.repeat(rows, 5, axis=0)
    elif how == "in groups":
        groups = np.repeat(np.arange(len(rows)), 5)
        rows = rows[groups] + 0.1 * rng.normal(size=(len(groups), rows.shape[1]))
    elif how == "bootstrap":
        rows = rows[rng.integers(len(rows), size=len(rows))]
    elif how == "outliers":
        unseen[:5] *= 10
        unseen[5:10] *= 100
    return rows, unseen, groups


def tables(folder):
    """Yield the name of each table, and a function that returns one split of it."""
    for kind, draw in MADE.items():
        yield kind, lambda seed, kind=kind, draw=draw: made(kind, draw, seed)
    for kind in ("gaussian", "low rank", "clusters", "curved"):
        for how in ("twice", "five times", "in groups", "bootstrap", "outliers"):
            name = f"{kind}, {how}"
            yield name, lambda seed, name=name, kind=kind: made(name, MADE[kind], seed)
    for name in table_names(folder):
        yield name, lambda seed, name=name: (*of_folder(name, folder, seed), None)


def of_folder(name, folder, seed):
    return split(load_table(name, folder)[0], seed)


def lost(estimator, X):
    """Return the total squared error of the reconstructions, in the unit of the table."""
    return (
        ((X - estimator.inverse_transform(estimator.transform(X))) / X.std()) ** 2
    ).sum()


def measured(name, make, width, seed):
    """Return the record of one fit."""
    rows, unseen, groups = make(seed)
    width = min(width, min(rows.shape) - 1)
    fitted = AutoencoderTransformer(width, random_state=seed).fit(rows, groups=groups)
    pca = PCA(width, svd_solver="full").fit(rows)
    rounding = 1e-12 * unseen.size
    return {
        "table": name,
        "width": width,
        "seed": seed,
        "ratio": (lost(fitted, unseen) + rounding) / (lost(pca, unseen) + rounding),
        "kept": fitted.best_epoch_ == 0,
    }


def summary(records):
    """Return a row for each table and width."""
    groups = records.groupby(["table", "width"], sort=False)
    return groups.agg(
        mean=("ratio", "mean"),
        worst=("ratio", "max"),
        best=("ratio", "min"),
        above=("ratio", lambda ratio: (ratio > 1 + ROUNDING).mean()),
        kept=("kept", "mean"),
    ).reset_index()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder of open tables")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--widths", type=int, nargs="*", default=[5])
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", help="where to write the summary as CSV")
    arguments = parser.parse_args()
    frames = []
    with Parallel(arguments.jobs) as parallel:
        for name, make in tables(arguments.data):
            if arguments.tables and name not in arguments.tables:
                continue
            records = parallel(
                delayed(measured)(name, make, width, seed)
                for width in arguments.widths
                for seed in range(arguments.splits)
            )
            frames.append(pd.DataFrame(records))
            for row in summary(frames[-1]).to_dict("records"):
                print(
                    "{table:28} k={width:<2} mean {mean:.3f}  worst {worst:.3f}  above 1: "
                    "{above:4.0%}  PCA kept: {kept:4.0%}".format(**row),
                    flush=True,
                )
    records = pd.concat(frames)
    of_tables = summary(records)
    print(
        f"{len(records)} fits: {(records.ratio > 1 + ROUNDING).mean():.1%} above 1.00, "
        f"worst {records.ratio.max():.4f} (goal: 1.02); {len(of_tables)} rows: largest "
        f"mean {of_tables['mean'].max():.4f} (goal: 1.000)"
    )
    if arguments.table:
        of_tables.round(4).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
