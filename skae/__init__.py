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
from .compare import compare_with_pca

__version__ = "0.1.0.dev0"

__all__ = [
    "AutoencoderClassifier",
    "AutoencoderDetector",
    "AutoencoderRegressor",
    "AutoencoderTransformer",
    "DenoisingAutoencoder",
    "SparseAutoencoder",
    "StackedAutoencoder",
    "SupervisedAutoencoder",
    "__version__",
    "compare_with_pca",
]
