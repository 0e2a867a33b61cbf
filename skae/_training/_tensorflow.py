"""The compiled training step on TensorFlow: all batches of a chunk in one call."""

import numpy as np

from .._compat import forget_gradients
from .._keras import interrupts_deferred
from ._program import Program, assign_each, values_of


class TensorFlowProgram(Program):
    """A program that XLA makes of a graph, with Keras' variables inside."""

    def _build(self, n_features, n_outputs):
        import tensorflow as tf

        self._tf = tf
        self._graphs = []
        self._units = [
            tf.Variable(np.float32(start), trainable=False)
            for start in (np.zeros(n_features), 1.0, 0.0, *self.task.settings)
        ]
        if self.optimizer.weight_decay is not None:
            self.optimizer.weight_decay = self._units[2]
        self._assign_all = self._concrete_assign()
        self._train = None  # compiled when the first chunk shows its shape
        self._evaluate = self._losses = None  # and these when the first rows are judged
        self._seen = [
            tf.TensorSpec((None, width), tf.float32)
            for width in (n_features, n_outputs, n_outputs)
        ]

    def _assign(self, weights, state, seeds, units):
        tensor = self._tf.convert_to_tensor
        self._assign_all(*map(tensor, [*weights, *state, *seeds, *units]))

    def release(self):
        super().release()
        self._assign_all = None
        while self._graphs:
            forget_gradients(self._graphs.pop())

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
        if self._evaluate is None:
            self._evaluate = self._concrete(self._run_rows, *self._seen[:2])
        return self._evaluate(*map(self._tf.convert_to_tensor, (inputs, targets))).numpy()

    @interrupts_deferred()
    def losses(self, inputs, targets, outputs):
        """Return the loss of each row for outputs that are there, shape (n_rows,)."""
        if self._losses is None:
            self._losses = self._concrete(self._losses_now, *self._seen)
        seen = inputs, targets, outputs
        return self._losses(*map(self._tf.convert_to_tensor, seen)).numpy()

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
        concrete = traced.get_concrete_function(*arguments)
        self._graphs.append(concrete.graph)
        return concrete

    def _run_batches(self, inputs, targets, weights, learning_rates, n_batches):
        tf, vectors = self._tf, self._vectors

        def run_batch(i, sums):
            if not self.has_own_schedule:
                self.optimizer.learning_rate.assign(learning_rates[i])
            batch = inputs[i], targets[i], weights[i]
            return i + 1, sums + self._run_batch(*batch)

        assign_each(vectors.variables, vectors.join(values_of(self._trainable)))
        _, sums = tf.while_loop(
            lambda i, _: i < n_batches, run_batch, (tf.constant(0), tf.zeros(2))
        )
        assign_each(self._trainable, vectors.split(values_of(vectors.variables)))
        return sums

    def _run_batch(self, *batch):
        """Make a step, and return the weighted sums of losses and of penalties."""
        tf, vectors = self._tf, self._vectors
        self._graphs.append(tf.compat.v1.get_default_graph())
        held = map(tf.convert_to_tensor, values_of(vectors.variables))
        trainable, others = vectors.split(list(held)), values_of(self._others)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trainable)
            loss, (parts, others) = self._loss(trainable, others, self._units, *batch)
        gradients = tape.gradient(loss, trainable, unconnected_gradients="zero")
        assign_each(self._others, others)
        self.optimizer.apply(vectors.join(gradients), vectors.variables)
        assign_each(vectors.variables, vectors.constrained(values_of(vectors.variables)))
        return parts

    def _losses_now(self, inputs, targets, outputs):
        return self._row_losses(inputs, targets, outputs, self._units)

    def _run_rows(self, inputs, targets):
        weights = values_of(self._trainable), values_of(self._others)
        return self._row_losses_of(*weights, self._units, inputs, targets)
