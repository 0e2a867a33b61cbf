"""
A code of two numbers unrolls a sheet that PCA can only press flat
==================================================================

A sheet that is rolled up needs three columns, but two numbers tell any place on it: how
far along the roll, and how high. PCA presses the roll flat, so that places far apart come
to lie upon each other. This script adds columns of pure noise to the inner part of
scikit-learn's Swiss roll and compares what PCA and an autoencoder make of it. A roll with
more turns is harder: there the code may stay PCA, or cut the sheet into pieces.
"""

# %%
# Twenty columns, three of them the roll
# --------------------------------------
# The last 17 columns are noise. The position along the roll gives the points their colours
# and judges the codes; no method is trained on it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import make_swiss_roll
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.manifold import trustworthiness
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor

from skae import AutoencoderTransformer
from skae.metrics import reconstruction_r2

roll, position = make_swiss_roll(3000, noise=0.3, random_state=0)
inner = position < 3.2 * np.pi
roll, position = roll[inner], position[inner]
noise = np.random.default_rng(0).normal(size=(len(roll), 17))
X_train, X_test, train, test, _, roll_test = train_test_split(
    np.hstack([roll, noise]), position, roll, random_state=0
)

# %%
# Two numbers for each row
# ------------------------
# ``trustworthiness`` asks whether neighbours in the code are neighbours on the roll.

codes, records = {}, {}
for name, method in {
    "PCA": PCA(2),
    "autoencoder": AutoencoderTransformer(2, random_state=0),
}.items():
    train_codes = method.fit_transform(X_train)
    codes[name] = method.transform(X_test)
    records[name] = {
        "R²": reconstruction_r2(X_test, method.inverse_transform(codes[name])),
        "trustworthiness": trustworthiness(roll_test, codes[name]),
        "5 neighbours": KNeighborsRegressor(5)
        .fit(train_codes, train)
        .score(codes[name], test),
        "straight line": LinearRegression()
        .fit(train_codes, train)
        .score(codes[name], test),
    }
scores = pd.DataFrame(records)

# %%
# The picture
# -----------
# On the left the roll without its height, then the two codes of the unseen rows.

figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
views = {
    "the roll, seen from its end": roll_test[:, [0, 2]],
    "PCA, 2 components": codes["PCA"],
    "autoencoder, code of 2": codes["autoencoder"],
}
for ax, (title, points) in zip(axes, views.items()):
    colours = ax.scatter(*points.T, c=test, s=8)
    ax.set(title=title, xticks=[], yticks=[])
figure.colorbar(colours, ax=axes, label="position along the roll", shrink=0.9)

# %%
# What it says
# ------------

print(scores.round(3).to_string())
pca, code = scores["PCA"], scores["autoencoder"]
print(
    f"\nThe code keeps {code['R²']:.0%} of the variance of unseen rows, PCA "
    f"{pca['R²']:.0%}; the noise columns alone are "
    f"{X_test[:, 3:].var(axis=0).sum() / X_test.var(axis=0).sum():.0%} of it."
)
print(
    f"A straight line through the code explains {code['straight line']:.0%} of the "
    f"position along the roll; through PCA's components, {pca['straight line']:.0%}."
)
