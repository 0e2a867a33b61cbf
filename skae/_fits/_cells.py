"""What a table with holes changes in a fit: its start, its corruption and its task."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .._columns._floor import LinearFloor
from .._data._pca import principal_components
from .._training import Kinds, ObservedCells
from ._noise import Corruption

WORK = 1e9  # of an epoch, to fill hidden cells: about half a second
MOST_WORK = 1.4e11  # of a fit: of wide tables of many rows, half a minute on two cores
EMPHASIS = 3.0  # extra weight of cells that are hidden while training


@dataclass(frozen=True)
class Cells:
    """Which cells of the rows of a fit are there, and how more of them are hidden.

    Behind the coded columns stands one for each column of the frame that has holes: 1
    where it is missing.

    Attributes
    ----------
    kinds : Kinds
    floor : LinearFloor
        What missing cells are filled with.
    holes : tuple of slice
        The coded columns of each column that has holes.
    rates : ndarray of shape (n_holes,)
        With which probability a cell of these is hidden while training.
    observed, observed_val : ndarray of bool or None
        As in :class:`TrainingRows`.
    """

    kinds: Kinds
    floor: LinearFloor
    holes: tuple
    rates: np.ndarray
    observed: np.ndarray
    observed_val: np.ndarray | None

    def of_fit(self, rows, recipe):
        """Return the rows and the recipe of a fit that minds what is missing."""
        rows = replace(rows, observed=self.observed, observed_val=self.observed_val)
        task = recipe.objective.task
        if hasattr(task, "reconstruction"):
            task = replace(task, reconstruction=self.task(task.reconstruction))
        else:
            task = self.task(task)
        objective = replace(recipe.objective, task=task)
        changed = {"objective": objective, "most_work": MOST_WORK}
        if self.holes:
            changed["corruptions"] = partial(self.corruptions, recipe.corruptions)
            changed["components"] = self.components
        return rows, replace(recipe, **changed)

    def task(self, reconstruction):
        """Return the task to give back the cells that are there."""
        emphasis = reconstruction.emphasis + (EMPHASIS if self.holes else 0.0)
        return ObservedCells(reconstruction.loss, emphasis, self.kinds)

    def components(self, X, width, sample_weight):
        """Return the principal components of the coded columns alone."""
        n = self.kinds.n_values
        found = principal_components(X[:, :n], width, sample_weight)
        n_more = X.shape[1] - n
        return replace(
            found,
            mean=np.append(found.mean, np.zeros(n_more)),
            components=np.pad(found.components, ((0, 0), (0, n_more))),
            column_scale=np.append(found.column_scale, np.zeros(n_more)),
        )

    @property
    def share(self):
        """Part of the rows of an epoch that get hidden cells: of large tables, not all."""
        widths = np.array([part.stop - part.start for part in self.holes])
        width = 2 * self.rates @ widths
        return min(1.0, WORK / (len(self.observed) * width**2 * (width + 30)))

    def corruptions(self, own, pca, table, row_index):
        """Return those of the estimator, after each of which cells are hidden."""
        mean = (self.floor.mean - table.shift[: self.kinds.n_values]) / table.scale
        floor = LinearFloor(mean, self.floor.precision)
        signs = table.shift[self.kinds.n_values :], table.scale
        return [
            Corruption(
                HiddenCells(
                    corruption.draw, floor, self.holes, self.rates, signs, self.share
                ),
                corruption.attributes,
                is_the_task=True,
            )
            for corruption in own(pca, table, row_index)
        ]


@dataclass(frozen=True)
class HiddenCells:
    """Hides cells that are there, and fills them as those that are missing.

    Attributes
    ----------
    noise : callable or None
        ``(rows, rng) -> rows``, done before.
    floor : LinearFloor
        In the units that the network sees.
    holes : tuple of slice
    rates : ndarray of shape (n_holes,)
    signs : tuple of (ndarray, float)
        By what the columns that say what is missing are shifted and scaled.
    share : float
        Part of the rows that get hidden cells.
    """

    noise: Any
    floor: LinearFloor
    holes: tuple
    rates: np.ndarray
    signs: tuple
    share: float = 1.0

    def __call__(self, rows, rng):
        """Return rows of which further cells are hidden."""
        n_values = len(self.floor.mean)
        shift, scale = self.signs
        was_missing = rows[:, n_values:] * scale + shift > 0.5
        is_hidden = rng.random(was_missing.shape, dtype=np.float32) < self.rates
        is_hidden[rng.random(len(rows)) >= self.share] = False
        is_hidden &= ~was_missing
        changed = rows.copy() if self.noise is None else self.noise(rows, rng)
        is_missing = was_missing | is_hidden
        changed[:, n_values:] = (is_missing - shift) / scale
        some = np.flatnonzero(is_hidden.any(axis=1))
        missing = spread(is_missing[some], self.holes, n_values)
        values = changed[some, :n_values].astype(np.float64)
        changed[some, :n_values] = self.floor.fill(values, missing)
        return changed


def spread(is_missing, holes, n_values):
    """Return which coded cells are missing, of columns of which that is known."""
    missing = np.zeros((len(is_missing), n_values), dtype=bool)
    for i, part in enumerate(holes):
        missing[:, part] = is_missing[:, i : i + 1]
    return missing
