"""SupervisedAutoencoder: the target shapes the code, and nothing of it stays."""

import pickle

import numpy as np
import pandas as pd
import pytest
from networks import dropout_network
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, SupervisedAutoencoder
from skae._fits._recipe import TrainingRows
from skae._fits._supervised import rows_and_labels
from skae._fits._targets import targets_of
from skae._training import Reconstruction
from skae._training import _programs as programs

QUICK = {"hidden_layer_sizes": (6,), "max_epochs": 4, "random_state": 0}
LINEAR = {
    "hidden_layer_sizes": (),
    "noise_level": 0,
    "weight_decay": 0,
    "learning_rate": 0.02,
    "validation_fraction": 0,
    "max_epochs": 300,
    "batch_size": 512,
    "random_state": 0,
}


def quick(**kwargs):
    return SupervisedAutoencoder(**QUICK | kwargs)


@pytest.fixture
def classes(small):
    """Two classes that lie across the columns of the small table."""
    return (small[:, 2] > 0).astype(int)


@pytest.fixture(scope="module")
def scattered():
    """Two normal classes of one covariance, told apart by what varies little."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1500)
    X = rng.normal(size=(1500, 5)) * [4, 3, 2, 1, 0.5]
    X[:, 3] += y
    X[:, 4] += 0.5 * y
    return X, y


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sample_weight": np.linspace(0, 2, 90)},
        {"groups": np.arange(90) // 9},
        {"X_val": np.random.default_rng(0).normal(size=(30, 5))},
    ],
    ids=lambda given: "".join(given) or "rows",
)
def test_without_weight_of_the_target_it_is_the_plain_autoencoder(small, classes, given):
    plain = AutoencoderTransformer(input_noise=0, **QUICK).fit(small, **given)
    if "X_val" in given:
        given = given | {"y_val": np.arange(30) % 2}
    same = quick(target_weight=0, noise_level=0).fit(small, classes, **given)
    np.testing.assert_array_equal(same.transform(small), plain.transform(small))
    assert same.history_ == plain.history_
    assert same.validation_score_ == plain.validation_score_
    assert quick(noise_level=0).fit(small, classes).history_ != plain.history_


def test_linear_code_of_numbers_is_that_of_least_squares(scattered):
    X, _ = scattered
    rng = np.random.default_rng(1)
    y = X @ rng.normal(size=5) + rng.normal(size=len(X))
    code = SupervisedAutoencoder(1, target_weight=1e3, **LINEAR).fit_transform(X, y)
    fitted = LinearRegression().fit(X, y).predict(X)
    assert abs(np.corrcoef(code[:, 0], fitted)[0, 1]) > 0.999


def test_linear_codes_of_several_numbers_span_those_of_least_squares(scattered):
    X, _ = scattered
    rng = np.random.default_rng(2)
    y = X @ rng.normal(size=(5, 2)) * [1, 1000] + rng.normal(size=(len(X), 2))
    supervised = SupervisedAutoencoder(2, target_weight=1e3, **LINEAR)
    codes = supervised.fit_transform(X, y)
    fitted = LinearRegression().fit(X, y).predict(X)
    assert supervised.target_type_ == "continuous"
    assert LinearRegression().fit(codes, fitted).score(codes, fitted) > 0.999
    principal = PCA(2).fit_transform(X)
    assert LinearRegression().fit(principal, fitted).score(principal, fitted) < 0.95


def test_linear_code_of_two_classes_is_that_of_discriminant_analysis(scattered):
    X, y = scattered
    code = SupervisedAutoencoder(1, target_weight=1e3, **LINEAR).fit_transform(X, y)
    discriminant = LinearDiscriminantAnalysis().fit_transform(X, y)
    assert abs(np.corrcoef(code[:, 0], discriminant[:, 0])[0, 1]) > 0.99
    principal = PCA(1).fit_transform(X)
    assert abs(np.corrcoef(principal[:, 0], discriminant[:, 0])[0, 1]) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_codes_tell_classes_apart_that_principal_components_mix(scattered, seed):
    X, y = scattered
    train, unseen = np.arange(1000), np.arange(1000, 1500)
    supervised = SupervisedAutoencoder(
        2, hidden_layer_sizes=(6,), max_epochs=30, random_state=seed
    )
    accuracies = [
        make_pipeline(codes, StandardScaler(), LogisticRegression())
        .fit(X[train], y[train])
        .score(X[unseen], y[unseen])
        for codes in (supervised, PCA(2), PCA(5))
    ]
    assert accuracies[0] > accuracies[1] + 0.1
    assert accuracies[0] > accuracies[2] - 0.03  # of all there is


MARKED = {  # the same labels, in other words and with other marks of none
    "-1": (np.array([0, 1]), -1),
    "NaN": (np.array([0.0, 1.0]), np.nan),
    "None": (np.array([0, 1], dtype=object), None),
    "text": (np.array(["no", "yes"], dtype=object), None),
    "negative": (np.array([-1, 1], dtype=object), np.nan),
    "truth": (np.array([False, True], dtype=object), None),
}


def marked(kind, classes, is_known):
    labels, mark = MARKED[kind]
    labels = labels[classes]
    labels[~is_known] = mark
    return labels


@pytest.mark.parametrize("kind", [kind for kind in MARKED if kind != "-1"])
def test_labels_in_other_words_give_the_same_code(small, classes, kind):
    is_known = np.arange(90) % 3 == 0
    codes, other = (
        quick().fit_transform(small, marked(each, classes, is_known))
        for each in ("-1", kind)
    )
    np.testing.assert_array_equal(codes, other)


def test_rows_without_a_label_count_in_the_reconstruction_alone(small, classes):
    from keras import ops

    is_known = np.arange(90) % 3 == 0
    y = np.where(is_known, classes, -1)
    target, labels = targets_of(y, "auto", None)
    rows = TrainingRows(small, labels=labels, target=target)
    reconstruction = Reconstruction("mse")
    task = rows_and_labels(reconstruction, rows, 3.0, has_units=True)
    outputs = np.random.default_rng(0).normal(size=(90, 6))
    losses = task.row_losses(
        task.make_losses(),
        None,
        *map(ops.convert_to_tensor, (task.targets(small, labels), outputs)),
        lambda values: values,
        task.settings,
    )
    of_rows = ((small - outputs[:, :5]) ** 2).mean(axis=1)
    p = 1 / (1 + np.exp(-outputs[:, 5]))
    of_labels = -np.where(classes, np.log(p), np.log1p(-p))
    share = (classes[is_known].sum() + 1) / (is_known.sum() + 2)
    entropy = -share * np.log(share) - (1 - share) * np.log1p(-share)
    weight = 3 / (entropy * is_known.mean())
    expected = of_rows + weight * np.where(is_known, of_labels, 0)
    np.testing.assert_allclose(np.array(losses), expected, rtol=1e-5)


def test_rows_without_a_label_shape_the_code(small, classes):
    y = np.where(np.arange(90) % 3 == 0, classes, -1)
    expected = quick().fit_transform(small, y)
    moved = np.where(y[:, np.newaxis] < 0, 2 * small, small)
    assert not np.allclose(quick().fit(moved, y).transform(small), expected)


@pytest.mark.parametrize(
    ("y", "target_type", "kind"),
    [
        ([0, 1, 2] * 4, "auto", "categorical"),
        ([0.0, 1.0, np.nan] * 4, "auto", "categorical"),
        (["a", "b", None] * 4, "auto", "categorical"),
        ([True, False] * 6, "auto", "categorical"),
        (["1.5", "2.5"] * 6, "auto", "categorical"),
        (pd.Categorical(np.arange(202) % 101), "auto", "categorical"),
        (pd.Series([1.5, 2, pd.NA] * 4, dtype="Float64"), "auto", "continuous"),
        ([0.5, 1, 2] * 4, "auto", "continuous"),
        (np.arange(200) % 100, "auto", "categorical"),
        (np.arange(202) % 101, "auto", "continuous"),
        (np.arange(12).reshape(6, 2), "auto", "continuous"),
        (np.arange(6).reshape(6, 1) % 2.0, "continuous", "continuous"),
        ([0, 1, 2] * 4, "continuous", "continuous"),
        (np.arange(202) % 101, "categorical", "categorical"),
    ],
)
def test_target_is_taken_for_what_it_holds(y, target_type, kind):
    target, labels = targets_of(y, target_type, None)
    assert target.kind == kind
    assert len(labels) == len(y)


@pytest.mark.parametrize("target_type", ["categorical", "continuous"])
def test_rows_of_weight_zero_do_not_count(small, classes, target_type):
    weight = np.where(np.arange(90) % 5, 1.0, 0.0)
    wild_rows, wild_labels = small.copy(), classes.copy()
    wild_rows[weight == 0] = 1e3
    wild_labels[weight == 0] = 1 - classes[weight == 0]
    if target_type == "continuous":
        wild_labels[weight == 0] = 10**6
    codes, others = (
        quick(target_type=target_type)
        .fit(X, y, sample_weight=factor * weight)
        .transform(small)
        for X, y, factor in ((small, classes, 1), (wild_rows, wild_labels, 1e-3))
    )
    np.testing.assert_allclose(codes, others, atol=1e-5)


@pytest.mark.parametrize("has_units", [True, False])
@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_both_losses_are_in_units_of_their_values_before_training(
    small, classes, loss, has_units
):
    target, labels = targets_of(100.0 * classes + 0.5, "auto", None)

    def weight(factor, sample_weight=None):
        rows = TrainingRows(factor * small, sample_weight, labels=labels, target=target)
        return rows_and_labels(Reconstruction(loss), rows, 2.0, has_units).weight

    deviations = small - small.mean(axis=0)
    if loss == "mse":
        assert weight(1) == pytest.approx(2 if has_units else 2 * (deviations**2).mean())
    elif loss == "mae":
        unit = np.sqrt((deviations**2).mean()) if has_units else 1
        assert weight(1) == pytest.approx(2 * np.abs(deviations).mean() / unit, rel=1e-5)
    else:  # beside 1, all errors are small, or large
        assert weight(0.01) == pytest.approx(1e-4 * (deviations**2).mean(), rel=1e-4)
        large = 2e6 * np.abs(deviations).mean()
        assert weight(1e6) == pytest.approx(large, rel=1e-4)
    if loss != "huber" and has_units:
        assert weight(100) == pytest.approx(weight(1))
    ones = np.repeat([2.0, 0.0], 45)
    half = TrainingRows(small[:45], labels=labels[:45], target=target)
    expected = rows_and_labels(Reconstruction(loss), half, 2.0, has_units).weight
    assert weight(1, ones) == pytest.approx(expected, rel=1e-5)


def test_validation_rows_choose_the_epoch_by_both_losses(small, classes):
    given = {"X_val": small[60:], "y_val": classes[60:]}
    fitted = quick().fit(small[:60], classes[:60], **given)
    none = given | {"y_val": np.where(np.arange(30) < 29, -1, 1)}
    other = quick().fit(small[:60], classes[:60], **none)
    assert fitted.history_["loss"] == other.history_["loss"]
    assert fitted.history_["val_loss"] != other.history_["val_loss"]
    single = given | {"y_val": np.where(np.arange(30) < 29, -1, 0)}
    quick().fit(small[:60], classes[:60], **single)


def test_validation_rows_and_labels_travel_through_a_pipeline(small, classes):
    X = 100 + 10 * small
    with config_context(enable_metadata_routing=True):
        estimator = quick().set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), estimator, transform_input=["X_val"])
        pipeline.fit(X[::2], classes[::2], X_val=X[1::2], y_val=classes[1::2])
    scaler = StandardScaler().fit(X[::2])
    train, unseen = scaler.transform(X[::2]), scaler.transform(X[1::2])
    direct = quick().fit(train, classes[::2], X_val=unseen, y_val=classes[1::2])
    assert pipeline[-1].history_ == direct.history_


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        ({}, {"y": None}, "SupervisedAutoencoder requires y to be passed"),
        ({}, {"y": np.zeros(90)}, "y holds one class, 0.0, but .* at least two"),
        ({}, {"y": [np.nan] * 90}, "y has no label: all 90 rows are marked"),
        ({}, {"y": np.arange(89)}, "X and y do not fit"),
        ({}, {"y": np.arange(90) % 4 - 2}, "y holds -1, .* beside another negative class"),
        ({"target_type": "continuous"}, {"y": ["a"] * 90}, "y holds 'a', .* no number"),
        ({"target_type": "categorical"}, {"y": np.linspace(0, 1, 90)}, "Unknown label"),
        ({}, {"y": np.full(90, np.inf)}, "y contains infinity"),
        ({}, {"X_val": np.ones((2, 5))}, "X_val and y_val go together"),
        ({}, {"y_val": [0, 1]}, "X_val and y_val go together"),
        ({}, {"X_val": np.ones((2, 5)), "y_val": [0]}, "X_val and y_val do not fit"),
        (
            {},
            {"X_val": np.ones((2, 5)), "y_val": [0, 7]},
            r"y_val holds the class 7, but y does not; choose from \[0, 1\]",
        ),
        (
            {},
            {"X_val": np.ones((2, 5)), "y_val": [-1, -1]},
            "y_val has no label: all 2 rows",
        ),
        (
            {},
            {"y": [-1] * 80 + [0, 1] * 5, "sample_weight": [1] * 80 + [0] * 10},
            "sample_weight leaves no row that has a label",
        ),
        ({"noise_level": 1.0}, {}, r"noise_level=1.0 must be in \[0, 1\)"),
        ({"target_weight": -1}, {}, "'target_weight' .* must be a float in the range"),
        ({"target_weight": 1e300}, {}, r"the likely cause is target_weight=1e\+300"),
        ({"target_type": "numbers"}, {}, "'target_type' .* must be a str among"),
    ],
)
def test_what_cannot_be_learnt_is_told(small, classes, parameters, given, message):
    estimator = quick(**parameters)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=message):
        estimator.fit(small, **{"y": classes} | given)
    assert vars(estimator) == before


def test_failed_fit_leaves_the_last_one(small, classes):
    estimator = quick().fit(small, classes)
    codes = estimator.transform(small)
    with pytest.raises(ValueError, match="y holds one class"):
        estimator.fit(small[:, :3], np.zeros(90))
    np.testing.assert_array_equal(estimator.transform(small), codes)


def test_there_is_no_partial_fit():
    assert not hasattr(SupervisedAutoencoder(), "partial_fit")
    with pytest.raises(AttributeError, match="no partial_fit; call fit with all rows"):
        SupervisedAutoencoder().partial_fit(np.ones((9, 2)))


def test_nothing_of_the_head_or_of_the_labels_stays(small, classes):
    supervised = quick().fit(small, classes)
    plain = AutoencoderTransformer(**QUICK).fit(small)
    own = vars(supervised).keys() - supervised.get_params().keys()
    assert own - (vars(plain).keys() - plain.get_params().keys()) == {"target_type_"}
    saved = pickle.dumps(supervised)
    assert not any(name in saved for name in (b"_models._supervised", b"_targets"))
    again = pickle.loads(saved)
    np.testing.assert_array_equal(again.transform(small), supervised.transform(small))
    assert len(saved) < 1.3 * len(pickle.dumps(plain))


def test_same_seed_gives_the_same_bits_and_another_does_not(small, classes):
    first, second, third = (
        quick(random_state=seed).fit(small, classes).history_ for seed in (5, 5, 6)
    )
    assert first == second
    assert first != third


def test_weights_and_tables_of_one_shape_share_a_program(small, classes):
    quick().fit(small, classes)
    programs._idle.clear()
    for weight in (0.5, 3.0, 30.0):
        quick(target_weight=weight, noise_level=0).fit(small, classes)
    quick().fit(3 * small + 1, np.where(np.arange(90) % 9, classes, -1))
    assert len(programs._idle) == 1
    quick().fit(small, small[:, 0])  # another loss
    assert len(programs._idle) == 2


def test_callbacks_hear_of_both_losses(small, classes):
    from keras.callbacks import History

    history = History()
    estimator = quick(callbacks=[history]).fit(small, classes)
    assert history.history["val_loss"] == estimator.history_["val_loss"]
    quiet = quick(target_weight=1e-3).fit(small, classes).history_
    assert estimator.history_["val_loss"][0] > 2 * quiet["val_loss"][0]


def test_warm_start_goes_on_with_another_target(small, classes):
    fast = {"max_epochs": 40, "learning_rate": 0.03, "validation_fraction": 0}
    estimator = quick(warm_start=True, **fast)
    first = estimator.fit(small, classes).history_["loss"]
    again = estimator.fit(small, classes).history_["loss"]
    assert len(again) == len(first)
    assert again[0] < 0.99 * first[0]
    assert again[8] < 0.8 * first[8]
    estimator.set_params(max_epochs=2).fit(small, small[:, :2])
    assert estimator.target_type_ == "continuous"


def test_grid_search_chooses_the_weight_of_the_target(scattered):
    X, y = scattered
    codes = SupervisedAutoencoder(1, **QUICK | {"max_epochs": 15})
    pipeline = make_pipeline(StandardScaler(), codes, LogisticRegression())
    grid = {"supervisedautoencoder__target_weight": [0, 3]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X[:600], y[:600])
    assert search.best_params_ == {"supervisedautoencoder__target_weight": 3}
    assert search.score(X[600:], y[600:]) > 0.7


def test_frames_names_and_clones_are_as_those_of_the_others(small, classes):
    frame = pd.DataFrame(small, columns=list("abcde"), index=range(100, 190))
    estimator = quick().set_output(transform="pandas")
    codes = estimator.fit_transform(frame, pd.Series(classes))
    assert list(codes.columns) == ["supervisedautoencoder0", "supervisedautoencoder1"]
    assert codes.index.equals(frame.index)
    assert list(estimator.inverse_transform(codes).columns) == list("abcde")
    assert clone(estimator).get_params() == estimator.get_params()
    assert not hasattr(clone(estimator), "target_type_")
    wide = quick(features="all").fit(small, classes)
    assert wide.transform(small).shape == (90, 6 + 2 + 6)
    np.testing.assert_allclose(wide.transform(small)[:, 6:8], codes, atol=1e-12)


def test_codes_are_ordered_and_centred(small, classes):
    codes = quick(max_epochs=30, validation_fraction=0).fit_transform(small, classes)
    covariance = np.cov(codes.T)
    assert covariance[0, 0] >= covariance[1, 1] > 0
    assert abs(covariance[0, 1]) < 1e-6 * covariance[0, 0]
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("target_type", ["categorical", "continuous"])
def test_code_of_a_row_a_little_outside_is_the_network_s(scattered, target_type):
    X, y = scattered
    train, unseen = X[:1000], X[1000:] * [1.3, 1.3, 1, 1, 1]
    settings = QUICK | {"max_epochs": 30, "learning_rate": 0.02, "validation_fraction": 0}
    supervised = SupervisedAutoencoder(1, target_type=target_type, **settings)
    supervised.fit(train, y[:1000])
    is_outside = (np.abs(unseen) > np.abs(train).max(axis=0)).any(axis=1)
    assert is_outside.sum() > 5
    codes, known = supervised.transform(unseen), supervised.transform(train)
    assert np.abs(codes).max() < 3 * np.abs(known).max()
    far = 1e6 * unseen[:20]
    pca, lost = PCA(1).fit(train), supervised.reconstruction_error(far)
    of_pca = ((far - pca.inverse_transform(pca.transform(far))) ** 2).mean(axis=1)
    np.testing.assert_allclose(lost, of_pca, rtol=1e-3)


def test_own_network_is_trained_with_the_target(small, classes):
    estimator = quick(build_network=dropout_network, max_epochs=60, learning_rate=0.03)
    estimator.fit(small, classes)
    history = estimator.history_["val_loss"]
    assert min(history) < 0.8 * history[0]
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform(small), estimator.transform(small))
