"""Rows of a table in blocks as a fit sees them: split by number, shuffled on the way."""

import contextlib
from dataclasses import dataclass, field

import numpy as np

from ._moments import Moments
from ._rows import take
from ._table import Table, numbers_of

HELD_VALUES = 1 << 22  # of the rows that validate, and of those that stand for all
BUFFER_VALUES = 1 << 26  # of the rows that are shuffled: 256 MiB
LEAST_SHARE, MOST_SHARE = 1 / 8, 1 / 2  # of the rows of a block, when it is read


@dataclass(frozen=True)
class Rule:
    """Which rows validate, and which stand for all others: told by their numbers alone.

    So it does not matter in which blocks the rows come, or where they are read.

    Attributes
    ----------
    held_out, sampled : float
        Fractions of the rows.
    word : int
        Chosen by the seed of the fit.
    offsets : list of int
        The number of the first row of each block.
    """

    held_out: float
    sampled: float
    word: int
    offsets: list

    @classmethod
    def of(cls, blocks, fraction, seed):
        """Return the rule that holds out a fraction of the rows, but not too many."""
        n_rows, n_features = blocks.shape
        most = max(1, HELD_VALUES // n_features) / n_rows
        word = int(seed.generate_state(1, np.uint64)[0])
        return cls(min(fraction, most), min(most, 1.0), word, blocks.offsets)

    def split(self, i, n_rows):
        """Return masks of the rows of a block: those that validate, those sampled."""
        numbers = np.arange(n_rows, dtype=np.uint64) + np.uint64(self.offsets[i])
        places = _mixed(numbers ^ np.uint64(self.word)) / 2.0**64
        held_out = places < self.held_out
        return held_out, (places >= 1 - self.sampled) & ~held_out


def _mixed(numbers):
    """Return the numbers mixed as by splitmix64 (Steele, Lea and Flood, 2014)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@dataclass(frozen=True)
class Overview:
    """What one pass over the blocks tells.

    Attributes
    ----------
    moments : Moments
    held_out, sample : list of ndarray
        The rows that validate, and those that stand for all others.
    """

    moments: Moments
    held_out: list
    sample: list

    @classmethod
    def of(cls, rule, rows, i):
        """Return what the rows of block `i` tell."""
        held_out, sampled = rule.split(i, len(rows))
        return cls(Moments.of(rows), [rows[held_out]], [rows[sampled]])

    def merged(self, other):
        """Return what these rows and others tell."""
        return Overview(
            self.moments.merged(other.moments),
            self.held_out + other.held_out,
            self.sample + other.sample,
        )


@dataclass(frozen=True)
class Stream:
    """The training rows of a table in blocks, and how to condition them.

    Attributes
    ----------
    X : RowBlocks
        Checked.
    rule : Rule
    shift, scale : ndarray of shape (n_features,), float
        As of :class:`Table`.
    watched : ndarray of shape (n_watched,)
        Numbers of the validation rows, as :meth:`Table.copies` gives them.
    is_whole : bool, default=False
        Whether each row is to come once, as in a partial fit.
    seen : ndarray of bool of shape (n_watched,)
        Which of them has come among the training rows so far.
    """

    X: object
    rule: Rule
    shift: np.ndarray
    scale: float
    watched: np.ndarray
    is_whole: bool = False
    seen: np.ndarray = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "seen", np.zeros(len(self.watched), dtype=bool))

    def shuffled(self, row_index, n_rows, n_epochs, rng):
        """Yield tables of `n_rows` rows, and their numbers, from a buffer that is shuffled.

        Blocks come in random order, and each gives only a part of its rows at a time, so
        that those in the buffer are from many blocks: a table may be sorted.

        Parameters
        ----------
        row_index : range
            As many as the rows of an epoch, of which the last part may hold fewer.
        n_rows, n_epochs : int
        rng : numpy.random.Generator
        """
        n_features, n_wanted = self.X.shape[1], n_epochs * len(row_index)
        most = max(n_rows, BUFFER_VALUES // n_features)
        buffer = _Buffer(np.empty((min(most, n_wanted), n_features), np.float32))
        shift, scale = np.zeros(n_features), 1.0  # the rows in the buffer are conditioned
        with contextlib.closing(self._rows(n_wanted, rng)) as parts:
            for _ in range(n_epochs):
                for first in range(0, len(row_index), n_rows):
                    count = min(n_rows, len(row_index) - first)
                    buffer.fill(parts)
                    rows = buffer.drawn(count, rng)
                    yield Table(rows, None, shift, scale), np.arange(count)

    def _rows(self, n_wanted, rng):
        """Yield conditioned rows of blocks in random order, `n_wanted` altogether."""
        # Drawn from a stream of its own: blocks are read ahead, in another thread.
        order_rng, share_rng = rng.spawn(2)
        share = n_wanted / max(self.X.shape[0], 1)
        share = 1.0 if self.is_whole else float(np.clip(share, LEAST_SHARE, MOST_SHARE))
        numbers = _in_turn(self.X.n_blocks, order_rng)
        with contextlib.closing(self.X.read(numbers)) as blocks:
            for i, block in blocks:
                rows = self._training_rows(block, i)
                n_used = min(int(np.ceil(share * len(rows))), n_wanted)
                used = share_rng.permutation(len(rows))[:n_used]
                rows = Table(rows, None, self.shift, self.scale).conditioned(used)
                if len(self.watched):
                    self.seen[np.isin(self.watched, numbers_of(rows))] = True
                n_wanted -= n_used
                yield rows
                if not n_wanted:
                    return

    def _training_rows(self, block, i):
        held_out, _ = self.rule.split(i, len(block))
        return take(block, ~held_out) if held_out.any() else block


def _in_turn(n_blocks, rng):
    """Yield the numbers of all blocks in random order, again and again."""
    while True:
        yield from rng.permutation(n_blocks).tolist()


@dataclass
class _Buffer:
    """Rows that wait to be drawn.

    Attributes
    ----------
    rows : ndarray of shape (n, n_features)
    n_filled : int
        How many of them are there.
    rest : ndarray or None
        Rows that had no room.
    """

    rows: np.ndarray
    n_filled: int = 0
    rest: np.ndarray | None = None

    def fill(self, parts):
        """Take in rows until there is room for no more, or none are left."""
        while self.n_filled < len(self.rows):
            rows = next(parts, None) if self.rest is None else self.rest
            if rows is None:
                return
            room = len(self.rows) - self.n_filled
            self.rest = rows[room:] if len(rows) > room else None
            rows = rows[:room]
            self.rows[self.n_filled : self.n_filled + len(rows)] = rows
            self.n_filled += len(rows)

    def drawn(self, n_rows, rng):
        """Return rows drawn at random, whose places others take."""
        index = rng.choice(self.n_filled, n_rows, replace=False)
        rows = self.rows[index]
        left = self.n_filled - n_rows
        stay = np.ones(n_rows, dtype=bool)  # of the last rows, those that are not drawn
        stay[index[index >= left] - left] = False
        self.rows[index[index < left]] = self.rows[left : self.n_filled][stay]
        self.n_filled = left
        return rows
