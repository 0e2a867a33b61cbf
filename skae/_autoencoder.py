"""AutoencoderTransformer: the plain autoencoder, nonlinear PCA."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions

from . import _automatic
from ._base import BaseAutoencoder
from .corruption import GaussianNoise


class AutoencoderTransformer(BaseAutoencoder):
    """x"""

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "input_noise": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(128, 64),
        activation="silu",
        init="pca",
        input_noise="auto",
        build_network=None,
        loss="mse",
        optimizer="adamw",
        learning_rate=3e-3,
        weight_decay=1e-4,
        batch_size="auto",
        max_epochs="auto",
        validation_fraction=0.1,
        patience=None,
        callbacks=None,
        warm_start=False,
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
        self.input_noise = input_noise
        self.build_network = build_network
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def _corruption(self, pca, n_rows):
        level = self.input_noise
        if level == "auto":
            level = _automatic.input_noise(n_rows)
        return GaussianNoise(level, pca.column_scale / pca.scale) if level else None
