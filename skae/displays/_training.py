"""TrainingDisplay: the curves of a fit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from .._data._powers import power_of_scale
from .._typing import Curves, MatplotlibAxes
from ..compare._drawing import new_axes, whole_ticks, written
from ..compare._pipelines import last_step


class TrainingDisplay:
    """Loss of training and validation rows by epoch, and PCA's line to beat.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    history : dict of list of float
        `history_` of a fitted estimator.
    best_epoch : int
        The epoch whose weights were kept; 0 for the start.
    pca_loss : float, default=nan
        Loss of PCA of the same width on the validation rows; NaN draws no line.
    name : str, default=None
        Name of the estimator, the title.

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
    >>> from skae.displays import TrainingDisplay
    >>> autoencoder = AutoencoderTransformer(max_epochs=5).fit(load_iris().data)
    >>> display = TrainingDisplay.from_estimator(autoencoder)
    >>> display.frame().index.tolist()
    [1, 2, 3, 4, 5]
    """

    def __init__(
        self,
        history: Curves,
        best_epoch: int,
        pca_loss: float = np.nan,
        name: str | None = None,
    ) -> None:
        self.history = history
        self.best_epoch = best_epoch
        self.pca_loss = pca_loss
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: MatplotlibAxes | None = None) -> Self:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator of skae
            A fitted autoencoder or predictor, or a Pipeline that ends with one. The line
            of PCA needs validation rows and the squared error, without that of a target,
            as loss.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display, drawn.
        """
        check_is_fitted(estimator)
        last = last_step(estimator)
        if not getattr(last, "history_", None):
            raise ValueError(
                f"{type(last).__name__} has no training to show; pass an estimator of skae "
                "that has trained for an epoch or more."
            )
        has_line = power_of_scale(getattr(last, "loss", None)) == 2  # a squared error
        if getattr(last, "target_weight", 0):  # and that of the labels
            has_line = False
        pca_loss = getattr(last, "pca_loss_", np.nan) if has_line else np.nan
        name = type(last).__name__
        return cls(last.history_, last.best_epoch_, pca_loss, name).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the curves.

        Returns
        -------
        DataFrame
            The series of `history` by epoch, from 1, and "pca_loss".
        """
        frame = pd.DataFrame(self.history).assign(pca_loss=self.pca_loss)
        frame.index = pd.RangeIndex(1, len(frame) + 1, name="epoch")
        return frame

    def plot(self, ax: MatplotlibAxes | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display itself.
        """
        ax = new_axes(ax, (5.5, 4))
        frame = self.frame()
        line = "." if len(frame) == 1 else "-"  # one epoch makes no line
        ax.plot(frame["loss"], line, color="0.6", label="training rows, with their noise")
        if "val_loss" in frame:
            ax.plot(frame["val_loss"], line, color="C0", lw=2, label="validation rows")
        if np.isfinite(self.pca_loss):
            ax.axhline(self.pca_loss, color="black", ls="--", label="PCA, validation rows")
        if self.best_epoch:
            series = frame["val_loss"] if "val_loss" in frame else frame["loss"]
            best, label = series[self.best_epoch], f"epoch {self.best_epoch}, kept"
            ax.plot(self.best_epoch, best, "o", color="black", label=label)
        else:
            ax.axvline(0, color="black", lw=1, label="the start, kept")
        curves = frame[frame.columns.intersection(["loss", "val_loss", "pca_loss"])]
        lowest, highest = np.nanmin(curves), np.nanmax(curves)
        if lowest > 0 and highest > 20 * lowest:
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="loss")
        if self.name is not None:
            ax.set_title(written([self.name], length=60)[0])
        whole_ticks(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(edgecolor="none")
        self.ax_, self.figure_ = ax, ax.figure
        return self
