"""What estimate_gain expects, beside what default fits reach, table by table.

The reached ratios are those that ``quality.py --table`` has written, or this script::

    python benchmarks/gain.py --data FOLDER --reached docs/quality.csv docs/gain.csv

Beside the estimates of skae, the same numbers are found anew by least squares, each table
being left out in turn, with those that are a part of it.
"""

import argparse
import time

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from tables import load_table, split, table_names

from skae.compare import estimate_gain
from skae.compare._calibration import BEST, drivers, expected

SAME = {  # tables that have rows in common
    "imp_breast": "breast_cancer",
    "ad_wdbc": "breast_cancer",
    "ad_optdigits": "digits",
    "ad_letter": "letter",
    "imp_wine_red": "wine_quality",
    "imp_wine_white": "wine_quality",
}

WRITTEN = {
    "table": "table",
    "width": "width",
    "expected_error": "expected",
    "low": "from",
    "high": "to",
    "gain": "gain",
    "ratio": "ratio",
    "kept PCA": "kept PCA",
    "splits": "splits",
}


def estimates(name, folder, n_seeds):
    """Return the mean estimates for the training rows of one split, a row a width."""
    X, _ = load_table(name, folder)
    rows, _ = split(X, seed=0)
    start = time.perf_counter()
    frames = [estimate_gain(rows, random_state=seed).frame() for seed in range(n_seeds)]
    seconds = (time.perf_counter() - start) / n_seeds
    mean = pd.concat(frames).groupby("n_components").mean(numeric_only=True)
    mean["gain"], mean["limit"] = frames[0]["gain"], frames[0]["limit"]
    mean["first"] = frames[0]["expected_error"]
    return mean.reset_index(names="width").assign(table=name, seconds=seconds)


def reached(paths):
    """Return what was reached, by table and width: the first file that has it counts."""
    frames = [pd.read_csv(path) for path in paths]
    wanted = ["table", "width", "ratio", "kept PCA", "splits"]
    found = pd.concat(frame.assign(splits=frame.get("splits", 5)) for frame in frames)
    return found[wanted].drop_duplicates(["table", "width"])


def factors_of(frame):
    """Return the factors of least squares."""
    log = -np.log(frame["ratio"].clip(BEST, 1.0))
    return np.linalg.lstsq(_drivers(frame), log, rcond=None)[0]


def _drivers(frame):
    part = np.minimum(frame["width"] / frame["directions"], 1.0)
    return drivers(frame["both"], frame["different_rows"], part)


def left_out(frame):
    """Return estimates and the ends of intervals with factors from the other tables."""
    kind = frame["table"].replace(SAME)
    found = np.empty((len(frame), 3))
    for one in kind.unique():
        is_one = (kind == one).to_numpy()
        found[is_one] = np.transpose(
            expected(_drivers(frame[is_one]), factors_of(frame[~is_one]))
        )
    return found


def report(frame, of_what):
    """Print how far estimates order the tables, and what their intervals cover."""
    ratio = frame["ratio"]
    found = left_out(frame)
    covered = np.mean((ratio >= found[:, 1] - 1e-9) & (ratio <= found[:, 2] + 1e-9))
    was_kept = frame["kept PCA"] > frame["splits"] / 2
    wrong = frame[was_kept & (frame["gain"] == "yes")]
    error = np.log(found[:, 0] / ratio.clip(BEST, 1.0))
    print(
        f"{of_what}, {len(frame)} rows of {frame['table'].nunique()} tables: Spearman "
        f"{spearmanr(frame['expected_error'], ratio)[0]:.3f} (of the first seed "
        f"{spearmanr(frame['first'], ratio)[0]:.3f}), left out "
        f"{spearmanr(found[:, 0], ratio)[0]:.3f} (goal: 0.9); covered {covered:.0%}, "
        f"off by a factor of {np.exp(np.sqrt(np.mean(error**2))):.2f}, at most "
        f"{np.exp(np.abs(error).max()):.1f}; PCA was kept in most splits of "
        f"{was_kept.sum()} rows, with a yes {len(wrong)} {list(wrong['table'])} (goal: 0)"
    )


def seconds_of(n_rows, n_columns, repeats=5):
    """Return the median seconds for a table of random numbers."""
    X = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        estimate_gain(X, random_state=0)
        seconds.append(time.perf_counter() - start)
    return np.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder of open tables")
    parser.add_argument("--reached", nargs="+", default=["docs/quality.csv"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--table", help="where to write the numbers as CSV")
    arguments = parser.parse_args()
    known = reached(arguments.reached)
    names = arguments.tables or table_names(arguments.data)
    found = []
    for name in [name for name in names if name in set(known["table"])]:
        part = estimates(name, arguments.data, arguments.seeds).merge(known)
        for row in part.itertuples():
            print(
                f"{name:20} k={row.width:<2} expected {row.expected_error:.3f} "
                f"({row.low:.3f} to {row.high:.3f}), reached {row.ratio:.3f}; {row.gain:5} "
                f"{row.limit}; {row.seconds:.1f} s",
                flush=True,
            )
        found.append(part)
    frame = pd.concat(found, ignore_index=True)
    first = set(reached(arguments.reached[:1])["table"])
    report(frame[frame["table"].isin(first)].reset_index(), arguments.reached[0])
    report(frame, "all")
    print("factors of least squares:", factors_of(frame).round(3))
    print(f"8,000 x 100: {seconds_of(8000, 100):.2f} s (goal: 2)")
    if arguments.table:
        frame = frame.rename(columns=WRITTEN)[list(WRITTEN.values())]
        frame.round(3).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
