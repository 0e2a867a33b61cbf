"""How normal a row is: its distance from training rows, in code and in residual."""

from dataclasses import dataclass

import numpy as np

from .._data._rows import chunk_slices, take
from .._data._threads import one_blas_thread
from ._base import Kept

N_KEPT = 1101  # training rows, of which the most central are references:
CENTRAL = 0.93  # the rest may be the anomalies that one looks for
KEPT_VALUES = 1 << 20  # fewer rows of a wide table are kept, but not fewer than
LEAST_KEPT = 32
NEIGHBOUR = 3  # the one that is measured to: a pair of anomalies does not hide itself
LEAST_RESIDUAL = 1e-3  # of the deviation of its column: less is rounding
ITSELF = 1e-4  # a distance below which a reference is the row itself, or its copy
FAR = 1e100  # whose square is a number
BLOCK_VALUES = 1 << 17  # 1 MiB, which is in the cache when it is searched


@dataclass(frozen=True)
class KeptRows(Kept):
    """A random sample of the training rows, each as likely as it has weight.

    Each row draws a key, and those with the smallest keys stay (Efraimidis and Spirakis,
    2006), so that a sample of a stream is one of all its rows.

    Attributes
    ----------
    rows : ndarray of shape (n_kept, n_features)
    keys : ndarray of shape (n_kept,)
    n_seen : int
        Number of rows that it was drawn from.
    """

    rows: np.ndarray
    keys: np.ndarray
    n_seen: int

    @classmethod
    def of(cls, X, weight=None, before=None, n_behind=None):
        """Return a sample of the rows of a table, and of those seen before.

        Parameters
        ----------
        X : ndarray, memmap or CSR matrix of shape (n_samples, n_features)
        weight : ndarray of shape (n_samples,), default=None
        before : KeptRows, default=None
        n_behind : int, default=None
            Of how many rows `X` is itself a sample; None for all there are.
        """
        n_samples, n_features = X.shape
        n_before = 0 if before is None else before.n_seen
        # Not seeded by the fit: it would move the streams of what trains.
        keys = np.random.default_rng(n_before).exponential(size=n_samples)
        n_behind = n_samples if n_behind is None else n_behind
        keys *= n_samples / n_behind  # the smallest of more keys are smaller
        if weight is not None:
            with np.errstate(divide="ignore", over="ignore"):
                keys = np.where(weight > 0, keys / weight, np.inf)
        n_kept = min(N_KEPT, max(LEAST_KEPT, KEPT_VALUES // n_features))
        index = np.sort(np.argsort(keys, kind="stable")[:n_kept])
        index = index[np.isfinite(keys[index])]
        rows, keys = np.array(take(X, index)), keys[index]
        if before is not None:
            rows = np.concatenate([before.rows, rows])
            keys = np.concatenate([before.keys, keys])
            stay = np.sort(np.argsort(keys, kind="stable")[:n_kept])
            rows, keys = rows[stay], keys[stay]
        return cls(rows, keys, n_before + n_behind)

    def distances(self, model, X):
        """Return how far rows are from these, as a fitted model sees them."""
        return self.references(model).distances(model, X)

    def references(self, model):
        """Return the most central of the rows as points, found once for a model."""
        return self.kept(id(model), lambda: References.of(model, self.rows))


@dataclass(frozen=True)
class References:
    """Central training rows as points, the first of them made of their codes.

    The squared distance of two points is the mean squared difference of the codes plus that
    of the residuals, all in standard deviations: where a row lies among the others, and how
    it departs from what they have in common, count alike, however wide code and table are.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_components + n_features,)
        Of codes and residuals.
    points : ndarray of shape (n_references, n_components + n_features)
    """

    mean: np.ndarray
    scale: np.ndarray
    points: np.ndarray

    @classmethod
    def of(cls, model, rows):
        """Return the references among rows: those with the smallest distance from 0."""
        codes, residuals = codes_and_residuals(model, rows)
        n_components, n_features = codes.shape[1], residuals.shape[1]
        least = LEAST_RESIDUAL * _deviations(rows.astype(np.float64))
        of_residuals = np.maximum(_deviations(residuals), least) * (least > 0)
        scale = np.concatenate(
            [
                _or_one(_deviations(codes)) * np.sqrt(n_components),
                _or_one(of_residuals) * np.sqrt(n_features),
            ]
        )
        joint = np.hstack([codes, residuals])
        found = cls(joint.mean(axis=0), scale, np.empty((0, len(scale))))
        points = found._standardised(joint)
        lengths = (points**2).sum(axis=1)
        is_central = lengths <= np.quantile(lengths, CENTRAL, method="higher")
        return cls(found.mean, found.scale, points[is_central])

    def distances(self, model, X):
        """Return the distance of each row of `X` to the third nearest reference.

        A reference that is the row itself is not counted, so that training rows and new
        ones are judged alike.
        """
        distances = np.empty(X.shape[0])
        # Of |p - q|² = |p|² + (-2 p q + |q|²), one product gives all that depends on q.
        factors = np.vstack([-2 * self.points.T, (self.points**2).sum(axis=1)])
        with one_blas_thread():
            for part in chunk_slices(*X.shape):
                points = self._standardised(np.hstack(codes_and_residuals(model, X[part])))
                lengths = np.einsum("ij,ij->i", points, points)[:, np.newaxis]
                points = np.hstack([points, np.ones_like(lengths)])
                found = distances[part]
                for block in chunk_slices(len(points), len(self.points), BLOCK_VALUES):
                    squares = points[block] @ factors
                    found[block] = _to_neighbour(squares, lengths[block])
        return distances

    def _standardised(self, joint):
        with np.errstate(over="ignore", invalid="ignore"):
            points = np.clip((joint - self.mean) / self.scale, -FAR, FAR)
        return np.nan_to_num(points, nan=FAR)


def codes_and_residuals(model, rows):
    """Return the codes of rows, and the rows less what the codes give back."""
    rows = take(rows, slice(None), np.float64)
    codes = model.encode(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        return codes.astype(np.float64), rows - model.decode(codes)


def _deviations(values):
    """Return standard deviations of columns whose squares may be out of range."""
    reach = _or_one(np.abs(values).max(axis=0))
    return (values / reach).std(axis=0) * reach


def _or_one(deviations):
    """Return deviations, with 1 for those that are 0, and so have no unit."""
    return np.where(deviations > 0, deviations, 1.0)


def _to_neighbour(squares, lengths):
    """Return the distances of points to their third nearest reference but themselves.

    Parameters
    ----------
    squares : ndarray of shape (n_points, n_references)
        Squared distances, less `lengths`; put in another order here.
    lengths : ndarray of shape (n_points, 1)
        Squared distances of the points from 0.
    """
    n_points, n_references = squares.shape
    n_nearest = min(NEIGHBOUR + 1, n_references)
    squares.partition(n_nearest - 1, axis=1)
    nearest = np.sort(squares[:, :n_nearest], axis=1) + lengths
    nearest = np.sqrt(np.maximum(nearest, 0))
    place = NEIGHBOUR - 1 + (nearest[:, 0] < ITSELF)
    return nearest[np.arange(n_points), np.minimum(place, n_nearest - 1)]
