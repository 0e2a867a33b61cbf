"""Rows without a label: pre-trained on, never fine-tuned with, never scored."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    SupervisedAutoencoder,
)
from skae._data._labels import known_classes, known_values

pytestmark = pytest.mark.usefixtures("without_xla")
AUTOENCODER = AutoencoderTransformer(2, hidden_layer_sizes=(6,), max_epochs=3)
QUICK = {"max_epochs": 3, "random_state": 0, "validation_fraction": 0.2}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return StandardScaler().fit_transform(X)[order], y[order]


@pytest.mark.parametrize(
    ("y", "known"),
    [
        ([0, -1, 1, 2], [0, 1, 2]),
        ([0.0, -1.0, 1.0], [0, 1]),
        ([0, 1, np.nan], [0, 1]),
        ([0, -1, 1, np.nan], [0, 1]),
        (["a", None, "b"], ["a", "b"]),
        (["a", np.nan, "b", "-1"], ["a", "b", "-1"]),
        (np.array([0, None, 1], dtype=object), [0, 1]),
        (pd.Series([0, 1, pd.NA], dtype="Int64"), [0, 1]),
        (pd.Series(["a", pd.NA, "b"], dtype="string"), ["a", "b"]),
        (pd.Categorical(["a", None, "b"]), ["a", "b"]),
        ([True, False], [True, False]),
        ([-1, 1, 1], [-1, 1, 1]),
        ([-1, 0], [-1, 0]),
        ([-2, -1], [-2, -1]),
        ([-1.5, -1, 0], [-1.5, -1, 0]),
        ([-3, -2, 0], [-3, -2, 0]),
    ],
)
def test_marks_of_classes_are_those_of_scikit_learn(y, known):
    has_label, labels = known_classes(y)
    assert labels.tolist() == known
    kept = [label for label, has in zip(np.asarray(y, dtype=object), has_label) if has]
    assert kept == known


def test_rows_with_a_missing_target_have_none():
    y = np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, 5.0]])
    has_label, values = known_values(y)
    assert has_label.tolist() == [True, False, True]
    np.testing.assert_array_equal(values, y[[0, 2]])
    assert known_values([1.0, None, -1.0])[1].tolist() == [1, -1]


@pytest.mark.parametrize("as_rows", [np.asarray, sparse.csr_array, pd.DataFrame])
@pytest.mark.parametrize("estimator", [AutoencoderClassifier, AutoencoderRegressor])
def test_marked_rows_are_those_of_unlabelled_rows(iris, estimator, as_rows):
    X, y = iris
    mark = -1 if estimator is AutoencoderClassifier else np.nan
    is_marked = np.arange(150) % 3 == 0
    partly = np.where(is_marked, mark, y)
    more, rows = as_rows(X[::7] + 0.1), as_rows(X)
    marked = estimator(AUTOENCODER, **QUICK).fit(rows, partly, X_unlabeled=more)
    unlabelled = np.vstack([X[is_marked], X[::7] + 0.1])
    apart = estimator(AUTOENCODER, **QUICK).fit(
        as_rows(X[~is_marked]), y[~is_marked], X_unlabeled=as_rows(unlabelled)
    )
    np.testing.assert_allclose(marked.transform(rows), apart.transform(rows), atol=1e-9)
    np.testing.assert_allclose(marked.predict(rows), apart.predict(rows))
    assert marked.validation_score_ == pytest.approx(apart.validation_score_)
    if estimator is AutoencoderClassifier:
        assert marked.classes_.tolist() == [0, 1, 2]


def test_weights_of_marked_rows_count_in_pre_training(iris):
    X, y = iris
    is_marked = np.arange(150) % 3 == 0
    partly, weight = np.where(is_marked, -1, y), np.where(is_marked, 5.0, 1.0)

    def fitted(weight):
        settings = QUICK | {"fine_tune": False}
        return AutoencoderClassifier(AUTOENCODER, **settings).fit(
            X, partly, sample_weight=weight
        )

    labels_first = np.r_[np.flatnonzero(~is_marked), np.flatnonzero(is_marked)]
    seed = fitted(weight).autoencoder_.random_state
    pretrained = AutoencoderTransformer(**AUTOENCODER.get_params())
    pretrained.set_params(random_state=seed)
    pretrained.fit(X[labels_first], sample_weight=weight[labels_first])
    codes = fitted(weight).autoencoder_.transform(X)
    np.testing.assert_allclose(codes, pretrained.transform(X))
    assert not np.allclose(codes, fitted(None).autoencoder_.transform(X))


@pytest.mark.parametrize("kind", ["numbers", "text", "values", "pairs", "whole values"])
def test_labels_shape_the_code_of_all_rows_in_pre_training(iris, kind):
    X, y = iris
    is_marked = np.arange(150) % 3 == 0
    estimator = AutoencoderRegressor
    if kind == "numbers":
        estimator, partly = AutoencoderClassifier, np.where(is_marked, -1, y)
    elif kind == "text":
        words = np.array(["setosa", "versicolor", "virginica"], dtype=object)[y]
        estimator, partly = AutoencoderClassifier, np.where(is_marked, None, words)
    elif kind == "values":
        partly = np.where(is_marked, np.nan, X[:, 0])
    elif kind == "pairs":
        partly = np.where(is_marked[:, np.newaxis], np.nan, X[:, :2])
    else:
        partly = np.where(is_marked, np.nan, y)
    supervised = SupervisedAutoencoder(2, hidden_layer_sizes=(6,), max_epochs=3)
    fitted = estimator(supervised, **QUICK).fit(X, partly, X_unlabeled=X[::7])
    pretrained = fitted.autoencoder_
    labels_first = np.r_[np.flatnonzero(~is_marked), np.flatnonzero(is_marked)]
    behind = np.full((len(X[::7]), *partly.shape[1:]), None if kind == "text" else np.nan)
    direct = clone(pretrained).fit(
        np.vstack([X[labels_first], X[::7]]),
        np.concatenate([partly[labels_first], behind]),
    )
    np.testing.assert_array_equal(pretrained.transform(X), direct.transform(X))
    is_classes = estimator is AutoencoderClassifier
    assert pretrained.target_type_ == ("categorical" if is_classes else "continuous")
    assert supervised.target_type == "auto"


@pytest.mark.parametrize("mark", [-1, np.nan, None])
def test_score_leaves_out_rows_without_a_label(iris, mark):
    X, y = iris
    model = AutoencoderClassifier(AUTOENCODER, **QUICK).fit(X, y)
    partly = np.where(np.arange(150) < 50, mark, y.astype(object))
    weight = np.linspace(0, 1, 150)
    score = model.score(X, partly, sample_weight=weight)
    assert score == model.score(X[50:], y[50:], sample_weight=weight[50:])
    values = AutoencoderRegressor(AUTOENCODER, **QUICK).fit(X, y)
    if mark != -1:
        assert values.score(X, partly) == values.score(X[50:], y[50:])


def test_minus_one_and_one_are_two_classes(iris):
    X, y = iris
    signs = np.where(y > 0, 1, -1)
    model = AutoencoderClassifier(AUTOENCODER, **QUICK).fit(X, signs)
    assert model.classes_.tolist() == [-1, 1]
    assert model.score(X, signs) == np.mean(model.predict(X) == signs)


def test_marked_rows_travel_through_a_grid_search(iris):
    X, y = iris
    partly = np.where(np.arange(150) % 3 == 0, -1, y)
    model = AutoencoderClassifier(AUTOENCODER, **QUICK)
    folds = StratifiedKFold(2)
    search = GridSearchCV(model, {"fine_tune": [True, False]}, cv=folds).fit(X, partly)
    train, test = next(folds.split(X, partly))
    fitted = model.fit(X[train], partly[train])
    known = test[partly[test] >= 0]
    expected = np.mean(fitted.predict(X[known]) == y[known])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([-2, -1, 0, 1] * 3, "another negative class, -2; give classes numbers from 0"),
        ([np.nan] * 12, "y has no label: all 12 rows are marked"),
        ([None] * 12, "y has no label: all 12 rows are marked"),
        ([-1] * 12, "y holds one class, -1"),
        ([0, np.nan] * 6, "y holds one class, 0"),
        ([0, np.inf] * 6, "y contains infinity"),
        (np.ma.masked_equal([0, 1, 2] * 4, 2), "y has masked values"),
    ],
)
def test_labels_that_say_nothing_are_told(y, message):
    X = np.random.default_rng(0).normal(size=(12, 3))
    with pytest.raises(ValueError, match=message):
        AutoencoderClassifier(AUTOENCODER, **QUICK).fit(X, y)


def test_what_needs_labels_is_told(iris):
    X, y = iris
    partly = np.where(np.arange(150) < 50, -1, y)
    model = AutoencoderClassifier(AUTOENCODER, **QUICK)
    with pytest.raises(ValueError, match="y_val has rows without a label"):
        model.fit(X, y, X_val=X, y_val=partly)
    with pytest.raises(ValueError, match="leaves no row that has a label"):
        model.fit(X, partly, sample_weight=(partly < 0).astype(float))
    with pytest.raises(ValueError, match="y has no label: all 5 rows"):
        model.fit(X, y).score(X[:5], [-1] * 5)
    values = AutoencoderRegressor(AUTOENCODER, **QUICK)
    with pytest.raises(ValueError, match=r"y has no label: all 150 rows .* by NaN"):
        values.fit(X, np.full(150, np.nan))
    with pytest.raises(ValueError, match="y_val contains NaN"):
        values.fit(X, y, X_val=X, y_val=np.full(150, np.nan))
