"""Principal components, from dense, wide, sparse, weighted and degenerate tables."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA

from skae._data._pca import principal_components


@pytest.mark.parametrize("shape", [(200, 8), (20, 50), (30, 30)])
def test_components_equal_scikit_learn(shape):
    X = np.random.default_rng(0).normal(5, 1, shape) * np.linspace(1, 3, shape[1])
    found, expected = principal_components(X, 4), PCA(4).fit(X)
    np.testing.assert_allclose(found.mean, expected.mean_)
    np.testing.assert_allclose(found.components, expected.components_, atol=1e-9)
    np.testing.assert_allclose(found.explained_variance, expected.explained_variance_)
    np.testing.assert_allclose(
        found.explained_variance_ratio, expected.explained_variance_ratio_
    )
    np.testing.assert_allclose(found.column_scale, X.std(axis=0))


@pytest.mark.parametrize("fraction", [0.3, 0.8, 0.99])
def test_fraction_of_variance_gives_as_many_components_as_scikit_learn(wine, fraction):
    found = principal_components(wine).n_components_for(fraction)
    assert found == PCA(fraction, svd_solver="full").fit(wine).n_components_


@pytest.mark.parametrize("shape", [(60, 5), (6, 9)])
def test_weights_equal_repeated_rows(shape):
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=shape), rng.integers(0, 4, shape[0])
    weight[0] = 2
    weighted = principal_components(X, 2, weight.astype(float))
    repeated = principal_components(np.repeat(X, weight, axis=0), 2)
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    np.testing.assert_allclose(weighted.components, repeated.components, atol=1e-10)
    np.testing.assert_allclose(weighted.explained_variance, repeated.explained_variance)


def test_sparse_rows_equal_dense_rows():
    X = sparse.random(300, 12, 0.2, "csr", random_state=0)
    found, expected = principal_components(X, 3), principal_components(X.toarray(), 3)
    np.testing.assert_allclose(found.components, expected.components, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-30, 1e30])
def test_constant_table_has_no_components(value):
    found = principal_components(np.full((50, 3), value), 2)
    assert len(found.components) == 0
    assert not found.column_scale.any()
    assert found.scale == 1


def test_directions_without_variance_are_left_out():
    X = np.random.default_rng(0).normal(size=(40, 2)) @ np.ones((2, 5))
    assert len(principal_components(X, 4).components) == 1
