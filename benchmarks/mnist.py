"""MNIST: 30 components, hidden layers 1000-500-250, error per image against 2006.

Hinton and Salakhutdinov (Science 313, 2006) report 3.00 with layer-wise pre-training,
and 13.87 for PCA::

    python benchmarks/mnist.py --data FOLDER --epochs 40
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from skae import AutoencoderTransformer
from skae._keras import load_keras


def error_per_image(estimator, X):
    """Return the mean over images of the summed squared error, clipped to [0, 1]."""
    back = estimator.inverse_transform(estimator.transform(X))
    return float(((X - np.clip(back, 0, 1)) ** 2).sum(axis=1).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder that holds mnist/data.npz")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.4)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--activation", default="gelu")
    arguments = parser.parse_args()
    with np.load(Path(arguments.data) / "mnist" / "data.npz") as arrays:
        X = (arrays["X"] / np.float32(255)).astype(np.float32)
    train, test = X[:60_000], X[60_000:]
    print(f"PCA: {error_per_image(PCA(30).fit(train), test):.2f}", flush=True)
    optimizer = load_keras().optimizers.AdamW(
        arguments.learning_rate, weight_decay=arguments.weight_decay, beta_2=0.99
    )
    start = time.perf_counter()
    estimator = AutoencoderTransformer(
        30,
        hidden_layer_sizes=(1000, 500, 250),
        activation=arguments.activation,
        input_noise=arguments.noise,
        optimizer=optimizer,
        batch_size=arguments.batch_size,
        max_epochs=arguments.epochs,
        validation_fraction=0,
        verbose=1,
        random_state=0,
    ).fit(train)
    took = time.perf_counter() - start
    print(
        f"autoencoder: {error_per_image(estimator, test):.3f} on unseen images, "
        f"{error_per_image(estimator, train[:10_000]):.3f} on training images, "
        f"{took / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
