"""Autoencoders and PCA on the same splits of a table, at the same widths."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_consistent_length
from sklearn.utils.parallel import Parallel, delayed

from .._console import say
from .._data._seeds import as_seed, fresh_seed
from .._data._split import checked_groups
from .._data._threads import one_blas_thread
from .._typing import ArrayLike, Rows, Seed, Widths
from ._comparison import Comparison
from ._gain import MIN_ROWS, sampled
from ._measuring import Split, measured_on_split, pca_curve
from ._outlook import Clock, counted, expected_lines, expected_seconds, in_words
from ._pipelines import is_of_tables, last_step, needs_target, path_to_last_step
from ._preparation import (
    as_frame,
    as_table,
    as_target,
    coded,
    holds_classes,
    prepared,
)
from ._splitting import make_splits, row_numbers, shared_variance
from ._widths import is_int, widths_below


def compare_with_pca(
    estimators: Any,
    X: Rows,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    n_components: Widths = (2, 5, 10),
    cv: Any = 5,
    max_samples: int | None = 6000,
    scoring: str | Callable[..., float] | None = None,
    n_jobs: int | None = None,
    random_state: Seed = None,
    verbose: int = 1,
) -> Comparison:
    """Compare autoencoders with PCA on the same splits and at the same widths.

    In each split the columns are prepared on the training rows alone. Numbers are
    standardised, missing ones replaced by the mean; dates count as numbers. Text is
    one-hot encoded with at most 20 categories a column, the rare ones together; a missing
    text is a category too. Everything is measured on the held-out rows.

    With a :class:`TableAutoencoder` among the estimators, which takes the frame as it is,
    all others get the columns as its codec has them, their holes filled with what linear
    regressions expect there, and all are compared by the errors of these columns.

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
        numbers of which there are at most 50 different ones, each for three rows or more
        in the mean. Estimators that need a target, such as
        :class:`SupervisedAutoencoder`, are fitted with that of the training rows; what is
        printed says which.
    groups : array-like of shape (n_samples,), default=None
        The group of each row, such as a patient, or a stretch of time that windows were
        cut from: rows of one group are never on both sides of a split, and estimators
        whose `fit` takes `groups` are given those of the training rows.
    n_components : int or sequence of int, default=(2, 5, 10)
        Widths to compare at; those not below the number of prepared columns, or of
        training rows, are left out.
    cv : int, cross-validation splitter or iterable, default=5
        An int gives so many shuffled folds, stratified if `y` holds classes, of whole
        groups if there are `groups`; else rows that are equal stand in one fold. A
        splitter is given `y` and `groups`; an iterable gives pairs of training and
        held-out rows. At least two rows must be held out.
    max_samples : int or None, default=6000
        If `cv` is an int, so many rows are drawn at random from a larger table, with
        their `y` and `groups`; the first line that is printed says so. None takes all.
        Splits of your own are taken as they are.
    scoring : str or callable, default=None
        What to predict `y` for: None is the accuracy of a logistic regression for
        classes, and R² of a ridge regression for numbers.
    n_jobs : int, default=None
        Number of fits at a time, in threads of this process unless
        ``joblib.parallel_config`` says otherwise. None is 1 without such a context,
        -1 is one for each core. The figures are the same for any number, but for the times.
    random_state : int, RandomState instance or None, default=None
        Draws the rows, shuffles the folds, and seeds estimators whose `random_state` is
        None. None takes fresh entropy; no global generator is read or moved.
    verbose : int, default=1
        1 prints how the columns were prepared, what :func:`~skae.compare.estimate_gain`
        expects, about how long all of it takes, and a line for each width and split that
        is done, with what is left; 0 prints nothing.

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
    random_state = as_seed(random_state)
    named = _named(estimators)
    keys = {name: _width_parameter(name, estimator) for name, estimator in named.items()}
    supervised = _supervised(named, y)
    X = as_table(X)
    y, predictor, scorer, score_name = _task(X, y, scoring)
    groups, n_all = checked_groups(groups, X), len(X)
    _check_counts(max_samples, n_jobs)
    if cv is None or isinstance(cv, Integral):
        X, y, groups = sampled(max_samples, fresh_seed(random_state), X, y, groups)
    table = as_frame(X)
    pairs, together = make_splits(table, y, cv, groups, random_state)
    splits = [
        _prepared_split(number, pair, table, y, groups, coder=_coder(named, X))
        for number, pair in enumerate(pairs)
    ]
    n_columns = min(split.rows.shape[1] for split in splits)
    limit = min(min(split.rows.shape) for split in splits)
    widths, left_out = widths_below(n_components, limit)
    if verbose:
        some = (
            f"{len(table):,} of {n_all:,} rows" if len(table) < n_all else f"{n_all:,} rows"
        )
        about = _about_columns(X.columns, table, n_columns)
        _say(f"{some}, {about}{_about_target(y)}{together}")
        for width in left_out:
            _say(f"{width} components are left out: not below {limit} columns or rows")
    # Both solvers are exact; the default one may be randomised.
    pca = PCA(svd_solver="covariance_eigh" if len(table) > 2 * n_columns else "full")
    pca.set_output(transform="default")
    curves = [pca_curve(pca, split.rows, split.unseen, n_columns) for split in splits]
    if verbose:
        _say_outlook(named, keys, splits, widths, row_numbers(table), n_jobs)
    named, keys = {"PCA": pca} | named, {"PCA": "n_components"} | keys
    tasks = [(width, split) for split in splits for width in widths]
    jobs = (
        delayed(measured_on_split)(
            {
                name: _at_width(estimator, keys[name], width, random_state)
                for name, estimator in named.items()
            },
            split,
            predictor,
            scorer,
        )
        for width, split in tasks
    )
    # Threads share what is compiled; processes would begin by importing Keras' backend.
    parallel = Parallel(n_jobs, prefer="threads", return_as="generator")
    with one_blas_thread():  # else BLAS in several threads wants more cores than there are
        records = _records(parallel(jobs), tasks, verbose)
    return Comparison(
        pd.DataFrame(records),
        np.mean(curves, axis=0),
        score_name,
        shared_variance(pairs),
        supervised,
    )


def _check_counts(max_samples, n_jobs):
    if not (max_samples is None or (is_int(max_samples) and max_samples >= 2)):
        raise ValueError(
            f"max_samples={max_samples!r} must be an int of at least 2, the number of rows "
            "to draw, or None for all rows."
        )
    if not (n_jobs is None or (is_int(n_jobs) and n_jobs != 0)):
        raise ValueError(
            f"n_jobs={n_jobs!r} must be an int of at least 1, how many fits at a time, "
            "-1 for one for each core, or None."
        )


def _prepared_split(number, pair, table, y, groups, *, coder):
    """Return a split of the table, its columns prepared on the training rows."""
    *both, frames = (*prepared(table, *pair), None) if coder is None else coder(*pair)
    return Split(
        number,
        *both,
        targets=None if y is None else tuple(y[part] for part in pair),
        groups=None if groups is None else groups[pair[0]],
        frames=frames,
    )


def _coder(named, X):
    """Return what prepares a split as the first estimator of frames does, None for none."""
    of_tables = [estimator for estimator in named.values() if is_of_tables(estimator)]
    if not of_tables:
        return None
    return lambda train, test: coded(X, train, test, of_tables[0]._codec())


def _say_outlook(named, keys, splits, widths, row_number, n_jobs):
    """Print what an autoencoder is likely to gain, and how long the comparison takes."""
    part = len(np.unique(row_number)) / len(row_number)  # of the rows are no copies
    n_different = round(part * len(splits[0].rows))
    if n_different >= MIN_ROWS:
        for line in expected_lines(splits, widths, n_different):
            _say(line)
    estimators = [
        _at_width(estimator, keys[name], width, random_state=0)
        for name, estimator in named.items()
        for width in widths
    ]
    seconds = expected_seconds(estimators, splits, n_jobs)
    if seconds is not None:
        _say(f"comparing takes about {in_words(seconds)}")


def _records(measured, tasks, verbose):
    """Return a record for each estimator, width and split, and print them as they come."""
    records, clock = [], Clock(len(tasks))
    for n_done, (done, (width, split)) in enumerate(zip(measured, tasks), start=1):
        task = {"n_components": width, "split": split.number}
        records += [{"estimator": name} | task | record for name, record in done.items()]
        if verbose:
            kept = ", ".join(f"{name} {record['r2']:.3f}" for name, record in done.items())
            at = f"{counted(width, 'component')}, split {split.number + 1}"
            place = f"{n_done}/{len(tasks)}: {at}"
            _say(f"{place}: R² {kept}{clock.left(n_done)}")
    return records


def _say(line):
    say(f"[compare_with_pca] {line}")


def _about_columns(names, table, n_prepared):
    """Return how columns were prepared, so that a number read as text is seen."""
    is_text = [not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    text = [str(name) for name, is_one in zip(names, is_text) if is_one]
    said = counted(len(table.columns), "column")
    if text:
        some = ", ".join(text[:5]) + (", ..." if len(text) > 5 else "")
        said += f", {len(text)} of them text, one-hot encoded ({some}): {n_prepared} in all"
    return said


def _about_target(y):
    if y is None:
        return ""
    return f"; y: {len(np.unique(y))} classes" if holds_classes(y) else "; y: numbers"


def _task(table, y, scoring):
    """Return what to predict, with what, how to score it, and the name of the score."""
    if y is None:
        if scoring is not None:
            raise ValueError(
                f"scoring={scoring!r} needs something to predict; pass y, or leave it out."
            )
        return None, None, None, "score"
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(
            f"scoring={scoring!r} must be one name of a scorer, or a callable "
            "(estimator, X, y) that returns a number."
        )
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        close = get_close_matches(scoring, get_scorer_names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see get_scorer_names()."
        raise ValueError(f"scoring={scoring!r} is no scorer of scikit-learn; {hint}")
    y = as_target(y)
    check_consistent_length(table, y)
    has_classes = holds_classes(y)
    if has_classes and len(np.unique(y)) < 2:
        raise ValueError(
            "y has a single class, so there is nothing to predict; leave it out."
        )
    predictor = LogisticRegression(max_iter=1000) if has_classes else RidgeCV()
    predictor = make_pipeline(StandardScaler(), predictor)
    said = "accuracy" if has_classes else "R² of y"
    if scoring is not None:
        said = f"{scoring} of y" if isinstance(scoring, str) else "score"
    return y, predictor, check_scoring(predictor, scoring), said


def _named(estimators):
    if isinstance(estimators, dict):
        named = dict(estimators)
    else:
        given = estimators if isinstance(estimators, list | tuple) else [estimators]
        named = {}
        for estimator in given:
            kind = type(last_step(estimator)).__name__
            name, number = kind, 2
            while name in named or name == "PCA":
                name, number = f"{kind} {number}", number + 1
            named[name] = estimator
    if not named or "PCA" in named:
        raise ValueError(
            "estimators must hold at least one transformer, none of them named 'PCA': PCA "
            "is always compared with."
        )
    return named


def _supervised(named, y):
    """Return the names of the estimators that are fitted with the target."""
    supervised = tuple(name for name, each in named.items() if needs_target(each))
    if supervised and y is None:
        raise ValueError(
            f"The estimator {supervised[0]!r} needs a target to be fitted; pass y, or "
            "leave the estimator out."
        )
    return supervised


def _width_parameter(name, estimator):
    """Return the name of the parameter that sets the width."""
    last = last_step(estimator)
    if is_of_tables(estimator) and "estimator__n_components" in last.get_params():
        return "estimator__n_components"
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
    return f"{path_to_last_step(estimator)}n_components"


def _at_width(estimator, key, width, random_state):
    estimator = clone(estimator).set_params(**{key: width})
    seeds = {
        parameter: fresh_seed(random_state)
        for parameter, value in estimator.get_params().items()
        if parameter.split("__")[-1] == "random_state" and value is None
    }
    return estimator.set_params(**seeds)
