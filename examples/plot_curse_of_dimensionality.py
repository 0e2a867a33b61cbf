"""
Where columns of noise are many, neighbours on a code know the class more often
===============================================================================

Nearest neighbours go astray among many columns: the noise of all of them adds up in each
distance (the "curse of dimensionality"). A code of the table has few columns and less
noise. This script hides a sheet of two dimensions in 50 columns, adds up to 500 columns of
pure noise, and classifies rows by their neighbours in the table, on two principal
components and on a code of two numbers.
"""

# %%
# A sheet in many columns
# -----------------------
# Each row is a place on a square, with the class of its field on a chessboard of 3 x 3.
# Each of the 50 columns is a wave over the square, so the sheet is bent in all of them and
# no plane holds it. The other columns are noise with twice the standard deviation of the
# noise on the waves.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skae import AutoencoderTransformer

rng = np.random.default_rng(0)
places = rng.uniform(-1, 1, (3000, 2))
y = np.floor(1.5 * (places + 1)).sum(axis=1) % 2
directions, phases = rng.normal(0, 2, (2, 50)), rng.uniform(0, 2 * np.pi, 50)
waves = np.sqrt(2) * np.cos(places @ directions + phases)
X = np.hstack([waves + rng.normal(0, 0.5, waves.shape), rng.normal(0, 1, (3000, 500))])

# %%
# Neighbours in the table, on PCA and on a code
# ---------------------------------------------

records = {}
for n_noise in (0, 50, 200, 500):
    X_train, X_test, y_train, y_test = train_test_split(
        X[:, : 50 + n_noise], y, random_state=0
    )
    records[n_noise] = {
        name: make_pipeline(reduction, KNeighborsClassifier(15))
        .fit(X_train, y_train)
        .score(X_test, y_test)
        for name, reduction in {
            "all columns": None,
            "PCA, 2 components": PCA(2),
            "autoencoder, code of 2": AutoencoderTransformer(
                2, max_epochs=30, random_state=0
            ),
        }.items()
    }
accuracy = 100 * pd.DataFrame(records).T

# %%
# The picture
# -----------

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (name, values), line, shade in zip(
    accuracy.items(), ("^:", "s--", "o-"), ("#636363", "#969696", "#08306b")
):
    ax.plot(values.index, values, line, color=shade, label=name)
ax.set(
    xticks=accuracy.index,
    xlabel="columns of pure noise, beside 50 others",
    ylabel="accuracy on unseen rows, in %",
    title="15 nearest neighbours",
)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# What it says
# ------------
# The setting matters: with louder noise or finer waves, PCA or the table itself catches up.

print(accuracy.round(1).to_string())
first, last = accuracy.iloc[0], accuracy.iloc[-1]
print(
    f"\nWith {accuracy.index[-1]} columns of noise, neighbours on the code name "
    f"{last['autoencoder, code of 2']:.0f}% of the classes, neighbours in the table "
    f"{last['all columns']:.0f}% and on PCA {last['PCA, 2 components']:.0f}%."
)
print(
    f"The noise has cost the table {(first - last)['all columns']:.0f} points, "
    f"and the code {(first - last)['autoencoder, code of 2']:.0f}."
)
