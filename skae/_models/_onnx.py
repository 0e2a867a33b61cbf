"""ONNX twins of the models: the same operations, as nodes of a graph."""

import numpy as np
from numpy.polynomial import chebyshev
from scipy import special

from ._bounds import BORDER, GAP
from ._code import ActivationCode, KLCode, TopKCode
from ._custom import CustomModel
from ._dense_model import LARGE_UNIT
from ._references import FAR, ITSELF, NEIGHBOUR

TENSOR_TYPES = {"float32": 1, "float64": 11, "int64": 7, "object": 8, "bool": 9}  # ONNX'
LEAST_OPSET = 13  # of the domain "": before, sums take their axes as an attribute
ERFC_DEGREE = 30  # of the polynomial for which the error function is right to 1e-15


class Graph:
    """Adds nodes to the container of a converter: a call is an operator on values.

    Values are names, or numbers and arrays, which become constants of the graph's dtype.

    Parameters
    ----------
    scope, container
        What skl2onnx gives to a converter.
    dtype : dtype
        Of the values that are computed.
    """

    def __init__(self, scope, container, dtype):
        self.scope, self.container, self.dtype = scope, container, np.dtype(dtype)

    def __call__(self, operator, *inputs, n_outputs=1, **attributes):
        """Add a node, and return the name of its output, or of several."""
        names = [
            value if isinstance(value, str) else self.constant(value) for value in inputs
        ]
        outputs = [
            self.scope.get_unique_variable_name(operator.lower()) for _ in range(n_outputs)
        ]
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, names, outputs, name=name, **attributes)
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, value, dtype=None):
        """Return the name of a constant, in the graph's dtype if none is given."""
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        value = np.asarray(value, dtype=dtype)
        content = value.ravel().tolist()
        if dtype.kind == "O":
            content = [text.encode() for text in content]
        name = self.scope.get_unique_variable_name("constant")
        kind = TENSOR_TYPES[dtype.name]
        self.container.add_initializer(name, kind, list(value.shape), content)
        return name

    def in_dtype(self, dtype):
        """Return a graph that adds to the same container, in another dtype."""
        return Graph(self.scope, self.container, dtype)

    def cast(self, x):
        """Return a value in the dtype of the graph."""
        return self("Cast", x, to=TENSOR_TYPES[self.dtype.name])

    def column(self, x, place):
        """Return one column, of shape (n, 1)."""
        return self("Gather", x, self.constant([place], np.int64), axis=1)

    def total(self, x):
        """Return the sums of rows, of shape (n, 1)."""
        return self("ReduceSum", x, self.constant([1], np.int64), keepdims=1)

    def any_outside(self, x, low, high):
        """Return which rows leave a range in any column, of shape (n, 1)."""
        is_outside = self("Or", self("Less", x, low), self("Greater", x, high))
        return self("Greater", self.total(self.cast(is_outside)), 0.5)


def clipped(g, x, low, high):
    return g("Min", g("Max", x, low), high)


def _half_tanh(g, x):
    return g("Mul", g("Tanh", g("Mul", x, 0.5)), 0.5)


def _sigmoid(g, x):
    return g("Add", _half_tanh(g, x), 0.5)


def _silu(g, x):
    return g("Mul", x, _sigmoid(g, x))


def _expm1_below(g, x):
    return g("Sub", g("Exp", g("Min", x, 0)), 1)


def _elu(g, x):
    return g("Where", g("Greater", x, 0), x, _expm1_below(g, x))


def _selu(g, x):
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    negative = g("Mul", _expm1_below(g, x), alpha)
    return g("Mul", g("Where", g("Greater", x, 0), x, negative), scale)


def _softplus(g, x):
    rest = g("Log", g("Add", g("Exp", g("Neg", g("Abs", x))), 1))
    return g("Add", g("Max", x, 0), rest)


def _gelu(g, x):
    z = g("Mul", x, np.sqrt(0.5))
    if g.dtype == np.float32:
        share = g("Mul", g("Add", g("Erf", z), 1), 0.5)
    else:
        share = _half_erfc(g, g("Neg", z))  # onnxruntime has no Erf of doubles
    return g("Mul", x, share)


def _half_erfc(g, z):
    """Half the complementary error function, by its Chebyshev series in 2 / (2 + |z|)."""

    def logarithm(place):
        t = (place + 1) / 2
        positive = 2 / t - 2
        return np.log(special.erfcx(positive) / t)

    size = g("Abs", z)
    t = g("Div", 2, g("Add", size, 2))
    double = g("Sub", g("Mul", t, 4), 2)  # twice the place in [-1, 1], for Clenshaw
    *rest, first = reversed(chebyshev.chebinterpolate(logarithm, ERFC_DEGREE))
    behind, last = g("Mul", t, 0), g("Mul", t, 0)
    for coefficient in rest:
        step = g("Sub", g("Mul", double, last), behind)
        behind, last = last, g("Add", step, coefficient)
    series = g("Sub", g("Mul", g("Mul", double, 0.5), last), behind)
    power = g("Sub", g("Add", series, first), g("Mul", z, z))
    tail = g("Mul", g("Mul", t, 0.5), g("Exp", power))
    return g("Where", g("Less", z, 0), g("Sub", 1, tail), tail)


def _sparsemax(g, x, width):
    ordered, _ = g("TopK", x, g.constant([width], np.int64), n_outputs=2, axis=1)
    partial = g("CumSum", ordered, g.constant(1, np.int64))
    less = g("Sub", partial, 1)
    share = g("Div", less, np.arange(1, width + 1)[np.newaxis])
    support = g.cast(g("Greater", ordered, share))
    above = g("Sub", g.total(g("Mul", partial, support)), 1)
    threshold = g("Div", above, g.total(support))
    return g("Max", g("Sub", x, threshold), 0)


def _sparse_plus(g, x):
    risen = g("Add", x, 1)
    curve = g("Mul", g("Mul", risen, risen), 0.25)
    above = g("Where", g("Less", x, 1), curve, x)
    return g("Where", g("LessOrEqual", x, -1), 0, above)


def _hard_silu(g, x):
    return g("Mul", x, g("Div", clipped(g, g("Add", x, 3), 0, 6), 6))


def _squareplus(g, x):
    root = g("Sqrt", g("Add", g("Mul", x, x), 4))
    return g("Mul", g("Add", x, root), 0.5)


def _hard_shrink(g, x):
    return g("Where", g("Greater", g("Abs", x), 0.5), x, 0)


ACTIVATIONS = {
    "celu": _elu,
    "elu": _elu,
    "exponential": lambda g, x: g("Exp", x),
    "gelu": _gelu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": lambda g, x: g("Div", clipped(g, g("Add", x, 3), 0, 6), 6),
    "hard_silu": _hard_silu,
    "hard_swish": _hard_silu,
    "hard_tanh": lambda g, x: clipped(g, x, -1, 1),
    "leaky_relu": lambda g, x: g("Max", x, g("Mul", x, 0.2)),
    "linear": lambda _, x: x,
    "log_sigmoid": lambda g, x: g("Neg", _softplus(g, g("Neg", x))),
    "log_softmax": lambda g, x: g("LogSoftmax", x, axis=1),
    "mish": lambda g, x: g("Mul", x, g("Tanh", _softplus(g, x))),
    "relu": lambda g, x: g("Max", x, 0),
    "relu6": lambda g, x: clipped(g, x, 0, 6),
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "soft_shrink": lambda g, x: g("Sub", x, clipped(g, x, -0.5, 0.5)),
    "softmax": lambda g, x: g("Softmax", x, axis=1),
    "softplus": _softplus,
    "softsign": lambda g, x: g("Div", x, g("Add", g("Abs", x), 1)),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda g, x: clipped(g, g("Mul", g("Add", x, 1), 0.5), 0, 1),
    "squareplus": _squareplus,
    "swish": _silu,
    "tanh": lambda g, x: g("Tanh", x),
    "tanh_shrink": lambda g, x: g("Sub", x, g("Tanh", x)),
}


def _activated(g, name, x, width):
    if name == "sparsemax":  # which alone must know how many units there are
        return _sparsemax(g, x, width)
    return ACTIVATIONS[name](g, x)


def _coded(g, code, x, width):
    """Return what a code layer makes of outputs."""
    if code is None:
        return x
    if isinstance(code, ActivationCode):
        return _activated(g, code.activation, x, width)
    if isinstance(code, KLCode):
        return _sigmoid(g, x)
    x = g("Max", x, 0)
    if not isinstance(code, TopKCode) or code.n_nonzero >= width:
        return x
    number = g.constant([code.n_nonzero], np.int64)
    largest, place = g("TopK", x, number, n_outputs=2, axis=1)
    return g("ScatterElements", g("Min", x, 0), place, largest, axis=1)


def layers(g, perceptron, x):
    """Return the activations of each hidden layer of a perceptron, and the outputs."""
    found, hidden = [], x
    for kernel, bias in zip(perceptron.kernels[:-1], perceptron.biases[:-1]):
        hidden = g("Add", g("MatMul", hidden, kernel), bias)
        hidden = _activated(g, perceptron.activation, hidden, len(bias))
        found.append(hidden)
    outputs = g("Add", g("MatMul", hidden, perceptron.kernels[-1]), perceptron.biases[-1])
    if perceptron.linear is not None:
        outputs = g("Add", outputs, g("MatMul", x, perceptron.linear))
    return [*found, outputs]


def checked_model(model):
    """Raise a TypeError for a network of the user's."""
    if isinstance(model, CustomModel):
        raise TypeError(
            "A network of build_network is Keras', which skl2onnx does not know; write it "
            "by encoder_.export(file, format='onnx')."
        )
    return model


def in_range(g, model):
    """Return the graph, in float64 where a table's unit is beyond float32."""
    return g if 1 / LARGE_UNIT < model.scale < LARGE_UNIT else g.in_dtype(np.float64)


def encoded(g, model, x, gives_all=False):
    """Return the codes of rows; hidden activations on both sides, if asked for."""
    network = model.network
    shift, encoder, decoder = model.halves(g.dtype)
    *hidden, codes = layers(g, encoder, g("Sub", x, shift))
    codes = _coded(g, network.code, codes, network.n_components)
    behind = layers(g, decoder, codes)[:-1] if gives_all else []
    bounds = model.bounds_in(g.dtype)
    if bounds is not None:
        codes = _settled(g, bounds, x, codes, decoder)
    return g("Concat", *hidden, codes, *behind, axis=1) if gives_all else codes


def _settled(g, bounds, x, codes, decoder):
    """The twin of :meth:`Bounds.settled`."""

    def error(back):
        difference = g("Div", g("Sub", x, back), bounds.unit)
        return g.total(g("Mul", difference, difference))

    of_pca = g("MatMul", g("Sub", x, bounds.shift), bounds.to_codes)
    is_outside = g(
        "Or",
        g.any_outside(x, bounds.low, bounds.high),
        g.any_outside(codes, bounds.code_low, bounds.code_high),
    )
    low, high = bounds.limits
    if bounds.compares:
        codes = g("Min", g("Max", codes, low), high)
        back = g("Add", g("MatMul", of_pca, bounds.to_rows), bounds.shift)
        own = error(layers(g, decoder, codes)[-1])
        is_worse = g("Not", g("LessOrEqual", own, error(back)))
    else:
        is_worse = g.any_outside(codes, low, high)
    is_worse = g("Or", g.any_outside(x, *bounds.far), is_worse)
    step, is_below = _step(g, bounds, of_pca)
    moved = g("Add", of_pca, g("Where", is_below, -step, step))
    return g("Where", g("And", is_outside, is_worse), moved, codes)


def _step(g, bounds, codes):
    """Return how far PCA's codes are moved out, and which of them downwards."""
    middle, reach = bounds.zone
    n_codes = len(middle)
    step = GAP * reach[-1] * np.eye(n_codes, dtype=middle.dtype)[-1:]
    return step, g("Less", g.column(codes, n_codes - 1), middle[-1])


def decoded(g, model, codes):
    """Return the reconstructions of codes."""
    network = model.network
    _, _, decoder = model.halves(g.dtype)
    bounds = model.bounds_in(g.dtype)
    if bounds is None:
        outputs = layers(g, decoder, codes)[-1]
        return _coded(g, network.output, outputs, network.n_features)
    middle, reach = bounds.zone
    step, is_below = _step(g, bounds, codes)
    last = g("Sub", g.column(codes, len(middle) - 1), middle[-1])
    is_of_pca = g("Greater", g("Abs", last), BORDER * reach[-1])
    rows = layers(g, decoder, g("Where", is_of_pca, middle[np.newaxis], codes))[-1]
    of_pca = g("Sub", codes, g("Where", is_below, -step, step))
    back = g("Add", g("MatMul", of_pca, bounds.to_rows), bounds.shift)
    return g("Where", is_of_pca, back, rows)


def scores(g, model, kept_rows, x):
    """Return minus the distances of rows from those kept, of shape (n, 1), in float64."""
    g = g.in_dtype(np.float64)
    references = kept_rows.references(model)
    x = g.cast(x)
    codes = encoded(g, model, x)
    joint = g("Concat", codes, g("Sub", x, decoded(g, model, codes)), axis=1)
    points = g("Div", g("Sub", joint, references.mean), references.scale)
    points = g("Where", g("IsNaN", points), FAR, clipped(g, points, -FAR, FAR))
    lengths = (references.points**2).sum(axis=1)
    squares = g("Add", g("MatMul", points, -2 * references.points.T), lengths)
    n_nearest = min(NEIGHBOUR + 1, len(lengths))
    number = g.constant([n_nearest], np.int64)
    nearest, _ = g("TopK", squares, number, n_outputs=2, axis=1, largest=0)
    nearest = g("Add", nearest, g.total(g("Mul", points, points)))
    nearest = g("Sqrt", g("Max", nearest, 0))
    is_itself = g("Less", g.column(nearest, 0), ITSELF)
    places = (min(place, n_nearest - 1) for place in (NEIGHBOUR, NEIGHBOUR - 1))
    found = (g.column(nearest, place) for place in places)
    return g("Neg", g("Where", is_itself, *found))
