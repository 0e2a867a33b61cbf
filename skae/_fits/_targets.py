"""What a head is trained for: to tell classes apart, or to predict numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

from .._data._labels import (
    have_label,
    known_classes,
    known_of_classes,
    known_values,
    labelled_weight,
)
from .._data._threads import one_blas_thread
from .._data._validation import with_mean_one
from .._keras import load_keras

MANY_CLASSES = 100  # whole numbers of more values are amounts


@dataclass(frozen=True)
class Classes:
    """The task of telling classes apart.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
    """

    classes: np.ndarray

    kind = "categorical"

    @classmethod
    def of(cls, y):
        """Return the task of telling the classes of `y` apart."""
        try:
            check_classification_targets(y)
            classes = np.unique(y)
        except TypeError:
            raise ValueError(
                "y holds labels of different kinds, such as text and None; give all of "
                "them the same type."
            ) from None
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class, {classes.tolist()[0]!r}, but a classifier needs "
                "at least two classes."
            )
        return cls(classes)

    def known(self, y, name):
        """Return which rows have a label, and the labels of these."""
        return known_of_classes(y, self.classes, name)

    def checked(self, y, name):
        """Return other labels, all of known classes."""
        y = column_or_1d(y, warn=True)
        if not have_label(y, self.classes).all():
            raise ValueError(f"{name} has rows without a label; leave them out.")
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"{name} holds the class {unknown.tolist()[0]!r}, but y does not; choose "
                f"from {self.classes.tolist()}."
            )
        return y

    @property
    def n_outputs(self):
        """One output a class, and one alone for two classes."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    def make_loss(self):
        """Return the cross-entropy as a Keras loss."""
        losses = load_keras().losses
        if self.n_outputs == 1:
            return losses.BinaryCrossentropy(from_logits=True)
        return losses.CategoricalCrossentropy(from_logits=True)

    def targets(self, y):
        """Return the labels as float32, a column for each output."""
        codes = np.searchsorted(self.classes, y)
        if self.n_outputs == 1:
            return codes[:, np.newaxis].astype(np.float32)
        return np.eye(len(self.classes), dtype=np.float32)[codes]

    @one_blas_thread()
    def prior(self, targets, weight):
        """Return the outputs that give each class its share of the rows."""
        n_classes = len(self.classes)
        weight = np.ones(len(targets)) if weight is None else weight
        share = (weight @ targets + 1) / (weight.sum() + n_classes)  # none is 0
        if self.n_outputs == 1:
            return special.logit(share)
        return np.log(share) - np.log(share).mean()

    def loss_of_prior(self, targets, weight):
        """Return the cross-entropy of outputs that are `prior`: the classes' entropy."""
        share = self.probabilities(self.prior(targets, weight)[np.newaxis])
        return float(special.entr(share).sum())

    def probabilities(self, outputs):
        """Return the probability of each class, shape (n_samples, n_classes)."""
        if self.n_outputs == 1:
            positive = special.expit(outputs)
            return np.hstack([1 - positive, positive])
        return special.softmax(outputs, axis=1)

    def predictions(self, outputs):
        """Return the most probable class of each row."""
        if self.n_outputs == 1:
            return self.classes[(outputs[:, 0] > 0).astype(int)]
        return self.classes[outputs.argmax(axis=1)]

    def score(self, outputs, targets, weight):
        """Return the accuracy."""
        right = self.predictions(outputs) == self.predictions(targets - 0.5)
        return float(np.average(right, weights=weight))


@dataclass(frozen=True)
class Values:
    """The task of predicting numbers.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_targets,)
        A target is trained as ``(y - mean) / scale``.
    is_flat : bool
        Whether targets are one-dimensional.
    """

    mean: np.ndarray
    scale: np.ndarray
    is_flat: bool

    kind = "continuous"
    known = staticmethod(known_values)

    @classmethod
    def of(cls, y, weight):
        """Return the task with the units of targets that may be weighted."""
        columns = y.reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.average(columns, axis=0, weights=weight)
            differences = columns - mean
            unit = _powers_of_two(np.abs(differences).max(axis=0))
            variance = np.average((differences / unit) ** 2, axis=0, weights=weight)
            scale = unit * np.sqrt(variance)
            is_squared = np.isfinite(scale**2).all()
        if not is_squared:
            raise ValueError(
                "y holds values too large to be squared; divide it by a power of ten."
            )
        return cls(mean, np.where(scale == 0, 1.0, scale), y.ndim == 1)

    def checked(self, y, name):
        """Return other targets, as many of each row."""
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)
        if self.is_flat and y.ndim == 2 and y.shape[1] == 1:
            y = y.ravel()
        n_targets = () if self.is_flat else self.mean.shape
        if y.shape[1:] != n_targets:
            raise ValueError(
                f"{name} has the shape {y.shape}, but it must have as many columns as y."
            )
        return y

    @property
    def n_outputs(self):
        """One output a target."""
        return len(self.mean)

    def make_loss(self):
        """Return the squared error by its name."""
        return "mse"

    def targets(self, y):
        """Return standardised targets as float32, a column for each."""
        columns = (y.reshape(len(y), -1) - self.mean) / self.scale
        return columns.astype(np.float32)

    def prior(self, targets, weight):
        """Return the means."""
        return np.average(targets, axis=0, weights=weight)

    def loss_of_prior(self, targets, weight):
        """Return the squared error of the means: that of standardised targets."""
        return 1.0

    def predictions(self, outputs):
        """Return outputs in the units of the targets, and in their shape."""
        values = outputs * self.scale + self.mean
        return values[:, 0] if self.is_flat else values

    def score(self, outputs, targets, weight):
        """Return R², the mean over the targets."""
        if len(targets) < 2:
            return float("nan")
        return float(r2_score(targets, outputs, sample_weight=weight))


def targets_of(y, target_type, sample_weight):
    """Return what a head that sees the labels is trained for.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    target_type : {"auto", "categorical", "continuous"}
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    Classes or Values
    labels : ndarray of shape (n_samples, n_outputs)
        As a head should give them, in float32; NaN for rows without.
    """
    if target_type == "auto":
        target_type = "continuous" if _are_numbers(y) else "categorical"
    if target_type == "continuous":
        _check_numbers(y)
    known_of = known_values if target_type == "continuous" else known_classes
    has_label, known = known_of(y)
    weight = labelled_weight(sample_weight, has_label)
    if target_type == "continuous":
        targets = Values.of(known, None if weight is None else with_mean_one(weight))
    else:
        targets = Classes.of(known)
    return targets, labels_of(targets, y, "y")


def labels_of(targets, y, name):
    """Return labels as a head should give them, in float32; NaN for rows without."""
    has_label, known = targets.known(y, name)
    labels = np.full((len(has_label), targets.n_outputs), np.nan, dtype=np.float32)
    labels[has_label] = targets.targets(targets.checked(known, name))
    return labels


def _are_numbers(y):
    """Whether targets are numbers, and not classes that are numbered."""
    if isinstance(getattr(y, "dtype", None), pd.CategoricalDtype):
        return False
    try:
        _check_numbers(y)
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    known = values[np.isfinite(values)]
    is_fraction = bool(np.any(known % 1))
    return (
        (values.ndim > 1 and values.shape[1] > 1)
        or is_fraction
        or (len(np.unique(known)) > MANY_CLASSES)
    )


def _check_numbers(y):
    """Raise a ValueError for text: it is classes even where it can be read as numbers."""
    if np.asarray(y).dtype.kind in "biuf":
        return
    text = [value for value in np.ravel(np.asarray(y, dtype=object)) if _is_text(value)]
    if text:
        raise ValueError(
            f"y holds {text[0]!r}, which is no number; set target_type='categorical', or "
            "make numbers of it."
        )


def _is_text(value):
    return isinstance(value, str | bytes)


def _powers_of_two(values):
    """Return what to divide by so that no square is out of range; that rounds nothing."""
    return np.ldexp(1.0, np.frexp(values)[1])
