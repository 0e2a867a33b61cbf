"""Pipelines that end with a transformer: their last step, and what it gives."""

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags


def last_step(estimator):
    """Return the last step of a Pipeline, which may be one too, or the estimator."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return estimator


def path_to_last_step(estimator):
    """Return what stands before the name of a parameter of the last step."""
    path = ""
    while isinstance(estimator, Pipeline):
        path += f"{estimator.steps[-1][0]}__"
        estimator = estimator[-1]
    return path


def is_of_tables(estimator):
    """Whether an estimator takes frames as they are, and codes their columns itself."""
    return hasattr(estimator, "score_columns")


def needs_target(estimator):
    """Whether an estimator, or a step of a Pipeline, cannot be fitted without a target."""
    if isinstance(estimator, Pipeline):
        return any(needs_target(step) for _, step in estimator.steps)
    has_tags = hasattr(estimator, "__sklearn_tags__")
    return has_tags and get_tags(estimator).target_tags.required


def only_codes(estimator, outputs):
    """Return outputs without the hidden activations of ``features="all"``."""
    last = last_step(estimator)
    if getattr(last, "features", "code") != "all":
        return outputs
    names, hidden = last.get_feature_names_out(), f"{type(last).__name__.lower()}_hidden"
    return outputs[:, [not name.startswith(hidden) for name in names]]


def as_dense(X):
    """Return an array in place of a sparse matrix or a DataFrame."""
    return X.toarray() if sparse.issparse(X) else np.asarray(X)
