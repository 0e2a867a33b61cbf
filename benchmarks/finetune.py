"""Pre-training against the same network from random weights, with all labels and few.

Six parts, of which `--only` chooses::

    python benchmarks/finetune.py --data FOLDER
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from tables import load_table, preprocessor

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    DenoisingAutoencoder,
    SupervisedAutoencoder,
)

TABLES = ["letter", "mice_protein", "spambase", "adult", "mnist"]


def load_mnist(folder):
    """Return training rows, training labels, unseen rows and their labels."""
    with np.load(Path(folder) / "mnist" / "data.npz") as arrays:
        X = (arrays["X"] / np.float32(255)).astype(np.float32)
        y = arrays["y"]
    return X[:60_000], y[:60_000], X[60_000:], y[60_000:]


def denoiser(noise_level, epochs, seed=0):
    """Return a denoising autoencoder 784-200-200."""
    return DenoisingAutoencoder(
        200,
        hidden_layer_sizes=(200,),
        noise="masking",
        noise_level=noise_level,
        max_epochs=epochs,
        validation_fraction=0,
        random_state=seed,
    )


def mnist(folder):
    """All labels."""
    X, y, X_unseen, y_unseen = load_mnist(folder)
    start = time.perf_counter()
    classifier = AutoencoderClassifier(
        denoiser(0.25, 15),
        head_hidden_layer_sizes=(200,),
        keep_noise=True,
        max_epochs=30,
        learning_rate=2e-3,
        validation_fraction=0,
        random_state=0,
    ).fit(X, y)
    minutes = (time.perf_counter() - start) / 60
    accuracy = 100 * classifier.score(X_unseen, y_unseen)
    print(f"MNIST, all labels: {accuracy:.2f} % (goal: 98.0), {minutes:.1f} min (10)")


def mnist_few(folder, n_labels=1000, n_seeds=3):
    """1,000 labels and 59,000 rows without."""
    X, y, X_unseen, y_unseen = load_mnist(folder)
    autoencoder = denoiser(0.5, 15).fit(X)
    errors = []
    for seed in range(n_seeds):
        labelled, _ = train_test_split(
            np.arange(len(X)), train_size=n_labels, random_state=seed, stratify=y
        )
        classifier = AutoencoderClassifier(
            FrozenEstimator(autoencoder),
            head_hidden_layer_sizes=(200,),
            keep_noise=True,
            validation_fraction=0,
            compare_from_scratch=True,
            random_state=seed,
        ).fit(X[labelled], y[labelled])
        plain = clone(classifier).set_params(keep_noise=False)
        plain.fit(X[labelled], y[labelled])
        contestants = classifier, classifier.scratch_, plain.scratch_
        errors.append([100 * (1 - c.score(X_unseen, y_unseen)) for c in contestants])
        print(f"  seed {seed}: {np.round(errors[-1], 2)}", flush=True)
    ours, noisy, scratch = np.mean(errors, axis=0)
    print(
        f"MNIST, {n_labels} labels: error {ours:.2f} % (goal: 6.5); "
        f"{ours / scratch:.2f} times that from scratch, {scratch:.2f} % (goal: 0.65); "
        f"{ours / noisy:.2f} times that from scratch with the same noise, {noisy:.2f} %"
    )


def california(folder, n_seeds=3):
    """House values: root mean squared errors in standard deviations of the target."""
    X, y = load_table("california_housing", folder, 10**6)
    y = (y - y.mean()) / y.std()
    errors = []
    for seed in range(n_seeds):
        rows, test, y_rows, y_test = train_test_split(
            X, y, test_size=0.2, random_state=seed
        )
        rows, unseen, y_rows, y_unseen = train_test_split(
            rows, y_rows, test_size=0.2, random_state=seed
        )
        prepare = preprocessor().set_output(transform="default").fit(rows)
        regressor = AutoencoderRegressor(compare_from_scratch=True, random_state=seed).fit(
            prepare.transform(rows),
            y_rows,
            X_val=prepare.transform(unseen),
            y_val=y_unseen,
        )
        trees = HistGradientBoostingRegressor(random_state=seed)
        trees.fit(prepare.transform(rows), y_rows)
        contestants = regressor, regressor.scratch_, trees
        predictions = [r.predict(prepare.transform(test)) for r in contestants]
        errors.append([np.sqrt(np.mean((p - y_test) ** 2)) for p in predictions])
        print(f"  seed {seed}: {np.round(errors[-1], 4)}", flush=True)
    ours, scratch, boosted = np.mean(errors, axis=0)
    print(
        f"California housing: {ours:.3f} (goal: 0.46), "
        f"{100 * (1 - ours / scratch):.1f} % below {scratch:.3f} from scratch (goal: 8); "
        f"gradient-boosted trees: {boosted:.3f}"
    )


def tables(folder, n_labels=100, n_seeds=10):
    """Five tables with few labels: accuracies in percent."""
    records = {}
    for name in TABLES:
        X, y = load_table(name, folder, 20_000)
        y = pd.factorize(pd.Series(y))[0]
        rows, unseen, y_rows, y_unseen = train_test_split(X, y, random_state=0, stratify=y)
        prepare = preprocessor().set_output(transform="default")
        rows = prepare.fit_transform(rows).astype(np.float32)
        unseen = prepare.transform(unseen).astype(np.float32)
        frozen = FrozenEstimator(DenoisingAutoencoder(64, random_state=0).fit(rows))
        scores = []
        for seed in range(n_seeds):
            labelled, _ = train_test_split(
                np.arange(len(rows)),
                train_size=n_labels,
                random_state=seed,
                stratify=y_rows,
            )
            pair = rows[labelled], y_rows[labelled]
            classifier = AutoencoderClassifier(
                frozen, compare_from_scratch=True, random_state=seed
            ).fit(*pair)
            linear = LogisticRegression(max_iter=1000).fit(*pair)
            contestants = classifier, classifier.scratch_, linear
            scores.append([100 * c.score(unseen, y_unseen) for c in contestants])
        columns = ["pre-trained", "from scratch", "logistic regression"]
        records[name] = pd.DataFrame(scores, columns=columns).mean()
        print(name, records[name].round(1).to_dict(), flush=True)
    table = pd.DataFrame(records).T
    gains = table.rsub(table["pre-trained"], axis=0)
    print(table.round(1).to_string())
    print(
        f"above scratch on {(gains['from scratch'] > 0).sum()} tables (goal: 4), above "
        f"logistic regression on {(gains['logistic regression'] > 0).sum()} (goal: 3)"
    )


def abalone(folder, n_seeds=5):
    """Rings of abalones, with a tenth of the labels and all: mean squared errors."""
    with np.load(Path(folder) / "imp_abalone" / "data.npz") as arrays:
        sexes = pd.get_dummies(arrays["sex"]).to_numpy(np.float32)
        X, y = np.hstack([arrays["X"], sexes]), arrays["y"].astype(np.float64)
    published = {0.1: (5.57, 5.62), 1.0: (4.84, 4.44)}  # trees, best pre-trained networks
    for part, (of_trees, of_networks) in published.items():
        errors = []
        for seed in range(n_seeds):
            rows, rest, y_rows, y_rest = train_test_split(
                X, y, test_size=0.4, random_state=seed
            )
            halves = train_test_split(rest, y_rest, test_size=0.5, random_state=seed)
            held_out, unseen, y_held_out, y_unseen = halves
            prepare = StandardScaler().fit(rows)
            rows, held_out, unseen = map(prepare.transform, (rows, held_out, unseen))
            n_labels = round(part * len(rows))
            few = np.where(np.arange(len(rows)) < n_labels, y_rows, np.nan)
            errors.append({})
            for name, regressor in abalone_regressors(seed).items():
                if name == "boosted trees":
                    regressor.fit(rows[:n_labels], y_rows[:n_labels])
                else:
                    regressor.fit(rows, few, X_val=held_out, y_val=y_held_out)
                    scratch = regressor.scratch_.predict(unseen)
                    errors[-1][f"{name}, from scratch"] = np.mean((scratch - y_unseen) ** 2)
                errors[-1][name] = np.mean((regressor.predict(unseen) - y_unseen) ** 2)
        table = pd.DataFrame(errors).agg(["mean", "std"]).T.round(2)
        print(
            f"abalone, {part:.0%} of the labels (published: trees {of_trees}, "
            f"networks {of_networks})\n{table.to_string()}",
            flush=True,
        )


def abalone_regressors(seed):
    """Return regressors by name."""
    shared = {"compare_from_scratch": True, "random_state": seed}
    supervised = SupervisedAutoencoder(64, target_type="continuous")
    return {
        "denoising": AutoencoderRegressor(**shared),
        "supervised": AutoencoderRegressor(supervised, **shared),
        "boosted trees": HistGradientBoostingRegressor(random_state=seed),
    }


def cost(_, epochs=100, n_repeats=5):
    """Seconds of a whole fit, the pre-training with as many epochs, on the digits."""
    X, y = load_digits(return_X_y=True)
    contestants = {
        "AutoencoderClassifier": AutoencoderClassifier(
            DenoisingAutoencoder(64, max_epochs=epochs), max_epochs=epochs, batch_size=32
        ),
        "MLPClassifier": MLPClassifier(
            (128, 64, 64), max_iter=epochs, batch_size=32, n_iter_no_change=epochs
        ),
    }
    seconds = {name: [] for name in contestants}
    contestants["AutoencoderClassifier"].fit(X, y)  # compiles
    for _ in range(n_repeats):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            contestant.fit(X, y)
            seconds[name].append(time.perf_counter() - start)
    ours, theirs = (np.median(values) for values in seconds.values())
    print(
        f"digits, {epochs} epochs before and {epochs} with labels: {ours:.1f} s, "
        f"{ours / theirs:.2f} times MLPClassifier's {theirs:.1f} s (goal: 2)"
    )


PARTS = {
    "mnist": mnist,
    "mnist_few": mnist_few,
    "california": california,
    "tables": tables,
    "abalone": abalone,
    "cost": cost,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of open tables")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)  # of the peers
    for part in arguments.only:
        PARTS[part](arguments.data)


if __name__ == "__main__":
    main()
