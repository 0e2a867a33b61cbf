"""What compare_with_pca costs beside the fits and transforms that it contains.

::

    python benchmarks/compare.py
"""

import argparse
import time

import numpy as np

from skae import AutoencoderTransformer, compare_with_pca


def curved_table(n_rows, n_columns):
    """Return rows near a curved surface of four dimensions."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n_rows, 4))
    X = np.tanh(hidden @ rng.normal(size=(4, n_columns)))
    return X + 0.1 * rng.normal(size=X.shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--columns", type=int, default=20)
    arguments = parser.parse_args()
    X = curved_table(arguments.rows, arguments.columns)
    start = time.perf_counter()
    comparison = compare_with_pca(AutoencoderTransformer(), X, random_state=0, verbose=0)
    seconds = time.perf_counter() - start
    frame = comparison.frame()
    n_unseen = len(X) / frame["split"].nunique()
    contained = frame["fit_seconds"] + 1e-6 * frame["transform_microseconds"] * n_unseen
    print(comparison)
    print(
        f"{arguments.rows} x {arguments.columns}, one estimator, 3 widths, 5 folds: "
        f"{seconds:.1f} s, {seconds / contained.sum():.3f} times the fits and transforms "
        "in it (goal: at most 1.2)"
    )


if __name__ == "__main__":
    main()
