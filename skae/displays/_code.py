"""CodeDisplay: codes beside the principal components."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._typing import ArrayLike, Rows
from ..compare._drawing import load_pyplot, written
from ..compare._pipelines import as_dense
from ..compare._preparation import as_target, holds_classes
from ._seen import seen


class CodeDisplay:
    """Two components of a code beside two principal components.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    codes : dict of str to ndarray of shape (n_samples, 2)
        Points, by the name of the method.
    y : array-like of shape (n_samples,), default=None
        Classes or numbers that colour them.
    components : tuple of two int, default=(0, 1)
        Which components they are, for the labels of the axes.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import AutoencoderTransformer
    >>> from skae.displays import CodeDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> autoencoder = AutoencoderTransformer(max_epochs=5).fit(X)
    >>> CodeDisplay.from_estimator(autoencoder, X, y).frame().shape
    (300, 5)
    """

    def __init__(
        self,
        codes: dict[str, np.ndarray],
        y: ArrayLike | None = None,
        components: tuple[int, int] = (0, 1),
    ) -> None:
        self.codes = codes
        self.y = y
        self.components = components

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        y: ArrayLike | None = None,
        *,
        components: tuple[int, int] = (0, 1),
        pca: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw codes and principal components of rows.

        Parameters
        ----------
        estimator : transformer
            A fitted transformer, or a Pipeline that ends with one.
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers that colour them.
        components : tuple of two int, default=(0, 1)
            Which components to draw, counted from 0.
        pca : PCA, default=None
            Fitted on what the last step of a Pipeline sees; None fits one on `X`.
        ax : sequence of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CodeDisplay
            The display, drawn.
        """
        table = seen(estimator, X)
        if y is not None:
            y = as_target(y)
            check_consistent_length(table.rows, y)
        codes = table.codes(table.X)
        chosen, n_codes = np.ravel(components).tolist(), codes.shape[1]
        if len(chosen) != 2 or not set(chosen) <= set(range(n_codes)):
            raise ValueError(
                f"components={components!r} must be two of the {n_codes} components of the "
                "code, counted from 0."
            )
        chosen = [int(k) for k in chosen]
        pca = table.pca(max(chosen) + 1, pca)
        by_pca = as_dense(pca.transform(table.seen_by(pca)))
        if by_pca.shape[1] <= max(chosen):
            raise ValueError(
                f"pca has only {by_pca.shape[1]} components, but components={components}; "
                "pass lower components."
            )
        points = {"PCA": by_pca[:, chosen], table.name: codes[:, chosen]}
        return cls(points, y, tuple(chosen)).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the points.

        Returns
        -------
        DataFrame
            "method", "row", "first" and "second" component, and "y" if it was given.
        """
        parts = []
        for method, points in self.codes.items():
            part = pd.DataFrame(points, columns=["first", "second"])
            part.insert(0, "row", np.arange(len(points)))
            part.insert(0, "method", method)
            if self.y is not None:
                part["y"] = np.asarray(self.y)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def plot(self, ax: Any = None) -> Self:
        """Draw the points.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Where to draw, one for each method; None makes a figure.

        Returns
        -------
        CodeDisplay
            The display itself.
        """
        n = len(self.codes)
        if ax is None:
            _, ax = load_pyplot().subplots(1, n, figsize=(4.4 * n, 4), layout="constrained")
        self.axes_ = np.ravel(ax)
        if len(self.axes_) != n:
            raise ValueError(f"ax must be {n} Axes, one for each method.")
        self.figure_ = self.axes_[0].figure
        first, second = self.components
        titles = written(self.codes, length=40)
        for ax, title, points in zip(self.axes_, titles, self.codes.values()):
            drawn = self._draw(ax, points)
            ax.set(title=title, xticks=[], yticks=[])
            ax.set(xlabel=f"component {first + 1}", ylabel=f"component {second + 1}")
        if drawn is not None:
            self.figure_.colorbar(drawn, ax=list(self.axes_))
        return self

    def _draw(self, ax, points):
        """Draw the points of one method, and return what a colour bar needs."""
        size = np.clip(2e4 / len(points), 2, 20)
        if self.y is None:
            ax.scatter(*points.T, s=size, color="0.3", alpha=0.6, lw=0)
            return None
        from matplotlib import colormaps

        y = np.asarray(self.y)
        if not holds_classes(y):
            return ax.scatter(*points.T, c=y.astype(float), cmap="viridis", s=size, lw=0)
        classes, numbers = np.unique(y, return_inverse=True)
        cmap = colormaps["tab10" if len(classes) <= 10 else "turbo"]
        names = classes.astype(int) if classes.dtype.kind == "f" else classes
        for i, name in enumerate(written(names)):
            chosen = points[numbers == i]
            colour = cmap(i if len(classes) <= 10 else i / (len(classes) - 1))
            style = {"color": colour, "marker": "os^Dv<>Php"[i % 10], "alpha": 0.7}
            ax.scatter(*chosen.T, s=size, lw=0, **style)
            ax.annotate(
                name,
                np.median(chosen, axis=0),
                ha="center",
                va="center",
                weight="bold",
                bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": colour, "lw": 1.5},
            )
        return None
