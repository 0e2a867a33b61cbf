"""Codes as features: accuracy of classifiers on them, beside raw columns and PCA.

Bundled tables, and the classification tables of a folder::

    python benchmarks/features.py --data FOLDER --table features.csv --picture features.png

With ``--tune`` it compares settings of noise and sparsity at a width of 5 instead: the
defaults were chosen by that.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tables import load_table, preprocessor, table_names

from skae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
)

WIDTHS = (2, 5, 10)
BUNDLED = ["iris", "wine", "breast_cancer", "digits"]
OPEN = ["adult", "credit_default", "letter", "mice_protein", "mnist", "spambase", "titanic"]
CLASSIFIERS = {
    "logistic regression": LogisticRegression(max_iter=500),
    "5 neighbours": KNeighborsClassifier(5),
}


def methods(width, seed):
    """Return the transformers to compare at one width."""
    return {
        "PCA": PCA(width, random_state=seed),
        "plain": AutoencoderTransformer(width, random_state=seed),
        "denoising": DenoisingAutoencoder(width, random_state=seed),
        "sparse": SparseAutoencoder(
            width, sparsity="kl", hidden_layer_sizes=(128, 64), random_state=seed
        ),
        "stacked": StackedAutoencoder(width, random_state=seed),
    }


def settings(width, seed):
    """Return transformers with the settings to choose from, beside PCA."""
    found = {
        "PCA": PCA(width, random_state=seed),
        "plain": AutoencoderTransformer(width, random_state=seed),
    }
    noises = [("swap", level) for level in (0.1, 0.2, 0.3, 0.4)]
    noises += [("masking", 0.2), ("gaussian", 0.5), ("salt_and_pepper", 0.2)]
    for noise, level in noises:
        found[f"{noise} {level}"] = DenoisingAutoencoder(
            width, noise=noise, noise_level=level, random_state=seed
        )
    sparsities = [{"n_nonzero": n} for n in (1, 3)]
    sparsities += [{"sparsity": "kl", "sparsity_weight": w} for w in (0.03, 0.1, 0.3)]
    sparsities += [{"sparsity": "l1", "sparsity_weight": w} for w in (0.1, 0.3, 1.0)]
    for sparsity in sparsities:
        found[" ".join(map(str, sparsity.values()))] = SparseAutoencoder(
            width, hidden_layer_sizes=(128, 64), random_state=seed, **sparsity
        )
    return found


def all_settings(rows, unseen, seed):
    """Yield what `feature_sets` does, for the settings to choose from."""
    width = min(5, rows.shape[1] - 1)
    for method, transformer in settings(width, seed).items():
        yield method, width, transformer.fit_transform(rows), transformer.transform(unseen)


def feature_sets(rows, unseen, seed):
    """Yield method, width, and the features of the training and of the unseen rows."""
    yield "raw", 0, rows, unseen
    everything = DenoisingAutoencoder(10, features="all", random_state=seed)
    union = FeatureUnion([("raw", FunctionTransformer()), ("all", everything)])
    yield "raw + all", 0, union.fit_transform(rows), union.transform(unseen)
    for width in WIDTHS:
        if width < rows.shape[1]:
            for method, transformer in methods(width, seed).items():
                features = transformer.fit_transform(rows)
                yield method, width, features, transformer.transform(unseen)


def measure(name, folder, n_splits, max_rows, feature_sets):
    """Yield a record for each split, width, method and classifier of one table."""
    X, y = load_table(name, folder, max_rows)
    y = pd.factorize(pd.Series(np.asarray(y)))[0]
    splits = StratifiedShuffleSplit(n_splits, test_size=0.25, random_state=0)
    for seed, (train, test) in enumerate(splits.split(X, y)):
        prepare = preprocessor().set_output(transform="default")
        rows, unseen = prepare.fit_transform(X.iloc[train]), prepare.transform(X.iloc[test])
        for method, width, features, unseen_features in feature_sets(rows, unseen, seed):
            for label, classifier in CLASSIFIERS.items():
                pipeline = make_pipeline(StandardScaler(), clone(classifier))
                pipeline.fit(features, y[train])
                yield {
                    "table": name,
                    "split": seed,
                    "method": method,
                    "width": width,
                    "classifier": label,
                    "accuracy": pipeline.score(unseen_features, y[test]),
                }


def report(frame):
    """Print and return the mean accuracies, and the gains over PCA and over raw columns."""
    means = frame.groupby(["classifier", "table", "width", "method"])["accuracy"].mean()
    table = means.unstack().round(4)
    print(table.to_string())
    narrow = table[table["PCA"].notna()].dropna(axis="columns", how="all")
    for classifier in CLASSIFIERS:
        part = narrow.loc[classifier]
        gains = part.drop(columns="PCA").sub(part["PCA"], axis=0).mean()
        print(f"{classifier}: points above PCA, mean over tables and widths:")
        print(", ".join(f"{method} {100 * gain:.1f}" for method, gain in gains.items()))
        if "raw" in table:
            raw = table.loc[classifier].xs(0, level="width")
            gain = 100 * (raw["raw + all"] - raw["raw"]).mean()
            print(f'raw columns with features="all" beside them: {gain:+.1f} above raw')
    return table


def for_reading(table):
    """Return the table with the accuracies on raw columns, if any, beside the others."""
    if "raw" not in table:
        return table
    raw = table.xs(0, level="width")[["raw", "raw + all"]]
    codes = table.drop(columns=raw.columns).drop(0, level="width")
    return codes.join(raw, on=["classifier", "table"])


def draw(table, path):
    """Draw accuracy against PCA's, a point for each table and width."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    narrow = table[table["PCA"].notna()]
    for ax, classifier in zip(axes, CLASSIFIERS):
        part = narrow.loc[classifier]
        for method, marker, shade in zip(
            ("plain", "denoising", "sparse", "stacked"),
            "osD^",
            ("#08306b", "#4292c6", "#c6dbef", "#969696"),
        ):
            ax.scatter(part["PCA"], part[method], marker=marker, color=shade, label=method)
        ax.axline((0.5, 0.5), slope=1, color="0.3", linewidth=1)
        ax.set(title=classifier, xlabel="accuracy on PCA", ylabel="accuracy on codes")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder of open tables")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--rows", type=int, default=2000, help="at most, of a table")
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--tune", action="store_true", help="compare settings instead")
    parser.add_argument("--table", help="where to write the numbers as CSV")
    parser.add_argument("--picture")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # lbfgs that has not converged
    there = set(table_names(arguments.data))
    names = arguments.tables or [name for name in BUNDLED + OPEN if name in there]
    records = []
    for name in names:
        found = list(
            measure(
                name,
                arguments.data,
                arguments.splits,
                arguments.rows,
                all_settings if arguments.tune else feature_sets,
            )
        )
        records += found
        means = pd.DataFrame(found).groupby(["classifier", "method"])["accuracy"].mean()
        print(name, means.unstack().round(3).to_string(), sep="\n", flush=True)
    table = report(pd.DataFrame(records))
    if arguments.table:
        for_reading(table).to_csv(arguments.table)
    if arguments.picture:
        draw(table, arguments.picture)


if __name__ == "__main__":
    main()
