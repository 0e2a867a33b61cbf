"""What pictures share: their axes, and names as labels."""

import pandas as pd

NO_WIDTH = "\u200b"


def check_axes(ax):
    """Check that axes are those of matplotlib, or None for new ones."""
    if ax is not None and not hasattr(ax, "inset_axes"):
        raise ValueError(f"ax={ax!r} must be matplotlib Axes, or None for a new figure.")


def load_pyplot():
    """Import matplotlib's pyplot and return it."""
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError as error:
        raise ImportError(
            "matplotlib is not installed, and skae draws with it; run "
            'pip install "skae[plot]".'
        ) from error
    return plt


def new_axes(ax, figsize):
    """Return the axes given, or those of a new figure."""
    check_axes(ax)
    if ax is not None:
        return ax
    _, ax = load_pyplot().subplots(figsize=figsize, layout="constrained")
    return ax


def whole_ticks(ax):
    """Let the ticks of the horizontal axis stand at whole numbers, unless they are set."""
    from matplotlib.ticker import MaxNLocator

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):
        locator.set_params(integer=True)


def without_steps(names):
    """Return names of columns without the steps of a ColumnTransformer before them.

    These end in a double underscore; they stay where names would become the same.
    """
    ends = [name.rpartition("__")[2] or name for name in names]
    return ends if len(set(ends)) == len(set(names)) else names


def written(names, length=24):
    """Return names as labels, not too long, on one line, and never empty.

    A label that begins with an underscore would not come into a legend, so a space that
    has no width stands before it.
    """
    names = pd.Index(list(names), tupleize_cols=False).astype(str)  # days without hours
    names = [" ".join(str(name).split()) or "(no name)" for name in names]
    names = [f"{NO_WIDTH}{name}" if name.startswith("_") else name for name in names]
    half = (length - 1) // 2
    short = [n if len(n) <= length else f"{n[:half]}…{n[-half:]}" for n in names]
    return [name.replace("$", r"\$") for name in short]
