"""Tables for the benchmarks: scikit-learn's bundled ones, and a folder of open ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

BUNDLED = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "diabetes": datasets.load_diabetes,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
MAX_ROWS = 8000
MAX_LEVELS = 30


def table_names(folder=None):
    """Return the names of the bundled tables and of those in `folder`."""
    found = (
        sorted(path.parent.name for path in Path(folder).glob("*/meta.json"))
        if folder
        else []
    )
    return [*BUNDLED, *found]


def load_table(name, folder=None, max_rows=MAX_ROWS):
    """Return the columns (a DataFrame) and the target of a table.

    A random sample of `max_rows` rows is taken from larger tables; text columns with
    more than `MAX_LEVELS` levels are left out.
    """
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True)
        X = pd.DataFrame(X)
    else:
        X, y = _load_open(Path(folder) / name)
    if len(X) > max_rows:
        chosen = np.random.RandomState(0).permutation(len(X))[:max_rows]
        X, y = X.iloc[chosen], np.asarray(y)[chosen]
    text = X.select_dtypes(exclude="number")
    return X.drop(columns=text.columns[text.nunique() > MAX_LEVELS]), np.asarray(y)


def _load_open(folder):
    meta = json.loads((folder / "meta.json").read_text())
    if meta["format"] == "npz":
        with np.load(folder / "data.npz") as arrays:
            return pd.DataFrame(arrays["X"]), arrays["y"]
    frame = pd.read_csv(
        folder / "data.csv.gz", keep_default_na=False, na_values=[""], low_memory=False
    )
    return frame.drop(columns=meta["target"]), frame[meta["target"]]


def preprocessor():
    """Return the transformer that every method gets: impute, one-hot, standardise."""
    return make_pipeline(
        make_column_transformer(
            (
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ),
                make_column_selector(dtype_exclude="number"),
            ),
            (
                SimpleImputer(strategy="median"),
                make_column_selector(dtype_include="number"),
            ),
        ),
        StandardScaler(),
    )


def split(X, seed):
    """Return standardised training and test rows (25 %) of one random split."""
    train, test = train_test_split(X, test_size=0.25, random_state=seed)
    scaler = preprocessor().set_output(transform="default")
    return scaler.fit_transform(train), scaler.transform(test)
