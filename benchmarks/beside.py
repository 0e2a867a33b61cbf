"""Two checkouts of skae beside each other: a process of each in turn, as ratios.

A change that should cost nothing is measured by::

    git worktree add ../before COMMIT
    python benchmarks/beside.py ../before

Processor seconds are compared, which other work on the machine disturbs least. Of whole
searches and comparisons, each in a process that starts with nothing, it is the time that
passes: two fits at a time, in processes where the checkout knows no better::

    python benchmarks/beside.py ../before --wholes --backends tensorflow jax
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
from joblib import parallel_config
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV


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


def search():
    """Return the winner of eight learning rates for the digits."""
    import skae
    from skae import AutoencoderTransformer

    has_threads = hasattr(skae.compare, "estimate_gain")  # fits side by side came with it
    grid = {"learning_rate": list(np.geomspace(1e-4, 1e-2, 8))}
    estimator = AutoencoderTransformer(8, random_state=0)
    with parallel_config("threading" if has_threads else "loky"):
        found = GridSearchCV(estimator, grid, cv=3, n_jobs=2).fit(load_digits().data)
    return int(found.best_index_)


def comparison():
    """Return the errors relative to PCA of the digits and of diabetes at three widths."""
    from skae import AutoencoderTransformer, compare_with_pca

    errors = []
    for load in (load_digits, load_diabetes):
        compared = compare_with_pca(
            AutoencoderTransformer(), load().data, cv=5, n_jobs=2, random_state=0, verbose=0
        )
        errors.append(compared.summary()["relative_error"].round(3).tolist())
    return errors


WHOLES = {"search": search, "comparison": comparison}


def measure_whole(task):
    """Return how long a task takes in this process, import and all, and its answer."""
    start = time.perf_counter()
    answer = WHOLES[task]()
    return {"seconds": time.perf_counter() - start, "answer": answer}


def of_checkout(folder, backend, task=None):
    """Return what a process of its own measures with the skae of a folder."""
    path = os.environ | {"PYTHONPATH": str(folder)}
    path |= {"KERAS_BACKEND": backend} if backend else {}
    command = [sys.executable, __file__, "--measure", *([task] if task else [])]
    printed = subprocess.run(command, env=path, capture_output=True, check=True)
    return json.loads(printed.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", nargs="?", help="folder of the other checkout")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--wholes", action="store_true", help="search and comparison")
    parser.add_argument("--backends", nargs=2, help="of before, and of now")
    parser.add_argument("--measure", nargs="?", const="small", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        small = arguments.measure == "small"
        print(json.dumps(measure() if small else measure_whole(arguments.measure)))
        return
    now = Path(__file__).resolve().parent.parent
    folders = Path(arguments.before).resolve(), now
    sides = list(zip(folders, arguments.backends or (None, None)))
    ratios = []
    for _ in range(arguments.repeats):
        if arguments.wholes:
            found = {t: [of_checkout(*side, t) for side in sides] for t in WHOLES}
            print(found, flush=True)
            pairs = {task: [side["seconds"] for side in found[task]] for task in found}
        else:
            before, after = (of_checkout(*side) for side in sides)
            pairs = {task: (before[task], after[task]) for task in before}
        ratios.append({task: after / before for task, (before, after) in pairs.items()})
        print(pd.Series(ratios[-1]).round(3).to_dict(), flush=True)
    frame = pd.DataFrame(ratios)
    print("now / before:")
    print(frame.agg(["median", "min", "max"]).T.round(3).to_string())


if __name__ == "__main__":
    main()
