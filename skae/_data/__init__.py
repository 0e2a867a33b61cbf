"""Rows on their way in: checked, split, read in chunks, their principal components."""
