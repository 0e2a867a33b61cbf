"""The stories of the fits, from checked rows to fitted attributes."""
