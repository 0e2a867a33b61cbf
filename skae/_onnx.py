"""Converters to ONNX that estimators bring along: skl2onnx finds them by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._fits._targets import Classes
from ._models._onnx import (
    LEAST_OPSET,
    Graph,
    checked_model,
    clipped,
    decoded,
    encoded,
    in_range,
    layers,
    scores,
)


@dataclass(frozen=True)
class Output:
    """An output of a converted estimator.

    Attributes
    ----------
    name : str
        Of the output, and of the option that asks for it.
    width : int or None
        Number of columns; None has no second axis.
    make : callable
        ``(graph, rows) -> value``: adds nodes.
    dtype : dtype, default=None
        int64 or object; None is that of the rows.
    is_optional : bool, default=False
        Whether it must be asked for.
    """

    name: str
    width: int | None
    make: Callable
    dtype: object = None
    is_optional: bool = False


class ConvertsToOnnx:
    """What skl2onnx asks of an estimator that it has no converter for."""

    _onnx_outputs: Callable[[], list[Output]]  # what the estimator answers

    def onnx_parser(self) -> Callable:
        """Return what skl2onnx calls to learn which outputs there are.

        Returns
        -------
        callable
            ``(scope, inputs) -> list of Variable``.
        """
        check_is_fitted(self)
        outputs = self._onnx_outputs()  # skl2onnx would take errors within for its own

        def parser(scope=None, inputs=None):
            _register(type(self), outputs)
            return self._declared(scope, inputs)

        return parser

    def onnx_shape_calculator(self) -> Callable:
        """Return what skl2onnx calls to learn the shapes of the outputs.

        Returns
        -------
        callable
            ``(operator) -> None``.
        """

        def calculator(operator):
            for output, variable in self._with_variables(operator):
                n_rows = operator.inputs[0].type.shape[0]
                shape = [n_rows] if output.width is None else [n_rows, output.width]
                variable.type = _kind(output, operator.inputs, shape)

        return calculator

    def onnx_converter(self) -> Callable:
        """Return what skl2onnx calls to add the nodes of the graph.

        Returns
        -------
        callable
            ``(scope, operator, container) -> None``.
        """

        def converter(scope, operator, container):
            if container.target_opset < LEAST_OPSET:
                raise ValueError(
                    f"target_opset={container.target_opset} is older than the operators "
                    f"of skae; ask for {LEAST_OPSET} or a newer one."
                )
            graph = Graph(scope, container, _dtype(operator.inputs))
            names = [graph.cast(variable.full_name) for variable in operator.inputs]
            rows = names[0] if len(names) == 1 else graph("Concat", *names, axis=1)
            for output, variable in self._with_variables(operator):
                value = output.make(graph, rows)
                if output.dtype is None:
                    value = graph.cast(value)
                container.add_node(
                    "Identity",
                    [value],
                    [variable.full_name],
                    name=scope.get_unique_operator_name("Output"),
                )

        return converter

    def _with_variables(self, operator):
        """Yield the outputs that were asked for, each with its variable in a graph."""
        outputs = {output.name: output for output in self._onnx_outputs()}
        for variable in operator.outputs:
            yield outputs[variable.raw_name], variable

    def _declared(self, scope, inputs):
        """Return a variable for each output that was asked for."""
        outputs = self._onnx_outputs()
        defaults = {output.name: False for output in outputs if output.is_optional}
        options = scope.get_options(self, defaults)
        return [
            scope.declare_local_variable(output.name, _kind(output, inputs))
            for output in outputs
            if options.get(output.name, True)
        ]


def _register(kind, outputs):
    """Tell skl2onnx, which asks by class, what its argument `options` may hold."""
    from skl2onnx import update_registered_converter

    alias = f"Skae{kind.__name__}"

    def parser(scope, model, inputs, **_):
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = inputs
        operator.outputs.extend(model._declared(scope, inputs))
        return operator.outputs

    def shape(operator):
        operator.raw_operator.onnx_shape_calculator()(operator)

    def convert(scope, operator, container):
        operator.raw_operator.onnx_converter()(scope, operator, container)

    options = {output.name: [True, False] for output in outputs if output.is_optional}
    options["zipmap"] = [True, False, "columns"]  # of each classifier in a Pipeline
    update_registered_converter(kind, alias, shape, convert, parser=parser, options=options)


def _dtype(inputs):
    from skl2onnx.common.data_types import DoubleTensorType

    is_double = any(isinstance(variable.type, DoubleTensorType) for variable in inputs)
    return np.dtype(np.float64 if is_double else np.float32)


def _kind(output, inputs, shape=None):
    """Return the type of an output as skl2onnx writes it."""
    from skl2onnx.common import data_types as kinds

    if output.dtype is not None:
        of_labels = {"int64": kinds.Int64TensorType, "object": kinds.StringTensorType}
        return of_labels[np.dtype(output.dtype).name](shape)
    is_double = _dtype(inputs) == np.float64
    return (kinds.DoubleTensorType if is_double else kinds.FloatTensorType)(shape)


def _codes(model, gives_all=False):
    def make(graph, rows):
        graph = in_range(graph, model)
        return encoded(graph, model, graph.cast(rows), gives_all)

    return make


def outputs_of_transformer(estimator):
    """Return the outputs of an autoencoder: its codes, and what may be asked for."""
    model, kept_rows = checked_model(estimator._model), estimator._kept_rows
    codes = _codes(model)

    def reconstruction(graph, rows):
        return decoded(in_range(graph, model), model, codes(graph, rows))

    return [
        Output("codes", estimator._n_features_out, _codes(model, estimator._gives_all)),
        Output(
            "reconstruction", model.network.n_features, reconstruction, is_optional=True
        ),
        Output(
            "score_samples",
            1,
            lambda graph, rows: scores(graph, model, kept_rows, rows),
            is_optional=True,
        ),
    ]


def outputs_of_detector(estimator):
    """Return the outputs of a detector: +1 or -1, and the decision function."""
    autoencoder = estimator.autoencoder_
    model = checked_model(autoencoder._model)

    def score(graph, rows):
        scaled = graph("Div", rows, estimator.scale_)
        return scores(graph, model, autoencoder._kept_rows, scaled)

    def decision(graph, rows):
        return graph.in_dtype(np.float64)("Sub", score(graph, rows), estimator.offset_)

    def label(graph, rows):
        double, whole = graph.in_dtype(np.float64), graph.in_dtype(np.int64)
        is_unusual = double("Less", decision(graph, rows), 0)
        return whole("Where", is_unusual, -1, 1)

    return [
        Output("label", 1, label, np.int64),
        Output("scores", 1, decision),
        Output("score_samples", 1, score, is_optional=True),
    ]


def outputs_of_predictor(estimator):
    """Return the outputs of a predictor: labels and probabilities, or values."""
    predictor, task = estimator._predictor, estimator._task
    model = checked_model(predictor.model)

    def outputs(graph, rows):
        if predictor.low is not None:
            wide = in_range(graph, model)
            rows = clipped(wide, wide.cast(rows), predictor.low, predictor.high)
        codes = graph.cast(_codes(model)(graph, rows))
        return layers(graph, predictor.head_of_codes(graph.dtype), codes)[-1]

    if isinstance(task, Classes):
        return _of_classes(task, outputs)

    def values(graph, rows):
        return graph("Add", graph("Mul", outputs(graph, rows), task.scale), task.mean)

    return [Output("variable", task.n_outputs, values)]


def _of_classes(task, outputs):
    dtype = _label_dtype(task.classes)

    def label(graph, rows):
        found = outputs(graph, rows)
        if task.n_outputs == 1:
            is_second = graph("Greater", graph("Squeeze", found, _axis(graph)), 0)
            place = graph.in_dtype(np.int64).cast(is_second)
        else:
            place = graph("ArgMax", found, axis=1, keepdims=0)
        return graph("Gather", graph.constant(task.classes, dtype), place, axis=0)

    def probabilities(graph, rows):
        found = outputs(graph, rows)
        if task.n_outputs > 1:
            return graph("Softmax", found, axis=1)
        half = graph("Mul", graph("Tanh", graph("Mul", found, 0.5)), 0.5)
        sides = graph("Sub", 0.5, half), graph("Add", half, 0.5)
        return graph("Concat", *sides, axis=1)

    return [
        Output("label", None, label, dtype),
        Output("probabilities", len(task.classes), probabilities),
    ]


def _axis(graph):
    return graph.constant([1], np.int64)


def _label_dtype(classes):
    """Return the type of classes in ONNX, which knows whole numbers and text."""
    if classes.dtype.kind in "iubf":  # scikit-learn's classifiers take whole numbers alone
        return np.dtype(np.int64)
    if all(isinstance(label, str) for label in classes.tolist()):
        return np.dtype(object)
    raise TypeError(
        f"classes_ are of type {classes.dtype.name!r}, but ONNX knows whole numbers and "
        "text; fit with labels of these."
    )
