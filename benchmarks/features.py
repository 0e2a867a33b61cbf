"""Codes as features: what stands behind them, beside raw columns, PCA and its like.

Bundled tables, and the tables of a folder: the accuracy of classifiers, and for tables of
numbers to predict R²::

    python benchmarks/features.py --data FOLDER --table features.csv --picture features.png

With ``--tune`` it compares settings of noise and sparsity at a width of 5 instead: the
defaults were chosen by that.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NeighborhoodComponentsAnalysis,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tables import load_table, preprocessor, table_names

from skae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
)

WIDTHS = (2, 5, 10)
BUNDLED = ["iris", "wine", "breast_cancer", "digits"]
OPEN = ["adult", "credit_default", "letter", "mice_protein", "mnist", "spambase", "titanic"]
NUMBERS = ["california_housing", "diamonds", "wine_quality"]
CLASSIFIERS = {
    "logistic regression": LogisticRegression(max_iter=500),
    "5 neighbours": KNeighborsClassifier(5),
}
REGRESSORS = {
    "ridge": RidgeCV(np.geomspace(1e-2, 1e3, 11)),
    "5 neighbours, R²": KNeighborsRegressor(5),
}
LINEAR = ("LDA", "PLS", "NCA")
METHODS = ["raw", "raw + all", "trees", "PCA", *LINEAR]
METHODS += ["plain", "denoising", "sparse", "stacked", "supervised"]
NCA_CELLS = 150_000  # rows times columns, above which it does not end in time


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


def supervised_methods(width, seed, rows, targets, has_classes):
    """Return the transformers to compare at one width that are given the targets."""
    target_type = "categorical" if has_classes else "continuous"
    found = {
        "PLS": PLSRegression(width),
        "supervised": SupervisedAutoencoder(
            width, target_type=target_type, random_state=seed
        ),
    }
    if has_classes:
        n_discriminants = min(width, len(np.unique(targets)) - 1)
        found["LDA"] = LinearDiscriminantAnalysis(n_components=n_discriminants)
        if rows.size <= NCA_CELLS:
            found["NCA"] = NeighborhoodComponentsAnalysis(
                width, max_iter=50, random_state=seed
            )
    return found


def coded(method, transformer, rows, targets, has_classes):
    """Fit a transformer, which PLS wants with a column for each class."""
    if method == "PLS" and has_classes:
        targets = np.eye(targets.max() + 1)[targets]
    return transformer.fit(rows, targets)


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


def all_settings(rows, unseen, _targets, seed, _asked):
    """Yield what `feature_sets` does, for the settings to choose from."""
    width = min(5, rows.shape[1] - 1)
    for method, transformer in settings(width, seed).items():
        yield method, width, transformer.fit_transform(rows), transformer.transform(unseen)


def feature_sets(rows, unseen, targets, seed, asked):
    """Yield method, width, and the features of the training and of the unseen rows."""
    has_classes = targets.dtype.kind == "i"
    if "raw" in asked:
        yield "raw", 0, rows, unseen
    if "raw + all" in asked:
        everything = DenoisingAutoencoder(10, features="all", random_state=seed)
        union = FeatureUnion([("raw", FunctionTransformer()), ("all", everything)])
        yield "raw + all", 0, union.fit_transform(rows), union.transform(unseen)
    for width in WIDTHS:
        if width >= rows.shape[1]:
            continue
        found = methods(width, seed)
        found |= supervised_methods(width, seed, rows, targets, has_classes)
        for method in [name for name in found if name in asked]:
            fitted = coded(method, found[method], rows, targets, has_classes)
            yield method, width, fitted.transform(rows), fitted.transform(unseen)


def measure(name, folder, n_splits, max_rows, feature_sets, asked):
    """Yield a record for each split, width, method and predictor of one table."""
    X, y = load_table(name, folder, max_rows)
    has_classes = name not in NUMBERS
    kind = StratifiedShuffleSplit if has_classes else ShuffleSplit
    predictors = CLASSIFIERS if has_classes else REGRESSORS
    if has_classes:
        trees = HistGradientBoostingClassifier(random_state=0)
        y = pd.factorize(pd.Series(np.asarray(y)))[0]
    else:
        trees, y = HistGradientBoostingRegressor(random_state=0), np.asarray(y, dtype=float)
    splits = kind(n_splits, test_size=0.25, random_state=0).split(X, y)
    for seed, (train, test) in enumerate(splits):
        prepare = preprocessor().set_output(transform="default")
        rows, unseen = prepare.fit_transform(X.iloc[train]), prepare.transform(X.iloc[test])
        task = {"table": name, "split": seed}
        if "trees" in asked:
            score = trees.fit(rows, y[train]).score(unseen, y[test])
            for label in predictors:
                found = {"method": "trees", "width": 0, "predictor": label}
                yield task | found | {"score": score}
        for method, width, features, unseen_features in feature_sets(
            rows, unseen, y[train], seed, asked
        ):
            for label, predictor in predictors.items():
                pipeline = make_pipeline(StandardScaler(), clone(predictor))
                pipeline.fit(features, y[train])
                score = pipeline.score(unseen_features, y[test])
                found = {"method": method, "width": width, "predictor": label}
                yield task | found | {"score": score}


def report(frame):
    """Print and return the mean scores, and the gains over PCA and over raw columns."""
    means = frame.groupby(["predictor", "table", "width", "method"])["score"].mean()
    table = means.unstack().round(4)
    print(table.to_string())
    narrow = table[table["PCA"].notna()].dropna(axis="columns", how="all")
    for predictor, part in narrow.groupby(level="predictor"):
        gains = 100 * part.drop(columns="PCA").sub(part["PCA"], axis=0)
        print(f"\n{predictor}: points above PCA")
        for method, gain in gains.dropna(axis="columns", how="all").items():
            gain = gain.dropna()
            _, place, width = gain.idxmin()
            print(
                f"    {method:10} mean {gain.mean():+.1f}, worst {gain.min():+.1f} "
                f"({place}, {width} components)"
            )
        others = [name for name in LINEAR if name in part and part[name].notna().any()]
        if "supervised" in part and others:
            ahead = part["supervised"] - part[others].max(axis=1)
            print(f"    supervised above the best of {', '.join(others)}: ", end="")
            print(f"mean {100 * ahead.mean():+.1f}, worst {100 * ahead.min():+.1f}")
        whole = table.loc[predictor].xs(0, level="width") if "trees" in table else None
        if whole is not None and "supervised" in part:
            widest = part.loc[predictor].xs(max(WIDTHS), level="width")["supervised"]
            behind = 100 * (widest - whole["trees"]).dropna()
            print(f"    supervised, {max(WIDTHS)} components, less trees: ", end="")
            print(f"mean {behind.mean():+.1f}, worst {behind.min():+.1f} ", end="")
            print(f"({behind.idxmin()})")
        if "raw + all" in table and "raw" in table:
            raw = table.loc[predictor].xs(0, level="width")
            gain = 100 * (raw["raw + all"] - raw["raw"]).mean()
            print(f'    raw columns with features="all" beside them: {gain:+.1f} above raw')
    return table


def for_reading(table):
    """Return the table with the accuracies on raw columns, if any, beside the others."""
    if "raw" not in table:
        return table
    names = [name for name in ("raw", "raw + all", "trees") if name in table]
    raw = table.xs(0, level="width")[names]
    codes = table.drop(columns=names).drop(0, level="width")
    return codes.join(raw, on=["predictor", "table"])


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
            ("supervised", "plain", "denoising", "sparse", "stacked"),
            "*osD^",
            ("#d94801", "#08306b", "#4292c6", "#c6dbef", "#969696"),
        ):
            if method in part:
                ax.scatter(
                    part["PCA"], part[method], marker=marker, color=shade, label=method
                )
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
    parser.add_argument("--methods", nargs="*", default=METHODS, help="only these")
    parser.add_argument("--tune", action="store_true", help="compare settings instead")
    parser.add_argument("--table", help="where to write the numbers as CSV")
    parser.add_argument("--picture")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # lbfgs that has not converged
    there = set(table_names(arguments.data))
    names = arguments.tables or [n for n in BUNDLED + OPEN + NUMBERS if n in there]
    records = []
    for name in names:
        found = list(
            measure(
                name,
                arguments.data,
                arguments.splits,
                arguments.rows,
                all_settings if arguments.tune else feature_sets,
                arguments.methods,
            )
        )
        records += found
        means = pd.DataFrame(found).groupby(["predictor", "method"])["score"].mean()
        print(name, means.unstack().round(3).to_string(), sep="\n", flush=True)
    table = report(pd.DataFrame(records))
    if arguments.table:
        for_reading(table).to_csv(arguments.table)
    if arguments.picture:
        draw(table, arguments.picture)


if __name__ == "__main__":
    main()
