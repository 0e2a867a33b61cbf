"""The one door to private names of scikit-learn and of Keras.

What stands here may move with any release of theirs, so nothing else in skae reaches for
their names that begin with an underscore, or for their modules that are not documented.
"""

import contextlib
import sys

from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import ADAPTERS_MANAGER
from sklearn.utils._set_output import _get_output_config as get_output_config
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "Interval",
    "StrOptions",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "output_adapter",
    "safe_indexing",
]


def output_adapter(estimator):
    """Return what makes frames of the kind that `set_output` asks for, None for arrays."""
    container = get_output_config("transform", estimator)["dense"]
    return None if container == "default" else ADAPTERS_MANAGER.adapters[container]


def has_sklearn_callbacks(estimator):
    """Whether `set_callbacks` has given an estimator callbacks of scikit-learn's."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def callback_context(estimator, max_subtasks):
    """Return the context in which scikit-learn's callbacks are told of a fit."""
    return estimator._init_callback_context(max_subtasks=max_subtasks)


def forget_callback_context(estimator):
    """Take from a copy of an estimator what belongs to the fit of the original."""
    of_fit = "_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx"
    for name in of_fit:  # the last is there in a Pipeline and its like alone
        vars(estimator).pop(name, None)


def is_keras_own(thing):
    """Whether Keras defines the class, so that its config says all that it does."""
    return is_keras_name(type(thing).__module__)


def is_keras_name(module):
    """Whether a module of that name is one of Keras'."""
    return isinstance(module, str) and module.partition(".")[0] == "keras"


def all_layers(model):
    """Return a Keras model and all of its layers, at any depth."""
    return list(model._flatten_layers())


def rate_or_schedule(optimizer):
    """Return the learning rate of a Keras optimizer: a variable, or a schedule."""
    return optimizer._learning_rate


def undecayed_pattern(optimizer):
    """Return the pattern of the names that an optimizer leaves without decay, or None."""
    return getattr(optimizer, "_exclude_from_weight_decay_pattern", None)


def function_settings(loss):
    """Return the arguments that a Keras loss passes to its function."""
    return getattr(loss, "_fn_kwargs", {})


def is_empty_hook(method):
    """Whether a method of a Keras callback is the one that does nothing."""
    return getattr(method, "_is_default", False)


def model_of(callback):
    """Return the model that a Keras callback has, or None."""
    return vars(callback).get("_model")


def set_model(callback, model):
    """Give a Keras callback a model, or None, without telling it."""
    callback._model = model


def is_seed_state(variable):
    """Whether a Keras variable is the state of a generator of random numbers."""
    return "seed_generator_state" in variable.path


def seed_modules():
    """Return where Keras keeps its global generator, and where it draws seeds."""
    from keras.src.backend.common import global_state
    from keras.src.random import seed_generator

    return global_state, seed_generator


def forget_gradients(graph):
    """Take what a TensorFlow graph has noted of custom gradients from the registry.

    It stays there for the whole process, and holds the graph.
    """
    from tensorflow.python.framework import ops

    noted = getattr(ops.gradient_registry, "_registry", {})
    for operation in graph.get_operations():
        if operation.type == "IdentityN":  # which a custom gradient stands on
            with contextlib.suppress(ValueError):  # another one
                noted.pop(operation.get_attr("_gradient_op_type").decode(), None)


def busy_backends():
    """Return the names of the backends at work; they have no threads before."""
    return [
        name
        for name, has_threads in (("tensorflow", _tensorflow_has), ("jax", _jax_has))
        if has_threads()
    ]


def _tensorflow_has():
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    return context is not None and getattr(context, "_initialized", True)


def _jax_has():
    module = sys.modules.get("jax._src.xla_bridge")
    return bool(getattr(module, "_backends", None))
