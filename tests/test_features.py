"""features="all": the activations of the hidden layers beside the code."""

import numpy as np
import pytest
from networks import dropout_network
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skae import AutoencoderTransformer, DenoisingAutoencoder, SparseAutoencoder

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 3, "random_state": 0}
ESTIMATORS = [
    AutoencoderTransformer(3, hidden_layer_sizes=(7, 6), features="all", **QUICK),
    DenoisingAutoencoder(3, hidden_layer_sizes=(7, 6), features="all", **QUICK),
    SparseAutoencoder(9, hidden_layer_sizes=(7, 6), features="all", **QUICK),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_all_features_are_the_activations_of_the_keras_layers(small, estimator):
    import keras

    estimator.fit(small)
    features = estimator.transform(small)
    width = estimator.n_components_
    assert features.shape == (90, 2 * (7 + 6) + width)

    encoder, decoder = estimator.encoder_, estimator.decoder_
    rows = small.astype(np.float32)
    found = []
    for model, inputs in ((encoder, rows), (decoder, np.array(encoder(rows)))):
        names = [f"{model.name}_hidden_{i}" for i in range(2)]
        outputs = [model.get_layer(name).output for name in names]
        found += map(np.array, keras.Model(model.input, outputs)(inputs))
        if model is encoder:
            found.append(np.array(encoder(rows)))
    np.testing.assert_allclose(features, np.concatenate(found, axis=1), atol=2e-5)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_names_follow_the_columns(small, estimator):
    name = type(estimator).__name__.lower()
    frame = estimator.set_output(transform="pandas").fit_transform(small)
    assert list(frame.columns[:7]) == [f"{name}_hidden0_{i}" for i in range(7)]
    assert frame.columns[13] == f"{name}0"
    assert frame.columns[-1] == f"{name}_hidden3_6"
    codes = frame[[f"{name}{i}" for i in range(estimator.n_components_)]].to_numpy()
    estimator.set_output(transform="default").set_params(features="code")
    np.testing.assert_array_equal(codes, estimator.transform(small))
    estimator.set_params(features="all")


def test_inverse_transform_takes_all_features(small):
    estimator = ESTIMATORS[1].fit(small)
    np.testing.assert_array_equal(
        estimator.inverse_transform(estimator.transform(small)), estimator.denoise(small)
    )
    codes = estimator.transform(small)[:, 13:16]
    np.testing.assert_allclose(estimator.inverse_transform(codes), estimator.denoise(small))
    with pytest.raises(ValueError, match="takes the 3 or 29 that transform gives"):
        estimator.inverse_transform(np.zeros((2, 4)))


def test_no_hidden_layers_leave_the_code(small):
    estimator = SparseAutoencoder(9, features="all", **QUICK).fit(small)
    assert estimator.transform(small).shape == (90, 9)


def test_all_features_of_a_custom_network_are_refused(small):
    estimator = AutoencoderTransformer(
        2, features="all", build_network=dropout_network, **QUICK
    )
    with pytest.raises(ValueError, match="features='all' needs the dense network"):
        estimator.fit(small)
    assert not hasattr(estimator, "n_features_in_")
    estimator.set_params(features="code").fit(small)
    with pytest.raises(ValueError, match="features='all' needs the dense network"):
        estimator.set_params(features="all", build_network=None).transform(small)


def test_all_features_serve_a_classifier_better_than_a_narrow_code():
    X, y = load_digits(return_X_y=True)
    code, everything = (
        make_pipeline(
            DenoisingAutoencoder(2, features=features, **QUICK), KNeighborsClassifier()
        )
        .fit(X[:1200], y[:1200])
        .score(X[1200:], y[1200:])
        for features in ("code", "all")
    )
    assert everything > code + 0.1
