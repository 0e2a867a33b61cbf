"""MNIST: a logistic regression on the codes of a stack 784-200-200, not fine-tuned.

::

    python benchmarks/stacked_mnist.py --data FOLDER
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import StackedAutoencoder


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder that holds mnist/data.npz")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--target", type=float, default=0.1)
    parser.add_argument("--weight", type=float, default=0.01)
    arguments = parser.parse_args()
    with np.load(Path(arguments.data) / "mnist" / "data.npz") as arrays:
        X = (arrays["X"] / np.float32(255)).astype(np.float32)
        y = arrays["y"]
    start = time.perf_counter()
    stack = StackedAutoencoder(
        200,
        hidden_layer_sizes=(200,),
        sparsity="kl",
        sparsity_target=arguments.target,
        sparsity_weight=arguments.weight,
        pretrain_epochs=arguments.epochs,
        fine_tune=False,
        validation_fraction=0,
        verbose=1,
        random_state=0,
    ).fit(X[:60_000])
    codes = stack.transform(X)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    classifier.fit(codes[:60_000], y[:60_000])
    accuracy = 100 * classifier.score(codes[60_000:], y[60_000:])
    print(
        f"accuracy {accuracy:.2f} % (goal: 92), in "
        f"{(time.perf_counter() - start) / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
