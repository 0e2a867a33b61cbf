"""MNIST: a logistic regression on 1,000 sparse codes, of which 25 are active.

Raw pixels give about 7.5 % errors; Makhzani and Frey (2014) report 1.35 %::

    python benchmarks/sparse_mnist.py --data FOLDER
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from skae import SparseAutoencoder


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder that holds mnist/data.npz")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--nonzero", type=int, default=25)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--penalty", type=float, default=0.01, help="C of the regression")
    arguments = parser.parse_args()
    with np.load(Path(arguments.data) / "mnist" / "data.npz") as arrays:
        X = (arrays["X"] / np.float32(255)).astype(np.float32)
        y = arrays["y"]
    start = time.perf_counter()
    estimator = SparseAutoencoder(
        arguments.units,
        n_nonzero=arguments.nonzero,
        sparse_output=True,
        input_noise=arguments.noise,
        learning_rate=arguments.learning_rate,
        max_epochs=arguments.epochs,
        validation_fraction=0,
        verbose=1,
        random_state=0,
    ).fit(X[:60_000])
    print(f"dead units: {len(estimator.dead_units_)}", flush=True)
    codes = estimator.transform(X)
    codes = codes / np.sqrt(codes[:60_000].power(2).mean())  # one scale for all units
    train, test = codes[:60_000].tocsr(), codes[60_000:].tocsr()
    regression = LogisticRegression(C=arguments.penalty, max_iter=300)
    regression.fit(train, y[:60_000])
    error = 100 * (1 - regression.score(test, y[60_000:]))
    print(
        f"test error {error:.2f} % (goal: 1.6), in "
        f"{(time.perf_counter() - start) / 60:.1f} minutes (goal: 15)"
    )


if __name__ == "__main__":
    main()
