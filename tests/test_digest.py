"""The same fit gives the same bits, and another fit gives others."""

import pickle

import pytest
from digest import FITS, digest

pytestmark = pytest.mark.slow
REPEATED = ["plain", "own network", "emphasis", "kl", "stack", "supervised"]
REPEATED += ["few classes", "values", "table", "imputer", "codec"]


@pytest.fixture(scope="module")
def fitted():
    """Each of the fits, once."""
    return {name: fit() for name, fit in FITS.items()}


def test_fits_of_different_kinds_give_different_bits(fitted):
    digests = {name: digest(estimator) for name, estimator in fitted.items()}
    assert len(set(digests.values())) == len(FITS), digests


@pytest.mark.parametrize("name", REPEATED)
def test_fit_anew_gives_the_same_bits(fitted, name):
    assert digest(FITS[name]()) == digest(fitted[name])


@pytest.mark.parametrize("name", REPEATED)
def test_pickle_gives_the_same_bits(fitted, name):
    assert digest(pickle.loads(pickle.dumps(fitted[name]))) == digest(fitted[name])
