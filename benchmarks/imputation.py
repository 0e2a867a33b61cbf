"""Holes filled and frames given back: TableImputer beside scikit-learn's imputers.

::

    python benchmarks/imputation.py numbers --data FOLDER [--seeds 5] [--tables NAME ...]
    python benchmarks/imputation.py mixed --data FOLDER [--seeds 5] [--tables NAME ...]
    python benchmarks/imputation.py codes --data FOLDER [--seeds 5] [--tables NAME ...]
    python benchmarks/imputation.py downstream --data FOLDER [--seeds 5] [--tables NAME ...]
    python benchmarks/imputation.py look --data FOLDER [--tables NAME ...]

``numbers`` scales columns to [0, 1], takes 20 % of the cells away and prints the root mean
squared error of what fills them beside published figures (Lalande and Doya, TMLR 2023).
``mixed`` does the same to tables as they come, for errors of numbers (in standard
deviations), the accuracy of categories and the coverage of 90 % intervals. ``codes`` gives
the share explained at 5 and 10 components beside PCA of the same coded table.
``downstream`` gives accuracies, or R², of linear models behind codes of ten columns and of
``HistGradientBoosting`` on the frame. ``look`` prints ten rows with holes beside what
fills them.

With ``--records FILE`` each result is a line of a file as soon as it is there. What the
file has is not measured again, so a run goes on where it was stopped.
"""

import argparse
import json
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tables import _load_open

from skae import AutoencoderTransformer, TableAutoencoder, TableCodec, TableImputer
from skae._columns._coded import slices_of
from skae._columns._floor import fit_floor
from skae._columns._measures import baseline_losses, cell_losses, shares_explained

PUBLISHED = {  # linear MICE, MissForest
    "imp_breast": (0.0559, 0.0639),
    "imp_wine_red": (0.1008, 0.0858),
    "imp_wine_white": (0.0898, 0.0730),
    "imp_abalone": (0.0386, 0.0332),
    "imp_japanese_vowels": (0.1149, 0.0749),
    "imp_sulfur": (0.1093, 0.0658),
    "imp_sylvine": (0.1764, 0.1698),
    "imp_pollen": (0.1013, 0.1098),
}
MIXED = ["titanic", "mice_protein", "california_housing", "communities_crime"]
MIXED += ["diamonds", "adult"]
TARGETS = ["titanic", "california_housing", "communities_crime", "diamonds", "adult"]
ASIDE = {"titanic": ["Name", "Ticket"]}
TREES = {"n_estimators": 50, "min_samples_leaf": 2, "n_jobs": 2}


@dataclass(frozen=True)
class Records:
    """Results by what was measured, kept in a file if there is one."""

    path: Path | None
    found: list

    @classmethod
    def read(cls, path):
        """Return what a file has, if it is there."""
        if path is None or not path.exists():
            return cls(path, [])
        return cls(path, [json.loads(line) for line in path.read_text().splitlines()])

    def add(self, measure, **key):
        """Add what a function measures, unless it is there already."""
        if self.of(**key):
            return
        record = key | {name: float(value) for name, value in measure().items()}
        self.found.append(record)
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(record) + "\n")

    def of(self, **key):
        """Return the records that have been measured so."""
        return [each for each in self.found if key.items() <= each.items()]

    def show(self, by, **key):
        """Print the means over the seeds, and how far these spread."""
        found = pd.DataFrame(self.of(**key)).drop(columns=list(key))
        groups = found.drop(columns="seed").groupby(by, sort=False)
        means = groups.mean().dropna(axis=1, how="all")
        means["seeds"] = groups.size()
        first = means.columns.drop("seconds", errors="ignore")[0]
        means["spread"] = groups[first].std()
        print(means.round(4).to_string(), flush=True)


def imputers(seed):
    """Return what fills holes, by name, for numbers."""
    trees = ExtraTreesRegressor(random_state=seed, **TREES)
    return {
        "mean": SimpleImputer(keep_empty_features=True),
        "5 neighbours": make_pipeline(StandardScaler(), KNNImputer()),
        "linear chain": IterativeImputer(random_state=seed),
        "trees chain": IterativeImputer(trees, max_iter=5, random_state=seed),
        "skae": TableImputer(random_state=seed),
    }


def filled_by(imputer, holed):
    """Return the filled cells, and the seconds that it took."""
    start = time.perf_counter()
    filled = imputer.fit_transform(holed)
    seconds = time.perf_counter() - start
    if hasattr(imputer, "steps"):
        filled = imputer[0].inverse_transform(filled)
    return np.asarray(filled), seconds


def numbers(names, folder, seeds, skipped, records):
    for name in names or PUBLISHED:
        X, _ = _load_open(folder / name)
        X = X.select_dtypes("number").to_numpy(float)
        X = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
        for seed in range(seeds):
            for kind, imputer in imputers(seed).items():
                if kind not in skipped:
                    records.add(
                        partial(_of_numbers, kind, imputer, X, seed),
                        **{"what": "numbers", "table": name, "by": kind, "seed": seed},
                    )
        mice, forest = PUBLISHED.get(name, (np.nan, np.nan))
        print(f"\n{name} {X.shape}, published: MICE {mice}, MissForest {forest}")
        records.show("by", what="numbers", table=name)


def _of_numbers(kind, imputer, X, seed):
    hole = np.random.default_rng(seed).random(X.shape) < 0.2
    holed = np.where(hole, np.nan, X)
    filled, seconds = filled_by(imputer, holed)
    rmse = np.sqrt(np.mean((filled - X)[hole] ** 2))
    record = {"rmse": rmse, "seconds": seconds}
    if kind == "skae":
        start = time.perf_counter()
        for _ in range(20):
            imputer.transform(holed[:1])
        record["row_ms"] = 50 * (time.perf_counter() - start)
    return record


def load_mixed(name, folder):
    X, _ = _load_open(folder / name)
    return X.drop(columns=ASIDE.get(name, []))


def mixed(names, folder, seeds, skipped, records):
    for name in names or MIXED:
        X = load_mixed(name, folder)
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            hidden = pd.DataFrame(rng.random(X.shape) < 0.2, X.index, X.columns) & X.notna()
            holed = X.mask(hidden)
            for kind in ("mode", "trees chain", "skae"):
                if kind not in skipped:
                    records.add(
                        partial(_of_mixed, kind, X, holed, hidden, seed),
                        **{"what": "mixed", "table": name, "by": kind, "seed": seed},
                    )
        print(f"\n{name} {X.shape}")
        records.show("by", what="mixed", table=name)


def _of_mixed(kind, X, holed, hidden, seed):
    start, std = time.perf_counter(), None
    if kind == "skae":
        imputer = TableImputer(
            TableAutoencoder(
                AutoencoderTransformer(0.9999, random_state=seed), many_levels="hash"
            )
        ).fit(holed)
        filled, std = imputer.table_.impute(holed, return_std=True)
    else:
        filled = _by_trees(holed, seed) if kind == "trees chain" else _by_mode(holed)
    record = {"seconds": time.perf_counter() - start}
    is_number = [name for name in X if pd.api.types.is_numeric_dtype(X[name])]
    scale = X[is_number].std()
    errors = ((filled[is_number] - X[is_number]) / scale)[hidden[is_number]]
    record["nrmse"] = float(np.sqrt(np.nanmean(errors.to_numpy(float) ** 2)))
    others = [name for name in X if name not in is_number]
    if others:
        same = [(filled[c] == X[c])[hidden[c]].mean() for c in others]
        record["accuracy"] = float(np.mean(same))
    if std is not None:
        within = (filled[is_number] - X[is_number]).abs() <= 1.645 * std[is_number]
        record["covered"] = float(within.to_numpy()[hidden[is_number].to_numpy()].mean())
    return record


def _by_mode(holed):
    numbers_of = holed.select_dtypes("number").columns
    fill = holed.mode().iloc[0]
    fill[numbers_of] = holed[numbers_of].mean()
    return holed.fillna(fill)


def _by_trees(holed, seed):
    codes, levels = holed.copy(), {}
    for name in holed.select_dtypes(exclude="number"):
        codes[name], levels[name] = pd.factorize(holed[name])
        codes[name] = codes[name].where(holed[name].notna(), np.nan)
    trees = ExtraTreesRegressor(random_state=seed, **TREES)
    chain = IterativeImputer(trees, max_iter=5, random_state=seed, keep_empty_features=True)
    filled = pd.DataFrame(chain.fit_transform(codes), holed.index, holed.columns)
    for name, found in levels.items():
        places = filled[name].round().clip(0, len(found) - 1).astype(int)
        filled[name] = found.to_numpy()[places]
    return filled


def codes(names, folder, seeds, _skipped, records):
    for name in names or MIXED:
        X = load_mixed(name, folder)
        for seed in range(seeds):
            for width in (5, 10):
                records.add(
                    partial(_of_codes, X, width, seed),
                    **{"what": "codes", "table": name, "width": width, "seed": seed},
                )
        print(f"\n{name} {X.shape}")
        records.show("width", what="codes", table=name)


def _of_codes(X, width, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    train, test = X.iloc[order[len(X) // 4 :]], X.iloc[order[: len(X) // 4]]
    start = time.perf_counter()
    inner = AutoencoderTransformer(width, random_state=seed)
    table = TableAutoencoder(inner, many_levels="hash").fit(train)
    record = {"seconds": time.perf_counter() - start}
    of_pca = _by_pca(table, train, test, width)
    record |= {"skae": table.score(test), "PCA": of_pca[0]}
    level = _accuracy(table, table.reconstruct(test), test)
    return record | {"accuracy": level, "accuracy of PCA": of_pca[1]}


def downstream(names, folder, seeds, skipped, records):
    for name in names or TARGETS:
        X, y = _load_open(folder / name)
        X = X.drop(columns=ASIDE.get(name, []))
        is_number = pd.api.types.is_float_dtype(y) or y.nunique() > 30
        for seed in range(seeds):
            for kind, model in models(X, is_number, seed).items():
                if kind not in skipped:
                    records.add(
                        partial(_of_model, model, X, y, seed),
                        **{"what": "downstream", "table": name, "by": kind, "seed": seed},
                    )
        print(f"\n{name} {X.shape}, {'R²' if is_number else 'accuracy'}")
        records.show("by", what="downstream", table=name)


def models(X, is_number, seed):
    """Return what predicts a target from a frame, by name."""
    linear = RidgeCV() if is_number else LogisticRegression(max_iter=2000)
    trees = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
    table = TableAutoencoder(
        AutoencoderTransformer(10, random_state=seed), many_levels="hash"
    )
    codec = make_pipeline(TableCodec(many_levels="hash"), SimpleImputer(), PCA(10))
    levels = X.select_dtypes(exclude="number").columns
    typed = FunctionTransformer(_with_categories, kw_args={"levels": levels})
    return {
        "codes, linear": make_pipeline(table, StandardScaler(), linear),
        "PCA, linear": make_pipeline(codec, StandardScaler(), linear),
        "trees on the frame": make_pipeline(
            typed, trees(categorical_features="from_dtype", random_state=seed)
        ),
    }


def _with_categories(X, levels):
    return X.astype(dict.fromkeys(levels, "category"))


def _of_model(model, X, y, seed):
    parts = train_test_split(X, y, test_size=0.25, random_state=seed)
    start = time.perf_counter()
    model.fit(parts[0], parts[2])
    seconds = time.perf_counter() - start
    return {"score": model.score(parts[1], parts[3]), "seconds": seconds}


def _by_pca(table, train, test, width):
    """Return the share explained by PCA of the coded table, and its accuracy."""
    codec = TableCodec(many_levels="hash").fit(train)
    coded = codec.transform(train)
    floor = fit_floor(coded)
    pca = PCA(width).fit(floor.fill(coded))
    unseen = codec.transform(test)
    back = pca.inverse_transform(pca.transform(floor.fill(unseen)))
    columns = codec._columns
    losses = cell_losses(columns, unseen, back, by_kind=True)
    share = shares_explained(losses, baseline_losses(columns, unseen, True))[1]
    return share, _accuracy(table, codec.inverse_transform(back).set_axis(test.index), test)


def _accuracy(table, back, test):
    columns = zip(table.codec_._columns, slices_of(table.codec_._columns))
    names = [column.name for column, _ in columns if column.code.n_levels]
    if not names:
        return float("nan")
    return float(np.mean([(back[c] == test[c])[test[c].notna()].mean() for c in names]))


def look(names, folder):
    for name in names or ["titanic", "mice_protein", "communities_crime"]:
        X = load_mixed(name, folder)
        table = TableAutoencoder(
            AutoencoderTransformer(0.9999, random_state=0), many_levels="hash"
        ).fit(X)
        rows = X[X.isna().any(axis=1)][:10]
        shown = rows.columns[rows.isna().any()][:6]
        filled = table.impute(rows)
        both = pd.concat({"given": rows[shown], "filled": filled[shown]}, axis=1)
        print(f"\n{name}")
        print(both.round(3).to_string(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    runs = {"numbers": numbers, "mixed": mixed, "codes": codes, "downstream": downstream}
    parser.add_argument("what", choices=[*runs, "look"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--records", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    names, folder, seeds = arguments.tables, arguments.data, arguments.seeds
    if arguments.what == "look":
        look(names, folder)
        return
    records = Records.read(arguments.records)
    runs[arguments.what](names, folder, seeds, arguments.without, records)


if __name__ == "__main__":
    main()
