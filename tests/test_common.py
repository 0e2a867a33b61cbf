"""scikit-learn's own checks, on default and other configurations."""

import pytest
from networks import dropout_network
from sklearn.utils.estimator_checks import estimator_checks_generator

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
)

QUICK = {"max_epochs": 3, "random_state": 0}
CONFIGURATIONS = {
    "plain": AutoencoderTransformer(**QUICK),
    "deep": AutoencoderTransformer(
        hidden_layer_sizes=(16, 8, 4), init="random", features="all", **QUICK
    ),
    "linear": AutoencoderTransformer(0.7, hidden_layer_sizes=(), **QUICK),
    "custom": AutoencoderTransformer(12, build_network=dropout_network, **QUICK),
    "denoising": DenoisingAutoencoder(**QUICK),
    "emphasised": DenoisingAutoencoder(12, noise="masking", emphasis=1.0, **QUICK),
    "topk": SparseAutoencoder(**QUICK),
    "kl": SparseAutoencoder(sparsity="kl", **QUICK),
    "l1": SparseAutoencoder(sparsity="l1", hidden_layer_sizes=(8,), **QUICK),
    "stacked": StackedAutoencoder(hidden_layer_sizes=(8,), pretrain_epochs=2, **QUICK),
    "classifier": AutoencoderClassifier(DenoisingAutoencoder(8, **QUICK), random_state=0),
    "regressor": AutoencoderRegressor(AutoencoderTransformer(8, **QUICK), random_state=0),
}
STOCHASTIC = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "mini-batches see repeated rows apart from each other, weighted rows at once"
    )
    for kind in ("dense", "sparse")
}


CHECKS = [
    case
    for estimator in CONFIGURATIONS.values()
    for case in estimator_checks_generator(
        estimator, expected_failed_checks=STOCHASTIC, mark="xfail"
    )
]


def label(value):
    """Return an id that is the same in every process, unlike the address of a function."""
    for name, estimator in CONFIGURATIONS.items():
        if value is estimator:
            return name
    kwargs = ",".join(f"{key}={given}" for key, given in value.keywords.items())
    return f"{value.func.__name__}({kwargs})"


@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=label)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_check_passes(estimator, check):
    check(estimator)
