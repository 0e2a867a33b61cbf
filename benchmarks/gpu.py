"""Rows a second while training, on whatever device Keras' backend finds.

Two networks: 784-1000-500-250-30 on images like MNIST's, and the default one on a large
table, each with its default batches and with large ones::

    KERAS_BACKEND=jax python benchmarks/gpu.py
    KERAS_BACKEND=jax JAX_PLATFORMS=cpu python benchmarks/gpu.py --rows 6000 20000

What an epoch takes is told by the difference of two fits, one of which has more epochs; so
neither PCA nor the compilation is counted. What the first fit takes with them is told too.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from skae import AutoencoderTransformer
from skae._keras import load_keras

EPOCHS = 2, 6
BATCH_SIZES = "auto", 4096


def images(n_rows, folder):
    """Return MNIST's images, or rows of 784 pixels on a curved surface."""
    if folder is not None:
        with np.load(Path(folder) / "mnist" / "data.npz") as arrays:
            return (arrays["X"][:n_rows] / np.float32(255)).astype(np.float32)
    return np.clip(curved(n_rows, 784, 20), 0, 1)


def curved(n_rows, n_features, n_hidden):
    """Return noisy rows that are a nonlinear function of a few numbers each."""
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((n_rows, n_hidden), dtype=np.float32)
    bent = np.tanh(hidden @ rng.standard_normal((n_hidden, 100), dtype=np.float32))
    rows = bent @ rng.standard_normal((100, n_features), dtype=np.float32)
    rows += 0.1 * rng.standard_normal(rows.shape, dtype=np.float32)
    return rows


def seconds_of_fit(X, n_components, **settings):
    """Return the seconds that a fit takes, and the estimator."""
    estimator = AutoencoderTransformer(
        n_components, validation_fraction=0, random_state=0, **settings
    )
    start = time.perf_counter()
    estimator.fit(X)
    return time.perf_counter() - start, estimator


def report(name, X, n_components, **settings):
    """Print how fast one network trains."""
    for batch_size in BATCH_SIZES:
        asked = settings | {"batch_size": batch_size}
        few, many = EPOCHS
        first, _ = seconds_of_fit(X, n_components, max_epochs=few, **asked)
        short, _ = seconds_of_fit(X, n_components, max_epochs=few, **asked)
        long, estimator = seconds_of_fit(X, n_components, max_epochs=many, **asked)
        rate = len(X) * (many - few) / max(long - short, 1e-9)
        losses = estimator.history_["loss"]
        print(
            f"{name}, {len(X):,} x {X.shape[1]}, batch_size={batch_size}: {rate:,.0f} rows "
            f"a second; first fit of {few} epochs {first:.1f} s, warm {short:.1f} s, "
            f"{many} epochs {long:.1f} s; loss {losses[0]:.4g} to {losses[-1]:.4g}",
            flush=True,
        )


def device():
    """Return what the backend says that it computes on."""
    keras = load_keras()
    value = keras.ops.ones(1) + 1.0
    found = value.devices() if hasattr(value, "devices") else value.device
    return f"{keras.backend.backend()} on {found}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder that holds mnist/data.npz")
    parser.add_argument(
        "--rows",
        type=int,
        nargs=2,
        default=(60_000, 2_000_000),
        metavar=("IMAGES", "TABLE"),
        help="how many rows each of the two has; 0 leaves it out",
    )
    arguments = parser.parse_args()
    n_images, n_table = arguments.rows
    print(device(), flush=True)
    if n_images:
        sizes = dict(hidden_layer_sizes=(1000, 500, 250))
        report("images", images(n_images, arguments.data), 30, **sizes)
    if n_table:
        report("table", curved(n_table, 200, 20), 10)


if __name__ == "__main__":
    main()
