"""An autoencoder that is trained with a head on its code: its plan, and its task."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._data._rows import take
from .._models._supervised import Supervised, SupervisedNetwork
from .._training import RowsAndLabels
from ._plans import Plan

MAX_ROWS = 1000  # that tell what the loss is before training


@dataclass(frozen=True)
class SupervisedPlan(Plan):
    """A network with a linear head on its code.

    Attributes
    ----------
    body : DensePlan or CustomPlan
        What is left when training has ended.
    prior : ndarray of shape (n_labels,)
        What the head gives before it is trained.
    """

    body: Any
    prior: np.ndarray

    @property
    def starts_as_pca(self):
        return self.body.starts_as_pca

    @property
    def has_rival(self):
        return self.body.has_rival

    @property
    def has_units(self):
        """Whether rows and outputs are in the units that a fit has set."""
        return self.body.has_units

    def check(self, recipe, n_features):
        """Raise a ValueError for a network that this machine could not hold."""
        self.body.check(recipe, n_features)

    def network(self, n_components, pca):
        """Return the network for rows whose principal components are known."""
        return self.body.network(n_components, pca)

    def start(self, n_components, pca, seed):
        """Return the architecture to train, and the model with its head to start from."""
        body, autoencoder = self.body.start(n_components, pca, seed)
        network = SupervisedNetwork(body, n_components, len(self.prior))
        return network, Supervised(autoencoder, network.initial_head(self.prior))


def rows_and_labels(reconstruction, rows, target_weight, has_units):
    """Return the task to give back the rows, and the labels of those that have one.

    Parameters
    ----------
    reconstruction : Reconstruction
    rows : TrainingRows
    target_weight : float
        What the labels count beside the rows, each loss in units of its value before
        training and over the rows that it is there for.
    has_units : bool
        Whether rows and outputs are in the units that a fit has set.

    Returns
    -------
    RowsAndLabels
    """
    labels, weight = _known(rows)
    share = len(labels) / len(rows.labels)
    if weight is not None:
        share = weight.sum() / rows.weight.sum()
    of_labels = rows.target.loss_of_prior(labels, weight) * share
    of_rows = _loss_of_mean(reconstruction, rows, has_units)
    return RowsAndLabels(
        reconstruction,
        rows.target.make_loss(),
        rows.X.shape[1],
        target_weight * of_rows / of_labels,
    )


def prior_of(rows):
    """Return what a head gives for all rows before it is trained."""
    return rows.target.prior(*_known(rows))


def _known(rows):
    """Return the labels of the rows that have one, and the weights of these."""
    has_label = ~np.isnan(rows.labels[:, 0])
    weight = None if rows.weight is None else rows.weight[has_label]
    return rows.labels[has_label], weight


def _loss_of_mean(reconstruction, rows, has_units):
    """Return the loss of some rows, as training sees them, for which their mean stands."""
    power = reconstruction.power if has_units else None
    if power == 2:
        return 1.0  # by the choice of the unit
    there = np.arange(rows.X.shape[0])
    if rows.weight is not None:
        there = there[rows.weight > 0]
    evenly = np.linspace(0, len(there) - 1, min(len(there), MAX_ROWS)).astype(np.intp)
    some = take(rows.X, there[evenly], np.float64)
    weight = None if rows.weight is None else rows.weight[there[evenly]]
    mean = np.average(some, axis=0, weights=weight)
    if power is not None:
        differences = some - mean
        some, mean = differences / _deviation(differences, weight), np.zeros_like(mean)
    losses = reconstruction.losses(some, np.broadcast_to(mean, some.shape))
    value = abs(float(np.average(losses, weights=weight)))
    return value if np.isfinite(value) and value else 1.0


def _deviation(differences, weight):
    """Return the standard deviation over all columns, 1 if there is none."""
    unit = np.abs(differences).max() or 1.0
    squares = np.average((differences / unit) ** 2, axis=0, weights=weight).mean()
    return unit * np.sqrt(squares) or 1.0
