"""The compiled training step on JAX: all batches of a chunk in one call."""

import numpy as np

from .._compat import rate_or_schedule
from .._keras import interrupts_deferred
from ._program import Program, assign_each, copies_of


class JaxProgram(Program):
    """A program that XLA makes of pure functions, between Keras' variables.

    What changes while training goes in as arrays and comes out as arrays, which stay here
    from chunk to chunk: the variables hold them once somebody wants to see them.
    """

    def _build(self, n_features, n_outputs):
        import jax

        self._jax = jax
        self._train = jax.jit(self._run_batches, donate_argnums=0)
        self._evaluate = jax.jit(self._row_losses_now)
        self._losses = jax.jit(self._row_losses)
        self._units = self._state = None

    def _assign(self, weights, state, seeds, units):
        assign_each(self._variables, weights)
        assign_each(self.optimizer.variables, state)
        assign_each(self._seeds, seeds)
        self._units = [self._jax.device_put(value) for value in units]
        self._state = None

    @interrupts_deferred()
    def show(self):
        """Let the variables hold what they are now; what they are set to counts."""
        if self._state is not None:
            vectors, others, steps = self._state
            assign_each(self._trainable, self._vectors.split(vectors, np))
            assign_each(self._others, others)
            assign_each(self.optimizer.variables, steps)
        self._state = None

    def _held(self):
        """Return what changes while training: vectors of weights, and other values."""
        if self._state is None:
            # Copies: what a step is given is gone behind it, and variables must not be.
            vectors = self._vectors.join(copies_of(self._trainable), np)
            others, steps = copies_of(self._others), copies_of(self.optimizer.variables)
            self._state = vectors, others, steps
        return self._state

    @interrupts_deferred()
    def train(self, chunk, learning_rates):
        """Update the weights on the batches of a chunk; return the loss and the penalty."""
        x, y = self._on_device(chunk.inputs, chunk.targets)
        self._state, sums = self._train(
            self._held(), self._units, x, y, chunk.weights, learning_rates, chunk.n_batches
        )
        loss, penalty = np.asarray(sums)
        return float(loss), float(penalty)

    @interrupts_deferred()
    def weights(self):
        """Return a copy of the weights, without a way round by the variables."""
        if self._state is None:
            return super().weights()
        vectors, others, _ = self._state
        trainable = self._vectors.split(list(map(np.asarray, vectors)), np)
        variables = map(id, [*self._trainable, *self._others])
        now = dict(zip(variables, [*trainable, *others]))
        return [np.array(now[id(variable)]) for variable in self._variables]

    @interrupts_deferred()
    def evaluate(self, inputs, targets):
        """Return the loss of each row, shape (n_rows,), as at inference."""
        x, y = self._both_filled(inputs, targets)
        losses = self._evaluate(*self._held()[:2], self._units, x, y)
        return np.asarray(losses)[: len(inputs)]

    @interrupts_deferred()
    def losses(self, inputs, targets, outputs):
        """Return the loss of each row for outputs that are there, shape (n_rows,)."""
        x, y = self._both_filled(inputs, targets)
        losses = self._losses(x, y, _filled(outputs), self._units)
        return np.asarray(losses)[: len(inputs)]

    def _both_filled(self, inputs, targets):
        """Return both, filled up, on the device."""
        x = _filled(inputs)
        return self._on_device(x, x if targets is inputs else _filled(targets))

    def _on_device(self, x, y):
        """Return two arrays, brought to the device only once if they are the same."""
        if x is y:
            x = y = self._jax.device_put(x)
        return x, y

    def _row_losses_now(self, vectors, *values):
        return self._row_losses_of(self._vectors.split(vectors), *values)

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

        start = *state, jax.numpy.zeros(2)
        *state, sums = jax.lax.fori_loop(0, n_batches, run_batch, start)
        return tuple(state), sums

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
