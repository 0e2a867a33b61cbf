"""What is a table in blocks: found by what it is, without importing what it is made of."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from ._arrays import ArrayBlocks, GivenBlocks, JoinedBlocks
from ._blocks import RowBlocks
from ._parquet import ParquetBlocks

ARRAYS = ("h5py", "zarr")  # packages whose arrays are read by slices
FILES = (".parquet", ".pq", ".npy", ".zarr")


def as_blocks(X: Any, n_block_rows: int | None = None) -> RowBlocks:
    """Return a table as blocks of rows.

    Parameters
    ----------
    X : object
        A data set of pyarrow; the path of a Parquet file, of a folder of them, of a
        ``.npy`` file or of a ``.zarr`` array; a list of paths; an array of zarr or of
        HDF5; an array or a frame of Dask; any array, such as a memory map; or an object
        of your own with `shape`, `n_blocks` and `block(i)`.
    n_block_rows : int, default=None
        Rows of a block of an array; None takes about 16 MiB. What has blocks of its own
        keeps them.

    Returns
    -------
    RowBlocks
        Reads rows when they are asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.blocks import as_blocks
    >>> blocks = as_blocks(np.arange(20.0).reshape(10, 2), n_block_rows=4)
    >>> blocks.shape, blocks.counts
    ((10, 2), [4, 4, 2])
    >>> blocks.map(lambda rows: rows + 1).block(2)
    array([[17., 18.],
           [19., 20.]])
    """
    found = found_blocks(X, n_block_rows)
    if found is not None:
        return found
    if isinstance(X, str | os.PathLike):
        raise ValueError(
            f"{os.fspath(X)!r} is no file or folder of a kind that is read in blocks; give "
            f"a folder of Parquet files, or a file that ends with {', '.join(FILES)}."
        )
    return ArrayBlocks(X if isinstance(X, np.ndarray) else np.asarray(X), n_block_rows)


def found_blocks(X, n_block_rows=None):
    """Return the blocks of what comes in blocks, None for all that is in memory.

    A memory map counts as that: it is read a chunk at a time as it is.
    """
    if type(X) is np.ndarray:  # at once, for a single row
        return None
    if isinstance(X, RowBlocks):
        return X
    package = type(X).__module__.partition(".")[0]
    if package == "dask" and getattr(X, "ndim", 0) == 2:
        return _of_dask(X)
    if package == "pyarrow" and hasattr(X, "get_fragments"):
        return ParquetBlocks(X)
    if package in ARRAYS and hasattr(X, "shape"):
        return ArrayBlocks(X, n_block_rows)
    if callable(getattr(X, "block", None)) and hasattr(X, "n_blocks"):
        return GivenBlocks(X)
    if isinstance(X, str | os.PathLike):
        return _of_path(Path(X), n_block_rows)
    is_list = isinstance(X, list | tuple) and len(X) > 0
    if is_list and all(isinstance(path, str | os.PathLike) for path in X):
        return _of_paths([Path(path) for path in X], n_block_rows)
    return None


def _of_dask(X):
    from ._dask import DaskArrayBlocks, FrameBlocks

    return FrameBlocks(X) if hasattr(X, "columns") else DaskArrayBlocks(X)


def _of_path(path, n_block_rows):
    """Return the blocks of a file or folder, None for a text that names neither."""
    if not path.exists():
        if path.suffix in FILES:
            raise ValueError(f"There is no file or folder {str(path)!r}; check the path.")
        return None
    if path.suffix == ".npy":
        return ArrayBlocks(np.load(path, mmap_mode="r"), n_block_rows)
    if path.suffix == ".zarr":
        import zarr

        return ArrayBlocks(zarr.open_array(path, mode="r"), n_block_rows)
    is_parquet = path.is_dir() or path.suffix in FILES
    return ParquetBlocks.at(str(path)) if is_parquet else None


def _of_paths(paths, n_block_rows):
    found = [_of_path(path, n_block_rows) for path in paths]
    return None if None in found else JoinedBlocks(found)
