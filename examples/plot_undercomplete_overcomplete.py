"""
A code wider than the table learns to copy, unless noise or sparsity forbids it
===============================================================================

A code narrower than the table ("undercomplete") must leave something out, and so learns
what rows have in common. A wider one ("overcomplete") can copy the rows: no error, and
nothing learned. A denoising autoencoder cannot copy, since its inputs are spoiled, and a
sparse one may use only few of its units for a row. This script trains all three on the
handwritten digits that come with scikit-learn, which have 64 pixels.
"""

# %%
# Two questions
# -------------
# How much of an unseen digit comes back? And if half of its pixels are hidden, that is, set
# to their means, how much of the damage is undone in them? An autoencoder that knows
# digits can guess them, one that copies cannot.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skae import AutoencoderTransformer, DenoisingAutoencoder, SparseAutoencoder

X_train, X_test = train_test_split(load_digits().data, random_state=0)
hidden = np.random.default_rng(0).random(X_test.shape) < 0.5
spoiled = np.where(hidden, X_train.mean(axis=0), X_test)
damage = ((spoiled - X_test)[hidden] ** 2).sum()

records, repaired = [], {}
for width in (8, 64, 128):
    for name, autoencoder in {
        "plain": AutoencoderTransformer(width, max_epochs=40, random_state=0),
        "denoising": DenoisingAutoencoder(
            width, noise="masking", noise_level=0.5, max_epochs=40, random_state=0
        ),
        "sparse, 8 active units": SparseAutoencoder(
            width, n_nonzero=8, max_epochs=40, random_state=0
        ),
    }.items():
        codes = autoencoder.fit(X_train).transform(spoiled)
        repaired[name] = autoencoder.inverse_transform(codes)
        left = ((repaired[name] - X_test)[hidden] ** 2).sum()
        records.append(
            {
                "width": width,
                "autoencoder": name,
                "R² of unseen digits": autoencoder.score(X_test),
                "damage undone in hidden pixels": 1 - left / damage,
            }
        )
table = pd.DataFrame(records).pivot(index="width", columns="autoencoder")
kept, undone = table["R² of unseen digits"], table["damage undone in hidden pixels"]

# %%
# The picture
# -----------
# Above, the answers for all widths; the line marks the 64 columns of the table. Below,
# digits with half of their pixels hidden, and what codes of 128 make of them.

figure = plt.figure(figsize=(8, 6.6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
for ax, measure in zip(above.subplots(1, 2), (kept, undone)):
    for name, line, shade in (
        ("plain", "s--", "#969696"),
        ("denoising", "o-", "#08306b"),
        ("sparse, 8 active units", "^-.", "#4292c6"),
    ):
        ax.plot(measure.index, measure[name], line, color=shade, label=name)
    ax.axvline(64, color="0.8", lw=1, zorder=0)
    ax.set(xscale="log", xlabel="width of the code", ylim=(-0.05, 1.05))
    ax.set_xticks(measure.index, [str(width) for width in measure.index])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title("R² of unseen digits" if measure is kept else "damage undone")
ax.legend(frameon=False, loc="upper left")

rows = {"digit": X_test, "half hidden": spoiled, **repaired}
for line, (name, images) in zip(below.subplots(5, 10), rows.items()):
    for ax, image in zip(line, images):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name.split(",")[0], rotation=0, ha="right", va="center")

# %%
# What it says
# ------------

for name in repaired:
    print(
        f"{name}: a code of 128 keeps {kept.loc[128, name]:.0%} of the variance of unseen "
        f"digits and undoes {undone.loc[128, name]:.0%} of the damage; a code of 8 keeps "
        f"{kept.loc[8, name]:.0%} and undoes {undone.loc[8, name]:.0%}."
    )
