"""Fits of tables in blocks: one pass tells of all rows, then the rows stream by."""

import functools
from dataclasses import replace

import numpy as np

from .._data._moments import principal_components_of
from .._data._split import all_rows
from .._data._stream import Overview, Rule, Stream
from .._data._table import Table
from .._models._references import KeptRows
from ._autoencoder import Fit, Split
from ._partial import PartialFit

EPOCH_ROWS = 1 << 18  # at most, between two looks at the validation rows


class StreamedFit(Fit):
    """A fit of more rows than memory holds.

    What must look at rows again and again, to validate, to order the codes, to bound
    them, to corrupt, looks at a sample of them.
    """

    def __init__(self, recipe, rows, audience):
        super().__init__(recipe, rows, audience)
        if not recipe.plan.takes_blocks:
            raise ValueError(
                f"X has {rows.X.shape[0]:,} rows in blocks, more than are read into memory "
                "at once, but the layers of a stack are trained on rows in memory; give a "
                "sample of the rows, or take an AutoencoderTransformer."
            )

    def run(self):
        """Train, and return the attributes of the fitted estimator."""
        self.rows.X.step_aside()
        return super().run()

    def held_out_fraction(self):
        """Return which part of the rows is to choose the best epoch."""
        return 0.0 if self.rows.X_val is not None else self.recipe.validation_fraction

    @functools.cached_property
    def rule(self):
        """Which rows validate, and which stand for the others."""
        return Rule.of(self.rows.X, self.held_out_fraction(), self.seeds.split)

    @functools.cached_property
    def overview(self):
        """What one pass over all blocks tells."""
        look = functools.partial(Overview.of, self.rule)
        return self.rows.X.reduced(look, Overview.merged)

    @functools.cached_property
    def held_out(self):
        """The rows that validate."""
        return np.concatenate(self.overview.held_out)

    def components(self):
        """Return the principal components of the rows."""
        moments = self.overview.moments
        return principal_components_of(moments, self.recipe.width, self.rows.X)

    def weighted_rows(self):
        """Return as many numbers as an epoch has rows."""
        return range(min(EPOCH_ROWS, self.rows.X.shape[0] - len(self.held_out)))

    def split(self, pca):
        """Return as many numbers as an epoch and the validation have rows."""
        X_val = self.rows.X_val
        n_held_out = len(self.held_out) if X_val is None else X_val.shape[0]
        return Split(self.weighted_rows(), all_rows(n_held_out))

    def table(self, start):
        """Return the training rows as a stream, in the units of the network."""
        held_out = Table(self.held_out, None, start.shift, start.scale)
        if self.rows.X_val is not None:
            held_out = replace(held_out, X=self.rows.X_val)
        watched = held_out.copies(all_rows(held_out.X.shape[0]))
        return Stream(
            self.rows.X, self.rule, start.shift, start.scale, watched, self.is_whole
        )

    def validation(self, table, split):
        """Return the rows that choose the best epoch, or None."""
        if self.rows.X_val is not None:
            return super().validation(table, split)
        if not len(split.validation):
            return None
        return Table(self.held_out, None, table.shift, table.scale), split.validation

    @functools.cached_property
    def sampled(self):
        """The rows that stand for all others."""
        return np.concatenate(self.overview.sample)

    def sample(self, stream):
        """Return rows that stand for all."""
        n_behind = self.overview.moments.n_rows - len(self.held_out)
        return Table(self.sampled, None, stream.shift, stream.scale, n_behind=n_behind)

    def row_index(self, training, table):
        """Return which rows of the sample may train: all."""
        return all_rows(table.X.shape[0])

    def is_new(self, training):
        """Return which of the validation rows equal no row that has streamed by."""
        return ~training.table.seen

    def bounds(self, trained, table, pca, compares):
        """Return the range of all rows, with that of the codes of the sample."""
        bounds = super().bounds(trained, table, pca, compares)
        moments = self.overview.moments
        return replace(bounds, low=moments.low, high=moments.high)

    def rows_to_keep(self, before):
        """Return a few of the rows, and of those kept before."""
        return KeptRows.of(self.sampled, None, before, self.overview.moments.n_rows)

    is_whole = False  # whether an epoch has each row once


class StreamedPartialFit(PartialFit, StreamedFit):
    """One epoch more, on all rows of a table in blocks."""

    is_whole = True

    def held_out_fraction(self):
        """Return which part of the rows is to choose the best epoch: none."""
        return 0.0

    def weighted_rows(self):
        """Return as many numbers as there are rows."""
        return range(self.rows.X.shape[0])


STREAMED = {Fit: StreamedFit, PartialFit: StreamedPartialFit}


def check_streamed(X, given):
    """Raise a ValueError for what is given beside rows that do not fit into memory.

    Parameters
    ----------
    X : RowBlocks
    given : dict
        By name: None for what is not given.
    """
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{name} cannot be given for {X.shape[0]:,} rows in blocks, more than are "
                "read into memory at once; give a sample of the rows, or leave it out."
            )
