"""skae: autoencoders as scikit-learn transformers, with real Keras models inside.

The names below are imported when they are first used, and Keras when something is
first trained, so ``import skae`` costs no more than importing scikit-learn.
"""

import importlib

from . import _backend  # noqa: F401  so that a fork is noticed from now on

__version__ = "0.1.0.dev0"

_HOMES = {
    "AutoencoderTransformer": "._autoencoder",
    "DenoisingAutoencoder": "._denoising",
    "SparseAutoencoder": "._sparse",
    "StackedAutoencoder": "._stacked",
    "AutoencoderClassifier": "._classifier",
    "AutoencoderRegressor": "._regressor",
    "compare_with_pca": ".compare",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)


def __dir__():
    return sorted([*globals(), *_HOMES])
