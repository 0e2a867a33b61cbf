"""Columns of a frame as numbers, and back: one file for each kind of column."""
