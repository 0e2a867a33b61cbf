"""Writes tests/data/format_1.skops, which every later version must read.

::

    python tests/stored.py  # once for each format: what is there is never written anew
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skae

DATA = Path(__file__).with_name("data")
QUICK = {"max_epochs": 3, "batch_size": 32, "random_state": 0}


def main():
    """Fit a small estimator, and write it beside what it answers."""
    import skops.io

    X = load_wine().data
    estimator = skae.SparseAutoencoder(4, hidden_layer_sizes=(3,), **QUICK)
    pipeline = make_pipeline(StandardScaler(), estimator).fit(X)
    DATA.mkdir(exist_ok=True)
    skops.io.dump(pipeline, DATA / "format_1.skops", compression=8)
    np.save(DATA / "format_1.npy", pipeline.transform(X[::20]))


if __name__ == "__main__":
    main()
