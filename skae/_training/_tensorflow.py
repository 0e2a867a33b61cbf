"""The compiled training step on TensorFlow: all batches of a chunk in one call."""

import numpy as np

from .._compat import all_layers, is_keras_own, is_seed_state, rate_or_schedule
from .._keras import float32_policy, interrupts_deferred, load_keras
from ._objective import has_plain_rate


class Program:
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
        import tensorflow as tf

        self._tf = tf
        keras = load_keras()
        with float32_policy():
            inputs = keras.Input((n_features,), name="rows")
            self.model = keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")
        self.optimizer = optimizer
        optimizer.build(self.model.trainable_variables)
        self._variables = variables
        self._seeds = _seed_variables(self.model, variables)
        self.task = task
        self._losses = task.make_losses()
        self._in_user_units = in_user_units
        self._shift = tf.Variable(tf.zeros(n_features), trainable=False)
        self._scale = tf.Variable(1.0, trainable=False)
        self._decay = tf.Variable(0.0, trainable=False)
        self._settings = [
            tf.Variable(np.zeros_like(value, np.float32), trainable=False)
            for value in task.settings
        ]
        if optimizer.weight_decay is not None:
            optimizer.weight_decay = self._decay
        self._built_as = self._compiled_in()
        self._fresh_state = [variable.numpy() for variable in optimizer.variables]
        self._assign = self._concrete_assign()
        self._train = None  # compiled when the first chunk shows its shape
        rows, targets = (
            tf.TensorSpec((None, width), tf.float32) for width in (n_features, n_outputs)
        )
        self._evaluate = self._concrete(self._run_rows, rows, targets)

    @property
    def has_own_schedule(self):
        """Whether the optimizer came with a learning rate schedule of its own."""
        return not has_plain_rate(self.optimizer)

    @property
    def learning_rate(self):
        """The optimizer's current learning rate."""
        return float(self.optimizer.learning_rate)

    @property
    def is_untouched(self):
        """Whether no callback has changed what is compiled in."""
        return self._built_as == self._compiled_in()

    def _compiled_in(self):
        optimizer, layers = self.optimizer, all_layers(self.model)
        trainable = [thing.trainable for thing in (*layers, *self.model.weights)]
        # What a fit sets is not compiled in: rate, decay, and the values of skae's layers.
        # The config of a model repeats those of its layers, skae's too.
        alone = [layer for layer in layers if not getattr(layer, "layers", None)]
        settings = [layer.get_config() for layer in alone if is_keras_own(layer)]
        settings.append(optimizer.get_config())
        for name in ("learning_rate", "weight_decay"):
            settings[-1].pop(name, None)
        identities = id(rate_or_schedule(optimizer)), id(optimizer.weight_decay)
        return *identities, trainable, repr(settings)

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
            As `optimizer_state` returned it; None starts afresh.
        seed : numpy.random.SeedSequence
            For layers that draw random numbers while training.
        shift : ndarray of shape (n_features,)
        scale : float
            A conditioned value is ``(x - shift) / scale``.
        weight_decay : float or None
        settings : sequence of float or ndarray, default=None
            Those of the task of this fit; None takes those of the task compiled.
        """
        weights = [
            np.asarray(value, dtype=variable.dtype)
            for variable, value in zip(self._variables, weights)
        ]
        words = seed.generate_state(len(self._seeds))
        seeds = [
            np.array([word, 0], dtype=variable.dtype)
            for variable, word in zip(self._seeds, words)
        ]
        decay = 0.0 if weight_decay is None else weight_decay
        settings = self.task.settings if settings is None else settings
        with np.errstate(over="ignore", under="ignore"):  # used in the user's units alone
            units = [np.float32(value) for value in (shift, scale, decay, *settings)]
        state = optimizer_state or self._fresh_state
        tensor = self._tf.convert_to_tensor
        self._assign(*map(tensor, [*weights, *state, *seeds, *units]))

    @interrupts_deferred()
    def weights(self):
        """Return a copy of the weights."""
        return [variable.numpy() for variable in self._variables]

    @interrupts_deferred()
    def optimizer_state(self):
        """Return a copy of the optimizer's variables."""
        return [variable.numpy() for variable in self.optimizer.variables]

    @interrupts_deferred()
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
        tensor = self._tf.convert_to_tensor
        x = tensor(chunk.inputs)
        y = x if chunk.targets is chunk.inputs else tensor(chunk.targets)
        weights, rates = tensor(chunk.weights), tensor(learning_rates)
        arguments = x, y, weights, rates, tensor(chunk.n_batches)
        if self._train is None:
            self._train = self._concrete(self._run_batches, *arguments, jit_compile=True)
        loss, penalty = self._train(*arguments).numpy()
        return float(loss), float(penalty)

    @interrupts_deferred()
    def evaluate(self, inputs, targets):
        """Return the loss of each row, shape (n_rows,), as at inference."""
        tensor = self._tf.convert_to_tensor
        return self._evaluate(tensor(inputs), tensor(targets)).numpy()

    def _concrete_assign(self):
        """Return a function that sets all variables in one call."""
        own = [*self._variables, *self.optimizer.variables, *self._seeds]
        settings = [self._shift, self._scale, self._decay, *self._settings]
        variables = [v.value for v in own] + settings

        def assign(*values):
            for variable, value in zip(variables, values):
                variable.assign(value)

        specs = [self._tf.TensorSpec(v.shape, v.dtype) for v in variables]
        return self._concrete(assign, *specs)

    def _concrete(self, function, *arguments, jit_compile=None):
        """Trace a function once, and for good.

        A ``tf.function`` that is called itself would make TensorFlow warn of retracing
        after a few programs: it takes the methods of all of them for one function.
        """
        traced = self._tf.function(function, autograph=False, jit_compile=jit_compile)
        return traced.get_concrete_function(*arguments)

    def _run_batches(self, inputs, targets, weights, learning_rates, n_batches):
        tf = self._tf
        variables = self.model.trainable_variables

        def run_batch(i, sums):
            if not self.has_own_schedule:
                self.optimizer.learning_rate.assign(learning_rates[i])
            weight = weights[i]
            total_weight = tf.reduce_sum(weight)
            with tf.GradientTape() as tape:
                per_row = self._row_losses(inputs[i], targets[i], training=True)
                loss_sum = tf.reduce_sum(weight * per_row)
                penalty = tf.add_n(self.model.losses) if self.model.losses else 0.0
                loss = loss_sum / tf.maximum(total_weight, 1e-30) + penalty
            gradients = tape.gradient(loss, variables)
            self.optimizer.apply(gradients, variables)
            return i + 1, sums + tf.stack([loss_sum, penalty * total_weight])

        _, sums = tf.while_loop(
            lambda i, _: i < n_batches, run_batch, (tf.constant(0), tf.zeros(2))
        )
        return sums

    def _run_rows(self, inputs, targets):
        return self._row_losses(inputs, targets, training=False)

    def _row_losses(self, inputs, targets, training):
        tf = self._tf
        outputs = tf.cast(self.model(inputs, training=training), tf.float32)
        return self.task.row_losses(
            self._losses, inputs, targets, outputs, self._in_units, self._settings
        )

    def _in_units(self, values):
        """Return conditioned values in the units that the loss must see."""
        return values * self._scale + self._shift if self._in_user_units else values


def _seed_variables(model, weights):
    known = {id(variable) for variable in weights}
    return [
        variable
        for variable in model.variables
        if id(variable) not in known and is_seed_state(variable)
    ]
