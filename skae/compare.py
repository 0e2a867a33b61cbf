"""Autoencoders and PCA on the same splits of a table, at the same widths."""

from dataclasses import dataclass
from html import escape
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import check_scoring
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_consistent_length
from sklearn.utils.parallel import Parallel, delayed

from ._measuring import measured_on_split, pca_curve
from ._preparation import as_frame, as_target, holds_classes, prepared

HEADINGS = {  # of a table that is printed
    "relative_error": "error",
    "standard_error": "±",
    "components_of_pca": "worth",
    "trustworthiness": "trust",
    "continuity": "contin.",
    "fit_seconds": "fit s",
    "transform_microseconds": "µs/row",
}
FORMATS = {
    "wins": lambda wins: "yes" if wins else "",
    "components_of_pca": "{:.0f}".format,
    "fit_seconds": "{:.2f}".format,
    "transform_microseconds": "{:.1f}".format,
}


def compare_with_pca(
    estimators,
    X,
    y=None,
    *,
    n_components=(2, 5, 10),
    cv=5,
    scoring=None,
    n_jobs=None,
    random_state=None,
    verbose=1,
):
    """Compare autoencoders with PCA on the same splits and at the same widths.

    In each split the columns are prepared on the training rows alone. Numbers are
    standardised, missing ones replaced by the mean; dates count as numbers. Text is
    one-hot encoded with at most 20 categories a column, the rare ones together; a missing
    text is a category too. Everything is measured on the held-out rows.

    Parameters
    ----------
    estimators : transformer, list or dict of transformers
        Anything with `n_components`, `fit`, `transform` and `inverse_transform`, or a
        Pipeline that ends with one and all of whose steps have an inverse: autoencoders,
        and others such as :class:`~sklearn.decomposition.KernelPCA`. The keys of a dict
        are their names.
    X : array-like or DataFrame of shape (n_samples, n_features)
        The table, numbers, text and dates as they are.
    y : array-like of shape (n_samples,), default=None
        Classes or numbers to predict from the codes. Text is classes, and so are whole
        numbers of which there are at most 50 different ones.
    n_components : int or sequence of int, default=(2, 5, 10)
        Widths to compare at; those not below the number of prepared columns, or of
        training rows, are left out.
    cv : int or cross-validation splitter, default=5
        An int gives so many shuffled folds, stratified if `y` holds classes. At least two
        rows must be held out.
    scoring : str or callable, default=None
        What to predict `y` for: None is the accuracy of a logistic regression for
        classes, and R² of a ridge regression for numbers.
    n_jobs : int, default=None
        Number of fits at a time, as in joblib.
    random_state : int or None, default=None
        Shuffles the folds, and seeds estimators whose `random_state` is None.
    verbose : int, default=1
        1 prints a line for each fit that is done, 0 prints nothing.

    Returns
    -------
    Comparison
        The measurements, with a table and a picture of them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import AutoencoderTransformer, compare_with_pca
    >>> comparison = compare_with_pca(
    ...     AutoencoderTransformer(max_epochs=5),
    ...     load_iris().data,
    ...     n_components=2,
    ...     cv=2,
    ...     verbose=0,
    ... )
    >>> comparison.frame()["estimator"].unique().tolist()
    ['PCA', 'AutoencoderTransformer']
    """
    named = _named(estimators)
    for name, estimator in named.items():
        _width_parameter(name, estimator)
    table = as_frame(X)
    has_classes, predictor, scorer = False, None, None
    if y is not None:
        y = as_target(y)
        check_consistent_length(table, y)
        has_classes = holds_classes(y)
        predictor = LogisticRegression(max_iter=1000) if has_classes else RidgeCV()
        predictor = make_pipeline(StandardScaler(), predictor)
        scorer = check_scoring(predictor, scoring)
    elif scoring is not None:
        raise ValueError(
            f"scoring={scoring!r} needs something to predict; pass y, or leave scoring out."
        )
    if isinstance(cv, Integral):
        folds = StratifiedKFold if has_classes else KFold
        cv = folds(int(cv), shuffle=True, random_state=random_state)
    splits = list(check_cv(cv, y, classifier=has_classes).split(table, y))
    if any(len(unseen) < 2 for _, unseen in splits):
        raise ValueError(
            f"cv={cv} holds a single row out, which has no variance to keep; use fewer "
            "splits."
        )
    tables = [prepared(table, *split) for split in splits]
    n_columns = min(rows.shape[1] for rows, _ in tables)
    widths = _widths(n_components, min(min(rows.shape) for rows, _ in tables))
    # Both solvers are exact; the default one may be randomised.
    pca = PCA(svd_solver="covariance_eigh" if len(table) > 2 * n_columns else "full")
    named = {"PCA": pca} | named
    tasks = [(width, split) for split in range(len(splits)) for width in widths]
    jobs = (
        delayed(measured_on_split)(
            {name: _at_width(named[name], name, width, random_state) for name in named},
            *tables[split],
            None if y is None else tuple(y[rows] for rows in splits[split]),
            predictor,
            scorer,
        )
        for width, split in tasks
    )
    records = []
    for done, (width, split) in zip(Parallel(n_jobs, return_as="generator")(jobs), tasks):
        task = {"n_components": width, "split": split}
        records += [{"estimator": name} | task | record for name, record in done.items()]
        if verbose:
            said = ", ".join(f"{name} {record['r2']:.3f}" for name, record in done.items())
            place = f"{len(records) // len(named)}/{len(tasks)}"
            print(
                f"[compare_with_pca] {place}: {width} components, split {split + 1}: "
                f"R² {said}",
                flush=True,
            )
    curves = np.array([pca_curve(pca, *pair, n_columns) for pair in tables])
    return Comparison(pd.DataFrame(records), curves.mean(axis=0))


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare_with_pca` measured.

    Attributes
    ----------
    records : DataFrame
        One row for each estimator, width and split.
    pca_curve : ndarray
        R² on held-out rows of PCA with 1, 2, ... components, the mean over the splits.
    """

    records: pd.DataFrame
    pca_curve: np.ndarray

    def frame(self):
        """Return all measurements.

        Returns
        -------
        DataFrame
            A row for each estimator, width and split: "r2" on the held-out rows;
            "relative_error", the squared error divided by PCA's, and "standard_error"
            of this ratio by the differences between rows; "trustworthiness" and
            "continuity"; "score" of a predictor on the codes, if `y` was given;
            "fit_seconds", which for the first fits of a process include importing Keras
            and compiling; "transform_microseconds" of a row.
        """
        return self.records.copy()

    def summary(self):
        """Return the means over the splits, a row for each width and estimator.

        Returns
        -------
        DataFrame
            The measurements' means; "standard_error" is that of "relative_error" by the
            differences between splits, or between rows if there is one split. "wins"
            says whether "relative_error" is below one by more than two of them, and
            "components_of_pca" is the number of principal components that give the same
            R², infinite if all of them give less.
        """
        groups = self.records.groupby(["n_components", "estimator"], sort=False)
        table = groups.mean(numeric_only=True).drop(columns="split")
        of_rows = table["standard_error"]  # for want of a second split
        table["standard_error"] = groups["relative_error"].sem().fillna(of_rows)
        wins = table["relative_error"] + 2 * table["standard_error"] < 1
        enough = [np.flatnonzero(self.pca_curve >= r2 - 1e-9) for r2 in table["r2"]]
        same = [float(found[0] + 1) if len(found) else np.inf for found in enough]
        place = table.columns.get_loc("standard_error") + 1
        table.insert(place, "wins", wins)
        table.insert(place + 1, "components_of_pca", same)
        return table

    def plot(self, ax=None):
        """Draw R² on held-out rows against the number of components.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib Axes
            Where it was drawn.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
        table = self.summary()["r2"].unstack("estimator")
        widest = min(len(self.pca_curve), 2 * int(table.index.max()))
        ax.plot(np.arange(1, widest + 1), self.pca_curve[:widest], color="0.6", label="PCA")
        others = [name for name in self.records["estimator"].unique() if name != "PCA"]
        spread = self.records.groupby(["n_components", "estimator"])["r2"].sem().unstack()
        for i, name in enumerate(others):
            style = {"fmt": "osD^v<>"[i % 7] + "-", "ms": 5, "capsize": 2}
            ax.errorbar(table.index, table[name], spread[name], label=name, **style)
        ax.set(xlabel="components", ylabel="R² on unseen rows")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        return ax

    def __str__(self):
        table = self.summary().rename(columns=HEADINGS)
        formatters = {HEADINGS.get(name, name): form for name, form in FORMATS.items()}
        text = table.to_string(formatters=formatters, float_format="{:.3f}".format)
        return "\n".join([text, "", *self._verdicts()])

    def _repr_html_(self):
        table = self.summary().to_html(formatters=FORMATS, float_format="{:.3f}".format)
        return table + "".join(f"<p>{escape(said)}</p>" for said in self._verdicts())

    def _verdicts(self):
        """Yield a sentence for each method: where it wins, by how much, at what cost."""
        summary = self.summary()
        for name in self.records["estimator"].unique()[1:]:
            rows = summary.xs(name, level="estimator")
            won = rows[rows["wins"]]
            if won.empty:
                yield f"{name} has no sure gain over PCA at any of these widths."
                continue
            widths = ", ".join(map(str, won.index))
            less = ", ".join(f"{1 - error:.0%}" for error in won["relative_error"])
            yield (
                f"{name} wins with {widths} components: {less} less error than PCA, for "
                f"{rows['fit_seconds'].mean():.1f} s a fit."
            )


def _named(estimators):
    if isinstance(estimators, dict):
        named = dict(estimators)
    else:
        given = estimators if isinstance(estimators, list | tuple) else [estimators]
        named = {}
        for estimator in given:
            last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
            name, number = type(last).__name__, 2
            while name in named or name == "PCA":
                name, number = f"{type(last).__name__} {number}", number + 1
            named[name] = estimator
    if not named or "PCA" in named:
        raise ValueError(
            "estimators must hold at least one transformer, none of them named 'PCA': PCA "
            "is always compared with."
        )
    return named


def _width_parameter(name, estimator):
    """Return the name of the parameter that sets the width."""
    prefix, last = "", estimator
    while isinstance(last, Pipeline):
        prefix, last = f"{prefix}{last.steps[-1][0]}__", last[-1]
    is_instance = hasattr(last, "get_params") and not isinstance(last, type)
    if not is_instance or "n_components" not in last.get_params():
        raise ValueError(
            f"The estimator {name!r} has no parameter n_components; pass an instance of a "
            "transformer that has one, or a Pipeline that ends with it."
        )
    if not hasattr(estimator, "inverse_transform"):
        raise ValueError(
            f"The estimator {name!r} has no inverse_transform, so its reconstructions "
            "cannot be compared; pass a transformer that has one, or a Pipeline of such."
        )
    return f"{prefix}n_components"


def _widths(n_components, limit):
    widths = sorted(set(np.ravel(n_components).tolist()))
    if any(not isinstance(width, int) or width < 1 for width in widths):
        raise ValueError(
            f"n_components={n_components} must be an int of at least 1 or a sequence of "
            "these, the widths to compare at."
        )
    widths = [width for width in widths if width < limit]
    if not widths:
        raise ValueError(
            f"n_components={n_components} leaves nothing to compare: a width must be below "
            f"{limit}, the smaller number of prepared columns and of training rows."
        )
    return widths


def _at_width(estimator, name, width, random_state):
    estimator = clone(estimator)
    estimator.set_params(**{_width_parameter(name, estimator): width})
    if random_state is not None:
        seeds = {
            key: random_state
            for key, value in estimator.get_params().items()
            if key.split("__")[-1] == "random_state" and value is None
        }
        estimator.set_params(**seeds)
    return estimator
