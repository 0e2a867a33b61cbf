"""The fit of a table autoencoder: its floor, its network, and what fills its holes."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ._columns._coded import slices_of
from ._columns._filling import Filling, fit_filling, fit_spread
from ._columns._floor import LinearFloor, fit_floor
from ._columns._levels import scale_of
from ._columns._measures import (
    baseline_losses,
    cell_losses,
    mean_losses,
    shares_explained,
)
from ._compat import safe_indexing
from ._data._seeds import fresh_seed
from ._data._split import all_rows, checked_groups, clusters_of, split_rows
from ._data._table import Table
from ._fits._autoencoder import Fit
from ._fits._cells import Cells
from ._fits._seeds import Seeds
from ._state import stored
from ._training import Kinds

LEAST_RATE, HIGHEST_RATE = 0.1, 0.5  # at which cells of a column with holes are hidden
RATE_OF_OTHERS = 0.2  # to see how exactly columns without holes would be filled
CELLS = 2000  # of validation rows that are hidden for the gate, about
MAX_TURNS = 16
USUAL_ROWS = 5000  # that tell of usual losses
ROWS, MAX_COPIES = 2000, 8  # of validation rows, for the choice of the best epoch


@stored
@dataclass(frozen=True)
class TableModel:
    """What stands around the network of a table.

    Attributes
    ----------
    slices : list of list of int
        First coded column of each column, and that behind its last one.
    floor : LinearFloor
    holes : list of int
        The columns that say beside the values whether they are missing.
    filling : Filling
    spreads : list of Spread or None
        Of what fills the holes of each column.
    usual : ndarray of shape (n_columns,)
        Mean loss of the cells of each column in training.
    """

    slices: list
    floor: LinearFloor
    holes: list
    filling: Filling
    spreads: list
    usual: np.ndarray

    def inputs(self, coded, filled=None):
        """Return what the network sees of a coded table with holes."""
        filled = self.floor.fill(coded) if filled is None else filled
        if not self.holes:
            return filled
        signs = np.isnan(coded[:, [self.slices[i][0] for i in self.holes]])
        return np.hstack([filled, signs])

    def reconstruct(self, autoencoder, coded, filled=None):
        """Return what the network gives back for a coded table with holes."""
        if not len(coded):
            return coded
        back = autoencoder._model.reconstruct(self.inputs(coded, filled))
        return back[:, : coded.shape[1]]

    def expected(self, autoencoder, coded):
        """Return a coded table with its holes filled."""
        filled = self.floor.fill(coded)
        holed = np.flatnonzero(np.isnan(coded).any(axis=1))
        if not self.filling.shares.any() or not len(holed):
            return filled
        some, floor = coded[holed], filled[holed]
        network = self.reconstruct(autoencoder, some, floor)
        mixed = self.filling.filled(floor, network, self.slices)
        filled[holed] = np.where(np.isnan(some), mixed, some)
        return filled

    def std(self, i, block):
        """Return how exact the values are that fill holes of a column."""
        if self.spreads[i] is None:
            return np.full(len(block), np.nan)
        return self.spreads[i].of(certainty(block))


@dataclass(frozen=True)
class Data:
    """Coded rows, and what is known of them.

    Attributes
    ----------
    coded : ndarray of shape (n_rows, n_coded)
        NaN where a cell is missing.
    y : array-like or None
    weight : ndarray or None
    """

    coded: np.ndarray
    y: Any = None
    weight: np.ndarray | None = None

    @property
    def has_holes(self):
        """Whether any cell is missing."""
        return bool(np.isnan(self.coded).any())

    def rows(self, index):
        """Return some of the rows."""
        y = None if self.y is None else safe_indexing(self.y, index)
        weight = None if self.weight is None else self.weight[index]
        return Data(self.coded[index], y, weight)


class TableFit:
    """A fit of an autoencoder to a coded table with holes.

    Parameters
    ----------
    autoencoder : estimator
        To be fitted.
    columns : tuple of Column
    by_kind : bool
        Whether categories count by their cross-entropy.
    """

    def __init__(self, autoencoder, columns, by_kind):
        self.autoencoder, self.columns, self.by_kind = autoencoder, columns, by_kind
        self.slices = [[part.start, part.stop] for part in slices_of(columns)]

    def run(self, data, data_val, groups):
        """Return the model around the fitted autoencoder, and the scores of both.

        Parameters
        ----------
        data : Data
        data_val : Data or None
            Rows that choose the best epoch, in place of some of `data`.
        groups : array-like or None
        """
        groups = checked_groups(groups, data.coded)
        has_holes = data.has_holes or (data_val is not None and data_val.has_holes)
        if not has_holes and not self.kinds(0).blocks:
            return self.plain(data, data_val, groups)
        seed = self.fixed_seed()
        index, rows_val = None, data_val
        if data_val is None:
            index, index_val = self.split(data, groups, seed)
            if len(index_val):
                rows_val, groups = data.rows(index_val), None
            else:
                index = None
        holes = self.columns_with_holes(data.coded)
        model = self.bare_model(self.floor(data, index), holes)
        self.fit_network(model, data, index, rows_val, groups)
        scores = float("nan"), float("nan")
        if rows_val is None:
            model = self.judged(model, data, seed, is_trusted=False)
        else:
            model = self.judged(model, rows_val, seed, is_trusted=bool(holes))
            scores = self.scores(model, rows_val)
        if index is not None:
            model = replace(model, floor=self.floor(data, start=model.floor))
        return self.with_usual_losses(model, data), scores

    def floor(self, data, index=None, start=None):
        """Return the linear floor of some of the rows."""
        some = data if index is None else data.rows(index)
        return fit_floor(some.coded, some.weight, start)

    def plain(self, data, data_val, groups):
        """Fit the autoencoder as it is: there is nothing more that it must know."""
        given = {"sample_weight": data.weight, "groups": groups}
        if data_val is not None:
            given["X_val"] = data_val.coded
            if data_val.y is not None:
                given["y_val"] = data_val.y
        inner = self.autoencoder.fit(data.coded, data.y, **given)
        model = self.bare_model(fit_floor(data.coded, data.weight), [])
        model = self.judged(model, data, self.fixed_seed(), is_trusted=False)
        scores = inner.validation_score_, inner.pca_score_
        return self.with_usual_losses(model, data), scores

    def fit_network(self, model, data, index, data_val, groups):
        """Fit the autoencoder to the cells that are there, of all rows or of some."""
        inner, labels, X_val, observed_val = self.autoencoder, None, None, None
        inner._validate_params()
        if data_val is not None and model.holes:  # cells of which are hidden in many ways
            n_rows = len(data_val.coded)
            n_copies = int(np.clip(ROWS // n_rows, 1, MAX_COPIES))
            data_val = data_val.rows(np.tile(np.arange(n_rows), n_copies))
        if data_val is not None:
            X_val = model.inputs(data_val.coded)
            observed_val = self.observed(data_val.coded, model.holes)
        some = data if index is None else data.rows(index)
        if hasattr(inner, "_labels"):
            y_val = None if data_val is None else data_val.y
            labels = partial(inner._labels, some.y, y_val)
        cells = Cells(
            self.kinds(len(model.holes)),
            model.floor,
            tuple(slice(*self.slices[i]) for i in model.holes),
            self.rates(some.coded, model.holes),
            self.observed(some.coded, model.holes),
            observed_val,
        )
        X, weight = model.inputs(some.coded).astype(np.float32), some.weight
        del some  # a large table is not held twice while it trains
        inner._fit(Fit, X, weight, X_val, groups, labels=labels, cells=cells)

    def judged(self, model, data, seed, is_trusted):
        """Return the model with what hidden cells say of what fills them.

        Parameters
        ----------
        model : TableModel
        data : Data
            Some of whose cells are hidden.
        seed : int
        is_trusted : bool
            Whether the network may be better than the floor.
        """
        rng = np.random.default_rng([seed, 1])
        others = [i for i in range(len(self.columns)) if i not in model.holes]
        filling, of_holes = self.judged_columns(model, data, model.holes, rng, is_trusted)
        spreads = of_holes | self.judged_columns(model, data, others, rng)[1]
        in_order = [spreads[i] for i in range(len(self.columns))]
        return replace(model, filling=filling, spreads=in_order)

    def judged_columns(self, model, data, columns, rng, is_trusted=False):
        """Return how far the network is trusted, and the spreads of some columns."""
        coded, hidden, row_index = self.hidden_cells(data.coded, columns, model.holes, rng)
        filling, floor = model.filling, model.floor.fill(coded)
        mixed = floor
        if is_trusted:
            network = model.reconstruct(self.autoencoder, coded, floor)
            filling = fit_filling(
                data.coded[row_index],
                hidden,
                floor,
                network,
                slices=self.slices,
                clusters=row_index,
            )
            mixed = filling.filled(floor, network, self.slices)
        spreads = {}
        for i in columns:
            some = hidden[:, i]
            spreads[i] = self.spread(i, data.coded[row_index[some]], mixed[some])
        return filling, spreads

    def hidden_cells(self, coded, columns, holes, rng):
        """Return rows some of whose cells are hidden, which, and of which row they are.

        Columns with holes and others are hidden in turns of their own: in new rows, the
        others are there.
        """
        is_there = self.are_there(coded)
        is_asked = np.isin(np.arange(len(self.columns)), columns)
        rates = np.full(len(self.columns), RATE_OF_OTHERS)
        rates[holes] = self.rates(coded, holes)
        n_cells = (is_there * rates)[:, is_asked].sum() / max(len(columns), 1)
        n_turns = int(np.clip(CELLS / n_cells, 1, MAX_TURNS)) if n_cells else 0
        row_index = np.tile(np.arange(len(coded)), n_turns)
        changed = coded[row_index]
        draws = rng.random((n_turns * len(coded), len(self.columns)))
        hidden = is_there[row_index] & is_asked & (draws < rates)
        for i, (first, last) in enumerate(self.slices):
            changed[hidden[:, i], first:last] = np.nan
        return changed, hidden, row_index

    def spread(self, i, truth, given):
        """Return how far hidden cells of a column are from what fills them."""
        code = self.columns[i].code
        part = slice(*self.slices[i])
        if not len(truth) or not self.columns[i].width:
            return None
        decoded = [code.decode(block[:, part], is_filled=True) for block in (truth, given)]
        true, found = decoded
        expected = certainty(given[:, part])
        if true.dtype == object:
            return fit_spread(expected, true != found, is_level=True)
        return fit_spread(expected, in_numbers(true) - in_numbers(found), is_level=False)

    def scores(self, model, data):
        """Return the shares of rows that the autoencoder and PCA explain."""
        filled = model.floor.fill(data.coded)
        baseline = baseline_losses(self.columns, data.coded, self.by_kind)
        of_pca = self.autoencoder._components.reconstruct(model.inputs(data.coded, filled))
        backs = (
            model.reconstruct(self.autoencoder, data.coded, filled),
            of_pca[:, : data.coded.shape[1]],
        )
        losses = [cell_losses(self.columns, data.coded, b, self.by_kind) for b in backs]
        return tuple(shares_explained(some, baseline)[1] for some in losses)

    def split(self, data, groups, seed):
        """Return which rows train, and which validate."""
        index = all_rows(len(data.coded))
        index = index if data.weight is None else index[data.weight > 0]
        rows = np.nan_to_num(data.coded.astype(np.float32), copy=False)
        seen = Table(rows, None, np.zeros(rows.shape[1]), 1.0)
        seeds = Seeds.from_random_state(seed, 0)
        clusters = clusters_of(seen, index, groups)
        fraction = self.autoencoder.validation_fraction
        train, held_out = split_rows(clusters, fraction, seeds.split)
        return index[train], index[held_out]

    def fixed_seed(self):
        """Return the seed of the autoencoder, which is given one if it has none."""
        seed = self.autoencoder.random_state
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(2**31 - 1)
        seed = int(fresh_seed(seed))
        self.autoencoder.set_params(random_state=seed)
        return seed

    def bare_model(self, floor, holes):
        """Return what stands around a network before anything is known of it."""
        n_columns = len(self.columns)
        nothing = Filling(np.zeros(n_columns))
        ones = np.ones(n_columns)
        return TableModel(self.slices, floor, holes, nothing, [None] * n_columns, ones)

    def with_usual_losses(self, model, data):
        """Return the model with the mean losses of cells, of some rows."""
        n_rows = len(data.coded)
        some = np.unique(np.linspace(0, n_rows - 1, min(n_rows, USUAL_ROWS)).astype(int))
        coded = data.coded[some]
        back = model.reconstruct(self.autoencoder, coded)
        losses = cell_losses(self.columns, coded, back, self.by_kind)
        return replace(model, usual=mean_losses(losses))

    def are_there(self, coded):
        """Return which cells of the frame have a value, shape (n_rows, n_columns)."""
        there = np.zeros((len(coded), len(self.columns)), dtype=bool)
        for i, (first, last) in enumerate(self.slices):
            if last > first:
                there[:, i] = ~np.isnan(coded[:, first])
        return there

    def columns_with_holes(self, coded):
        """Return the columns that have a value in some rows, and none in others."""
        widths = np.array([last > first for first, last in self.slices])
        return np.flatnonzero(widths & ~self.are_there(coded).all(axis=0)).tolist()

    def rates(self, coded, holes):
        """Return at which rate the cells of columns with holes are hidden."""
        missing = 1 - self.are_there(coded)[:, holes].mean(axis=0)
        return np.clip(missing, LEAST_RATE, HIGHEST_RATE).astype(np.float32)

    def observed(self, coded, holes):
        """Return which cells count, of those that the network sees."""
        return np.pad(~np.isnan(coded), ((0, 0), (0, len(holes))))

    def kinds(self, n_signs):
        """Return which coded columns are numbers, and which levels."""
        n_values = self.slices[-1][1]
        shares, scales = np.zeros(n_values), np.ones(n_values)
        blocks = []
        for column, (first, last) in zip(self.columns, self.slices):
            if self.by_kind and column.code.n_levels:
                blocks.append((first, last - first))
                shares[first:last] = column.code.shares
                scales[first:last] = scale_of(column.code.shares)
        n_columns = sum(last > first for first, last in self.slices)
        return Kinds(n_values + n_signs, n_values, n_columns, tuple(blocks), shares, scales)


def certainty(block):
    """Return by what spreads differ within a column: its value, or its largest level."""
    return block.max(axis=1)


def in_numbers(values):
    """Return values as numbers, times in days."""
    if values.dtype.kind not in "mM":
        return values
    day = np.timedelta64(86_400_000_000, "us")
    return (values - values.dtype.type(0, "us")) / day


def take_names(estimator, fitted):
    """Give an estimator the columns that a fitted one inside of it has seen."""
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
        if hasattr(fitted, name):
            setattr(estimator, name, getattr(fitted, name))
