"""Blocks of rows on their way to a Parquet file, whole or not at all."""

import contextlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np


def write_parquet(blocks, path):
    """Write blocks to a Parquet file, each as a row group.

    Parameters
    ----------
    blocks : RowBlocks
    path : str or path-like
    """
    import pyarrow.parquet

    names = blocks.feature_names or [f"column{i}" for i in range(blocks.n_features)]
    path = Path(path)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        unfinished = Path(folder) / path.name
        with contextlib.ExitStack() as stack:
            writer = None
            for block in blocks:
                columns = [np.ascontiguousarray(column) for column in np.asarray(block).T]
                table = pyarrow.table(columns, names=list(map(str, names)))
                if writer is None:
                    # Codes hardly ever repeat: a dictionary of them costs most of the time.
                    writer = pyarrow.parquet.ParquetWriter(
                        unfinished, table.schema, use_dictionary=False
                    )
                    stack.enter_context(writer)
                writer.write_table(table)
        os.replace(unfinished, path)
