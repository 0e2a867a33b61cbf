"""Large tables: what more epochs and wider layers are worth beside the defaults.

Error on unseen rows with five components, relative to that of the defaults: the geometric
mean over the splits, and the range::

    python benchmarks/large.py --data FOLDER
"""

import argparse

import numpy as np
from quality import lost
from tables import load_table, split

from skae import AutoencoderTransformer

TABLES = ("letter", "credit_default", "ad_shuttle")


def ratios(rows, unseen, seed):
    """Return what a longer fit and a wider network lose, relative to the defaults."""

    def fitted(**parameters):
        return AutoencoderTransformer(5, random_state=seed, **parameters).fit(rows)

    default = fitted()
    longer = fitted(max_epochs=3 * default.n_epochs_)
    wider = fitted(hidden_layer_sizes=(256, 128))
    return [lost(other, unseen) / lost(default, unseen) for other in (longer, wider)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of open tables")
    parser.add_argument("--splits", type=int, default=3)
    arguments = parser.parse_args()
    for name in TABLES:
        X, _ = load_table(name, arguments.data, max_rows=10**6)
        pairs = [split(X, seed) for seed in range(arguments.splits)]
        found = np.array([ratios(*pair, seed) for seed, pair in enumerate(pairs)])
        print(f"{name}, {len(pairs[0][0])} training rows")
        for what, column in zip(["three times the epochs", "layers of 256, 128"], found.T):
            mean = np.exp(np.log(column).mean())
            print(
                f"    {what}: {mean:.2f} ({column.min():.2f} to {column.max():.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
