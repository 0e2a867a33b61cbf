"""What a comparison with PCA has found: a table, a picture and words."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from scipy import special

from .._console import printable
from .._typing import MatplotlibAxes
from ._drawing import new_axes, whole_ticks, written

HEADINGS = {  # of a table that is printed
    "relative_error": "error",
    "standard_error": "±",
    "components_of_pca": "worth",
    "trustworthiness": "trust",
    "continuity": "contin.",
    "fit_seconds": "fit (s)",
    "transform_microseconds": "row (µs)",
}
FORMATS = {
    "wins": lambda wins: "yes" if wins else "",
    "components_of_pca": "{:.1f}".format,
    "fit_seconds": "{:.2f}".format,
    "transform_microseconds": "{:.1f}".format,
}

LEVEL = 0.025  # of the test that a gain is no accident
LEAST_GAIN = 1e-3  # rounding, or nothing to speak of, below it
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What :func:`~skae.compare_with_pca` measured.

    Attributes
    ----------
    records : DataFrame
        One row for each estimator, width and split.
    pca_curve : ndarray
        R² on held-out rows of PCA with 1, 2, ... components, the mean over the splits.
    score_name : str, default="score"
        What the scores of the predictor are, such as "accuracy".
    shared : float, default=0.0
        By how much the variance of a mean over splits exceeds ``1 / n_splits`` of that
        between them: more than 0 if they hold out the same rows, as repeated folds do.
    supervised : tuple of str, default=()
        The estimators that were fitted with the target.
    """

    records: pd.DataFrame
    pca_curve: np.ndarray
    score_name: str = "score"
    shared: float = 0.0
    supervised: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return all measurements.

        Returns
        -------
        DataFrame
            A row for each estimator, width and split: "r2" on the held-out rows;
            "relative_error", the squared error divided by PCA's, and "standard_error"
            of this ratio by the differences between rows; "trustworthiness" and
            "continuity" of the codes, by 5 neighbours among at most 1000 held-out rows that
            differ, NaN below 16 of them; "score" of a predictor on what `transform` gives,
            if `y` was given; "fit_seconds", which for the first fits of a process include
            importing Keras and compiling; "transform_microseconds" of a row, the median of
            three times.
        """
        return self.records.copy()

    def summary(self) -> pd.DataFrame:
        """Return the means over the splits, a row for each width and estimator.

        Returns
        -------
        DataFrame
            The measurements' means; "standard_error" is that of "relative_error" by the
            differences between splits, or between rows if there is one split. "wins"
            says for each width whether "relative_error" is below one by a thousandth or
            more, and by more than chance: Student's test of the splits at the level of
            2.5 %. With two or three splits only large gains are sure.
            "components_of_pca" is the number of principal components that give the same
            R², interpolated, and infinite if all of them give less.
        """
        table = self._groups.mean(numeric_only=True).drop(columns="split")
        if self._n_splits > 1:  # else it is that of the rows, for want of a second split
            table["standard_error"] = self._standard_errors("relative_error")
        gain = 1 - table["relative_error"]
        quantile = special.stdtrit(self._n_splits - 1 or np.inf, 1 - LEVEL)
        chance = quantile * table["standard_error"]
        place = table.columns.get_loc("standard_error") + 1
        table.insert(place, "wins", (gain > chance) & (gain >= LEAST_GAIN))
        same = [self._components_of_pca(r2) for r2 in table["r2"]]
        table.insert(place + 1, "components_of_pca", same)
        return table

    @property
    def _groups(self):
        return self.records.groupby(["n_components", "estimator"], sort=False)

    @property
    def _n_splits(self):
        return self.records["split"].nunique()

    def _standard_errors(self, measure):
        """Return the standard errors of means over splits."""
        return self._groups[measure].std() * np.sqrt(1 / self._n_splits + self.shared)

    def _components_of_pca(self, r2):
        """Return how many principal components give an R², between two if need be."""
        if r2 <= 0:  # no better than the mean
            return 0.0
        enough = np.flatnonzero(self.pca_curve >= r2 - ROUNDING)
        if not len(enough):
            return np.inf
        curve, more = np.insert(self.pca_curve, 0, 0.0), enough[0] + 1
        missing = max(0.0, curve[more] - r2)
        return float(more - missing / (curve[more] - curve[more - 1]))

    def plot(self, ax: MatplotlibAxes | None = None) -> MatplotlibAxes:
        """Draw R² on held-out rows against the number of components.

        The bars are standard errors over the splits.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib Axes
            Where it was drawn.
        """
        ax = new_axes(ax, (5.5, 4))
        table = self.summary()["r2"].unstack("estimator")
        widest = min(len(self.pca_curve), 2 * int(table.index.max()))
        ax.plot(np.arange(1, widest + 1), self.pca_curve[:widest], color="0.6", label="PCA")
        ax.plot(table.index, table["PCA"], "|", color="0.4", ms=10)
        others = [name for name in self.records["estimator"].unique() if name != "PCA"]
        spread = self._standard_errors("r2").unstack("estimator")
        for i, (name, label) in enumerate(zip(others, written(others, length=40))):
            ax.errorbar(
                table.index,
                table[name],
                spread[name],
                label=label,
                fmt="osD^v<>"[i % 7] + ":",
                ms=5,
                capsize=2,
                lw=1,
            )
        ax.set(xlabel="components", ylabel="R² on unseen rows")
        whole_ticks(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        return ax

    def __repr__(self) -> str:
        summary = self.summary()
        table = summary.rename(columns=HEADINGS | {"score": self.score_name})
        formatters = {HEADINGS.get(name, name): form for name, form in FORMATS.items()}
        text = table.to_string(formatters=formatters, float_format="{:.3f}".format)
        return printable("\n".join([text, "", *self._verdicts(summary)]))

    def _repr_html_(self):
        summary = self.summary()
        table = summary.rename(columns={"score": self.score_name})
        html = table.to_html(formatters=FORMATS, float_format="{:.3f}".format)
        return html + "".join(f"<p>{escape(said)}</p>" for said in self._verdicts(summary))

    def _verdicts(self, summary):
        """Yield where each method wins, at what cost, and what it scores and has seen."""
        for name in self.records["estimator"].unique()[1:]:
            rows = summary.xs(name, level="estimator")
            won = rows[rows["wins"]]
            if won.empty:
                yield f"{name} has no sure gain over PCA at any of these widths."
            else:
                less = ", ".join(map(_percent, 1 - won["relative_error"]))
                yield (
                    f"{name} wins with {_listed(won.index)} components: {less} less error "
                    f"than PCA, for {rows['fit_seconds'].mean():.1f} s a fit."
                )
            if "score" in rows:
                more = rows["score"] - summary.xs("PCA", level="estimator")["score"]
                differences = ", ".join(f"{value:+.3f}" for value in more)
                yield (
                    f"{self.score_name} from codes of {name} with {_listed(rows.index)} "
                    f"components, minus that from PCA's: {differences}."
                )
            if name in self.supervised:
                yield f"{name} was fitted with y of the training rows, PCA without."


def _listed(widths):
    return ", ".join(map(str, widths))


def _percent(part):
    return f"{part:.0%}" if part >= 0.01 else f"{part:.1%}"
