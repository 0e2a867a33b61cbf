"""What the variants cost: their fits against the plain fit of the same network.

::

    python benchmarks/variants.py
"""

import time

import numpy as np
from sklearn.datasets import load_digits

from skae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
)

REPEATS = 7


def interleaved(makers, X):
    """Return the median seconds of a warm fit of each."""
    times = {name: [] for name in makers}
    for repeat in range(REPEATS + 1):
        for name, make in makers.items():
            start = time.perf_counter()
            make().fit(X)
            if repeat:  # the first compiles
                times[name].append(time.perf_counter() - start)
    return {name: np.median(values) for name, values in times.items()}


def compare(title, X, width, hidden_layer_sizes, epochs):
    common = {
        "hidden_layer_sizes": hidden_layer_sizes,
        "activation": "relu",
        "max_epochs": epochs,
        "validation_fraction": 0,
        "random_state": 0,
    }
    plain = {**common, "init": "random"}
    makers = {"plain": lambda: AutoencoderTransformer(width, input_noise=0, **plain)}
    for noise in ("swap", "masking", "gaussian", "salt_and_pepper"):
        makers[f"denoising, {noise}"] = lambda noise=noise: DenoisingAutoencoder(
            width, noise=noise, **plain
        )
    for sparsity in ("topk", "kl", "l1"):
        makers[f"sparse, {sparsity}"] = lambda sparsity=sparsity: SparseAutoencoder(
            width, sparsity=sparsity, **common
        )
    seconds = interleaved(makers, X)
    print(f"{title}: plain {seconds['plain']:.3f} s")
    for name, value in seconds.items():
        if name != "plain":
            goal = 1.4 if "denoising" in name else 1.3
            print(f"    {name}: {value / seconds['plain']:.2f} times (goal: {goal})")


def stacked_against_plain(X, width=5, seeds=(0, 1, 2)):
    """Print R² on validation rows and seconds, of the default of both."""
    for method in (AutoencoderTransformer, StackedAutoencoder):
        method(width, max_epochs=1, random_state=0).fit(X)  # compiles
        scores, times = [], []
        for seed in seeds:
            start = time.perf_counter()
            scores.append(method(width, random_state=seed).fit(X).validation_score_)
            times.append(time.perf_counter() - start)
        print(
            f"digits, 5 components, {method.__name__}: R² {np.mean(scores):.3f}, "
            f"{np.median(times):.1f} s"
        )


def main():
    rng = np.random.default_rng(0)
    compare("digits, 64-32-8", load_digits().data, 8, (32,), 50)
    wide = rng.normal(size=(20_000, 100)).astype(np.float32)
    compare("20000x100, 100-128-32", wide, 32, (128,), 10)
    compare("20000x100, 100-200", wide, 200, (), 10)
    stacked_against_plain(load_digits().data)


if __name__ == "__main__":
    main()
