"""Anomalies by reconstruction error: an autoencoder and PCA, trained with and without them.

The area under the ROC curve on unseen rows with two components, the mean over splits::

    python benchmarks/anomalies.py --data FOLDER
"""

import argparse

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tables import load_table

from skae import AutoencoderTransformer
from skae.metrics import reconstruction_error

TABLES = ("ad_mammography", "ad_shuttle")


def areas(X, is_anomaly, seed):
    """Yield what was trained on, the method, and the area."""
    rows, unseen, bad_rows, bad_unseen = train_test_split(
        X, is_anomaly, random_state=seed, stratify=is_anomaly
    )
    for what, chosen in {"all rows": rows, "normal rows": rows[~bad_rows]}.items():
        scaler = StandardScaler().fit(chosen)
        seen = scaler.transform(unseen)
        for method in (PCA(2), AutoencoderTransformer(2, random_state=seed)):
            method.fit(scaler.transform(chosen))
            errors = reconstruction_error(
                seen, method.inverse_transform(method.transform(seen))
            )
            yield what, type(method).__name__, roc_auc_score(bad_unseen, errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of open tables")
    parser.add_argument("--splits", type=int, default=3)
    arguments = parser.parse_args()
    for name in TABLES:
        X, labels = load_table(name, arguments.data, max_rows=10**6)
        X, is_anomaly = X.to_numpy(float), np.asarray(labels) == 1
        found = [a for seed in range(arguments.splits) for a in areas(X, is_anomaly, seed)]
        table = pd.DataFrame(found, columns=["trained on", "method", "area"])
        print(f"{name}, {len(X)} rows, {is_anomaly.sum()} anomalies")
        print(table.groupby(["trained on", "method"])["area"].mean().round(3).to_string())


if __name__ == "__main__":
    main()
