"""Slot 2: what stands at the bottleneck, in NumPy and in Keras."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from .._keras import load_keras
from ._activations import ACTIVATIONS

PENALTY_WEIGHTS = {"kl": 0.03, "l1": 0.1}


class CodeLayer(ABC):
    """Slot 2: what stands at the bottleneck, behind the encoder's last dense layer.

    A subclass is a frozen dataclass: equal ones share a compiled program. It is called
    with an array of shape (n_samples, n_components) and returns the codes, as the
    Keras layer that `build` returns does.
    """

    has_penalty = False  # whether sparsity is paid for in the loss
    has_unit_atoms = False  # whether weights that leave the decoder's units have norm 1

    @abstractmethod
    def __call__(self, outputs):
        """Return the codes for the encoder's outputs, which may be overwritten."""

    @abstractmethod
    def build(self, name):
        """Return a new Keras layer."""

    def initial_state(self, n_components):
        """Return the arrays that the layer's variables start from."""
        return []

    def resume(self, state):
        """Return the arrays to go on from, with the values that this layer asks for."""
        return state


@dataclass(frozen=True)
class ActivationCode(CodeLayer):
    """A code behind an activation.

    Attributes
    ----------
    activation : str
    """

    activation: str

    def __call__(self, outputs):
        return ACTIVATIONS[self.activation](outputs)

    def build(self, name):
        return load_keras().layers.Activation(self.activation, name=name)


@dataclass(frozen=True)
class TopKCode(CodeLayer):
    """The NumPy twin of :class:`skae.sparsity.TopK`.

    Attributes
    ----------
    n_nonzero : int
    """

    n_nonzero: int
    has_unit_atoms = True

    def __call__(self, outputs):
        outputs = ACTIVATIONS["relu"](outputs)
        n_dropped = outputs.shape[1] - self.n_nonzero
        if n_dropped <= 0:
            return outputs
        smallest = np.partition(outputs, n_dropped, axis=1)[:, n_dropped, np.newaxis]
        kept, tied = outputs > smallest, outputs == smallest
        n_missing = self.n_nonzero - kept.sum(axis=1, keepdims=True)
        if not np.array_equal(tied.sum(axis=1, keepdims=True), n_missing):
            tied &= np.cumsum(tied, axis=1) <= n_missing  # the first of equals
        outputs *= kept | tied
        return outputs

    def build(self, name):
        from ..sparsity import TopK

        return TopK(self.n_nonzero, name=name)

    def initial_state(self, n_components):
        return [np.full(n_components, min(1.0, self.n_nonzero / n_components))]


@dataclass(frozen=True)
class KLCode(CodeLayer):
    """The NumPy twin of :class:`skae.sparsity.KLSparsity`.

    Attributes
    ----------
    target, weight : float
        Values that a fit sets, so networks that differ in them are equal.
    """

    target: float = field(compare=False)
    weight: float = field(compare=False)
    has_penalty = True

    def __call__(self, outputs):
        return ACTIVATIONS["sigmoid"](outputs)

    def build(self, name):
        from ..sparsity import KLSparsity

        return KLSparsity(self.target, self.weight, name=name)

    def initial_state(self, n_components):
        return self.resume([None, None, np.full(n_components, self.target)])

    def resume(self, state):
        return [np.array(self.target), np.array(self.weight), state[2]]


@dataclass(frozen=True)
class L1Code(CodeLayer):
    """The NumPy twin of :class:`skae.sparsity.L1Sparsity`.

    Attributes
    ----------
    weight : float
        A value that a fit sets, so networks that differ in it are equal.
    """

    weight: float = field(compare=False)
    has_penalty = True
    has_unit_atoms = True

    def __call__(self, outputs):
        return ACTIVATIONS["relu"](outputs)

    def build(self, name):
        from ..sparsity import L1Sparsity

        return L1Sparsity(self.weight, name=name)

    def initial_state(self, n_components):
        return self.resume([])

    def resume(self, state):
        return [np.array(self.weight)]


def penalised_code(sparsity, target, weight, n_features):
    """Return the code layer of a kind of sparsity that is paid for in the loss.

    Parameters
    ----------
    sparsity : {"kl", "l1"}
    target : float
    weight : float or None
        None takes the default of the kind.
    n_features : int
        An L1 penalty is divided by it, as the error is a mean over the columns.
    """
    if weight is None:
        weight = PENALTY_WEIGHTS[sparsity]
    return KLCode(target, weight) if sparsity == "kl" else L1Code(weight / n_features)
