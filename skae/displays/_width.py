"""WidthDisplay: how much is kept with how many components."""

from __future__ import annotations

from typing import Any, Self

import pandas as pd

from .._typing import ArrayLike, MatplotlibAxes, Rows, Seed, Widths
from ..compare._compare import compare_with_pca
from ..compare._comparison import Comparison
from ..compare._drawing import check_axes


class WidthDisplay:
    """R² on unseen rows against the width of the code, of PCA and of autoencoders.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    comparison : Comparison
        What :func:`skae.compare_with_pca` measured.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import AutoencoderTransformer
    >>> from skae.displays import WidthDisplay
    >>> autoencoder = AutoencoderTransformer(max_epochs=5)
    >>> display = WidthDisplay.from_estimator(
    ...     autoencoder, load_iris().data, n_components=[1, 2], cv=2
    ... )
    >>> len(display.frame())
    8
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    @classmethod
    def from_estimator(
        cls,
        estimators: Any,
        X: Rows,
        y: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        n_components: Widths = (1, 2, 3, 5, 8),
        cv: Any = 3,
        max_samples: int | None = 6000,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
        ax: MatplotlibAxes | None = None,
    ) -> Self:
        """Fit estimators at several widths and draw how much they keep.

        Parameters
        ----------
        estimators : transformer, list or dict of transformers
            As in :func:`skae.compare_with_pca`; they are cloned.
        X : array-like or DataFrame of shape (n_samples, n_features)
            The table, numbers, text and dates as they are.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers, for estimators that need a target to be fitted.
        groups : array-like of shape (n_samples,), default=None
            The group of each row: rows of one group are never on both sides of a split.
        n_components : int or sequence of int, default=(1, 2, 3, 5, 8)
            Widths.
        cv : int, cross-validation splitter or iterable, default=3
            An int gives so many shuffled folds, in which equal rows, or those of a
            group, stay together.
        max_samples : int or None, default=6000
            If `cv` is an int, so many rows are drawn at random from a larger table, with
            their `y` and `groups`. None takes all.
        n_jobs : int, default=None
            Number of fits at a time, as in :func:`skae.compare_with_pca`.
        random_state : int, RandomState instance or None, default=None
            Draws the rows, shuffles the folds, and seeds estimators whose `random_state`
            is None.
        verbose : int, default=0
            1 prints what :func:`skae.compare_with_pca` prints, 0 nothing.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        WidthDisplay
            The display, drawn.
        """
        check_axes(ax)
        comparison = compare_with_pca(
            estimators,
            X,
            y,
            groups=groups,
            n_components=n_components,
            cv=cv,
            max_samples=max_samples,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        return cls(comparison).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return all measurements, a row for each estimator, width and split.

        Returns
        -------
        DataFrame
            That of the comparison.
        """
        return self.comparison.frame()

    def plot(self, ax: MatplotlibAxes | None = None) -> Self:
        """Draw R² against the width.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        WidthDisplay
            The display itself.
        """
        self.ax_ = self.comparison.plot(ax)
        self.figure_ = self.ax_.figure
        return self
