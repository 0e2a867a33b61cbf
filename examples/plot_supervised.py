"""
Two codes that know the labels tell ten digits apart
====================================================

A code of two numbers is easily looked at, but PCA's two numbers of a handwritten digit say
little about which digit it is: they are those in which the images differ most.
:class:`skae.SupervisedAutoencoder` looks for two numbers that give back the image *and*
tell the digit.
"""

# %%
# Four codes of width two
# -----------------------
# Two of them do not know the labels. The linear one that does, that of discriminant
# analysis, has no way back to the images, which have 8 by 8 pixels.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, SupervisedAutoencoder
from skae.metrics import reconstruction_r2

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
settings = {"max_epochs": 60, "random_state": 0}
codes = {
    "PCA": PCA(2),
    "plain autoencoder": AutoencoderTransformer(2, **settings),
    "discriminant analysis": LinearDiscriminantAnalysis(n_components=2),
    "supervised autoencoder": SupervisedAutoencoder(2, **settings),
}

# %%
# What a classifier makes of them
# -------------------------------
# The same logistic regression behind each. A Pipeline hands ``y`` to all of its steps, so
# the supervised code needs nothing else. It knows some labels of the training rows by
# heart: only the accuracy on unseen rows counts.

pipelines = {
    name: make_pipeline(code, StandardScaler(), LogisticRegression()).fit(X_train, y_train)
    for name, code in codes.items()
}
accuracy = pd.DataFrame(
    {
        "training rows": {n: p.score(X_train, y_train) for n, p in pipelines.items()},
        "unseen rows": {n: p.score(X_test, y_test) for n, p in pipelines.items()},
    }
)
print(accuracy.round(3).to_string())

# %%
# Both codes of the unseen digits
# -------------------------------

figure, axes = plt.subplots(2, 2, figsize=(8, 8), layout="constrained")
for ax, (name, pipeline) in zip(axes.flat, pipelines.items()):
    ax.scatter(*pipeline[:-1].transform(X_test).T, c=y_test, cmap="tab10", s=8)
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"{name}: {accuracy.loc[name, 'unseen rows']:.0%}", size=10)

# %%
# The way back
# ------------
# It is still an autoencoder: the images come back from its two numbers, with more error
# than from those of the plain one, which are for nothing else, and with less than from
# PCA's.

r2 = {
    name: reconstruction_r2(X_test, code.inverse_transform(code.transform(X_test)))
    for name, code in codes.items()
    if hasattr(code, "inverse_transform")
}
unseen = accuracy["unseen rows"]
for name, kept in r2.items():
    print(f"{name:24} accuracy {unseen[name]:.0%}, R² {kept:.2f}, both on unseen rows")
assert unseen["supervised autoencoder"] > unseen.drop("supervised autoencoder").max() + 0.1
assert r2["PCA"] < r2["supervised autoencoder"] < r2["plain autoencoder"]
