"""All weights as one vector, of which an optimizer makes one step instead of many."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from .._compat import undecayed_pattern
from .._keras import load_keras

MOST = 1 << 20  # weights: joining the gradients of more takes longer than many steps
_FILL = 64  # XLA's loops over vectors of odd lengths are several times as slow
_BY_ELEMENT = {  # Keras' optimizers whose step of a weight looks at no other weight
    *("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam"),
    *("RMSprop", "SGD"),
}


def in_vectors(optimizer, variables):
    """Return how an optimizer is given weights: in one vector, or apart if it must be.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
    variables : list of keras.Variable
        The trainable weights.
    """
    known = {getattr(load_keras().optimizers, name) for name in _BY_ELEMENT}
    is_by_element = (
        type(optimizer) in known
        and optimizer.clipnorm is None
        and undecayed_pattern(optimizer) is None
    )
    is_plain = all(variable.dtype == "float32" for variable in variables)
    n_weights = sum(_size(variable.shape) for variable in variables)
    if len(variables) > 1 and n_weights <= MOST and is_by_element and is_plain:
        return OneVector.of(variables)
    return Apart(variables)


@dataclass(frozen=True)
class Apart:
    """Weights as they are.

    Attributes
    ----------
    variables : list of keras.Variable
        What the optimizer is built for.
    """

    variables: list

    def join(self, values, ops=None):
        """Return arrays of weights as the optimizer is given them."""
        return values

    def split(self, vectors, ops=None):
        """Return the arrays that `join` was given."""
        return vectors

    def constrained(self, vectors):
        """Return vectors that keep the constraints of layers; the optimizer sees to it."""
        return vectors


@dataclass(frozen=True)
class OneVector:
    """Weights one after another in one vector, zeros behind them up to a round length.

    Attributes
    ----------
    variables : list of keras.Variable
        What the optimizer is built for: a single one.
    shapes : list of tuple
        Those of the weights.
    constraints : list of callable or None
        Of each of the weights.
    """

    variables: list
    shapes: list
    constraints: list

    @classmethod
    def of(cls, weights):
        """Return the vector of weights, which are Keras variables."""
        shapes = [tuple(variable.shape) for variable in weights]
        n_weights = sum(map(_size, shapes))
        zeros = np.zeros(n_weights + -n_weights % _FILL, dtype=np.float32)
        vector = load_keras().Variable(zeros, dtype="float32", name="weights")
        return cls([vector], shapes, [variable.constraint for variable in weights])

    def join(self, values, ops=None):
        """Return arrays of weights as the optimizer is given them, by Keras or NumPy."""
        ops = ops or load_keras().ops
        parts = [ops.ravel(value) for value in values]
        n_zeros = -sum(map(_size, self.shapes)) % _FILL
        end = [ops.zeros(n_zeros, "float32")] if n_zeros else []
        return [ops.concatenate([*parts, *end])]

    def split(self, vectors, ops=None):
        """Return the arrays that `join` was given."""
        ops = ops or load_keras().ops
        vector = ops.ravel(*vectors)
        ends = accumulate(map(_size, self.shapes), initial=0)
        return [
            ops.reshape(vector[start:end], shape)
            for (start, end), shape in zip(pairwise(ends), self.shapes)
        ]

    def constrained(self, vectors):
        """Return vectors that keep the constraints of layers."""
        if not any(self.constraints):
            return vectors
        values = self.split(vectors)
        return self.join(
            [
                value if constraint is None else constraint(value)
                for value, constraint in zip(values, self.constraints)
            ]
        )


def _size(shape):
    return int(np.prod(shape))
