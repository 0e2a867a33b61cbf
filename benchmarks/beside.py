"""Two checkouts of skae beside each other: a process of each in turn, as ratios.

A change that should cost nothing is measured by::

    git worktree add ../before COMMIT
    python benchmarks/beside.py ../before

Processor seconds are compared, which other work on the machine disturbs least.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits


def processor_seconds(function, n_repeats):
    """Return the least processor time of a call."""
    times = []
    for _ in range(n_repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def measure():
    """Return the seconds of each task in this process."""
    start = time.process_time()
    from skae import AutoencoderClassifier, AutoencoderTransformer, DenoisingAutoencoder

    found = {"import": time.process_time() - start}
    X, y = load_digits(return_X_y=True)
    plain = AutoencoderTransformer(10, max_epochs=40, random_state=0)
    noisy = DenoisingAutoencoder(10, max_epochs=40, random_state=0)
    deep = AutoencoderTransformer(
        30, hidden_layer_sizes=(1000, 500, 250), max_epochs=2, random_state=0
    )
    few = AutoencoderClassifier(noisy, max_epochs=40, random_state=0)
    found["first fit"] = processor_seconds(lambda: plain.fit(X), 1)
    found["fit"] = processor_seconds(lambda: plain.fit(X), 3)
    noisy.fit(X)
    found["denoising fit"] = processor_seconds(lambda: noisy.fit(X), 3)
    wide = np.tile(X, (2, 12))
    deep.fit(wide)
    found["deep fit"] = processor_seconds(lambda: deep.fit(wide), 2)
    few.fit(X, y)
    found["fine-tuning"] = processor_seconds(lambda: few.fit(X, y), 2)
    rows = np.tile(X, (50, 1))
    found["transform one row"] = processor_seconds(
        lambda: [plain.transform(X[:1]) for _ in range(300)], 3
    )
    found["transform many"] = processor_seconds(lambda: plain.transform(rows), 5)
    found["score"] = processor_seconds(lambda: plain.score(rows), 3)
    return found


def of_checkout(folder):
    """Return what a process of its own measures with the skae of a folder."""
    path = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, __file__, "--measure"]
    printed = subprocess.run(command, env=path, capture_output=True, check=True)
    return json.loads(printed.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", nargs="?", help="folder of the other checkout")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure()))
        return
    now = Path(__file__).resolve().parent.parent
    ratios = []
    for _ in range(arguments.repeats):
        before, after = of_checkout(Path(arguments.before).resolve()), of_checkout(now)
        ratios.append({task: after[task] / before[task] for task in before})
        print(pd.Series(ratios[-1]).round(3).to_dict(), flush=True)
    frame = pd.DataFrame(ratios)
    print("now / before:")
    print(frame.agg(["median", "min", "max"]).T.round(3).to_string())


if __name__ == "__main__":
    main()
