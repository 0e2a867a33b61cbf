"""ErrorDisplay: which columns of which rows are unusual."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd

from .._typing import MatplotlibAxes, Rows
from ..compare._drawing import new_axes, without_steps, written
from ..compare._pipelines import last_step
from ..metrics import reconstruction_error
from ._seen import seen


class ErrorDisplay:
    """The rows with the largest reconstruction errors, cell by cell.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    errors : ndarray of shape (n_samples, n_features)
        Squared error of each cell.
    feature_names : list of str
        Names of the columns.
    row_names : sequence
        Names of the rows.
    distances : ndarray of shape (n_samples,), default=None
        How unusual a detector finds the rows. The errors are then what the detector's
        `explain` gives, and are drawn as they are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import AutoencoderTransformer
    >>> from skae.displays import ErrorDisplay
    >>> X = load_wine(as_frame=True).data
    >>> X.loc[17, "magnesium"] = 300
    >>> autoencoder = AutoencoderTransformer(3, max_epochs=5, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), autoencoder).fit(X)
    >>> int(ErrorDisplay.from_estimator(pipeline, X).frame().index[0])
    17
    """

    def __init__(
        self,
        errors: np.ndarray,
        feature_names: Sequence[str],
        row_names: Sequence[Any],
        distances: np.ndarray | None = None,
    ) -> None:
        self.errors = errors
        self.feature_names = feature_names
        self.row_names = row_names
        self.distances = distances

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        *,
        n_rows: int = 10,
        n_columns: int = 15,
        ax: MatplotlibAxes | None = None,
    ) -> Self:
        """Draw the errors of the most unusual rows.

        Parameters
        ----------
        estimator : transformer or detector
            A fitted transformer with `inverse_transform`, an
            :class:`~skae.AutoencoderDetector`, or a Pipeline that ends with one. Errors of
            a transformer are in the squared units of what it sees, so scale columns of
            different units before it; of a detector, what its `explain` gives is drawn.
        X : array-like of shape (n_samples, n_features)
            Rows; the unusual ones are looked for among all of them.
        n_rows : int, default=10
            Number of rows to draw.
        n_columns : int, default=15
            Largest number of columns to draw.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ErrorDisplay
            The display, drawn.
        """
        distances = None
        if hasattr(last_step(estimator), "explain"):
            table = seen(estimator, X, "explain")
            distances = -table.estimator.score_samples(table.X)
            errors = table.estimator.explain(table.X).to_numpy()
        else:
            table = seen(estimator, X)
            back = table.reconstructed(table.codes(table.X))
            errors = reconstruction_error(table.rows, back, per_feature=True)
        display = cls(errors, table.feature_names, table.row_names, distances)
        return display.plot(ax, n_rows=n_rows, n_columns=n_columns)

    def frame(self) -> pd.DataFrame:
        """Return the errors, the most unusual row first.

        Returns
        -------
        DataFrame
            A line for each row: "error", the mean over its cells, and the squared error
            of each cell under the name of its column. For a detector, "distance" and what
            each cell has to do with it.
        """
        cells = pd.DataFrame(self.errors, self.row_names, self.feature_names)
        means = pd.Series(self.errors.mean(axis=1), self.row_names, name="error")
        if self.distances is not None:
            means = pd.Series(self.distances, self.row_names, name="distance")
        order = np.argsort(-means.to_numpy(), kind="stable")
        return pd.concat([means, cells], axis=1).iloc[order]

    def plot(
        self, ax: MatplotlibAxes | None = None, *, n_rows: int = 10, n_columns: int = 15
    ) -> Self:
        """Draw the errors of the most unusual rows.

        A cell is as dark as its root is large: the error in the units of the table; for a
        detector, as much nearer as the row would be with the cell as expected. The columns
        are sorted by their share in these rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_rows : int, default=10
            Number of rows to draw.
        n_columns : int, default=15
            Largest number of columns to draw.

        Returns
        -------
        ErrorDisplay
            The display itself.
        """
        for name, value in {"n_rows": n_rows, "n_columns": n_columns}.items():
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name}={value!r} must be an int of at least 1.")
        frame = self.frame()
        mean, frame = frame.iloc[:, 0].mean(), frame.iloc[:n_rows]
        cells = frame.iloc[:, 1:]
        order = np.argsort(-cells.to_numpy().sum(axis=0), kind="stable")[:n_columns]
        cells = cells.iloc[:, order]
        title, of_row = "gain in score by each cell as expected", "distance"
        if self.distances is None:
            cells, title, of_row = (
                np.sqrt(cells),
                "absolute error of each cell",
                "mean square",
            )
        size = max(6, 2.5 + 0.45 * cells.shape[1]), max(3.5, 2 + 0.32 * len(cells))
        ax = new_axes(ax, size)
        ax.imshow(cells, cmap="gray_r", vmin=0, aspect="auto")
        middle: dict[str, Any] = {"ha": "center", "va": "center", "size": "small"}
        for i, worst in enumerate(np.argmax(cells.to_numpy(), axis=1)):
            error = cells.iat[i, worst]
            colour = "white" if error > cells.to_numpy().max() / 2 else "black"
            ax.text(worst, i, f"{error:.2g}", color=colour, **middle)
        ax.set_xticks(
            range(cells.shape[1]), written(without_steps(cells.columns)), rotation=90
        )
        ax.set_yticks(range(len(cells)), written(cells.index))
        ax.set(ylabel="row", title=title)
        bars = ax.inset_axes((1.02, 0, 0.25, 1), sharey=ax)
        bars.barh(range(len(frame)), frame.iloc[:, 0], color="0.5")
        bars.axvline(mean, color="black", lw=1, ls="--")
        bars.tick_params(labelleft=False, left=False)
        bars.set(title=of_row, xlabel="dashed: mean\nof all rows")
        bars.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
