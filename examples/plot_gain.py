"""
A second tells whether there is something to gain
=================================================

An autoencoder takes seconds where PCA takes milliseconds, and on some tables gains nothing.
This script asks :func:`~skae.compare.estimate_gain`, which trains nothing, about
five tables, and then trains an autoencoder on each of them to see whether it was right.
"""

# %%
# Five tables
# -----------
# A curved band, handwritten digits and patients' records may have something to gain.
# Columns that know nothing of each other, and three linear factors with noise, have not:
# of them PCA is the best that there is.

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, load_digits, make_swiss_roll
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer
from skae.compare import estimate_gain

rng = np.random.default_rng(0)
factors = rng.normal(size=(2000, 3)) @ rng.normal(size=(3, 10))
tables = {
    "Swiss roll": make_swiss_roll(2000, noise=0.05, random_state=0)[0],
    "digits": load_digits().data,
    "diabetes": load_diabetes().data,
    "independent columns": rng.normal(size=(2000, 10)),
    "linear factors": factors + rng.normal(scale=0.5, size=(2000, 10)),
}

# %%
# What is expected
# ----------------
# Both halves of an autoencoder are put together from ridge regressions, and what these
# reach on held-out rows tells what training will reach, and what stands in its way.

start = time.perf_counter()
expected = {name: estimate_gain(X, 2, random_state=0) for name, X in tables.items()}
seconds = (time.perf_counter() - start) / len(tables)
print(expected["digits"])

# %%
# What is reached
# ---------------


def error(estimator, X):
    """Return the squared error of reconstructed rows."""
    return ((X - estimator.inverse_transform(estimator.transform(X))) ** 2).sum()


def reached(X):
    """Return the error of an autoencoder on unseen rows, divided by that of PCA."""
    rows, unseen = train_test_split(X, random_state=0)
    scaler = StandardScaler().fit(rows)
    rows, unseen = scaler.transform(rows), scaler.transform(unseen)
    autoencoder = AutoencoderTransformer(2, random_state=0).fit(rows)
    return error(autoencoder, unseen) / error(PCA(2).fit(rows), unseen)


frame = pd.concat(
    [estimate.frame().assign(table=name) for name, estimate in expected.items()]
).set_index("table")
frame["reached"] = [reached(X) for X in tables.values()]
shown = ["expected_error", "low", "high", "reached", "gain", "limit"]
print(frame[shown].round(2).to_string())

# %%
# The picture
# -----------

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.hlines(frame.index, frame["low"], frame["high"], color="C0", lw=5, alpha=0.4)
ax.plot(frame["expected_error"], frame.index, "|", color="C0", ms=14, label="expected")
ax.plot(frame["reached"], frame.index, "o", color="black", label="reached")
ax.axvline(1, color="0.5", lw=1)
ax.invert_yaxis()
ax.set(xlim=(0, 1.05), xlabel="error of two codes on unseen rows, relative to PCA's")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# What it says
# ------------
inside = frame["reached"].between(frame["low"] - 0.005, frame["high"] + 0.005)
is_yes = frame["gain"] == "yes"
print(
    f"In {seconds:.1f} s a table, it says yes to {' and '.join(frame.index[is_yes])}; "
    f"training leaves at most {frame['reached'][is_yes].max():.0%} of PCA's error there, "
    f"and {frame['reached'][~is_yes].min():.0%} or more of the others. "
    f"{inside.sum()} of {len(frame)} reached errors are within the intervals."
)
