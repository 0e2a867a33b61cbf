"""One clear sentence for bad input, and a result for all that is merely unusual."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.utils._param_validation import Interval

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    TableAutoencoder,
    TableCodec,
    TableImputer,
)
from skae.metrics import reconstruction_r2

pytestmark = pytest.mark.usefixtures("without_xla")


def quick(n_components=2, **kwargs):
    settings = {"max_epochs": 3, "hidden_layer_sizes": (6,), "random_state": 0}
    return AutoencoderTransformer(n_components, **settings | kwargs)


def assert_refused(estimator, X, message, error=ValueError, **fit_params):
    before = dict(vars(estimator))
    with pytest.raises(error, match=message):
        estimator.fit(X, **fit_params)
    assert vars(estimator) == before


def mismatched(n_features, n_components):
    from keras import Sequential, layers

    return Sequential([layers.Dense(n_components + 1)]), Sequential(
        [layers.Dense(n_features)]
    )


def narrow_decoder(n_features, n_components):
    from keras import Sequential, layers

    return Sequential([layers.Dense(n_components)]), Sequential([layers.Dense(1)])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, r"'n_components' .* must be an int in the range \[1"),
        ({"n_components": -3}, r"'n_components' .* must be an int in the range \[1"),
        ({"n_components": "three"}, r"'n_components' .* must be an int in the range"),
        ({"n_components": 1.5}, r"a float in the range \(0"),
        ({"activation": "relux"}, "activation='relux' .* did you mean 'relu'?"),
        ({"activation": "glu"}, "activation='glu' is not a name"),
        ({"loss": "mse2"}, "loss='mse2' .* did you mean 'mse'?"),
        ({"loss": "xyz"}, r"loss='xyz' .* choose from \['binary_crossentropy'"),
        ({"optimizer": "adamx"}, "optimizer='adamx' .* did you mean 'adam"),
        ({"learning_rate": -1}, "'learning_rate' .* must be a float in the range"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes=\(3, 0\) must hold"),
        ({"hidden_layer_sizes": [[3, 4]]}, r"hidden_layer_sizes=\[\[3, 4\]\] must"),
        ({"hidden_layer_sizes": ["a"]}, r"hidden_layer_sizes=\['a'\] must hold"),
        ({"hidden_layer_sizes": (3.5,)}, r"hidden_layer_sizes=\(3.5,\) must hold"),
        ({"input_noise": -0.1}, "'input_noise' .* must be a float"),
        ({"validation_fraction": 1.0}, "'validation_fraction' .* must be a float"),
        ({"build_network": mismatched}, r"encoder of build_network .* \(None, 2\)"),
        ({"build_network": narrow_decoder}, r"decoder of build_network .* \(None, 5\)"),
        (
            {"patience": 2, "validation_fraction": 0},
            "patience=2 needs validation rows; set validation_fraction",
        ),
        (
            {"learning_rate": 1e30},
            "in epoch 1; the likely cause is a learning_rate that is too high",
        ),
        ({"input_noise": 1e30}, r"the likely cause is input_noise=1e\+30, which drowns"),
        ({"weight_decay": 1e10}, r"the likely cause is weight_decay=1e\+10, which is too"),
        ({"n_components": 10**9}, r"n_components=10+ and .* weights, which needs .* GB to"),
        ({"hidden_layer_sizes": (1e300,)}, r"hidden_layer_sizes=\(1e\+300,\) make a netw"),
    ],
)
def test_bad_parameter_is_named(small, parameters, message):
    assert_refused(quick(**parameters), small, message)


ESTIMATORS = [
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    AutoencoderClassifier,
    AutoencoderRegressor,
    TableAutoencoder,
    TableImputer,
]
NUMBERS = [  # parameters that are numbers, of each estimator that has them
    (estimator, name)
    for estimator in (*ESTIMATORS, TableCodec)
    for name, constraints in estimator._parameter_constraints.items()
    if any(isinstance(constraint, Interval) for constraint in constraints)
]


@pytest.mark.parametrize("value", [True, "many", [[1, 2]], 1j, np.nan])
@pytest.mark.parametrize(("estimator", "name"), NUMBERS)
def test_what_is_no_number_is_told(small, estimator, name, value):
    message = rf"'{name}' parameter of {estimator.__name__} must be|{name}=.* must hold int"
    with pytest.raises(ValueError, match=message):
        estimator(**{name: value}).fit(small, np.arange(90) % 2)


def test_numbers_are_those_that_the_estimators_have():
    names = {name for _, name in NUMBERS}
    assert {"n_components", "hidden_layer_sizes", "batch_size", "max_epochs"} <= names
    assert {"learning_rate", "patience", "n_nonzero", "pretrain_epochs"} <= names
    assert {"target_weight", "min_frequency", "max_levels"} <= names


@pytest.mark.parametrize("widths", [(True,), [4, False], ("4",), np.array([True])])
def test_widths_that_are_no_numbers_are_told(small, widths):
    message = r"hidden_layer_sizes=.* must hold integers >= 1"
    assert_refused(quick(hidden_layer_sizes=widths), small, message)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint64])
@pytest.mark.parametrize("estimator", [*ESTIMATORS, TableCodec])
def test_whole_numbers_of_any_width_are_taken(small, estimator, dtype):
    known = {
        "n_components": 100 if estimator is SparseAutoencoder else 2,
        "n_nonzero": 3,
        "hidden_layer_sizes": 4,
        "head_hidden_layer_sizes": 4,
        "batch_size": 32,
        "max_epochs": 2,
        "pretrain_epochs": 1,
        "patience": 1,
        "random_state": 3,
        "verbose": 0,
        "min_frequency": 2,
        "max_levels": 9,
    }
    names = set(estimator().get_params(deep=False)) & set(known)
    plain = estimator(**{name: known[name] for name in names})
    typed = estimator(**{name: dtype(known[name]) for name in names})
    if "autoencoder" in plain.get_params(deep=False):
        both = dict(validation_fraction=0.1, autoencoder=quick())
        plain.set_params(**both), typed.set_params(**both)
    if estimator in (TableAutoencoder, TableImputer):
        plain.set_params(**around(estimator, quick()))
        typed.set_params(**around(estimator, quick()))
    y = np.arange(90) % 2
    expected = plain.fit(small, y).transform(small)
    np.testing.assert_array_equal(typed.fit(small, y).transform(small), expected)
    assert all(type(typed.get_params()[name]) is dtype for name in names)
    if hasattr(typed, "partial_fit"):
        expected = plain.partial_fit(small).transform(small)
        np.testing.assert_array_equal(typed.partial_fit(small).transform(small), expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"optimizer": 3}, "optimizer=3 must be a name or an instance of"),
        ({"build_network": lambda p, k: None}, "must return two Keras models"),
        ({"build_network": lambda p, k: (1, 2)}, "its encoder is of type 'int'"),
    ],
)
def test_parameter_of_the_wrong_type_is_named(small, parameters, message):
    assert_refused(quick(**parameters), small, message, TypeError)


def test_emphasis_far_validation_rows_and_a_huge_head_are_named(small):
    emphasis = DenoisingAutoencoder(2, noise="masking", emphasis=1e30, max_epochs=2)
    assert_refused(emphasis, small, r"cause is emphasis=1e\+30, which drowns the rows")
    message = "cause is the validation rows, which lie far outside of the training rows"
    for factor in (1e30, 1e200):
        assert_refused(quick(), small, message, X_val=factor * small)
    head = AutoencoderRegressor(quick(), head_hidden_layer_sizes=(10**9, 10**9))
    with pytest.raises(ValueError, match=r"head_hidden_layer_sizes=\(10+, 10+\) make"):
        head.fit(small, small[:, 0])


def test_features_are_all_there_again_after_a_custom_network(small):
    def build(n_features, n_components):
        from keras import Sequential, layers

        encoder = Sequential([layers.Dense(n_components)])
        return encoder, Sequential([layers.Dense(n_features)])

    estimator = quick(build_network=build).fit(small)
    estimator.set_params(build_network=None, features="all").fit(small)
    assert estimator.transform(small).shape == (90, 2 + 2 * 6)


def test_fitted_estimator_survives_a_failed_fit(small):
    estimator = quick().fit(small)
    codes = estimator.transform(small)
    estimator.set_params(learning_rate=1e30)
    assert_refused(estimator, small[:60, :3], "stopped being a number")
    np.testing.assert_array_equal(estimator.transform(small), codes)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"NaN, a missing value, in column 3 \(row 7\); .* SimpleImputer"),
        (np.inf, r"infinity in column 3 \(row 7\)"),
        (-np.inf, r"infinity in column 3 \(row 7\)"),
    ],
)
def test_first_bad_column_is_named(small, value, message):
    small[7, 3] = small[9, 4] = value
    assert_refused(quick(), small, message)
    frame = pd.DataFrame(small, columns=list("abcde"))
    assert_refused(quick(), frame, message.replace("column 3", "column 'd'"))


@pytest.mark.parametrize(
    "X", [np.array([["1.5", "two"], ["3", "4"]]), pd.DataFrame({"a": [1], "b": ["two"]})]
)
def test_text_is_refused_with_a_remedy(X):
    assert_refused(quick(1), X, "X contains text, 'two', in column .* OneHotEncoder")


def test_dates_and_sparse_nan_are_named(small):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": pd.to_datetime(["2020-01-01"] * 2)})
    assert_refused(quick(1), frame, "X contains datetime64.* in column 'b', .* such as day")
    rows = sparse.csr_array(small)
    rows.data[13] = np.nan
    column, row = rows.tocoo().col[13], rows.tocoo().row[13]
    assert_refused(quick(), rows, rf"NaN, .* in column {column} \(row {row}\)")


def test_no_rows_wrong_width_and_bad_weights_are_refused(small):
    assert_refused(quick(), small[:0], r"Found array with 0 sample\(s\)")
    estimator = quick().fit(small)
    with pytest.raises(ValueError, match=r"X has 4 features, but .* is expecting 5"):
        estimator.transform(small[:, :4])
    with pytest.raises(
        ValueError, match=r"X has 5 columns, .* takes the 2 that transform gives"
    ):
        estimator.inverse_transform(small)
    assert_refused(quick(), small, "X_val has 4 features", X_val=small[:, :4])
    assert_refused(quick(), small, "X_val contains NaN", X_val=small * np.nan)
    weight = np.zeros(len(small))
    assert_refused(quick(), small, "at least one non-zero number", sample_weight=weight)
    weight[0] = -1
    assert_refused(quick(), small, "Negative values", sample_weight=weight)


DAYS = pd.date_range("2020-01-01", periods=90)
OTHER = {  # than numbers, and what is told of it
    "text": ("abc", "must be a table of numbers, .* of the type 'str'"),
    "nothing": (None, "must be a table of numbers, .* of the type 'NoneType'"),
    "dict": ({"a": [1.0]}, "must be a table of numbers, .* of the type 'dict'"),
    "masked": (np.ma.masked_less(np.ones((90, 5)), 2), "has masked cells"),
    "dates": (np.tile(DAYS.values[:, None], 5), "contains datetime64.* such as days"),
    "a date among objects": (
        np.array([[1, 2, np.datetime64("2020"), 3, 4]] * 9, dtype=object),
        r"contains .*datetime64\('2020'\) in column 2, .* such as days",
    ),
    "a date in a list": (
        [[1, 2, np.datetime64("2020"), 3, 4]] * 9,
        r"contains .*datetime64\('2020'\) in column 2, .* such as days",
    ),
    "durations": (np.tile((DAYS - DAYS[0]).values[:, None], 5), "contains timedelta64"),
    "column of dates": (pd.DataFrame({"a": 1.0, "when": DAYS}), "in column 'when'"),
    "periods": (pd.DataFrame({"a": 1.0, "m": DAYS.to_period()}), "period.* column 'm'"),
    "date objects": (pd.DataFrame({"d": DAYS.date}), r"datetime\.date\(2020, 1.* 'd'"),
    "pandas.NA": (pd.DataFrame({"n": np.array([pd.NA, 1.0])}), "contains <NA>, a missing"),
    "lists": (pd.DataFrame({"c": [[1]] * 90}), r"contains \[1\] in column 'c'"),
    "complex": (np.ones((90, 5)) * 1j, "Complex data not supported: "),
    "complex sparse": (sparse.eye_array(90, 5) * 1j, "Complex data not supported: "),
    "double names": (pd.DataFrame(np.ones((9, 2)), columns=["a", "a"]), "one column 'a'"),
}
NO_ROWS = {
    "no rows": (np.ones((0, 5)), r"is empty, its shape is \(0, 5\)"),
    "no columns": (np.ones((9, 0)), r"is empty, its shape is \(9, 0\)"),
    "one dimension": (np.ones(5), r"has the shape \(5,\), but must be a table of rows"),
    "ragged": ([[1, 2], [3]], r"has the shape \(2,\), but must be a table of rows"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_what_is_no_table_of_numbers_is_told(kind):
    X, message = OTHER[kind]
    assert_refused(quick(1), X, message, (TypeError, ValueError))
    with pytest.raises((TypeError, ValueError), match=message):
        reconstruction_r2(X, np.ones((90, 5)))


@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
@pytest.mark.parametrize("kind", [*sorted(set(OTHER) - {"nothing"}), *NO_ROWS])
def test_what_is_no_table_of_numbers_is_told_by_its_own_name(small, kind):
    X, message = (OTHER | NO_ROWS)[kind]
    message = message if "Complex" in message else f"X_val .*{message}"
    assert_refused(quick(), small, message, (TypeError, ValueError), X_val=X)
    classifier = AutoencoderClassifier(quick(), max_epochs=2)
    with pytest.raises(
        (TypeError, ValueError), match=message.replace("X_val", "X_unlabeled")
    ):
        classifier.fit(small, small[:, 0] > 0, X_unlabeled=X)


@pytest.mark.parametrize("kind", OTHER)
def test_codes_that_are_no_numbers_are_told(small, kind):
    X, message = OTHER[kind]
    estimator = quick().fit(small)
    with pytest.raises((TypeError, ValueError), match=message):
        estimator.inverse_transform(X)


def test_masks_without_masked_cells_are_no_obstacle(small):
    expected = quick().fit_transform(small)
    np.testing.assert_array_equal(quick().fit_transform(np.ma.array(small)), expected)


def test_validation_rows_with_other_columns_are_told(small):
    frame = pd.DataFrame(small, columns=list("abcde"))
    for other in (frame[list("abced")], frame.rename(columns={"a": "z"}), frame[["a"]]):
        assert_refused(quick(), frame, "X_val has other column names", X_val=other)


def test_lazy_frames_are_collected(small):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(small, schema=list("abcde"))
    estimator, lazy = quick().fit(frame), quick().fit(frame.lazy())
    assert list(lazy.feature_names_in_) == list("abcde")
    codes = estimator.transform(frame)
    np.testing.assert_array_equal(lazy.transform(frame.lazy()), codes)
    backs = [lazy.inverse_transform(c) for c in (codes, polars.DataFrame(codes).lazy())]
    np.testing.assert_array_equal(*backs)


def around(estimator, inner):
    """Return the parameter of a table's estimator that has an autoencoder inside."""
    if estimator is TableImputer:
        return {"table": TableAutoencoder(inner)}
    return {"estimator": inner}


def judged(estimator):
    """Return settings for a short fit of a narrow network that is judged on many rows."""
    settings = {"max_epochs": 2, "validation_fraction": 0.3, "random_state": 0}
    if estimator in (AutoencoderClassifier, AutoencoderRegressor):
        return settings | {"autoencoder": quick()}
    if estimator in (TableAutoencoder, TableImputer):
        return around(estimator, quick(**settings))
    if estimator is StackedAutoencoder:
        settings["pretrain_epochs"] = 2
    return settings | {"hidden_layer_sizes": (6,)}


@pytest.mark.parametrize("factor", [1e308, 1e-320])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_unit_of_weights_does_not_matter(small, estimator, factor):
    def fitted(weight):
        kwargs = judged(estimator)
        if estimator is AutoencoderClassifier:
            kwargs["class_weight"] = "balanced"
        y = np.arange(90) % 2
        return estimator(**kwargs).fit(small, y, sample_weight=weight)

    weight = np.repeat([1.0, 0.0, 0.25], 30)
    plain, other = fitted(weight), fitted(weight * factor)
    tolerance = 1e-6 if factor > 1 else 1e-3  # there are few digits below 1e-308
    codes = plain.transform(small)
    np.testing.assert_allclose(other.transform(small), codes, rtol=0, atol=tolerance)
    if estimator is not TableImputer:
        score = pytest.approx(plain.validation_score_, abs=1e-3)
        assert other.validation_score_ == score


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_weight_above_all_others_leaves_numbers(small, estimator):
    weight = np.r_[1e308, np.ones(89)]
    fitted = estimator(**judged(estimator)).fit(
        small, np.arange(90) % 2, sample_weight=weight
    )
    assert np.isfinite(fitted.transform(small)).all()
    if estimator is not TableImputer:
        assert np.isfinite(fitted.validation_score_)


@pytest.mark.parametrize("weight", [2, 0.5, np.float32(3), np.array(1e308), True])
def test_one_number_as_weight_is_that_of_all_rows(small, weight):
    weighted = quick().fit(small, sample_weight=weight)
    ones = quick().fit(small, sample_weight=np.ones(90))
    np.testing.assert_allclose(weighted.transform(small), ones.transform(small))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (0, "at least one non-zero"),
        (-1.0, "Negative values"),
        (np.nan, "sample_weight contains NaN"),
        (np.inf, "sample_weight contains infinity"),
        ("balanced", "must be a number for each row, .* 'balanced'"),
        ([{}] * 90, "must be a number for each row"),
        ([None] * 90, "sample_weight contains NaN"),
        (DAYS, "sample_weight contains datetime64"),
        (np.ma.masked_less(np.ones(90), 2), "sample_weight has masked values"),
        (np.ones(89), r"\(89,\), expected \(90,\)"),
        (np.ones((90, 1)), "must be 1D array or scalar"),
    ],
)
def test_weights_that_are_none_are_told(small, weight, message):
    assert_refused(quick(), small, message, sample_weight=weight)


@pytest.mark.parametrize(
    "method", ["transform", "inverse_transform", "score", "score_samples"]
)
def test_methods_before_fit_say_so(small, method):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(quick(), method)(small)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        quick().encoder_  # noqa: B018


UNUSUAL = {
    "one row": np.array([[1.0, 2.0, 3.0]]),
    "two rows": np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 5.0]]),
    "one column": np.arange(30.0)[:, np.newaxis],
    "constant": np.full((30, 4), 0.1),
    "a constant column": np.c_[np.ones(30), np.random.default_rng(0).normal(size=(30, 3))],
    "duplicates": np.tile(np.random.default_rng(0).normal(size=(1, 4)), (30, 1)),
    "integers": np.random.default_rng(0).integers(0, 9, (30, 4)),
    "booleans": np.random.default_rng(0).integers(0, 2, (30, 4)).astype(bool),
    "float16": np.random.default_rng(0).normal(size=(30, 4)).astype(np.float16),
    "tiny": 1e-30 * np.random.default_rng(0).normal(size=(60, 4)),
    "huge": 1e30 * np.random.default_rng(0).normal(size=(60, 4)),
    "huge in float32": (1e30 * np.random.default_rng(0).normal(size=(60, 4))).astype("f4"),
    "far from zero": 1e6 + np.random.default_rng(0).normal(size=(60, 4)),
    "wide": np.random.default_rng(0).normal(size=(8, 40)),
}


@pytest.mark.parametrize(
    "kwargs", [{}, {"init": "random"}, {"n_components": 7}, {"n_components": 0.5}]
)
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_table_works(name, kwargs):
    X = UNUSUAL[name]
    estimator = quick(**kwargs).fit(X)
    codes = estimator.transform(X)
    assert codes.shape == (len(X), estimator.n_components_)
    assert np.isfinite(codes).all()
    assert np.isfinite(estimator.inverse_transform(codes)).all()
    if len(X) > 1:
        assert estimator.score(X) <= 1


@pytest.mark.parametrize("name", ["tiny", "huge", "huge in float32", "far from zero"])
def test_result_does_not_depend_on_units(name):
    plain = np.random.default_rng(0).normal(size=(60, 4))
    expected = quick(max_epochs=40).fit(plain).score(plain)
    assert quick(max_epochs=40).fit(UNUSUAL[name]).score(UNUSUAL[name]) == pytest.approx(
        expected, abs=1e-3
    )


def test_score_of_one_row_warns(small):
    estimator = quick().fit(small)
    with pytest.warns(UndefinedMetricWarning, match="fewer than two rows"):
        assert np.isnan(estimator.score(small[:1]))


def test_code_as_wide_as_the_table_gives_it_back(small):
    estimator = quick(5).fit(small)
    np.testing.assert_allclose(
        estimator.inverse_transform(estimator.transform(small)), small, atol=1e-9
    )
