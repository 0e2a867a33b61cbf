"""What an autoencoder is likely to gain over PCA, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._console import printable
from .._data._seeds import as_seed, fresh_seed
from .._data._split import checked_groups
from .._typing import ArrayLike, Rows, Seed, Widths
from ._calibration import drivers, expected
from ._closed_forms import NO_VARIANCE, Halves, halves
from ._preparation import as_frame, as_table, prepared
from ._splitting import make_splits, row_numbers
from ._widths import widths_below

MAX_ROWS = 3000  # that are looked at
N_FOLDS = 3
ENOUGH_ROWS = 3500  # in all folds together
ENOUGH_CELLS = 500_000
MIN_ROWS = 20
FEW_ROWS = 500  # below it, gains were often there and not found, or the reverse
MORE_ROWS_HELP = 1500
SURE = 0.95  # the upper end of a gain that is sure
NO_GAIN = 0.97
TELLS_NOTHING = 0.98
MOST = 0.5  # of a gain
INDEPENDENT = 0.9  # of what PCA would leave of columns that are
HEADINGS = {
    "expected_error": "error",
    "low": "from",
    "high": "to",
}
SHOWN = [*HEADINGS, "gain", "limit"]


@dataclass(frozen=True, eq=False, repr=False)
class GainEstimate:
    """What :func:`~skae.compare.estimate_gain` expects.

    Attributes
    ----------
    records : DataFrame
        A row for each width.
    n_rows : int
        Rows of the table.
    n_seen : int
        Rows that were looked at.
    """

    records: pd.DataFrame
    n_rows: int
    n_seen: int

    def frame(self) -> pd.DataFrame:
        """Return all numbers.

        Returns
        -------
        DataFrame
            A row for each width: "expected_error", the squared error of an autoencoder on
            unseen rows divided by PCA's; "low" and "high", between which four of five
            were on open tables that were left out in calibrating; "gain", "yes" if even
            "high" is clearly below one, "no" if no gain is expected, else "maybe";
            "limit", what decides. Then what it follows from: "pca_left", the part of the
            variance of held-out rows that PCA leaves; "decoder" and "both", the error of
            closed forms over PCA's, with PCA's codes and a decoder that bends, and with
            codes that bend too; "different_rows" and "directions" of the table.
        """
        return self.records.copy()

    def __repr__(self) -> str:
        table = self.records[SHOWN].rename(columns=HEADINGS)
        text = table.to_string(float_format="{:.2f}".format)
        return printable("\n".join([text, "", *self._about_rows]))

    def _repr_html_(self):
        table = self.records[SHOWN].rename(columns=HEADINGS)
        html = table.to_html(float_format="{:.2f}".format)
        return html + f"<p>{' '.join(self._about_rows)}</p>"

    @property
    def _about_rows(self):
        are_all = self.n_seen == self.n_rows
        seen = f"all {self.n_rows:,}" if are_all else f"{self.n_seen:,} of {self.n_rows:,}"
        return [
            "Error of an autoencoder on unseen rows, relative to PCA's: what closed forms",
            f"on {seen} rows let expect, and between what four of five are.",
        ]


def estimate_gain(
    X: Rows,
    n_components: Widths = (2, 5, 10),
    *,
    groups: ArrayLike | None = None,
    random_state: Seed = None,
) -> GainEstimate:
    """Estimate in about a second what an autoencoder gains over PCA, without training.

    Each half of an autoencoder is put together from ridge regressions on random features:
    a decoder that gives back the rows from codes, and an encoder that finds codes from
    which this decoder, to first order, gives back more. What they reach on held-out rows
    was compared with what default :class:`~skae.AutoencoderTransformer`\\ s reach on
    39 open tables; the estimate is what this comparison makes of it. Columns are prepared
    as :func:`~skae.compare_with_pca` prepares them, and no backend is imported.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        The table, numbers, text and dates as they are. Of more than 3,000 rows, as many
        are drawn at random.
    n_components : int or sequence of int, default=(2, 5, 10)
        Widths; those not below the number of prepared columns, or of training rows, are
        left out.
    groups : array-like of shape (n_samples,), default=None
        The group of each row: rows of one group are never on both sides of a split. Without
        groups, rows that are equal never are.
    random_state : int, RandomState instance or None, default=None
        Draws and splits the rows. None takes fresh entropy; no global generator is read or
        moved.

    Returns
    -------
    GainEstimate
        The error to be expected relative to PCA's, with an interval and what limits it.

    See Also
    --------
    skae.compare_with_pca : Trains, and measures it.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skae.compare import estimate_gain
    >>> estimate = estimate_gain(load_digits().data, random_state=0).frame()
    >>> estimate["gain"].tolist()
    ['yes', 'yes', 'yes']
    """
    seed = fresh_seed(as_seed(random_state))
    table = as_table(X)
    groups = checked_groups(groups, table)
    n_rows = len(table)
    table, groups = sampled(MAX_ROWS, seed, table, groups)
    table = as_frame(table)
    n_different = len(np.unique(row_numbers(table)))
    _check_rows(n_different, groups)
    pairs = make_splits(table, None, N_FOLDS, groups, seed)[0]
    splits = [prepared(table, *pair) for pair in pairs[: _n_folds(table.shape)]]
    widths, _ = widths_below(n_components, min(min(rows.shape) for rows, _ in splits))
    n_different = round(n_different / len(table) * n_rows)
    return GainEstimate(expected_gain(splits, widths, n_different), n_rows, len(table))


def sampled(max_rows, seed, *tables):
    """Return as many rows of some tables, drawn at random and in their order.

    Without more rows than that they are returned as they are, and so is None.
    """
    if max_rows is None or len(tables[0]) <= max_rows:
        return tables
    chosen = np.random.default_rng(seed).permutation(len(tables[0]))[:max_rows]
    chosen.sort()
    return [None if table is None else _rows_of(table, chosen) for table in tables]


def _rows_of(table, chosen):
    return table.iloc[chosen] if hasattr(table, "iloc") else table[chosen]


def _check_rows(n_different, groups):
    if n_different < MIN_ROWS:
        raise ValueError(
            f"X has {n_different} rows that differ, but an estimate needs {MIN_ROWS}; with "
            "so few, stay with PCA."
        )
    if groups is not None and len(pd.unique(groups)) < N_FOLDS:
        raise ValueError(
            f"groups holds {len(pd.unique(groups))} different ones, but an estimate needs "
            f"{N_FOLDS}; leave groups out, or gather more of them."
        )


def _n_folds(shape):
    """Return how many folds a verdict takes: small tables need all of them."""
    n_rows, n_columns = shape
    enough = min(ENOUGH_ROWS // n_rows, ENOUGH_CELLS // (n_rows * n_columns))
    return max(1, min(enough, N_FOLDS))


def expected_gain(splits, widths, n_different):
    """Return a record for each width: what is to be expected, and what it follows from.

    Parameters
    ----------
    splits : list of tuple of two ndarray
        Training and held-out rows.
    widths : list of int
    n_different : int
        Rows, copies not counted, that an autoencoder would be fitted to.

    Returns
    -------
    DataFrame
    """
    measured = zip(*(halves(rows, unseen, widths) for rows, unseen in splits))
    means = [_mean(parts) for parts in measured]
    n_columns = splits[0][0].shape[1]
    records = [_record(mean, n_different, n_columns) for mean in means]
    return pd.DataFrame(records, index=pd.Index(widths, name="n_components"))


def expected_gain_of_splits(splits, widths, n_different):
    """Return the same of some rows of the splits of a comparison.

    Parameters
    ----------
    splits : list of Split
    widths : list of int
    n_different : int
    """
    n_held_out = MAX_ROWS // N_FOLDS
    n_folds = _n_folds(
        (len(splits[0].rows) + len(splits[0].unseen), splits[0].rows.shape[1])
    )
    pairs = [
        (
            sampled(MAX_ROWS - n_held_out, 0, split.rows)[0],
            sampled(n_held_out, 0, split.unseen)[0],
        )
        for split in splits[:n_folds]
    ]
    return expected_gain(pairs, widths, n_different)


def _mean(parts):
    """Return the means over splits of what closed forms make of one width."""
    values = np.mean([list(vars(part).values()) for part in parts], axis=0)
    return Halves(*values.tolist())


def _record(half, n_different, n_columns):
    part = min(half.n_components / half.n_directions, 1.0)
    ratio, low, high = map(float, expected(drivers(half.both, n_different, part)))
    if _leaves_nothing(half):
        low = high = 1.0
    gain = "maybe"
    if high <= SURE and half.decoder <= TELLS_NOTHING:
        gain = "yes"
    elif _leaves_nothing(half) or (ratio >= NO_GAIN and n_different >= FEW_ROWS):
        gain = "no"
    return {
        "expected_error": ratio,
        "low": low,
        "high": high,
        "gain": gain,
        "limit": _limit(half, gain, n_different, n_columns),
        "pca_left": half.left,
        "decoder": half.decoder,
        "both": half.both,
        "different_rows": n_different,
        "directions": half.n_directions,
    }


def _leaves_nothing(half):
    return half.left <= NO_VARIANCE or half.n_components >= half.n_directions


def _limit(half, gain, n_different, n_columns):
    """Return in words what decides about a gain."""
    if _leaves_nothing(half):
        return "PCA leaves nothing"
    if gain == "yes":
        by_codes = 1 - half.decoder < MOST * (1 - half.both)
        said = "curved, if codes bend" if by_codes else "curved enough to gain"
        return said + ("; more rows help" if n_different < MORE_ROWS_HELP else "")
    if n_different < FEW_ROWS:
        return f"too few rows ({n_different:,} that differ)"
    if n_columns > n_different:
        return "more columns than rows"
    if half.left > INDEPENDENT * (1 - half.n_components / half.n_directions):
        return "the columns are nearly independent"
    if half.both < 1:
        return "hardly curved"
    return "what PCA leaves is noise"
