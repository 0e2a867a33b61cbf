"""skae: autoencoders as scikit-learn transformers, with real Keras models inside.

Keras is imported when something is first trained, so ``import skae`` costs little more
than importing scikit-learn.
"""

from ._autoencoder import AutoencoderTransformer
from ._classifier import AutoencoderClassifier
from ._denoising import DenoisingAutoencoder
from ._detector import AutoencoderDetector
from ._regressor import AutoencoderRegressor
from ._sparse import SparseAutoencoder
from ._stacked import StackedAutoencoder
from ._supervised import SupervisedAutoencoder
from ._table_autoencoder import TableAutoencoder
from ._table_codec import TableCodec
from ._table_imputer import TableImputer
from .compare import compare_with_pca

__version__ = "0.1.0.dev0"

__all__ = [
    "SKOPS_TYPES",
    "AutoencoderClassifier",
    "AutoencoderDetector",
    "AutoencoderRegressor",
    "AutoencoderTransformer",
    "DenoisingAutoencoder",
    "SparseAutoencoder",
    "StackedAutoencoder",
    "SupervisedAutoencoder",
    "TableAutoencoder",
    "TableCodec",
    "TableImputer",
    "__version__",
    "compare_with_pca",
]

_ESTIMATORS = [thing for thing in map(globals().get, __all__) if isinstance(thing, type)]
for _estimator in _ESTIMATORS:
    _estimator.__module__ = __name__  # the address in files, whatever module it lives in

SKOPS_TYPES = [f"{__name__}.{_estimator.__name__}" for _estimator in _ESTIMATORS]
"""What ``skops.io.load`` is to trust, to load estimators of skae: one type for each."""
