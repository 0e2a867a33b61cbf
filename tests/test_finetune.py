"""AutoencoderClassifier and AutoencoderRegressor: pre-trained, then fine-tuned."""

import pickle

import numpy as np
import pandas as pd
import pytest
from networks import dropout_network
from scipy import sparse, special
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
)

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"hidden_layer_sizes": (12, 6), "max_epochs": 3}
ENCODERS = {
    "plain": AutoencoderTransformer(3, **QUICK),
    "denoising": DenoisingAutoencoder(3, **QUICK),
    "auto": DenoisingAutoencoder(2, noise_level="auto", **QUICK),
    "topk": SparseAutoencoder(8, **QUICK),
    "kl": SparseAutoencoder(8, sparsity="kl", **QUICK),
    "stacked": StackedAutoencoder(3, pretrain_epochs=2, **QUICK),
    "supervised": SupervisedAutoencoder(3, **QUICK),
    "custom": AutoencoderTransformer(3, build_network=dropout_network, max_epochs=3),
}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return StandardScaler().fit_transform(X)[order], y[order]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def classifier(autoencoder=ENCODERS["plain"], **kwargs):
    return AutoencoderClassifier(
        autoencoder, **{"max_epochs": 4, "random_state": 0} | kwargs
    )


def regressor(autoencoder=ENCODERS["plain"], **kwargs):
    return AutoencoderRegressor(
        autoencoder, **{"max_epochs": 4, "random_state": 0} | kwargs
    )


@pytest.mark.compiled
def test_head_alone_is_logistic_regression_on_the_codes():
    X, y = load_iris(return_X_y=True)
    X, y = StandardScaler().fit_transform(X[50:]), y[50:] == 2
    y = y ^ (np.random.default_rng(0).random(len(y)) < 0.2)  # no line tells them apart
    ours = classifier(
        AutoencoderTransformer(2, max_epochs=5, random_state=0),
        fine_tune=False,
        keep_noise=False,
        weight_decay=0,
        learning_rate=0.1,
        max_epochs=600,
    ).fit(X, y)
    codes = ours.autoencoder_.transform(X)
    np.testing.assert_array_equal(ours.transform(X), codes)
    exact = LogisticRegression(C=np.inf, max_iter=10_000, tol=1e-8).fit(codes, y)
    np.testing.assert_allclose(ours.predict_proba(X), exact.predict_proba(codes), atol=0.04)


@pytest.mark.compiled
def test_head_alone_is_linear_regression_on_the_codes(diabetes):
    X, y = diabetes
    ours = regressor(
        AutoencoderTransformer(4, max_epochs=5, random_state=0),
        fine_tune=False,
        keep_noise=False,
        weight_decay=0,
        learning_rate=0.02,
        max_epochs=300,
    ).fit(X, y)
    codes = ours.transform(X)
    exact = LinearRegression().fit(codes, y).predict(codes)
    np.testing.assert_allclose(ours.predict(X), exact, atol=0.02 * y.std())


@pytest.mark.compiled
def test_linear_network_becomes_linear_regression(diabetes):
    X, y = diabetes
    ours = regressor(
        AutoencoderTransformer(10, hidden_layer_sizes=(), max_epochs=2),
        keep_noise=False,
        weight_decay=0,
        learning_rate=0.01,
        max_epochs=400,
    ).fit(X, y)
    assert ours.score(X, y) == pytest.approx(
        LinearRegression().fit(X, y).score(X, y), abs=0.003
    )


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.slow
def test_every_autoencoder_can_be_fine_tuned(iris, name):
    X, y = iris
    y = np.array(["setosa", "versicolor", "virginica"])[y]
    given = clone(ENCODERS[name])
    fitted = classifier(given, max_epochs=60, learning_rate=0.01).fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert given.get_params() == ENCODERS[name].get_params()
    assert not hasattr(given, "n_features_in_")
    assert fitted.autoencoder_ is not given
    before, after = fitted.autoencoder_.transform(X), fitted.transform(X)
    assert after.shape == before.shape
    assert not np.allclose(after, before)
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    assert set(fitted.history_["penalty"]) <= {0.0} or name == "topk"
    assert len(fitted.get_feature_names_out()) == after.shape[1]


def test_outputs_are_the_head_on_the_codes(iris):
    X, y = iris
    fitted = classifier(head_hidden_layer_sizes=(5,)).fit(X, y)
    predictor = fitted._predictor
    logits = predictor.head_of_codes()(fitted.transform(X))
    np.testing.assert_allclose(fitted.decision_function(X), logits, atol=1e-9)
    np.testing.assert_allclose(
        fitted.predict_proba(X), special.softmax(logits, axis=1), atol=1e-9
    )
    np.testing.assert_array_equal(fitted.predict(X), logits.argmax(axis=1))


@pytest.mark.parametrize("is_frozen", [False, True])
def test_far_rows_count_as_the_nearest_in_the_range_of_what_was_seen(diabetes, is_frozen):
    X, y = diabetes
    autoencoder = AutoencoderTransformer(5, max_epochs=5, random_state=0)
    if is_frozen:  # has seen more rows than have targets
        autoencoder = FrozenEstimator(autoencoder.fit(X))
        X, y = X[:50], y[:50]
    regressor = AutoencoderRegressor(autoencoder, max_epochs=20, random_state=0).fit(X, y)
    seen = diabetes[0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    far = np.vstack([seen[::20] * 30, high + 1e6, low - 1e-3])
    nearest = np.clip(far, low, high)
    np.testing.assert_array_equal(regressor.predict(far), regressor.predict(nearest))
    np.testing.assert_array_equal(regressor.transform(far), regressor.transform(nearest))
    assert np.ptp(regressor.predict(nearest)) > 0
    assert regressor.predict(sparse.csr_array(far)) == pytest.approx(regressor.predict(far))


def test_numpy_outputs_equal_what_the_program_validates(iris):
    X, y = iris
    fitted = classifier(max_epochs=10).fit(X, y, X_val=X, y_val=y)
    chosen = fitted.predict_proba(X)[np.arange(len(y)), y]
    assert min(fitted.history_["val_loss"]) == pytest.approx(
        -np.log(chosen).mean(), rel=1e-5
    )
    assert fitted.validation_score_ == pytest.approx(fitted.score(X, y))


def test_two_classes_have_one_output(iris):
    X, y = iris[0], iris[1] == 2
    fitted = classifier(max_epochs=60, learning_rate=0.01).fit(X, y)
    logits = fitted.decision_function(X)
    assert logits.shape == y.shape
    np.testing.assert_array_equal(fitted.predict(X), logits > 0)
    np.testing.assert_allclose(fitted.predict_proba(X)[:, 1], special.expit(logits))
    assert fitted.score(X, y) > 0.85


def test_untrained_head_gives_the_shares_of_the_classes(iris):
    X, y = iris
    y = np.where(y == 2, 1, y)
    fitted = classifier(max_epochs=1, learning_rate=1e-9).fit(X, y)
    np.testing.assert_allclose(
        fitted.predict_proba(X), np.tile([1 / 3, 2 / 3], (len(X), 1)), atol=0.01
    )


def test_targets_keep_their_units_and_shape(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, 1e6 - 1000 * y])
    fitted = regressor(max_epochs=40).fit(X, Y)
    predictions = fitted.predict(X)
    assert predictions.shape == Y.shape
    assert fitted.score(X, Y) > 0.3
    alone = regressor(max_epochs=40).fit(X, y).predict(X)
    assert alone.shape == y.shape
    scaled = regressor(max_epochs=40).fit(X, 1e6 - 1000 * y).predict(X)
    np.testing.assert_allclose(scaled, 1e6 - 1000 * alone, rtol=1e-3)


def test_unlabelled_rows_are_pre_trained_on(iris):
    X, y = iris
    fitted = classifier().fit(X[:40], y[:40], X_unlabeled=X[40:])
    np.testing.assert_allclose(fitted.autoencoder_.mean_, X.mean(axis=0), atol=1e-12)
    alone = classifier().fit(X[:40], y[:40])
    np.testing.assert_allclose(alone.autoencoder_.mean_, X[:40].mean(axis=0), atol=1e-12)
    mixed = classifier().fit(X[:40], y[:40], X_unlabeled=sparse.csr_array(X[40:]))
    np.testing.assert_allclose(mixed.predict_proba(X), fitted.predict_proba(X), atol=1e-3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    spread = frame.astype(pd.SparseDtype(float, 0))
    named = classifier().fit(frame[:40], y[:40], X_unlabeled=spread[40:])
    assert named.autoencoder_.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(named.predict_proba(frame), mixed.predict_proba(X))


@pytest.mark.parametrize(
    "changed",
    [
        {"fine_tune": False},
        {"fine_tune": "head_first"},
        {"head_hidden_layer_sizes": 4},
        {"keep_noise": False},
        {"class_weight": {0: 5, 1: 1, 2: 1}},
        {"learning_rate": 0.02},
        {"weight_decay": 0.5},
        {"batch_size": 7},
        {"max_epochs": 5},
        {"validation_fraction": 0.2},
        {"random_state": 1},
    ],
    ids=str,
)
def test_every_parameter_has_an_effect(iris, changed):
    X, y = iris
    autoencoder = clone(ENCODERS["denoising"]).set_params(random_state=0)
    before = classifier(autoencoder).fit(X, y).predict_proba(X)
    assert not np.array_equal(
        classifier(autoencoder, **changed).fit(X, y).predict_proba(X), before
    )


def test_class_weight_moves_the_border(iris):
    X, y = iris[0], (iris[1] == 1).astype(int)
    plain = classifier(max_epochs=20).fit(X, y)
    balanced = classifier(max_epochs=20, class_weight="balanced").fit(X, y)
    assert balanced.predict(X).sum() > plain.predict(X).sum()


def test_patience_stops_and_the_best_epoch_is_kept(iris):
    X, y = iris
    fitted = classifier(
        max_epochs=400, patience=3, validation_fraction=0.2, learning_rate=0.05
    ).fit(X, y)
    assert fitted.n_epochs_ < 400
    losses = fitted.history_["val_loss"]
    assert fitted.best_epoch_ == np.argmin(losses) + 1 == fitted.n_epochs_ - 3
    with pytest.raises(ValueError, match="patience=3 needs validation rows"):
        classifier(patience=3).fit(X, y)


def test_validation_rows_hold_each_class_in_its_share():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1200, 3)), np.repeat([0, 1, 2], [900, 200, 100])
    seen = []

    class Spy(AutoencoderClassifier):
        def _fit(self, *args):
            from skae._fits import _predictor

            original = _predictor.FineTuning.split

            def split(fit, validation):
                seen.append((fit, original(fit, validation)))
                return seen[-1][1]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_predictor.FineTuning, "split", split)
                return super()._fit(*args)

    Spy(ENCODERS["plain"], max_epochs=1, random_state=0).fit(X, y)
    ((_, (train, held_out)),) = seen
    np.testing.assert_allclose(np.bincount(y[held_out]), [90, 20, 10], atol=1)
    assert len(np.intersect1d(train, held_out)) == 0


def test_comparison_from_scratch_is_a_fitted_estimator(iris):
    X, y = iris
    fitted = classifier(
        compare_from_scratch=True, validation_fraction=0.2, max_epochs=30
    ).fit(X, y)
    scratch = fitted.scratch_
    assert fitted.scratch_validation_score_ == scratch.validation_score_
    assert scratch.score(X, y) > 0.6
    assert not np.array_equal(scratch.predict_proba(X), fitted.predict_proba(X))
    assert not hasattr(fitted.fit(X, y).scratch_, "scratch_")
    fitted.set_params(compare_from_scratch=False).fit(X, y)
    assert not hasattr(fitted, "scratch_")
    assert not hasattr(fitted, "scratch_validation_score_")


def test_head_first_reports_the_head_alone(iris):
    X, y = iris
    settings = {"validation_fraction": 0.2, "max_epochs": 40}
    assert np.isnan(classifier(**settings).fit(X, y).pretrained_score_)
    first = classifier(fine_tune="head_first", **settings).fit(X, y)
    assert 0 < first.pretrained_score_ <= 1
    alone = classifier(fine_tune=False, **settings).fit(X, y)
    assert alone.pretrained_score_ == alone.validation_score_


def test_frozen_autoencoder_is_used_as_it_is(iris):
    X, y = iris
    autoencoder = clone(ENCODERS["denoising"]).set_params(random_state=0).fit(X)
    before = pickle.dumps(autoencoder)
    fitted = clone(classifier(FrozenEstimator(autoencoder))).fit(X[:50], y[:50])
    assert fitted.autoencoder_ is autoencoder
    assert pickle.dumps(autoencoder) == before
    with pytest.raises(ValueError, match="fitted on 4; give it the same columns"):
        fitted.fit(X[:, :3], y)
    autoencoder.set_params(noise_level="auto")
    refitted = clone(fitted).fit(X[:50], y[:50])  # with the level that it was fitted at
    np.testing.assert_array_equal(refitted.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(TypeError, match="frozen 'PCA'"):
        classifier(FrozenEstimator(PCA().fit(X))).fit(X, y)


def test_column_names_reach_the_autoencoder(iris):
    import pandas as pd

    frame = pd.DataFrame(iris[0], columns=list("abcd"))
    named = DenoisingAutoencoder(
        2, noise_level={"a": 0.3, "b": 0.3}, column_groups=[["a", "b"]], **QUICK
    )
    fitted = classifier(named).fit(frame, iris[1])
    assert list(fitted.autoencoder_.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(fitted.autoencoder_.noise_level_, [0.3, 0.3, 0, 0])
    frozen = FrozenEstimator(fitted.autoencoder_)
    with pytest.raises(ValueError, match="other column names, or in another order"):
        classifier(frozen).fit(frame[list("dcba")], iris[1])


def test_fine_tune_takes_numpy_booleans(iris):
    X, y = iris
    for value in (True, False):
        np.testing.assert_array_equal(
            classifier(fine_tune=np.bool_(value)).fit(X, y).predict_proba(X),
            classifier(fine_tune=value).fit(X, y).predict_proba(X),
        )


def test_noise_of_a_stack_is_kept(iris):
    X, y = iris
    stack = clone(ENCODERS["stacked"]).set_params(noise="masking", random_state=0)
    kept, dropped = (
        classifier(stack, keep_noise=kept).fit(X, y).predict_proba(X)
        for kept in (True, False)
    )
    assert not np.array_equal(kept, dropped)


def test_validation_score_is_the_score_of_the_rows_whatever_the_classes_weigh():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = X[:, 0] + rng.normal(size=1000) > 1
    fitted = classifier(class_weight="balanced").fit(X, y)
    as_given = clone(fitted).fit(X, y, X_val=X[:100], y_val=y[:100])
    assert as_given.validation_score_ == pytest.approx(as_given.score(X[:100], y[:100]))
    assert 100 * fitted.validation_score_ == pytest.approx(
        round(100 * fitted.validation_score_)
    )  # of 100 rows


def test_same_seed_same_bits_and_copies_agree(iris):
    X, y = iris
    fitted = classifier(ENCODERS["denoising"]).fit(X, y)
    expected = fitted.predict_proba(X)
    again = clone(fitted).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again, expected)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected
    )
    doubled = clone(fitted).fit(X, y, sample_weight=np.full(len(X), 2.0))
    np.testing.assert_allclose(doubled.predict_proba(X), expected, atol=1e-5)


def test_unlabelled_rows_travel_through_a_pipeline_and_a_grid_search(iris, two_processes):
    X, y = iris
    X = X * 100 + 7
    with config_context(enable_metadata_routing=True):
        model = classifier(ENCODERS["denoising"]).set_fit_request(X_unlabeled=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("model", model)], transform_input=["X_unlabeled"]
        )
        grid = {"model__autoencoder__noise_level": [0.1, 0.3], "model__fine_tune": [True]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=two_processes)
        search.fit(X[:60], y[:60], X_unlabeled=X[60:])
    best = search.best_estimator_
    all_rows = best[0].transform(X)
    np.testing.assert_allclose(
        best[1].autoencoder_.mean_, all_rows.mean(axis=0), atol=1e-12
    )
    assert (
        best[1].autoencoder_.noise_level_
        == search.best_params_["model__autoencoder__noise_level"]
    )


def test_frames_in_and_out(iris):
    import pandas as pd

    frame = pd.DataFrame(iris[0], columns=list("abcd"))
    fitted = classifier().set_output(transform="pandas").fit(frame, iris[1])
    assert list(fitted.transform(frame).columns) == list(fitted.get_feature_names_out())
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[list("dcba")])


@pytest.mark.parametrize(
    ("model", "fit", "message"),
    [
        (classifier(), {"y": np.zeros(150)}, "y holds one class, .* at least two classes"),
        (classifier(), {"y_val": [0]}, "X_val and y_val go together"),
        (classifier(), {"X_val": np.ones((2, 4)), "y_val": [0, 9]}, "the class 9"),
        (classifier(), {"X_val": np.ones((2, 4)), "y_val": [0]}, "X_val and y_val do not"),
        (classifier(), {"X_unlabeled": np.ones((2, 3))}, "X_unlabeled has 3 features"),
        (
            classifier(),
            {"y": np.array(["a", 1] * 75, dtype=object)},
            "labels of different kinds",
        ),
        (classifier(class_weight={0: -5}), {}, "finite weights >= 0"),
        (classifier(class_weight={0: 0, 1: 0, 2: 0}), {}, "no row with a weight above 0"),
        (regressor(), {"y": np.linspace(0, 1e160, 150)}, "too large to be squared"),
        (
            classifier(),
            {"X_unlabeled": np.full((2, 4), np.nan)},
            "X_unlabeled contains NaN",
        ),
        (classifier(head_hidden_layer_sizes=(0,)), {}, "head_hidden_layer_sizes=\\(0,\\)"),
        (classifier(fine_tune="last"), {}, "The 'fine_tune' parameter"),
        (classifier(PCA()), {}, "The 'autoencoder' parameter"),
        (regressor(), {"y": np.full(150, np.inf)}, "y contains infinity"),
        (
            regressor(),
            {"X_val": np.ones((2, 4)), "y_val": np.ones((2, 2))},
            "as many columns as y",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_told_and_loses_nothing(iris, model, fit, message):
    X, y = iris
    good = type(model)(ENCODERS["plain"], max_epochs=4).fit(X, y)
    before = vars(good.set_params(**model.get_params(deep=False))).copy()
    with pytest.raises(ValueError, match=message):
        good.fit(X, fit.pop("y", y), **fit)
    assert vars(good) == before


def test_verbose_tells_of_each_part(iris, capsys):
    classifier(
        fine_tune="head_first",
        compare_from_scratch=True,
        validation_fraction=0.2,
        verbose=1,
    ).fit(*iris)
    lines = capsys.readouterr().out
    for part in ("pre-training", "head", "fine-tuning", "from scratch 0."):
        assert part in lines


@pytest.mark.parametrize("fine_tune", [True, "head_first"])
def test_callbacks_of_scikit_learn_see_all_epochs_and_score_them(iris, fine_tune):
    scoring = {"score": lambda fitted, X, y: fitted.score(X, y)}
    monitor = ScoringMonitor(scoring=scoring)
    estimator = classifier(fine_tune=fine_tune, compare_from_scratch=True)
    X, y = iris[0], np.array(["a", "b", "c"])[iris[1]]
    estimator.set_callbacks(monitor).fit(X, y)
    scores = monitor.get_logs().data_as_pandas
    n_epochs = 4 + 4 + (fine_tune == "head_first")  # that trains for a part of them
    assert (scores["task_name"] == "epoch").sum() == n_epochs
    phases = ["head"] * (fine_tune == "head_first") + ["fine-tuning", "from scratch"]
    named = scores[scores["task_name"].isin(["head", "fine-tuning", "from scratch"])]
    assert named["task_name"].tolist() == phases
    by_task = scores.set_index("task_name")["score"]
    assert by_task["fit"] == by_task["fine-tuning"] == estimator.score(X, y)
    assert by_task["from scratch"] == estimator.scratch_.score(X, y)
    assert not {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} & {
        *vars(estimator),
        *vars(estimator.scratch_),
        *vars(estimator.autoencoder_),
    }


def test_progress_bar_reaches_the_pre_training(iris, capsys):
    estimator = regressor().set_callbacks(ProgressBar(max_propagation_depth=None))
    estimator.fit(iris[0], iris[0][:, 0])
    said = capsys.readouterr().out
    assert "pre-training" in said
    assert "fine-tuning" in said


def test_small_targets_are_predicted_as_large_ones(iris):
    X = iris[0]
    plain, tiny = (
        regressor(validation_fraction=0.2).fit(X[:, 1:], f * X[:, 0])
        for f in (1.0, 2.0**-1000)
    )
    np.testing.assert_array_equal(
        tiny.predict(X[:, 1:]) * 2.0**1000, plain.predict(X[:, 1:])
    )
    assert tiny.validation_score_ == plain.validation_score_
    huge = X[:, 0] / X[:, 0].max() * 1.7e308
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="too large to be squ"):
        regressor().fit(X[:, 1:], huge)
