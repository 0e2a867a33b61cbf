"""One layer of a stack, as an autoencoder of its own."""

from typing import final

from ._base_autoencoder import BaseAutoencoder
from ._fits._noise import Corruption, check_level, noise_maker
from ._fits._plans import LayerPlan
from ._models._code import ActivationCode, penalised_code
from ._state import stored


@stored  # in files of a stack, to which it belongs
@final
class LayerAutoencoder(BaseAutoencoder):
    """Autoencoder without hidden layers, made by :class:`StackedAutoencoder`.

    Parameters
    ----------
    n_components : int
        Number of units.
    activation : str
        Of the stack's hidden layers.
    is_first, is_last : bool
        The output of all but the first layer has the activation, as has the code of all
        but the last.
    noise, noise_level, sparsity, sparsity_target, sparsity_weight
        As in :class:`StackedAutoencoder`.
    loss, optimizer, learning_rate, weight_decay, batch_size, max_epochs
        As there.
    validation_fraction, verbose, random_state
        As there.
    """

    hidden_layer_sizes = ()
    init = "random"
    build_network = None
    features = "code"
    patience = None
    callbacks = None
    warm_start = False

    def __init__(
        self,
        n_components,
        *,
        activation,
        is_first,
        is_last,
        noise,
        noise_level,
        sparsity,
        sparsity_target,
        sparsity_weight,
        loss,
        optimizer,
        learning_rate,
        weight_decay,
        batch_size,
        max_epochs,
        validation_fraction,
        verbose,
        random_state,
    ):
        self.n_components = n_components
        self.activation = activation
        self.is_first = is_first
        self.is_last = is_last
        self.noise = noise
        self.noise_level = noise_level
        self.sparsity = sparsity
        self.sparsity_target = sparsity_target
        self.sparsity_weight = sparsity_weight
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.verbose = verbose
        self.random_state = random_state

    def _corruptions(self, pca, table, row_index):
        if self.noise is None or self.noise_level == 0:
            return [Corruption()]
        check_level(self.noise, self.noise_level)
        make = noise_maker(self.noise, pca, table, row_index)
        return [Corruption(make(self.noise_level), is_the_task=True)]

    def _code_layer(self, n_components):
        if self.sparsity is not None:
            return penalised_code(
                self.sparsity,
                self.sparsity_target,
                self.sparsity_weight,
                self.n_features_in_,
            )
        return None if self.is_last else ActivationCode(self.activation)

    def _plan(self, rows, goes_on):
        return LayerPlan(
            hidden_layer_sizes=(),
            activation=self.activation,
            init=self.init,
            code_layer=self._code_layer,
            output_layer=None if self.is_first else ActivationCode(self.activation),
            is_first=self.is_first,
        )
