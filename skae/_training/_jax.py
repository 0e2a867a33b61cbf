"""The compiled training step on JAX: all batches of a chunk in one call."""

import numpy as np

from .._compat import rate_or_schedule
from .._keras import interrupts_deferred
from ._program import Program, assign_each, values_of


class JaxProgram(Program):
    """A program that XLA makes of pure functions, between Keras' variables.

    What changes while training goes in as arrays and comes out as arrays, which the
    variables hold between chunks, so that callbacks see them, and may set them.
    """

    def _build(self, n_features, n_outputs):
        import jax

        self._jax = jax
        self._changing = self._trainable, self._others, self.optimizer.variables
        self._train = jax.jit(self._run_batches, donate_argnums=0)
        self._evaluate = jax.jit(self._row_losses_of)
        self._units = None

    def _assign(self, weights, state, seeds, units):
        assign_each(self._variables, weights)
        assign_each(self.optimizer.variables, state)
        assign_each(self._seeds, seeds)
        self._units = [self._jax.device_put(value) for value in units]

    @interrupts_deferred()
    def train(self, chunk, learning_rates):
        """Update the weights on the batches of a chunk; return the loss and the penalty."""
        x = self._jax.device_put(chunk.inputs)
        y = x if chunk.targets is chunk.inputs else chunk.targets
        state = [values_of(variables) for variables in self._changing]
        state, sums = self._train(
            state, self._units, x, y, chunk.weights, learning_rates, chunk.n_batches
        )
        for variables, values in zip(self._changing, state):
            assign_each(variables, values)
        loss, penalty = np.asarray(sums)
        return float(loss), float(penalty)

    @interrupts_deferred()
    def evaluate(self, inputs, targets):
        """Return the loss of each row, shape (n_rows,), as at inference."""
        n_rows = len(inputs)
        x = self._jax.device_put(_filled(inputs))
        y = x if targets is inputs else _filled(targets)
        weights = values_of(self._trainable), values_of(self._others)
        return np.asarray(self._evaluate(*weights, self._units, x, y))[:n_rows]

    def _run_batches(self, state, units, inputs, targets, weights, rates, n_batches):
        jax = self._jax

        def run_batch(i, carried):
            vectors, others, steps, sums = carried
            slope = jax.grad(self._loss, has_aux=True)
            weight_values = self._vectors.split(vectors)
            batch = inputs[i], targets[i], weights[i]
            gradients, (parts, others) = slope(weight_values, others, units, *batch)
            gradients = self._vectors.join(gradients)
            rate = jax.lax.optimization_barrier(rates[i])  # looked up once, not per weight
            vectors, steps = self._stepped(vectors, gradients, steps, rate, units[2])
            return vectors, others, steps, sums + parts

        trainable, others, steps = state
        start = self._vectors.join(trainable), others, steps, jax.numpy.zeros(2)
        vectors, others, steps, sums = jax.lax.fori_loop(0, n_batches, run_batch, start)
        return [self._vectors.split(vectors), others, steps], sums

    def _stepped(self, vectors, gradients, steps, rate, decay):
        """Return the weights and the optimizer's variables after a step."""
        optimizer = self.optimizer
        if not self.has_own_schedule:
            rate_id = id(rate_or_schedule(optimizer))
            place = list(map(id, optimizer.variables)).index(rate_id)
            steps = [*steps[:place], rate, *steps[place + 1 :]]
        before = optimizer.weight_decay
        if before is not None:
            optimizer.weight_decay = decay  # a value of the fit, while this is traced
        try:
            vectors, steps = optimizer.stateless_apply(steps, gradients, vectors)
        finally:
            optimizer.weight_decay = before
        return self._vectors.constrained(vectors), steps


def _filled(rows):
    """Return rows repeated up to a number of rows that tables of about that size share.

    Each number of rows takes a compilation.
    """
    n_rows = len(rows)
    step = max(16, 1 << max(0, n_rows.bit_length() - 3))
    n_filled = -(-n_rows // step) * step
    return rows if n_filled == n_rows else np.resize(rows, (n_filled, *rows.shape[1:]))
