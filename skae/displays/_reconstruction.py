"""ReconstructionDisplay: rows and what a code gives back of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from .._compat import safe_indexing
from .._typing import MatplotlibAxes, Rows
from ..compare._drawing import new_axes, without_steps, written
from ..compare._pipelines import as_dense
from ._seen import seen

MAX_BARS = 200  # more of them take long to draw
MAX_NAMES = 40


class ReconstructionDisplay:
    """Rows beside their reconstructions by PCA and by an autoencoder.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows to show.
    reconstructions : dict of str to ndarray of shape (n_rows, n_features)
        What was made of them, by the name of the method.
    feature_names : list of str
        Names of the columns.
    row_names : sequence, default=None
        Names of the rows.
    image_shape : tuple of two int, default=None
        Height and width of the rows, if they are images.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae import AutoencoderTransformer
    >>> from skae.displays import ReconstructionDisplay
    >>> X = load_digits().data
    >>> autoencoder = AutoencoderTransformer(8, max_epochs=5).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(
    ...     autoencoder, X, rows=[0, 7, 9], image_shape=(8, 8)
    ... )
    >>> list(display.frame())
    ['row', 'column', 'value', 'PCA', 'AutoencoderTransformer']
    """

    def __init__(
        self,
        rows: np.ndarray,
        reconstructions: dict[str, np.ndarray],
        feature_names: Sequence[str],
        row_names: Sequence[Any] | None = None,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.rows = rows
        self.reconstructions = reconstructions
        self.feature_names = feature_names
        self.row_names = row_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        *,
        rows: Sequence[int] | np.ndarray | None = None,
        image_shape: tuple[int, int] | None = None,
        pca: Any = None,
        ax: MatplotlibAxes | None = None,
    ) -> Self:
        """Draw rows and their reconstructions.

        Parameters
        ----------
        estimator : transformer
            A fitted transformer with `inverse_transform`, or a Pipeline that ends with
            one. The rows are shown as this last step sees them.
        X : array-like of shape (n_samples, n_features)
            Rows.
        rows : sequence of int, default=None
            Positions of those to show; None takes the first, ten images or four others.
        image_shape : tuple of two int, default=None
            Height and width of the rows, if they are images; None draws bars.
        pca : PCA, default=None
            Fitted on what the last step of a Pipeline sees; None fits one of the same
            width on `X`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.
        """
        table = seen(estimator, X)
        n_features = table.rows.shape[1]
        if image_shape is not None:
            sides = np.ravel(image_shape)
            is_shape = sides.dtype.kind in "iu" and len(sides) == 2 and sides.min() > 0
            if not is_shape or sides.prod() != n_features:
                raise ValueError(
                    f"image_shape={image_shape!r} must be the height and the width of an "
                    f"image with as many pixels as the rows have columns, {n_features}."
                )
        if rows is None:
            rows = range(min(len(table.rows), 4 if image_shape is None else 10))
        shown = np.asarray(rows)
        if shown.ndim != 1 or not len(shown) or shown.dtype.kind not in "iu":
            raise ValueError(f"rows={rows} must be a sequence of positions of rows in X.")
        n_rows = len(table.rows)
        if shown.min() < 0 or shown.max() >= n_rows:
            raise ValueError(f"rows={rows} must be positions from 0 to {n_rows - 1}.")
        codes = table.codes(safe_indexing(table.X, shown))
        pca = table.pca(codes.shape[1], pca)
        seen_by_pca = safe_indexing(table.seen_by(pca), shown)
        reconstructions = {
            "PCA": pca.inverse_transform(as_dense(pca.transform(seen_by_pca))),
            table.name: table.reconstructed(codes),
        }
        return cls(
            table.rows[shown],
            reconstructions,
            table.feature_names,
            table.row_names[shown],
            image_shape,
        ).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the values.

        Returns
        -------
        DataFrame
            "row", "column" and "value", and a column for each method.
        """
        n_rows, n_features = self.rows.shape
        values = {
            "row": np.repeat(self._row_names(), n_features),
            "column": np.tile(self.feature_names, n_rows),
            "value": self.rows.ravel(),
        }
        methods = {name: back.ravel() for name, back in self.reconstructions.items()}
        return pd.DataFrame(values | methods)

    def plot(self, ax: MatplotlibAxes | None = None) -> Self:
        """Draw rows and reconstructions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ReconstructionDisplay
            The display itself.
        """
        if self.image_shape is None:
            ax = new_axes(ax, (7.5, 1.2 + 1.4 * len(self.rows)))
            self._draw_bars(ax)
        else:
            n_lines = 1 + len(self.reconstructions)
            ax = new_axes(ax, (9, 9 * n_lines / max(len(self.rows), n_lines)))
            self._draw_images(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _row_names(self):
        return np.arange(len(self.rows)) if self.row_names is None else self.row_names

    def _draw_images(self, ax):
        """Draw a line of images for the rows, and one for each method, in one mosaic."""
        height, width = self.image_shape
        lines = {"rows": self.rows} | self.reconstructions
        gap = max(1, width // 8)
        n_lines, n_images = len(lines), len(self.rows)
        mosaic = np.full(
            (n_lines * (height + gap) - gap, n_images * (width + gap) - gap), np.nan
        )
        for i, images in enumerate(lines.values()):
            for j, image in enumerate(images):
                top, left = i * (height + gap), j * (width + gap)
                place = slice(top, top + height), slice(left, left + width)
                mosaic[place] = image.reshape(height, width)
        ax.imshow(mosaic, cmap="gray_r", vmin=self.rows.min(), vmax=self.rows.max())
        middles = [i * (height + gap) + (height - 1) / 2 for i in range(n_lines)]
        ax.set_yticks(middles, written(lines))
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)

    def _draw_bars(self, ax):
        """Draw a panel for each row: its values as bars, reconstructions as marks."""
        n, n_columns = self.rows.shape
        places = np.arange(n_columns)
        ax.set_axis_off()
        for i, (name, row) in enumerate(zip(written(self._row_names()), self.rows)):
            panel = ax.inset_axes([0, 1 - (i + 0.9) / n, 1, 0.8 / n])
            if n_columns <= MAX_BARS:
                panel.bar(places, row, color="0.8", label="row")
            else:
                panel.fill_between(places, row, step="mid", color="0.8", label="row")
            backs = self.reconstructions
            for j, label in enumerate(written(backs, length=40)):
                back = list(backs.values())[j][i]
                style = {"color": f"C{j}", "ms": 5, "mfc": None if j else "none"}
                panel.plot(places, back, "o^sDv"[j % 5], label=label, **style)
            panel.axhline(0, color="0.5", lw=0.8)
            panel.set_ylabel(f"row {name}")
            panel.spines[["top", "right", "bottom"]].set_visible(False)
            panel.set_xticks([])
            panel.margins(x=0.01, y=0.15)
        if n_columns <= MAX_NAMES:
            panel.set_xticks(
                places, written(without_steps(self.feature_names)), rotation=90
            )
            panel.tick_params(axis="x", length=0)
        place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 6}
        ax.legend(*panel.get_legend_handles_labels(), frameon=False, **place)
