"""What each default is worth: change one, and measure the error relative to PCA's.

::

    python benchmarks/tune.py --data FOLDER --table defaults.csv
"""

import argparse
import time

import numpy as np
import pandas as pd
from quality import measured, summary

SMALL = ("diabetes", "breast_cancer", "mice_protein", "digits")
LARGE = ("adult", "california_housing", "letter", "wine_quality")
ALTERNATIVES = {
    "defaults": {},
    "hidden_layer_sizes=(64, 32)": {"hidden_layer_sizes": (64, 32)},
    "hidden_layer_sizes=(256, 128)": {"hidden_layer_sizes": (256, 128)},
    "hidden_layer_sizes=(128,)": {"hidden_layer_sizes": (128,)},
    "activation='tanh'": {"activation": "tanh"},
    "activation='relu'": {"activation": "relu"},
    "init='random'": {"init": "random"},
    "input_noise=0": {"input_noise": 0},
    "input_noise=0.3": {"input_noise": 0.3},
    "learning_rate=2e-3": {"learning_rate": 2e-3},
    "learning_rate=1e-2": {"learning_rate": 1e-2},
    "weight_decay=1e-4": {"weight_decay": 1e-4},
    "weight_decay=0.2": {"weight_decay": 0.2},
    "optimizer='sgd'": {"optimizer": "sgd"},
}


def geometric_mean(ratios):
    return float(np.exp(np.mean(np.log(ratios))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of open tables")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--table", help="where to write the numbers as CSV")
    arguments = parser.parse_args()
    lines = []
    for name, parameters in ALTERNATIVES.items():
        start = time.perf_counter()
        groups = {
            label: summary(
                measured(tables, arguments.splits, arguments.data, **parameters)
            )["ratio"]
            for label, tables in (("small tables", SMALL), ("large tables", LARGE))
        }
        line = {"": name} | {label: geometric_mean(r) for label, r in groups.items()}
        line["largest ratio"] = max(map(max, groups.values()))
        line["seconds"] = time.perf_counter() - start
        lines.append(line)
        print("  ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    if arguments.table:
        pd.DataFrame(lines).round(3).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
