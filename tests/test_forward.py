"""Validation rows are judged in NumPy as the backend judges them."""

import numpy as np
import pandas as pd
import pytest
from networks import dropout_network
from sklearn.base import clone
from sklearn.datasets import load_wine

from skae import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    TableAutoencoder,
)
from skae._fits import _run
from skae._models._forward import Forward

pytestmark = pytest.mark.usefixtures("without_xla")


def with_holes(X, y):
    frame = pd.DataFrame(X[:, :4]).rename(columns=str)
    frame["kind"] = pd.Categorical.from_codes(y, ["a", "b", "c"])
    return frame.mask(np.random.default_rng(0).uniform(size=frame.shape) < 0.1)


ESTIMATORS = [
    AutoencoderTransformer(3),
    AutoencoderTransformer(3, init="random", loss="mae"),
    DenoisingAutoencoder(3, emphasis=2.0),
    SparseAutoencoder(9, sparsity="kl"),
    SparseAutoencoder(9, sparsity="l1"),
    SparseAutoencoder(9, sparsity="topk"),
    StackedAutoencoder(3, hidden_layer_sizes=(8,), pretrain_epochs=3),
    SupervisedAutoencoder(3),
    AutoencoderClassifier(AutoencoderTransformer(3, max_epochs=3, random_state=0)),
    TableAutoencoder(AutoencoderTransformer(3, max_epochs=8, random_state=0)),
]


def curves_of(estimator):
    """Return the curves of a fit, also of the autoencoder of a table, and of layers."""
    is_table = isinstance(estimator, TableAutoencoder)
    whole = estimator.autoencoder_ if is_table else estimator
    return [whole.history_, *getattr(whole, "layer_history_", [])]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_validation_losses_are_those_of_the_backend(estimator, wine, monkeypatch):
    X, y = wine, load_wine().target
    X = with_holes(X, y) if isinstance(estimator, TableAutoencoder) else X
    sizes = []
    answer = Forward.__call__

    def noted(self, rows):
        sizes.append(len(rows))
        return answer(self, rows)

    monkeypatch.setattr(Forward, "__call__", noted)
    own = {"max_epochs": 8} if "max_epochs" in estimator.get_params() else {}
    estimator = clone(estimator).set_params(**own, random_state=0)
    in_numpy = curves_of(clone(estimator).fit(X, y))
    assert sizes
    sizes.clear()
    monkeypatch.setattr(_run, "LARGE", -1)
    on_backend = curves_of(clone(estimator).fit(X, y))
    assert not sizes
    for found, expected in zip(in_numpy, on_backend, strict=True):
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=2e-4, err_msg=name)


def test_networks_of_the_user_are_judged_by_keras(small, monkeypatch):
    monkeypatch.setattr(Forward, "__call__", None)
    estimator = AutoencoderTransformer(
        2, build_network=dropout_network, max_epochs=2, random_state=0
    )
    assert len(estimator.fit(small).history_["val_loss"]) == 2


@pytest.mark.parametrize("activation", ["silu", "relu", "exponential", "softplus"])
def test_training_that_diverges_ends_in_one_sentence_and_no_warning(small, activation):
    estimator = AutoencoderTransformer(
        2, activation=activation, learning_rate=1e12, max_epochs=30, random_state=0
    )
    with pytest.raises(ValueError, match="learning_rate"):
        estimator.fit(small)
