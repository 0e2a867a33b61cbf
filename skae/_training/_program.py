"""Program: what a compiled training step is, whatever backend it is compiled by."""

from abc import ABC, abstractmethod

import numpy as np

from .._compat import all_layers, is_keras_own, is_seed_state, rate_or_schedule
from .._keras import float32_policy, interrupts_deferred, load_keras, zeros
from ._objective import has_plain_rate, plain_state
from ._vector import in_vectors


class Program(ABC):
    """A Keras network with its optimizer, compiled to train on whole chunks.

    Weights, optimizer state, learning rates, weight decay and the units of the loss are
    values that a fit sets; the architecture, the loss, the steps of the optimizer and the
    batch size are compiled in. So one program serves any number of fits, one at a time.

    Parameters
    ----------
    encoder, decoder : keras.Model
    variables : list of keras.Variable
        The weights of both in the order of the arrays that `load` takes.
    task : Reconstruction or Labels
        What the outputs are compared with.
    optimizer : keras.optimizers.Optimizer
        Built here for the trainable weights.
    n_features, n_outputs : int
        Of the encoder's inputs and of the decoder's outputs.
    in_user_units : bool
        Whether the loss must see the user's units; if not, it is computed on the
        conditioned values.
    """

    @interrupts_deferred()
    def __init__(
        self,
        encoder,
        decoder,
        variables,
        task,
        optimizer,
        *,
        n_features,
        n_outputs,
        in_user_units,
    ):
        keras = load_keras()
        with float32_policy():
            inputs = keras.Input((n_features,), name="rows")
            self.model = keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")
        self.optimizer = optimizer
        self.task = task
        self._variables = variables
        self._trainable = self.model.trainable_variables
        self._others = self.model.non_trainable_variables
        self._seeds = _seed_variables(self._others, variables)
        self._vectors = in_vectors(optimizer, self._trainable)
        _build(optimizer, self._vectors.variables)
        self._loss_functions = task.make_losses()
        self._in_user_units = in_user_units
        self._build(n_features, n_outputs)
        self._built_as = self._compiled_in()
        self._fresh_state = self.optimizer_state()

    @abstractmethod
    def _build(self, n_features, n_outputs):
        """Build what is compiled."""

    @abstractmethod
    def _assign(self, weights, state, seeds, units):
        """Set the weights, the optimizer's variables, the seeds, and numbers of a fit.

        `units` are the shift, the scale, the weight decay and the settings of the task.
        """

    @property
    def has_own_schedule(self):
        """Whether the optimizer came with a learning rate schedule of its own."""
        return not has_plain_rate(self.optimizer)

    @property
    def learning_rate(self):
        """The optimizer's current learning rate."""
        self.show()
        return float(self.optimizer.learning_rate)

    @property
    def is_untouched(self):
        """Whether no callback has changed what is compiled in."""
        return self._built_as == self._compiled_in()

    def _compiled_in(self):
        optimizer, layers = self.optimizer, all_layers(self.model)
        trainable = [thing.trainable for thing in (*layers, *self.model.weights)]
        # What a fit sets is not compiled in: rate, decay, and the values of skae's layers.
        # A model has no settings but those of its layers, and callbacks note things there.
        alone = [layer for layer in layers if not getattr(layer, "layers", None)]
        settings = [_settings(layer) for layer in alone if is_keras_own(layer)]
        steps = plain_state(optimizer)
        steps.pop("weight_decay", None)
        identities = id(rate_or_schedule(optimizer)), id(optimizer.weight_decay)
        return *identities, trainable, steps, settings

    @interrupts_deferred()
    def load(
        self,
        weights,
        optimizer_state,
        seed,
        *,
        shift,
        scale,
        weight_decay,
        settings=None,
    ):
        """Set all that one fit has of its own.

        Parameters
        ----------
        weights : list of ndarray
        optimizer_state : list of ndarray or None
            As `optimizer_state` returned it; None, or what an older version or another
            optimizer has left, starts afresh.
        seed : numpy.random.SeedSequence
            For layers that draw random numbers while training.
        shift : ndarray of shape (n_features,)
        scale : float
            A conditioned value is ``(x - shift) / scale``.
        weight_decay : float or None
        settings : sequence of float or ndarray, default=None
            Those of the task of this fit; None takes those of the task compiled.
        """
        words = seed.generate_state(len(self._seeds))
        seeds = [
            np.array([word, 0], dtype=variable.dtype)
            for variable, word in zip(self._seeds, words)
        ]
        decay = 0.0 if weight_decay is None else weight_decay
        settings = self.task.settings if settings is None else settings
        with np.errstate(over="ignore", under="ignore"):  # used in the user's units alone
            units = [np.float32(value) for value in (shift, scale, decay, *settings)]
        state = self._fresh_state
        if list(map(np.shape, optimizer_state or [])) == list(map(np.shape, state)):
            state = optimizer_state
        self._assign(
            _as_held(self._variables, weights),
            _as_held(self.optimizer.variables, state),
            seeds,
            units,
        )

    def show(self):  # noqa: B027
        """Let the variables hold what they are now; what they are set to counts."""

    @interrupts_deferred()
    def weights(self):
        """Return a copy of the weights."""
        self.show()
        return copies_of(self._variables)

    @interrupts_deferred()
    def optimizer_state(self):
        """Return a copy of the optimizer's variables."""
        self.show()
        return copies_of(self.optimizer.variables)

    @abstractmethod
    def train(self, chunk, learning_rates):
        """Update the weights on the batches of a chunk.

        Parameters
        ----------
        chunk : Chunk
        learning_rates : ndarray of shape (chunk_batches,)

        Returns
        -------
        loss, penalty : float
            Weighted sum of the rows' losses, and of the batches' penalties.
        """

    @abstractmethod
    def evaluate(self, inputs, targets):
        """Return the loss of each row, shape (n_rows,), as at inference."""

    @abstractmethod
    def losses(self, inputs, targets, outputs):
        """Return the loss of each row for outputs that are there, shape (n_rows,)."""

    def release(self):
        """Let go of what is compiled at once: models refer to themselves, and stay a while.

        A program does no work behind that.
        """
        self._train = self._evaluate = self._losses = None

    def _loss(self, trainable, others, units, inputs, targets, weight):
        """Return the mean loss of a batch for values of the variables.

        Beside it ``(parts, others)``: the weighted sums of losses and of penalties, and
        what the other variables are after the batch.
        """
        ops = load_keras().ops
        with self._holding(trainable, others) as scope:
            outputs = self.model(inputs, training=True)
            penalty = sum(self.model.losses, 0.0)
        others = [scope.get_current_value(variable) for variable in self._others]
        per_row = self._row_losses(inputs, targets, outputs, units)
        loss_sum, total_weight = ops.sum(weight * per_row), ops.sum(weight)
        loss = loss_sum / ops.maximum(total_weight, 1e-30) + penalty
        return loss, (ops.stack([loss_sum, penalty * total_weight]), others)

    def _row_losses_of(self, trainable, others, units, inputs, targets):
        """Return the loss of each row for values of the variables, as at inference."""
        with self._holding(trainable, others):
            outputs = self.model(inputs, training=False)
        return self._row_losses(inputs, targets, outputs, units)

    def _holding(self, trainable, others):
        """Return a scope in which the model's variables hold other values."""
        values = [*zip(self._trainable, trainable), *zip(self._others, others)]
        return load_keras().StatelessScope(values, collect_losses=True)

    def _row_losses(self, inputs, targets, outputs, units):
        """Return the loss of each row for outputs of the network."""
        shift, scale, _, *settings = units

        def in_units(values):
            return values * scale + shift if self._in_user_units else values

        outputs = load_keras().ops.cast(outputs, "float32")
        return self.task.row_losses(
            self._loss_functions, inputs, targets, outputs, in_units, settings
        )


def _build(optimizer, variables):
    """Build an optimizer, of zeros that leave nothing behind."""
    add = optimizer.add_variable

    def add_variable(*args, initializer="zeros", **settings):
        initializer = zeros if initializer == "zeros" else initializer
        return add(*args, initializer=initializer, **settings)

    optimizer.add_variable = add_variable
    try:
        optimizer.build(variables)
    finally:
        del optimizer.add_variable


def _settings(layer):
    """Return the attributes of a layer of Keras', and what theirs hold.

    Its config says the same, but to write it Keras imports TensorFlow, on JAX too.
    """
    own = {name: part for name, part in vars(layer).items() if not name.startswith("_")}
    plain = {name: part for name, part in plain_state(layer).items() if name in own}
    held = {name: (id(own[name]), _inside(own[name])) for name in own.keys() - plain}
    return layer.dtype_policy.name, plain, held


def _inside(part):
    return repr(part) if isinstance(part, list | dict) else plain_state(part)


def values_of(variables):
    """Return what Keras variables hold."""
    return [variable.value for variable in variables]


def copies_of(variables):
    """Return copies of what Keras variables hold, as arrays."""
    # Not by np.array: NumPy warns of TensorFlow's variables, which cannot be told to copy.
    return [np.asarray(variable.value).copy() for variable in variables]


def assign_each(variables, values):
    """Set Keras variables."""
    for variable, value in zip(variables, values):
        variable.assign(value)


def _as_held(variables, values):
    """Return copies in the dtypes of variables: a backend may keep them, and write there.

    Backends differ in their whole numbers.
    """
    return [np.array(value, dtype=v.dtype) for v, value in zip(variables, values)]


def _seed_variables(variables, weights):
    known = {id(variable) for variable in weights}
    return [
        variable
        for variable in variables
        if id(variable) not in known and is_seed_state(variable)
    ]
