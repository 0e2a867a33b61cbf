"""Splits of a comparison: rows that belong together stand on one side."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import compare_with_pca
from skae.compare._measuring import fit_in_groups
from skae.compare._preparation import as_frame
from skae.compare._splitting import make_splits
from skae.displays import WidthDisplay

MEASURED = ["r2", "relative_error", "trustworthiness", "continuity"]


class GroupedPCA(PCA):
    """A PCA whose fit takes groups, and keeps what it was given in the last fit."""

    given = None

    def fit(self, X, y=None, groups=None):
        type(self).given = len(X), groups
        return super().fit(X)


def assert_same_splits(splits, expected):
    assert len(splits) == len(expected)
    for pair, other in zip(splits, expected):
        for part, other_part in zip(pair, other):
            np.testing.assert_array_equal(part, other_part)


@pytest.mark.parametrize("y", [None, np.arange(90) % 3, np.linspace(0, 1, 90)])
def test_folds_of_rows_that_differ_are_those_of_scikit_learn(small, y):
    has_classes = y is not None and y.dtype.kind == "i"
    kind = StratifiedKFold if has_classes else KFold
    expected = list(kind(4, shuffle=True, random_state=3).split(small, y))
    splits, said = make_splits(as_frame(small), y, 4, None, 3)
    assert_same_splits(splits, expected)
    assert said == ""


def repeated_table():
    """Numbers with a hole and a zero of each sign, and text, each row three times."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=30), "kind": rng.choice(["x", None], 30)})
    frame.loc[4, "a"] = np.nan
    frame = frame.iloc[np.tile(np.arange(30), 3)].reset_index(drop=True)
    frame.loc[[5, 35], "a"] = 0.0
    frame.loc[65, "a"] = -0.0
    return frame


@pytest.mark.parametrize("y", [None, np.tile(np.arange(30) % 2, 3)])
def test_copies_of_a_row_stand_in_its_fold(y):
    splits, said = make_splits(as_frame(repeated_table()), y, 3, None, 0)
    assert said == "; 60 rows repeat an earlier row and stay in its fold"
    for rows, unseen in splits:
        assert not set(rows % 30) & set(unseen % 30)
        assert sorted([*rows, *unseen]) == list(range(90))
        if y is not None:
            assert y[unseen].mean() == pytest.approx(0.5, abs=0.1)


def test_rows_that_repeat_are_told_in_the_first_line(small, capsys):
    twice = np.r_[small, small[:1]]
    settings = {"n_components": 2, "cv": 2, "random_state": 0}
    compare_with_pca(make_pipeline(PCA()), twice, **settings)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("; 1 row repeats an earlier row and stays in its fold")


def test_copies_do_not_flatter_what_learns_rows_by_heart(small):
    class ByHeart(PCA):
        def inverse_transform(self, X):
            codes = self.transform(self.seen)
            distances = ((X[:, np.newaxis] - codes) ** 2).sum(axis=2)
            return self.seen[distances.argmin(axis=1)]

        def fit(self, X, y=None):
            self.seen = X
            return super().fit(X)

    noise = np.random.default_rng(0).normal(size=(60, 8))
    twice = np.repeat(noise, 2, axis=0)
    settings = {"n_components": 2, "cv": 5, "random_state": 0, "verbose": 0}
    error = compare_with_pca(ByHeart(), twice, **settings).summary()["relative_error"]
    assert error[2, "ByHeart"] > 1


@pytest.mark.parametrize("names", [np.repeat(np.arange(30), 3), list("abcdefghi") * 10])
@pytest.mark.parametrize("y", [None, np.tile([0, 1, 1], 30)])
def test_folds_are_of_whole_groups(small, names, y):
    names = np.asarray(names)
    splits, said = make_splits(as_frame(small), y, 3, names, 0)
    assert said == f"; {len(set(names))} groups, each in one fold"
    for rows, unseen in splits:
        assert not set(names[rows]) & set(names[unseen])
    assert sorted(np.concatenate([unseen for _, unseen in splits])) == list(range(90))


def test_folds_of_groups_are_stratified():
    groups = np.repeat(np.arange(30), 3)
    y = np.repeat([0, 1], [45, 45])
    table = as_frame(np.random.default_rng(0).normal(size=(90, 2)))
    splits, _ = make_splits(table, y, 3, groups, 0)
    assert all(y[unseen].mean() == pytest.approx(0.5, abs=0.06) for _, unseen in splits)


@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut()])
def test_splitters_are_given_the_groups(small, cv):
    groups = np.arange(90) % 5
    splits, said = make_splits(as_frame(small), None, cv, groups, None)
    assert_same_splits(splits, list(cv.split(small, None, groups)))
    assert said == ""


def test_splits_given_are_taken_as_they_are(small):
    twice = as_frame(np.r_[small, small])
    for cv in (TimeSeriesSplit(3), list(KFold(3).split(twice))):
        splits, said = make_splits(twice, None, cv, None, None)
        given = cv if isinstance(cv, list) else list(cv.split(twice))
        assert_same_splits(splits, given)
        assert said == ""


@pytest.mark.parametrize("has_routing", [False, True])
def test_training_rows_have_their_groups_in_fit(small, has_routing):
    groups = np.arange(90) // 5
    plain = GroupedPCA(2)
    nested = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), plain))
    with config_context(enable_metadata_routing=has_routing):
        for estimator in (plain, make_pipeline(StandardScaler(), plain), nested):
            GroupedPCA.given = None
            fit_in_groups(clone(estimator), small, groups)
            np.testing.assert_array_equal(GroupedPCA.given[1], groups)
        fit_in_groups(clone(plain), small, None)
        assert GroupedPCA.given == (90, None)


def test_comparison_and_display_split_by_groups(small):
    pytest.importorskip("matplotlib").use("agg")
    groups = np.arange(90) // 5
    settings = {"n_components": 2, "cv": 3, "random_state": 0, "verbose": 0}
    by_number = compare_with_pca(GroupedPCA(), small, groups=groups, **settings)
    n_rows, given = GroupedPCA.given
    assert len(given) == n_rows == 60
    splits, _ = make_splits(as_frame(small), None, 3, groups, 0)
    by_hand = compare_with_pca(GroupedPCA(), small, **settings | {"cv": splits})
    pd.testing.assert_frame_equal(by_number.frame()[MEASURED], by_hand.frame()[MEASURED])
    display = WidthDisplay.from_estimator(GroupedPCA(), small, groups=groups, **settings)
    pd.testing.assert_frame_equal(by_number.frame()[MEASURED], display.frame()[MEASURED])


@pytest.mark.parametrize(
    ("X", "arguments", "message"),
    [
        (np.arange(90)[:, None] % 4, {"cv": 5}, "cv=5 needs as many rows that differ"),
        (None, {"groups": np.arange(90) % 2, "cv": 3}, "needs as many groups, .* holds 2"),
        (None, {"groups": [None] * 3 + [1] * 87}, "groups has a missing value in row 0"),
        (None, {"groups": np.arange(80)}, "inconsistent numbers of samples"),
        (None, {"groups": np.ones((90, 2))}, r"groups has the shape \(90, 2\)"),
        (None, {"cv": GroupKFold(3)}, "'groups' parameter should not be None"),
    ],
)
def test_bad_groups_are_told(small, X, arguments, message):
    X = small if X is None else np.c_[X, X]
    with pytest.raises(ValueError, match=message):
        compare_with_pca(PCA(), X, n_components=1, verbose=0, **arguments)
