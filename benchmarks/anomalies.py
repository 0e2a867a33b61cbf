"""Anomalies: the score of skae beside others, on tables with known ones.

The area under the ROC curve in percent, the mean over the seeds, trained on half of the
normal rows (and scored on all others) and on all rows as they come (and scored on these)::

    python benchmarks/anomalies.py --data FOLDER --seeds 5

`FOLDER` holds the ``ad_`` tables; at most 5,000 rows of each are taken. The published
figures are of other splits and of up to 50,000 rows, so they tell what is usual.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from tables import load_table

from skae import AutoencoderDetector, AutoencoderTransformer

MAX_ROWS = 5000
N_PLANTED = 500
SETTINGS = ("normal rows", "as they come")
# Livernoche et al., "On Diffusion Modeling for Anomaly Detection", ICLR 2024: the result
# tables of github.com/vicliv/DTE, trained on normal rows / on rows as they come.
PUBLISHED = {
    "table": "IForest kNN MCD DTE-C",
    "ad_annthyroid": "90.3/81.6 92.8/76.0 90.2/91.8 97.5/96.4",
    "ad_fault": "55.9/54.4 58.7/71.5 59.4/50.5 59.5/59.0",
    "ad_glass": "81.1/79.0 92.0/87.0 79.7/79.5 92.4/86.4",
    "ad_ionosphere": "91.2/83.3 97.4/92.2 95.4/95.1 95.4/91.1",
    "ad_landsat": "58.8/47.4 68.2/61.4 56.8/60.7 52.8/54.4",
    "ad_letter": "32.0/61.6 35.4/81.2 31.5/80.4 36.7/78.1",
    "ad_mammography": "88.0/86.0 87.6/85.2 72.9/69.0 86.4/81.0",
    "ad_optdigits": "81.1/69.6 93.7/39.5 64.9/41.3 82.4/50.8",
    "ad_pageblocks": "82.6/89.7 89.7/91.9 87.1/92.3 89.9/92.4",
    "ad_pendigits": "97.2/94.7 99.9/82.8 83.7/83.4 97.8/71.3",
    "ad_pima": "74.3/67.4 76.9/72.3 73.6/68.6 69.9/62.4",
    "ad_shuttle": "99.7/99.7 99.9/73.2 99.0/99.0 99.8/97.6",
    "ad_stamps": "93.5/90.7 95.9/87.0 84.9/83.8 91.6/75.2",
    "ad_thyroid": "99.0/97.9 98.7/96.5 98.5/98.6 98.7/99.0",
    "ad_vowels": "61.8/76.3 82.2/95.1 27.7/73.2 86.9/91.4",
    "ad_waveform": "72.3/70.7 75.2/75.0 58.4/57.2 65.2/60.2",
    "ad_wdbc": "98.7/98.8 99.0/98.0 97.0/96.9 98.5/83.5",
    "ad_wilt": "48.0/45.1 63.7/51.0 81.7/85.9 85.1/85.1",
    "ad_yeast": "41.8/39.4 44.7/39.6 43.0/40.6 47.1/42.0",
}


def split(is_anomaly, setting, rng):
    """Return the training rows and those that are scored."""
    everything = np.arange(len(is_anomaly))
    if setting == "as they come":
        return everything, everything
    normal = rng.permutation(np.flatnonzero(~is_anomaly))
    train = normal[: len(normal) // 2]
    return train, np.setdiff1d(everything, train)


def areas(X, is_anomaly, detector, train, scored, seed):
    """Return the area of each method."""
    scaler = StandardScaler().fit(X[train])
    rows, unseen = scaler.transform(X[train]), scaler.transform(X[scored])
    seen_by_autoencoder = X[scored] / detector.scale_
    forest = IsolationForest(random_state=seed).fit(rows)
    unusual = {
        "skae": -detector.score_samples(X[scored]),
        "residual": detector.autoencoder_.reconstruction_error(seen_by_autoencoder),
        "norm": (unseen**2).sum(axis=1),
        "kNN": NearestNeighbors(n_neighbors=6).fit(rows).kneighbors(unseen)[0][:, -1],
        "forest": -forest.score_samples(unseen),
    }
    truth = is_anomaly[scored]
    return {name: 100 * roc_auc_score(truth, score) for name, score in unusual.items()}


def planted(normal, detector, rng):
    """Return of how many rows that a planted cell has flagged this cell is named first."""
    rows = rng.permutation(normal)[:N_PLANTED]
    columns = rng.integers(0, rows.shape[1], len(rows))
    changed = rows.copy()
    place = np.arange(len(rows))
    changed[place, columns] = rows[rng.permutation(len(rows)), columns]
    is_flagged = (detector.predict(changed) == -1) & (detector.predict(rows) == 1)
    if not is_flagged.any():
        return 0, 0
    first = detector.explain(changed[is_flagged]).to_numpy().argmax(axis=1)
    return int(np.sum(first == columns[is_flagged])), int(is_flagged.sum())


def measured(name, folder, seed):
    """Yield a line for each setting."""
    X, labels = load_table(name, folder, max_rows=10**6)
    X, is_anomaly = X.to_numpy(float), np.asarray(labels).astype(int) == 1
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(X))[:MAX_ROWS]
    X, is_anomaly = X[chosen], is_anomaly[chosen]
    for setting in SETTINGS:
        train, scored = split(is_anomaly, setting, rng)
        detector = AutoencoderDetector(random_state=seed).fit(X[train])
        line = {"table": name, "trained on": setting, "seed": seed}
        line |= areas(X, is_anomaly, detector, train, scored, seed)
        is_flagged = detector.predict(X[scored]) == -1
        line["false alarms"] = 100 * is_flagged[~is_anomaly[scored]].mean()
        line["found"] = 100 * is_flagged[is_anomaly[scored]].mean()
        if setting == "normal rows":
            normal = X[scored][~is_anomaly[scored]]
            line["named"], line["planted"] = planted(normal, detector, rng)
            line["columns"] = X.shape[1]
        yield line


def seconds(n_rows=100_000, n_columns=20, n_timed=2000):
    """Return the processor time of scoring many rows, and of kNN on as many.

    That of kNN is taken from a part of the rows.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, n_columns))
    X += 0.3 * rng.normal(size=X.shape)
    autoencoder = AutoencoderTransformer(2, max_epochs=5, random_state=0).fit(X[:5000])
    neighbours = NearestNeighbors(n_neighbors=6).fit(X)
    autoencoder.score_samples(X[:10])
    start = time.process_time()
    autoencoder.score_samples(X)
    middle = time.process_time()
    neighbours.kneighbors(X[:n_timed])
    return middle - start, (time.process_time() - middle) * n_rows / n_timed


def report(lines):
    """Print the areas by table, the means, and the tables that come off worst."""
    methods = ["skae", "residual", "norm", "kNN", "forest"]
    names = [f"{name} (published)" for name in PUBLISHED["table"].split()]
    for place, setting in enumerate(SETTINGS):
        chosen = lines[lines["trained on"] == setting]
        table = chosen.groupby("table")[[*methods, "false alarms", "found"]].mean()
        known = pd.DataFrame(
            [
                [float(pair.split("/")[place]) for pair in PUBLISHED[name].split()]
                for name in table.index
            ],
            table.index,
            names,
        )
        table = table.join(known)
        below = table["skae"] - table[["kNN", "norm"]].min(axis=1)
        by_seed = chosen.groupby("seed")[methods].mean()
        gain = by_seed["skae"] - by_seed["kNN"]
        print(f"\ntrained on {setting}\n{table.round(1).to_string()}")
        print(f"means: {table.mean().round(1).to_dict()}")
        print(
            f"skae - kNN: {gain.mean():+.2f} (by seed {gain.round(2).to_list()}); worst "
            f"against both kNN and norm: {below.min():+.1f} ({below.idxmin()})"
        )


def report_planted(lines):
    """Print how often a planted cell is named, by table and of all rows."""
    found = lines[lines["trained on"] == SETTINGS[0]].groupby("table")
    counts = found[["named", "planted"]].sum().join(found["columns"].first())
    print(f"\nplanted cells that are named first\n{counts.astype(int).to_string()}")
    for least in (1, 8):
        named, n_planted, _ = counts[counts["columns"] >= least].sum()
        share = 100 * named / max(n_planted, 1)
        print(f"tables of {least} columns or more: {share:.1f} % of {n_planted:.0f} rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of open tables")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    ours, neighbours = seconds()
    print(
        f"scoring 100,000 rows of 20 columns: skae {ours:.1f} s, kNN on as many training "
        f"rows {neighbours:.0f} s, {neighbours / ours:.0f} times as long"
    )
    lines = []
    for path in sorted(Path(arguments.data).glob("ad_*")):
        for seed in range(arguments.seeds):
            lines.extend(measured(path.name, arguments.data, seed))
    report(pd.DataFrame(lines))
    report_planted(pd.DataFrame(lines))


if __name__ == "__main__":
    main()
