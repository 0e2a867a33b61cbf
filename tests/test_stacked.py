"""StackedAutoencoder: layers one by one, then the whole."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, StackedAutoencoder

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {
    "hidden_layer_sizes": (12, 6),
    "pretrain_epochs": 4,
    "max_epochs": 4,
    "random_state": 0,
}
KINDS = [{}, {"noise": "swap"}, {"sparsity": "kl"}, {"sparsity": "l1", "noise": "gaussian"}]


def through_layers(stack, X):
    for layer in stack.layers_:
        X = layer.transform(X)
    return X


@pytest.mark.parametrize("kwargs", KINDS, ids=str)
def test_stack_is_its_layers_composed_bit_for_bit(small, kwargs):
    stack = StackedAutoencoder(3, fine_tune=False, **QUICK, **kwargs).fit(small)
    np.testing.assert_array_equal(stack.transform(small), through_layers(stack, small))
    codes = back = stack.transform(small)
    for layer in reversed(stack.layers_):
        back = layer.inverse_transform(back)
    np.testing.assert_allclose(stack.inverse_transform(codes), back, atol=1e-12)
    assert stack.n_epochs_ == 0
    assert stack.history_ == {}
    assert stack.validation_score_ == stack.pretrained_score_


@pytest.mark.parametrize("kwargs", KINDS, ids=str)
@pytest.mark.slow
def test_layers_learn_their_own_inputs(digits, kwargs):
    stack = StackedAutoencoder(
        8, hidden_layer_sizes=(48, 24), pretrain_epochs=20, fine_tune=False, random_state=0
    )
    stack.set_params(**kwargs).fit(digits)
    rows = digits
    for layer in stack.layers_:
        assert layer.score(rows) > 0.5
        rows = layer.transform(rows)
    assert [len(h["loss"]) for h in stack.layer_history_] == [20, 20, 20]


@pytest.mark.parametrize("kwargs", KINDS, ids=str)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.slow
def test_fine_tuning_never_ends_worse_than_it_began(wine, kwargs, seed):
    stack = StackedAutoencoder(2, **{**QUICK, "random_state": seed}, **kwargs).fit(wine)
    assert stack.validation_score_ >= stack.pretrained_score_


def test_fine_tuning_starts_from_the_layers(small):
    stack = StackedAutoencoder(3, **QUICK).fit(small)
    alone = StackedAutoencoder(3, fine_tune=False, **QUICK).fit(small)
    np.testing.assert_array_equal(through_layers(stack, small), alone.transform(small))
    assert stack.pretrained_score_ == alone.validation_score_
    assert stack.n_epochs_ == 4


@pytest.mark.compiled
@pytest.mark.slow
def test_linear_stack_reaches_the_error_of_pca(digits):
    X = StandardScaler().fit_transform(digits)
    stack = StackedAutoencoder(
        6,
        hidden_layer_sizes=(32, 16),
        activation="linear",
        pretrain_epochs=60,
        max_epochs=100,
        weight_decay=0.0,
        validation_fraction=0,
        random_state=0,
    ).fit(X)
    pca = PCA(6).fit(X)
    error = ((X - stack.inverse_transform(stack.transform(X))) ** 2).sum()
    least = ((X - pca.inverse_transform(pca.transform(X))) ** 2).sum()
    assert least * (1 - 1e-6) <= error < 1.01 * least


@pytest.mark.compiled
@pytest.mark.slow
def test_deep_stack_beats_pca_on_unseen_digits(digits):
    stack = StackedAutoencoder(5, random_state=0).fit(digits[:1400])
    pca = PCA(5).fit(digits[:1400])
    X = digits[1400:]
    back = pca.inverse_transform(pca.transform(X))
    assert ((stack.inverse_transform(stack.transform(X)) - X) ** 2).sum() < 0.7 * (
        (back - X) ** 2
    ).sum()


def test_inner_layers_train_on_clean_codes(small, monkeypatch):
    """The corruption of a layer is not passed on to the next."""
    from skae._layer import LayerAutoencoder

    seen = []
    fit = LayerAutoencoder.fit

    def watch(layer, X, **kwargs):
        seen.append(X)
        return fit(layer, X, **kwargs)

    monkeypatch.setattr(LayerAutoencoder, "fit", watch)
    stack = StackedAutoencoder(
        3, noise="masking", noise_level=0.9, validation_fraction=0, **QUICK
    ).fit(small)
    rows = small
    for layer, inputs in zip(stack.layers_, seen):
        np.testing.assert_array_equal(inputs, rows)
        rows = layer.transform(rows)


@pytest.mark.parametrize(
    ("kwargs", "other"),
    [
        ({"noise": "swap"}, {}),
        ({"noise": "swap", "noise_level": 0.5}, {"noise": "swap", "noise_level": 0.1}),
        ({"sparsity": "kl"}, {"activation": "sigmoid"}),
        (
            {"sparsity": "kl", "sparsity_target": 0.3},
            {"sparsity": "kl", "sparsity_target": 0.02},
        ),
        (
            {"sparsity": "l1", "sparsity_weight": 0.1},
            {"sparsity": "l1", "sparsity_weight": 9.0},
        ),
        ({"pretrain_epochs": 2}, {"pretrain_epochs": 8}),
        ({"activation": "tanh"}, {}),
    ],
)
def test_options_have_effect(small, kwargs, other):
    codes = [
        StackedAutoencoder(3, fine_tune=False, **{**QUICK, **options})
        .fit(small)
        .transform(small)
        for options in (kwargs, other)
    ]
    assert not np.allclose(*codes)


def test_sparse_stack_has_sparse_units_in_each_layer(digits):
    stack = StackedAutoencoder(
        40,
        hidden_layer_sizes=(60,),
        sparsity="kl",
        sparsity_target=0.1,
        sparsity_weight=3.0,
        fine_tune=False,
        random_state=0,
    ).fit(digits)
    hidden = stack.layers_[0].transform(digits)
    codes = stack.transform(digits)
    assert hidden.min() > 0
    assert codes.max() < 1
    np.testing.assert_allclose([hidden.mean(), codes.mean()], 0.1, atol=0.06)


def test_same_seed_gives_the_same_bits_and_survives_a_pickle(small):
    stack = StackedAutoencoder(3, noise="swap", **QUICK).fit(small)
    again = clone(stack).fit(small)
    codes = stack.transform(small)
    np.testing.assert_array_equal(again.transform(small), codes)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack)).transform(small), codes)
    other = clone(stack).set_params(random_state=1).fit(small)
    assert not np.allclose(other.transform(small), codes)


def test_keras_models_give_the_same(small):
    stack = StackedAutoencoder(3, sparsity="kl", **QUICK).fit(small)
    rows = small.astype(np.float32)
    codes = stack.transform(small)
    np.testing.assert_allclose(np.array(stack.encoder_(rows)), codes, atol=1e-5)
    np.testing.assert_allclose(
        np.array(stack.autoencoder_(rows)), stack.inverse_transform(codes), atol=1e-5
    )


def test_warm_start_and_partial_fit_go_on_without_new_layers(small):
    stack = StackedAutoencoder(3, warm_start=True, **QUICK).fit(small)
    layers = stack.layers_
    before = stack.reconstruction_error(small).mean()
    stack.set_params(max_epochs=200).fit(small)
    assert stack.layers_ is layers
    assert stack.reconstruction_error(small).mean() < before

    parts = StackedAutoencoder(3, **QUICK).partial_fit(small)
    layers = parts.layers_
    assert parts.partial_fit(small).n_epochs_ == 2
    assert parts.layers_ is layers


def test_layers_share_the_validation_rows_of_the_whole(small):
    """No layer may see rows by which the whole is judged."""
    stack = StackedAutoencoder(3, **QUICK)
    stack.fit(small[:60], X_val=small[60:])
    rows, unseen = small[:60], small[60:]
    for layer in stack.layers_:
        np.testing.assert_allclose(
            layer.reconstruction_error(unseen).mean(),
            min(layer.history_["val_loss"]),
            rtol=1e-4,
        )
        np.testing.assert_allclose(layer.mean_, rows.mean(axis=0), rtol=1e-12)
        rows, unseen = layer.transform(rows), layer.transform(unseen)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"noise": "swp"}, "'noise' parameter"),
        ({"noise": "swap", "noise_level": 1.5}, r"noise_level=1.5 must be in \[0, 1\)"),
        ({"sparsity": "topk"}, "'sparsity' parameter"),
        ({"pretrain_epochs": 0}, "'pretrain_epochs' parameter"),
    ],
)
def test_bad_settings_are_told(small, kwargs, message):
    stack = StackedAutoencoder(2, **{**QUICK, **kwargs})
    with pytest.raises(ValueError, match=message):
        stack.fit(small)
    assert not hasattr(stack, "n_features_in_")


def test_width_as_a_fraction_is_that_of_pca(wine):
    stack = StackedAutoencoder(0.6, **QUICK).fit(wine)
    plain = AutoencoderTransformer(0.6, max_epochs=1).fit(wine)
    assert stack.n_components_ == plain.n_components_
    assert stack.transform(wine).shape[1] == plain.n_components_


def test_inner_layers_take_the_squared_error(small):
    stack = StackedAutoencoder(2, loss="poisson", **QUICK).fit(np.abs(small) + 1)
    assert [layer.loss for layer in stack.layers_] == ["poisson", "mse", "mse"]


def test_partial_fit_without_fine_tuning_is_refused(small):
    with pytest.raises(ValueError, match="partial_fit trains the whole stack"):
        StackedAutoencoder(2, fine_tune=False, **QUICK).partial_fit(small)


@pytest.mark.parametrize("sparsity", [None, "kl"])
def test_layer_goes_on_from_where_it_stands(digits, sparsity):
    settings = {"hidden_layer_sizes": (12,), "pretrain_epochs": 5, "random_state": 0}
    stack = StackedAutoencoder(4, fine_tune=False, sparsity=sparsity, **settings)
    rows = digits[:300]
    for layer in stack.fit(rows).layers_:
        loss, codes = layer.history_["loss"], layer.transform(rows)
        layer.partial_fit(rows)
        assert layer.n_epochs_ == 6
        assert layer.history_["loss"][:5] == loss
        assert layer.history_["loss"][5] < loss[1]
        rows = codes


def test_stack_without_fine_tuning_tells_callbacks_of_its_layers(digits):
    from sklearn.callback import ScoringMonitor

    told = []

    class Told:
        def setup(self, estimator, context):
            told.append(("setup", context.max_subtasks))

        def on_fit_task_begin(self, estimator, context):
            told.append(("begin", context.task_name))

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            told.append(("end", context.task_name))

        def teardown(self, estimator, context):
            told.append(("teardown", context.task_name))

    monitor = ScoringMonitor(scoring={"score": lambda fitted, X, y: fitted.score(X)})
    settings = {"hidden_layer_sizes": (12,), "pretrain_epochs": 3, "random_state": 0}
    stack = StackedAutoencoder(4, fine_tune=False, **settings)
    stack.set_callbacks(monitor, Told()).fit(digits[:300])
    layer = [("begin", "layer"), ("end", "layer")]
    fit = [("begin", "fit"), *layer, *layer, ("end", "fit"), ("teardown", "fit")]
    assert told == [("setup", 2), *fit]
    scores = monitor.get_logs().data_as_pandas["score"]
    assert scores.tolist() == pytest.approx([stack.score(digits[:300])])
