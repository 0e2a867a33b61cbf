"""The types that public signatures share, for readers and for checkers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes
    from scipy import sparse

# Frames of pandas, polars and Arrow have no type in common.
Frame: TypeAlias = "Any"
Rows: TypeAlias = "ArrayLike | sparse.csr_matrix | sparse.csr_array"
# With `set_output` or `sparse_output` a frame or a sparse matrix: what a checker cannot
# know, it leaves to the reader.
Given: TypeAlias = "np.ndarray | Any"
Auto: TypeAlias = Literal["auto"]
NoiseName: TypeAlias = Literal["swap", "masking", "gaussian", "salt_and_pepper"]
Widths: TypeAlias = "int | Sequence[int] | np.ndarray"
Seed: TypeAlias = "int | np.random.RandomState | None"
Curves: TypeAlias = "dict[str, list[float]]"

BuildNetwork: TypeAlias = "Callable[[int, int], tuple[keras.Model, keras.Model]]"
Loss: TypeAlias = "str | keras.losses.Loss | Callable[..., Any]"
Optimizer: TypeAlias = "str | keras.optimizers.Optimizer"
Callbacks: TypeAlias = "Sequence[keras.callbacks.Callback] | None"

MatplotlibAxes: TypeAlias = "Axes"

__all__ = [
    "ArrayLike",
    "Auto",
    "BuildNetwork",
    "Callbacks",
    "Curves",
    "Frame",
    "Given",
    "Loss",
    "MatplotlibAxes",
    "NoiseName",
    "Optimizer",
    "Rows",
    "Seed",
    "Widths",
]
