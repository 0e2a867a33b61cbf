"""The compiled training step on TensorFlow: all batches of a chunk in one call."""

from .._keras import interrupts_deferred
from ._program import Program


class TensorFlowProgram(Program):
    """A program that XLA makes of a graph, with Keras' variables inside."""

    def _build(self, n_features, n_outputs):
        import tensorflow as tf

        self._tf = tf
        self.optimizer.build(self.model.trainable_variables)
        self._units = [
            tf.Variable(start, trainable=False)
            for start in (tf.zeros(n_features), 1.0, 0.0, *self.task.settings)
        ]
        if self.optimizer.weight_decay is not None:
            self.optimizer.weight_decay = self._units[2]
        self._assign_all = self._concrete_assign()
        self._train = None  # compiled when the first chunk shows its shape
        rows, targets = (
            tf.TensorSpec((None, width), tf.float32) for width in (n_features, n_outputs)
        )
        self._evaluate = self._concrete(self._run_rows, rows, targets)

    def _assign(self, weights, state, seeds, units):
        tensor = self._tf.convert_to_tensor
        self._assign_all(*map(tensor, [*weights, *state, *seeds, *units]))

    @interrupts_deferred()
    def train(self, chunk, learning_rates):
        """Update the weights on the batches of a chunk; return the loss and the penalty."""
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
        variables = [v.value for v in own] + self._units

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
                outputs = self.model(inputs[i], training=True)
                per_row = self._row_losses(inputs[i], targets[i], outputs, self._units)
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
        outputs = self.model(inputs, training=False)
        return self._row_losses(inputs, targets, outputs, self._units)
