"""
Pre-training on rows without labels saves labels
================================================

Rows are often plenty and labels few. This script hides most labels of the handwritten
digits that come with scikit-learn, trains a denoising autoencoder on all rows, fine-tunes
its encoder with the labels that are left, and compares that with the same network trained
from random weights on the same labels.
"""

# %%
# One autoencoder for all rows
# ----------------------------
# It needs no labels, so it is trained once; ``FrozenEstimator`` keeps it as it is for every
# classifier below.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skae import AutoencoderClassifier, DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
autoencoder = DenoisingAutoencoder(64, noise="masking", noise_level=0.5, random_state=0)
frozen = FrozenEstimator(autoencoder.fit(X_train))

# %%
# From 20 labels to 640
# ---------------------
# ``compare_from_scratch=True`` trains the same network, with the same noise on its inputs,
# from random weights too, and keeps it as ``scratch_``.

records = []
for n_labels in (20, 40, 80, 160, 320, 640):
    for seed in range(3):
        rows, _ = train_test_split(
            np.arange(len(X_train)),
            train_size=n_labels,
            stratify=y_train,
            random_state=seed,
        )
        classifier = AutoencoderClassifier(
            frozen, compare_from_scratch=True, random_state=seed
        ).fit(X_train[rows], y_train[rows])
        records.append(
            {
                "labels": n_labels,
                "pre-trained": classifier.score(X_test, y_test),
                "from scratch": classifier.scratch_.score(X_test, y_test),
            }
        )
accuracy = pd.DataFrame(records).groupby("labels").mean()

# %%
# The picture
# -----------

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for method, line, shade in (
    ("pre-trained", "o-", "#08306b"),
    ("from scratch", "s--", "#969696"),
):
    ax.plot(accuracy.index, 100 * accuracy[method], line, color=shade, label=method)
ax.set(
    xscale="log",
    xlabel="labels",
    ylabel="accuracy on unseen digits, in %",
    title="Pre-training is worth most where labels are fewest",
)
ax.set_xticks(accuracy.index, [str(n) for n in accuracy.index])
ax.minorticks_off()
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# What it says
# ------------
# How many labels does the network from scratch need to be as good? Read between its points,
# on the logarithmic scale of the picture.

print((100 * accuracy).round(1).to_string())
gains = 100 * (accuracy["pre-trained"] - accuracy["from scratch"])
print(f"\nPre-training gains {gains[20]:.0f} points at 20 labels, {gains[640]:.0f} at 640.")
for n_labels in (20, 40, 160):
    as_good = accuracy["pre-trained"][n_labels]
    needed = np.exp(np.interp(as_good, accuracy["from scratch"], np.log(accuracy.index)))
    print(f"{n_labels} labels with it are worth {needed:.0f} without.")
