"""scikit-learn's own checks, on default and other configurations."""

import pytest
from networks import dropout_network
from sklearn.utils.estimator_checks import parametrize_with_checks

from skae import AutoencoderTransformer

QUICK = {"max_epochs": 3, "random_state": 0}
CONFIGURATIONS = {
    "default": {},
    "random": {"init": "random"},
    "deep": {"hidden_layer_sizes": (16, 8, 4)},
    "linear": {"hidden_layer_sizes": ()},
    "overcomplete": {"n_components": 12},
    "fraction": {"n_components": 0.7},
    "custom": {"build_network": dropout_network},
}
STOCHASTIC = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "mini-batches see repeated rows apart from each other, weighted rows at once"
    )
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(
    [AutoencoderTransformer(**QUICK, **kwargs) for kwargs in CONFIGURATIONS.values()],
    expected_failed_checks=lambda estimator: STOCHASTIC,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_check_passes(estimator, check):
    check(estimator)
