"""What a head is trained for: to tell classes apart, or to predict numbers."""

from dataclasses import dataclass

import numpy as np
from scipy import special
from sklearn.metrics import r2_score

from .._keras import load_keras


@dataclass(frozen=True)
class Classes:
    """The task of telling classes apart.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
    """

    classes: np.ndarray

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

    def prior(self, targets, weight):
        """Return the outputs that give each class its share of the rows."""
        n_classes = len(self.classes)
        weight = np.ones(len(targets)) if weight is None else weight
        share = (weight @ targets + 1) / (weight.sum() + n_classes)  # none is 0
        if self.n_outputs == 1:
            return special.logit(share)
        return np.log(share) - np.log(share).mean()

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
        return cls(mean, np.where(scale == 0, 1.0, scale), y.ndim == 1)

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

    def predictions(self, outputs):
        """Return outputs in the units of the targets, and in their shape."""
        values = outputs * self.scale + self.mean
        return values[:, 0] if self.is_flat else values

    def score(self, outputs, targets, weight):
        """Return R², the mean over the targets."""
        if len(targets) < 2:
            return float("nan")
        return float(r2_score(targets, outputs, sample_weight=weight))


def _powers_of_two(values):
    """Return what to divide by so that no square is out of range; that rounds nothing."""
    return np.ldexp(1.0, np.frexp(values)[1])
