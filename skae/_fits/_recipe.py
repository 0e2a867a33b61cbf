"""What an estimator asks of a fit, and the rows that it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._data._pca import PrincipalComponents
from .._models._base import Model
from .._models._references import KeptRows
from .._training import Objective


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a fit, checked.

    Attributes
    ----------
    X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
    weight : ndarray of shape (n_samples,), default=None
        With mean 1.
    X_val : as X, default=None
        Rows that choose the best epoch, in place of a part of `X`.
    groups : ndarray of shape (n_samples,), default=None
        Rows of one group are held out together, or not at all.
    labels, labels_val : ndarray of shape (n, n_outputs), default=None
        What the task takes beside the rows.
    target : Classes or Values, default=None
        What the labels are.
    observed, observed_val : ndarray of bool of shape (n, n_features), default=None
        Which cells were there, and are no estimates.
    """

    X: Any
    weight: np.ndarray | None = None
    X_val: Any = None
    groups: np.ndarray | None = None
    labels: np.ndarray | None = None
    labels_val: np.ndarray | None = None
    target: Any = None
    observed: np.ndarray | None = None
    observed_val: np.ndarray | None = None


@dataclass(frozen=True)
class Before:
    """What earlier epochs have left, for those that go on from there.

    Attributes
    ----------
    model : Model
    components : PrincipalComponents
    kept_rows : KeptRows
        Of which the rows of a partial fit become a part.
    history : dict of list of float
    n_epochs : int
    optimizer_state : tuple or None
        What the optimizer is, and its arrays.
    """

    model: Model
    components: PrincipalComponents
    kept_rows: KeptRows
    history: dict
    n_epochs: int
    optimizer_state: tuple | None


@dataclass(frozen=True)
class Recipe:
    """What to build, what to train it for, and how.

    Attributes
    ----------
    plan : DensePlan, CustomPlan, LayerPlan, StackPlan or SupervisedPlan
        What the network is, and where it starts from.
    width : int or float
        Of the code, or the fraction of variance that as many components keep.
    corruptions : callable
        Slot 1: ``(pca, table, row_index) -> list of Corruption``.
    objective : Objective
        With the task, slot 3.
    batch_size, max_epochs : int or "auto"
        Without an epoch, what the plan starts from is the outcome.
    patience : int or None
    validation_fraction : float
    random_state : int, RandomState or None
    about_codes : callable
        ``(model, table) -> dict``: fitted attributes that tell of the codes.
    parameters : dict
        Of the estimator, to say what a failure may come from.
    before : Before, default=None
        Where to go on from.
    components : callable, default=None
        ``(X, width, sample_weight) -> PrincipalComponents``; None finds those of all
        columns.
    most_work : float, default=inf
        Of epochs of which it is not told how many: updates by weights by rows.
    """

    plan: Any
    width: float
    corruptions: Callable
    objective: Objective
    batch_size: int | str
    max_epochs: int | str
    patience: int | None
    validation_fraction: float
    random_state: Any
    about_codes: Callable
    parameters: dict
    before: Before | None = None
    components: Callable | None = None
    most_work: float = float("inf")
