"""Autoencoders and PCA on the same splits of a table, at the same widths."""

from ._compare import compare_with_pca
from ._comparison import Comparison

__all__ = ["Comparison", "compare_with_pca"]
