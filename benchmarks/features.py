"""Codes as features: what stands behind them scores, beside raw columns, PCA and others.

Bundled tables, and the tables of a folder, those of classes and three of numbers::

    python benchmarks/features.py --data FOLDER --table features.csv --picture features.png

``--records FILE`` writes each measurement as it is made, and goes on where a run before has
stopped; ``--jobs`` measures several splits at once. With ``--tune`` it compares settings of
noise and sparsity at a width of 5 instead: the defaults were chosen by that.
"""

import argparse
import warnings
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
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
NUMBERS = ["wine_quality", "diamonds", "california_housing"]
CLASSIFIERS = {  # by accuracy
    "logistic regression": LogisticRegression(max_iter=500),
    "5 neighbours": KNeighborsClassifier(5),
}
REGRESSORS = {  # by R²
    "ridge regression": RidgeCV(np.logspace(-2, 4, 7)),
    "5 neighbours, numbers": KNeighborsRegressor(5),
}
OTHERS = ("LDA", "PLS", "NCA")  # linear, and they know the target
NCA_CELLS = 150_000  # with more, it does not end in time
METHODS = (
    *("raw", "raw + all", "trees", "PCA", *OTHERS),
    *("plain", "denoising", "sparse", "stacked", "supervised"),
)


class PLSScores(PLSRegression):
    """The scores of partial least squares on the target, classes one by one."""

    def fit(self, X, y):
        """Fit to numbers, or to a column of zeros and ones for each class."""
        return super().fit(X, pd.get_dummies(y).to_numpy(float) if are_classes(y) else y)

    def fit_transform(self, X, y=None):
        """Return the scores of the rows alone."""
        return self.fit(X, y).transform(X)


def are_classes(y):
    """Whether a target holds the numbers of classes."""
    return y.dtype.kind == "i"


def methods(width, rows, y, seed):
    """Return the transformers to compare at one width, by name."""
    n_classes = len(np.unique(y)) if are_classes(y) else 0
    kind = "categorical" if n_classes else "continuous"
    found = {
        "PCA": PCA(width, random_state=seed),
        "PLS": PLSScores(width, scale=False),
        "plain": AutoencoderTransformer(width, random_state=seed),
        "denoising": DenoisingAutoencoder(width, random_state=seed),
        "sparse": SparseAutoencoder(
            width, sparsity="kl", hidden_layer_sizes=(128, 64), random_state=seed
        ),
        "stacked": StackedAutoencoder(width, random_state=seed),
        "supervised": SupervisedAutoencoder(width, target_type=kind, random_state=seed),
    }
    if n_classes:
        found["LDA"] = LinearDiscriminantAnalysis(n_components=min(width, n_classes - 1))
    if n_classes and rows.size <= NCA_CELLS:
        found["NCA"] = NeighborhoodComponentsAnalysis(
            width, init="pca", max_iter=50, random_state=seed
        )
    return found


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


def all_settings(rows, _y, unseen, seed):
    """Yield what `feature_sets` does, for the settings to choose from."""
    width = min(5, rows.shape[1] - 1)
    for method, transformer in settings(width, seed).items():
        yield method, width, transformer.fit_transform(rows), transformer.transform(unseen)


def feature_sets(rows, y, unseen, seed, chosen=METHODS):
    """Yield method, width, and the features of the training and of the unseen rows."""
    if "raw" in chosen:
        yield "raw", 0, rows, unseen
    if "raw + all" in chosen:
        everything = DenoisingAutoencoder(10, features="all", random_state=seed)
        union = FeatureUnion([("raw", FunctionTransformer()), ("all", everything)])
        yield "raw + all", 0, union.fit_transform(rows), union.transform(unseen)
    for width in WIDTHS:
        if width < rows.shape[1]:
            for method, transformer in methods(width, rows, y, seed).items():
                if method in chosen:
                    features = transformer.fit_transform(rows, y)
                    yield method, width, features, transformer.transform(unseen)


def measure(name, split, folder, n_splits, max_rows, feature_sets, with_trees):
    """Return a record for each width, method and predictor of one split of a table."""
    warnings.filterwarnings("ignore", category=UserWarning)  # lbfgs that has not converged
    X, y = load_table(name, folder, max_rows)
    has_classes = name not in NUMBERS
    y = pd.factorize(pd.Series(np.asarray(y)))[0] if has_classes else y.astype(np.float64)
    splitter = StratifiedShuffleSplit if has_classes else ShuffleSplit
    predictors = CLASSIFIERS if has_classes else REGRESSORS
    trees = HistGradientBoostingClassifier if has_classes else HistGradientBoostingRegressor
    splits = splitter(n_splits, test_size=0.25, random_state=0)
    train, test = list(splits.split(X, y))[split]
    prepare = preprocessor().set_output(transform="default")
    rows, unseen = prepare.fit_transform(X.iloc[train]), prepare.transform(X.iloc[test])
    records = []

    def record(method, width, predictor, fitted, features, unseen_features):
        place = {"table": name, "split": split, "method": method, "width": width}
        score = fitted.score(unseen_features, y[test])
        trained = fitted.score(features, y[train])
        records.append(place | {"predictor": predictor, "score": score, "trained": trained})

    sets = feature_sets(rows, y[train], unseen, split)
    for method, width, features, unseen_features in sets:
        for label, predictor in predictors.items():
            pipeline = make_pipeline(StandardScaler(), clone(predictor))
            pipeline.fit(features, y[train])
            record(method, width, label, pipeline, features, unseen_features)
    if with_trees:
        fitted = trees(random_state=split).fit(rows, y[train])
        for label in predictors:
            record("trees", 0, label, fitted, rows, unseen)
    return pd.DataFrame(records)


def measured(places, n_jobs, path, **how):
    """Return the records of tables and splits, of which a file may hold some already."""
    found = pd.DataFrame()
    if path is not None and path.exists():
        found = pd.read_csv(path)
        there = set(zip(found["table"], found["split"]))
        places = [place for place in places if place not in there]
    made = Parallel(n_jobs, return_as="generator_unordered")(
        delayed(measure)(*place, **how) for place in places
    )
    for frame in made:
        found = pd.concat([found, frame])
        if path is not None:
            found.to_csv(path, index=False)
        place = f"{frame['table'].iloc[0]}, split {frame['split'].iloc[0]}"
        means = frame.groupby(["predictor", "method"])["score"].mean().unstack()
        print(place, means.round(3), sep="\n", flush=True)
    return found


def report(frame):
    """Print and return the mean scores, and what each method gains over others."""
    frame = frame.set_index(["predictor", "table", "width", "split", "method"])
    by_split, trained = frame["score"].unstack(), frame["trained"].unstack()
    table = by_split.groupby(["predictor", "table", "width"], sort=False).mean().round(4)
    print(table.to_string())
    for predictor in by_split.index.unique("predictor"):
        part = by_split.loc[predictor]
        narrow = part.drop(0, level="width", errors="ignore").dropna(axis=1, how="all")
        unit = "points" if predictor in CLASSIFIERS else "hundredths of R²"
        print(f"\n{predictor}, in {unit}; mean over tables and widths:")
        for method, score in (100 * means_of(narrow)).items():
            print(f"  {method:12}{score:6.1f}")
        if "PCA" in narrow:
            for method in narrow.columns.drop("PCA"):
                say_gain(f"{method} above PCA", narrow[method] - narrow["PCA"])
        say_supervised(part, narrow)
        for method in narrow.columns:
            gap = trained.loc[predictor, method] - part[method]
            say_gain(f"{method}: training rows above unseen ones", gap, worst="max")
        if {"raw", "raw + all"} <= set(part):
            raw = part.xs(0, level="width", drop_level=False)
            say_gain(
                "raw columns with all beside them above raw", raw["raw + all"] - raw["raw"]
            )
    return table


def means_of(scores):
    """Return the mean scores of methods, of those that are missing somewhere too."""
    return scores.groupby(["table", "width"]).mean().mean()


def say_supervised(part, narrow):
    """Print what the supervised code gains over others that know the target."""
    if "supervised" not in narrow:
        return
    others = narrow.columns.intersection(OTHERS)
    if len(others):
        best = narrow[others].max(axis=1)
        say_gain(
            f"supervised above the best of {', '.join(others)}", narrow["supervised"] - best
        )
    if "trees" in part and 10 in narrow.index.unique("width"):
        widest = narrow["supervised"].xs(10, level="width", drop_level=False)
        trees = part["trees"].xs(0, level="width").reindex(widest.index.droplevel("width"))
        say_gain("supervised of width 10 above trees", widest - trees.to_numpy())


def say_gain(what, gains, worst="min"):
    """Print the mean of differences, how it differs between splits, and the worst table."""
    gains = 100 * gains.dropna()
    if gains.empty:
        return
    of_splits = gains.groupby("split").mean()
    spread = f" ± {of_splits.std():.1f}" if len(of_splits) > 1 else ""
    of_tables = gains.groupby(["table", "width"]).mean()
    name, width = of_tables.agg(f"idx{worst}")
    place = f"{name}, width {width}" if width else name
    least = of_tables.agg(worst)
    print(f"  {what}: {of_tables.mean():+.1f}{spread}; worst {least:+.1f} ({place})")


def for_reading(table):
    """Return the table with the scores on raw columns, if any, beside the others."""
    wide = table.columns.intersection(["raw", "raw + all", "trees"])
    table = table.rename_axis(index={"predictor": "classifier"})
    if not len(wide):
        return table
    raw = table.xs(0, level="width")[wide]
    codes = table.drop(columns=wide).drop(0, level="width")
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
            ("plain", "denoising", "sparse", "stacked", "supervised"),
            "osD^v",
            ("#08306b", "#4292c6", "#c6dbef", "#969696", "#d94801"),
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
    parser.add_argument("--methods", nargs="*", choices=METHODS, help="only these")
    parser.add_argument("--tune", action="store_true", help="compare settings instead")
    parser.add_argument("--jobs", type=int, default=1, help="splits at once")
    parser.add_argument("--records", type=Path, help="a CSV file of all measurements")
    parser.add_argument("--table", help="where to write the numbers as CSV")
    parser.add_argument("--picture")
    arguments = parser.parse_args()
    there = set(table_names(arguments.data))
    names = arguments.tables or [name for name in BUNDLED + OPEN + NUMBERS if name in there]
    chosen = arguments.methods or METHODS
    records = measured(
        list(product(names, range(arguments.splits))),
        arguments.jobs,
        arguments.records,
        folder=arguments.data,
        n_splits=arguments.splits,
        max_rows=arguments.rows,
        feature_sets=(
            all_settings if arguments.tune else partial(feature_sets, chosen=chosen)
        ),
        with_trees="trees" in chosen and not arguments.tune,
    )
    table = report(records)
    if arguments.table:
        for_reading(table).to_csv(arguments.table)
    if arguments.picture:
        draw(table, arguments.picture)


if __name__ == "__main__":
    main()
