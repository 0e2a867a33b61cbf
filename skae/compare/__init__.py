"""Autoencoders and PCA on the same splits of a table, at the same widths."""

from ._compare import compare_with_pca
from ._comparison import Comparison
from ._gain import GainEstimate, estimate_gain

__all__ = ["Comparison", "GainEstimate", "compare_with_pca", "estimate_gain"]
