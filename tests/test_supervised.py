"""SupervisedAutoencoder: the target shapes the code, and nothing else."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    SupervisedAutoencoder,
)
from skae._training import _programs as programs

SHORT = {"hidden_layer_sizes": (6,), "max_epochs": 12, "batch_size": 16, "random_state": 0}


def supervised(**parameters):
    return SupervisedAutoencoder(**SHORT | parameters)


@pytest.fixture
def classes(small):
    return (small[:, 0] > 0).astype(int) + (small[:, 1] > 0.5)


def r2_of_codes(estimator, X, y):
    codes = estimator.transform(X)
    return LinearRegression().fit(codes, y).score(codes, y)


def test_without_weight_it_is_the_plain_autoencoder_to_the_bit(small, classes):
    plain = AutoencoderTransformer(2, input_noise=0, **SHORT).fit(small)
    found = supervised(target_weight=0, noise_level=0).fit(small, classes)
    np.testing.assert_array_equal(found.transform(small), plain.transform(small))
    assert found.history_ == plain.history_


@pytest.mark.parametrize("n_targets", [1, 2])
def test_linear_code_spans_what_least_squares_predicts(n_targets):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 8)) * [9, 8, 7, 6, 1, 1, 1, 1]  # what matters varies least
    y = X[:, 4:] @ rng.normal(size=(4, n_targets)) + rng.normal(size=(400, n_targets))
    best = LinearRegression().fit(X, y).score(X, y)
    assert r2_of_codes(AutoencoderTransformer(n_targets, **SHORT).fit(X), X, y) < 0.1
    linear = supervised(
        n_components=n_targets,
        hidden_layer_sizes=(),
        target_weight=1e4,
        noise_level=0,
        weight_decay=0,
        max_epochs=300,
    ).fit(X, y)
    assert best - 0.02 < r2_of_codes(linear, X, y) <= best + 1e-9


def test_linear_code_of_two_classes_is_the_discriminant():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    X = rng.normal(size=(600, 4)) * [9, 5, 1, 1]
    X[:, 2] += 3 * y
    expected = LinearDiscriminantAnalysis().fit(X, y).transform(X)[:, 0]

    def likeness(estimator):
        codes = estimator.fit(X, y).transform(X)[:, 0]
        return abs(np.corrcoef(codes, expected)[0, 1])

    linear = {"n_components": 1, "hidden_layer_sizes": ()}
    assert likeness(supervised(**linear, target_weight=1e4, max_epochs=60)) > 0.95
    assert likeness(supervised(**linear, target_weight=0)) < 0.3


@pytest.mark.parametrize("mark", [-1, None, np.nan])
def test_rows_without_a_label_count_in_the_reconstruction(small, classes, mark):
    known = np.arange(90) % 3 > 0
    marked = np.where(known, classes, -1)
    if mark != -1:
        marked = pd.Series(marked, dtype=object).where(known, mark)
    of_marked = supervised().fit(small, marked)
    as_minus_one = supervised().fit(small, np.where(known, classes, -1))
    np.testing.assert_array_equal(of_marked.transform(small), as_minus_one.transform(small))
    without = supervised(validation_fraction=0).fit(small[known], classes[known])
    with_more = supervised(validation_fraction=0).fit(small, marked)
    assert with_more.mean_ == pytest.approx(small.mean(axis=0))
    assert not np.allclose(with_more.transform(small), without.transform(small))


def test_loss_is_that_of_the_rows_and_of_their_labels():
    from skae._training import Reconstruction, RowsAndLabels

    task = RowsAndLabels(Reconstruction("mse"), "mse", 3, 2.0)
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(2, 5, 3)).astype(np.float32)
    labels = labels[:, :2].copy()
    labels[1] = np.nan
    outputs = rng.normal(size=(5, 5)).astype(np.float32)
    found = task.row_losses(
        task.make_losses(),
        rows,
        task.targets(rows, labels),
        outputs,
        lambda values: values,
        task.settings,
    )
    expected = ((rows - outputs[:, :3]) ** 2).mean(axis=1)
    expected += 2 * np.nan_to_num(((labels - outputs[:, 3:]) ** 2).mean(axis=1))
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.arange(90) % 3, "categorical"),
        (np.arange(90) % 3 / 2, "continuous"),
        (np.where(np.arange(90) % 2, "yes", "no"), "categorical"),
        (np.arange(90) % 2 == 0, "categorical"),
        (np.column_stack([np.arange(90) % 3, np.arange(90) % 5]), "continuous"),
    ],
)
def test_type_of_the_target_is_told(small, y, expected):
    assert supervised(max_epochs=1).fit(small, y).target_type_ == expected


def test_whole_numbers_of_many_values_are_amounts(digits):
    y = np.arange(len(digits)) % 150
    assert supervised(max_epochs=1).fit(digits, y).target_type_ == "continuous"
    asked = supervised(max_epochs=1, target_type="categorical").fit(digits, y)
    assert asked.target_type_ == "categorical"


def test_code_of_classes_tells_them_apart_better_than_that_of_rows(digits):
    from sklearn.datasets import load_digits

    y = load_digits().target

    def accuracy(estimator):
        pipeline = make_pipeline(estimator, StandardScaler(), LogisticRegression())
        return pipeline.fit(digits[:1200], y[:1200]).score(digits[1200:], y[1200:])

    parameters = {"max_epochs": 20, "random_state": 0}
    plain = accuracy(AutoencoderTransformer(2, **parameters))
    assert accuracy(SupervisedAutoencoder(2, **parameters)) > plain + 0.15


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": None}, "requires y to be passed"),
        ({"y": np.zeros(90)}, "holds one class"),
        ({"y": np.zeros(3)}, "X and y do not fit"),
        ({"y": np.full(90, np.nan)}, "no label"),
        ({"X_val": np.ones((4, 5))}, "X_val and y_val go together"),
        ({"X_val": np.ones((4, 5)), "y_val": [0, 1, 2, 9]}, "holds the class 9"),
        ({"X_val": np.ones((4, 5)), "y_val": [0, 1]}, "X_val and y_val do not fit"),
    ],
)
def test_bad_targets_are_told_in_one_sentence(small, classes, arguments, message):
    estimator = supervised()
    with pytest.raises(ValueError, match=message):
        estimator.fit(small, **{"y": classes} | arguments)
    assert not [name for name in vars(estimator) if name.endswith("_")]


def test_text_as_numbers_is_refused(small):
    with pytest.raises(ValueError, match="could not convert string"):
        supervised(target_type="continuous").fit(small, np.array(["a", "b", "c"] * 30))


def test_validation_rows_choose_by_their_labels_too(small, classes):
    chosen = supervised().fit(small, classes, X_val=small[:30], y_val=classes[:30])
    other = supervised().fit(small, classes, X_val=small[:30], y_val=2 - classes[:30])
    assert chosen.history_["loss"] == other.history_["loss"]
    assert chosen.history_["val_loss"] != other.history_["val_loss"]


def test_rows_of_weight_zero_are_not_there(small, classes):
    weight = np.arange(90) % 4 > 0
    weighted = supervised(validation_fraction=0, noise_level=0).fit(
        small, classes, sample_weight=weight
    )
    wrong = np.where(weight, classes, 2 - classes)
    same = supervised(validation_fraction=0, noise_level=0).fit(
        small, wrong, sample_weight=weight
    )
    np.testing.assert_allclose(weighted.transform(small), same.transform(small), atol=0.05)


def test_fitted_estimator_is_an_autoencoder_and_holds_no_label(small, classes):
    estimator = supervised(features="all").fit(small, classes)
    private = {name for name in vars(estimator) if name.startswith("_")}
    assert private == {"_model", "_components", "_kept_rows", "_optimizer_state"}
    assert estimator.transform(small).shape == (90, 2 + 2 * 6)
    codes = AutoencoderTransformer.transform(
        clone(estimator).set_params(features="code").fit(small, classes), small
    )
    np.testing.assert_allclose(np.corrcoef(codes.T)[0, 1], 0, atol=1e-6)
    assert np.all(np.diff(codes.var(axis=0)) <= 0)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform(small), estimator.transform(small))
    assert not hasattr(estimator, "partial_fit")


def test_warm_start_goes_on_with_the_code(small, classes):
    estimator = supervised(warm_start=True, init="random").fit(small, classes)
    before = estimator.score(small)
    assert estimator.fit(small, classes).score(small) > before


def test_search_over_the_weight_shares_a_program_and_passes_labels(small, classes):
    pipeline = make_pipeline(supervised(), StandardScaler(), LogisticRegression())
    weights = [0.5, 2, 8]
    grid = {"supervisedautoencoder__target_weight": weights}
    programs._idle.clear()
    search = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(small, classes)
    assert len(set(search.cv_results_["mean_test_score"])) > 0
    ours = [key for key in programs._idle if "SupervisedNetwork" in repr(key)]
    assert len(ours) == 1


def test_frames_of_codes_are_named(small, classes):
    frame = pd.DataFrame(small, columns=list("abcde"))
    codes = supervised().set_output(transform="pandas").fit(frame, classes).transform(frame)
    assert list(codes.columns) == ["supervisedautoencoder0", "supervisedautoencoder1"]


@pytest.mark.parametrize("marks", ["all", "some", "apart"])
def test_predictors_pretrain_it_with_their_labels(small, classes, marks):
    names = np.array(["low", "middle", "high"], dtype=object)[classes]
    more = {}
    if marks == "some":
        names[::3] = None
    if marks == "apart":
        more = {"X_unlabeled": small[:20]}
    classifier = AutoencoderClassifier(
        supervised(max_epochs=2), max_epochs=2, random_state=0
    ).fit(small, names, **more)
    assert classifier.autoencoder_.target_type_ == "categorical"
    assert set(classifier.predict(small)) <= {"low", "middle", "high"}


def test_regressor_pretrains_it_on_numbers(small):
    y = np.round(10 * small[:, 0])  # whole ones, which alone would be taken for classes
    regressor = AutoencoderRegressor(
        supervised(max_epochs=2), max_epochs=2, random_state=0
    ).fit(small, y, X_unlabeled=small[:9])
    assert regressor.autoencoder_.target_type_ == "continuous"
