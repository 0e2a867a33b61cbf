"""One clear sentence for bad input, and a result for all that is merely unusual."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning

from skae import AutoencoderRegressor, AutoencoderTransformer, DenoisingAutoencoder


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
        ({"learning_rate": 1e30}, "stopped being a number in epoch 1; the likely cause"),
        ({"input_noise": 1e30}, r"the likely cause is input_noise=1e\+30, which drowns"),
        ({"weight_decay": 1e10}, r"the likely cause is weight_decay=1e\+10, which is too"),
        ({"n_components": 10**9}, r"n_components=10+ and .* weights, which needs .* GB to"),
        ({"hidden_layer_sizes": (1e300,)}, r"hidden_layer_sizes=\(1e\+300,\) make a netw"),
    ],
)
def test_bad_parameter_is_named(small, parameters, message):
    assert_refused(quick(**parameters), small, message)


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
    assert_refused(quick(), small, message, X_val=1e30 * small)
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
    assert_refused(quick(1), frame, "X contains dates or missing values")
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
