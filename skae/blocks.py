"""Tables that are larger than memory, read a block of rows at a time."""

from ._data._blocks import RowBlocks
from ._data._sources import as_blocks

__all__ = ["RowBlocks", "as_blocks"]
