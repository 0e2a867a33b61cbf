"""NumPy twins of Keras' activations, for inference without Keras.

Each function takes a floating array of shape (n_samples, n_units), may overwrite it,
and returns the activations in the same dtype. Keras' ``glu`` (which halves the width)
and ``threshold`` (which needs arguments) cannot stand between dense layers by name and
have no twin.
"""

import numpy as np
from scipy import special

from .._keras import unknown_name


def _relu(x):
    return np.maximum(x, 0, out=x)


def _silu(x):
    # x * sigmoid(x) through tanh, which neither overflows nor branches.
    x *= x.dtype.type(0.5)
    gate = np.tanh(x)
    gate += 1
    gate *= x
    return gate


def _sigmoid(x):
    gate = x * x.dtype.type(0.5)
    np.tanh(gate, out=gate)
    gate += 1
    gate *= 0.5
    return gate


def _elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _selu(x):
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    negative = alpha * np.expm1(np.minimum(x, 0))
    return (scale * np.where(x > 0, x, negative)).astype(x.dtype, copy=False)


def _gelu(x):
    return x * special.ndtr(x)


def _softplus(x):
    return np.logaddexp(x, x.dtype.type(0))


def _softmax(x):
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x


def _log_softmax(x):
    x -= x.max(axis=1, keepdims=True)
    x -= np.log(np.exp(x).sum(axis=1, keepdims=True))
    return x


def _sparsemax(x):
    # As Keras computes it (up to 3.15 at least): its threshold takes the sum of all
    # partial sums in the support where Martins and Astudillo (2016) take the last.
    ordered = -np.sort(-x, axis=1)
    partial = ordered.cumsum(axis=1)
    rank = np.arange(1, x.shape[1] + 1, dtype=x.dtype)
    support = ordered - (partial - 1) / rank > 0
    n_support = support.sum(axis=1, keepdims=True).astype(x.dtype)
    threshold = ((partial * support).sum(axis=1, keepdims=True) - 1) / n_support
    return np.maximum(x - threshold, 0)


def _sparse_plus(x):
    return np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)).astype(
        x.dtype, copy=False
    )


ACTIVATIONS = {
    "celu": _elu,
    "elu": _elu,
    "exponential": lambda x: np.exp(x, out=x),
    "gelu": _gelu,
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, x.dtype.type(0)),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_tanh": lambda x: np.clip(x, -1, 1, out=x),
    "leaky_relu": lambda x: np.maximum(x, x.dtype.type(0.2) * x),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -_softplus(-x),
    "log_softmax": _log_softmax,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": _relu,
    "relu6": lambda x: np.clip(x, 0, 6, out=x),
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "soft_shrink": lambda x: x - np.clip(x, -0.5, 0.5),
    "softmax": _softmax,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": _sparsemax,
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "swish": _silu,
    "tanh": lambda x: np.tanh(x, out=x),
    "tanh_shrink": lambda x: x - np.tanh(x),
}


def check_activation(activation):
    """Raise a ValueError for an activation that has no NumPy twin."""
    if activation not in ACTIVATIONS:
        raise unknown_name(activation, "activation", ACTIVATIONS)
