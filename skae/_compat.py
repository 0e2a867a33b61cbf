"""The one door to private names of scikit-learn and of Keras."""


def is_keras_own(thing):
    """Whether Keras defines the class, so that its config says all that it does."""
    return is_keras_name(type(thing).__module__)


def is_keras_name(module):
    """Whether a module of that name is one of Keras'."""
    return isinstance(module, str) and module.partition(".")[0] == "keras"
