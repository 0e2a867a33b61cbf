"""One fit, from checked rows to a trained autoencoder."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from ._backend import interrupts_deferred
from ._custom import TrainedCustom
from ._functions import function_key
from ._inference import TrainedDense
from ._keras import (
    has_plain_rate,
    is_keras_own,
    keras_settings,
    load_keras,
    make_loss,
    make_optimizer,
    power_of_scale,
)
from ._network import DenseNetwork, whitening
from ._rows import chunk_slices, power_of_two, take
from ._threads import one_blas_thread
from ._training import Program, borrowed_program

LEARNING_RATE = 5e-3
WEIGHT_DECAY = 1e-2
BLOCK_VALUES = 1 << 21  # 16 MiB of float64: eight chunks for the threads to encode


@dataclass(frozen=True)
class Seeds:
    """One stream of random numbers per role, so that no role shifts another's."""

    weights: np.random.SeedSequence
    split: np.random.SeedSequence
    order: np.random.SeedSequence
    noise: np.random.SeedSequence
    dropout: np.random.SeedSequence
    judge: np.random.SeedSequence

    @classmethod
    def from_random_state(cls, random_state, n_epochs_before):
        """Draw the seeds as scikit-learn would, but never from a global generator.

        Parameters
        ----------
        random_state : int, numpy.random.RandomState or None
        n_epochs_before : int
            So that the epochs of partial fits do not repeat the first one's draws.
        """
        entropy = None
        if isinstance(random_state, np.random.RandomState):
            entropy = random_state.randint(2**31 - 1, size=4).tolist()
        elif random_state is not None:
            entropy = [int(random_state), n_epochs_before]
        return cls(*np.random.SeedSequence(entropy).spawn(6))


def dense_start(network, pca, init, seed):
    """Return the untrained dense autoencoder, PCA itself if `init` is ``"pca"``.

    A linear code is in the units of the table, as PCA's is.
    """
    from_pca = init == "pca"
    encoder, decoder = network.start(seed, pca if from_pca else None)
    is_linear = network.code is None
    deviation = np.full(network.n_components, pca.scale if is_linear else 1.0)
    if from_pca:
        n_found = min(len(pca.components), network.n_components)
        deviation[:n_found] = whitening(pca)[:n_found]
    return TrainedDense(
        network=network,
        encoder=encoder,
        decoder=decoder,
        shift=pca.mean,
        scale=pca.scale,
        code_matrix=np.diag(deviation),
        code_offset=np.zeros(network.n_components),
        code_state=() if is_linear else network.code.start(network.n_components),
    )


def custom_start(network, seed):
    """Return the untrained autoencoder that the user's function gives, and its parts."""
    built = network.architecture(seed)
    arrays = [variable.numpy() for variable in built.variables]
    return TrainedCustom(network, arrays), built


@dataclass(frozen=True)
class Objective:
    """The loss and the optimizer of a fit.

    Attributes
    ----------
    loss : str, keras.losses.Loss or callable
    optimizer : str or keras.optimizers.Optimizer
    learning_rate, weight_decay : float or None
    """

    loss: object
    optimizer: object
    learning_rate: float | None
    weight_decay: float | None

    def make_optimizer(self):
        """Return a new optimizer; a name gets the defaults, an instance keeps its own."""
        rate, decay = self.learning_rate, self.weight_decay
        if isinstance(self.optimizer, str):
            rate = LEARNING_RATE if rate is None else rate
            decay = WEIGHT_DECAY if decay is None else decay
        return make_optimizer(self.optimizer, rate, decay)

    def key(self, optimizer):
        """Return what a compiled program depends on: not the values set at run time.

        None if that cannot be told: a config says all only of Keras' own classes.
        """
        loss, steps = loss_key(self.loss), optimizer_key(optimizer)
        return None if None in (loss, steps) else (loss, steps)


def loss_key(loss):
    """Return what equal losses share, or None if that cannot be told."""
    losses = load_keras().losses
    if isinstance(loss, str):  # also a name that the user has registered
        loss = losses.get(loss)
    if not isinstance(loss, losses.Loss):
        return function_key(loss)
    if not is_keras_own(loss):
        return None
    settings = getattr(loss, "_fn_kwargs", {}).items()
    function = function_key(getattr(loss, "fn", None), *settings)
    config = {k: value for k, value in loss.get_config().items() if k not in ("name", "fn")}
    return function and (type(loss), repr(config), function)


def optimizer_key(optimizer):
    """Return what the steps of an optimizer depend on but for rate and decay, or None."""
    rate = optimizer._learning_rate
    if not is_keras_own(optimizer) or not is_keras_own(rate):
        return None
    config = optimizer.get_config()
    for runtime in ("name", "weight_decay"):
        config.pop(runtime, None)
    if has_plain_rate(optimizer):
        config.pop("learning_rate")
    excluded = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    has_decay = optimizer.weight_decay is not None
    return type(optimizer), repr(config), repr(excluded), has_decay


def checked_widths(widths, parameter):
    """Return the widths of hidden layers as a tuple of int."""
    try:
        found = np.atleast_1d(np.asarray(widths, dtype=object))
        is_fine = found.ndim == 1 and all(map(_is_width, found))
    except (TypeError, ValueError):
        is_fine = False
    if not is_fine:
        raise ValueError(
            f"{parameter}={widths!r} must hold integers >= 1, one for each hidden layer."
        )
    return tuple(int(width) for width in found)


def _is_width(width):
    is_number = isinstance(width, Real) and not isinstance(width, bool)
    return is_number and width >= 1 and width % 1 == 0


def check_cellwise(loss, n_features):
    """Raise a ValueError unless a loss is the mean of a value for each cell."""
    tensor = load_keras().ops.convert_to_tensor
    shape = 2, 3, n_features
    rows = np.random.default_rng(0).uniform(0.1, 0.9, shape).astype(np.float32)
    value = make_loss(loss)
    try:
        per_row = np.array(value(*map(tensor, rows)))
        per_cell = np.array(value(*map(tensor, rows[..., np.newaxis])))
        is_mean = per_cell.shape == shape[1:] and np.allclose(
            per_cell.mean(axis=1), per_row
        )
    except Exception:  # a loss may fail in any way on rows of another shape
        is_mean = False
    if not is_mean:
        raise ValueError(
            f"emphasis needs a loss that is a mean over the cells, such as 'mse' or "
            f"'mae', but loss={loss!r} is none; set emphasis=0."
        )


def lent_program(architecture, objective, optimizer, batch_size, has_emphasis):
    """Return a context that lends the compiled program of a fit.

    Parameters
    ----------
    architecture : DenseNetwork or BuiltNetwork
    objective : Objective
    optimizer : keras.optimizers.Optimizer
        As the objective made it; a new program takes it over.
    batch_size : int
    has_emphasis : bool
    """
    has_power = power_of_scale(objective.loss) is not None
    in_user_units = isinstance(architecture, DenseNetwork) and not has_power

    @interrupts_deferred()
    def build():
        encoder, decoder, variables = architecture.build_models()
        return Program(
            encoder,
            decoder,
            variables,
            make_loss(objective.loss),
            optimizer,
            n_features=architecture.n_features,
            n_outputs=architecture.n_outputs,
            in_user_units=in_user_units,
            has_emphasis=has_emphasis,
        )

    keys = architecture.key, objective.key(optimizer)
    values = batch_size, has_emphasis, keras_settings()
    return borrowed_program(None if None in keys else (*keys, *values), build)


def order_codes(trained, table):
    """Rotate the codes so that they are uncorrelated and sorted by variance.

    The decoder takes the rotation back, so reconstructions stay. Signs are fixed much
    as in PCA: each code rises with the column that it goes with most.

    Parameters
    ----------
    trained : TrainedDense
    table : Table
        The training rows.

    Returns
    -------
    TrainedDense
    """
    n_samples, n_features = table.X.shape
    n_codes = trained.network.n_components
    unit = power_of_two(trained.scale)  # so that no product is out of range
    total, first = 0.0, np.zeros(n_codes)
    second, shared = np.zeros((n_codes, n_codes)), np.zeros((n_codes, n_features))
    for block in chunk_slices(n_samples, max(n_features, n_codes), BLOCK_VALUES):
        X = take(table.X, block)
        codes = trained.encode(X).astype(np.float64, copy=False) / unit
        weight = np.ones(len(X)) if table.weight is None else table.weight[block]
        with one_blas_thread():
            weighted = (codes * weight[:, np.newaxis]).T
            total += weight.sum()
            first += weighted.sum(axis=1)
            second += weighted @ codes
            shared += weighted @ ((X - table.shift) / unit)
    mean = first / total
    with one_blas_thread():
        _, rotation = np.linalg.eigh(second / total - np.outer(mean, mean))
        rotation = rotation[:, ::-1]
        shared = rotation.T @ shared
    largest = np.argmax(np.abs(shared), axis=1)
    signs = np.where(shared[np.arange(n_codes), largest] < 0, -1.0, 1.0)
    rotation = rotation * signs
    return trained.with_code(rotation, -(mean * unit) @ rotation)
