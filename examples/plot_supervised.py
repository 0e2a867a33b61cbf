"""
Two codes that know the target tell ten digits apart
====================================================

Two components of PCA keep the digits in one heap, and a logistic regression on them is
right about little more than half of new images. :class:`~skae.SupervisedAutoencoder` is
given the labels too: while it is trained, a linear model predicts them from the code. The
code still gives back the images, and the ten digits part.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, SupervisedAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

# %%
# All of them stand in the same place of a Pipeline. Its ``fit`` hands each the labels, and
# those that have no use for them ignore them.
transformers = {
    "PCA": PCA(2),
    "linear discriminants": LinearDiscriminantAnalysis(n_components=2),
    "autoencoder": AutoencoderTransformer(2, random_state=0),
    "supervised": SupervisedAutoencoder(2, random_state=0),
}
accuracy = {}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
for ax, (name, transformer) in zip(axes, transformers.items()):
    pipeline = make_pipeline(transformer, StandardScaler(), LogisticRegression())
    accuracy[name] = pipeline.fit(X_train, y_train).score(X_test, y_test)
    codes = pipeline[:-1].transform(X_test)
    ax.scatter(*codes.T, c=y_test, cmap="tab10", s=6)
    ax.set(title=f"{name}: {accuracy[name]:.0%} right", xticks=[], yticks=[])
plt.show()

# %%
# What the labels cost: of the variance of new images the supervised code gives back less
# than the plain one of the same width, and more than PCA.
kept = {
    name: 1 - ((X_test - back) ** 2).sum() / ((X_test - X_test.mean(axis=0)) ** 2).sum()
    for name, back in {
        "PCA": transformers["PCA"].inverse_transform(transformers["PCA"].transform(X_test)),
        **{
            name: transformers[name].inverse_transform(transformers[name].transform(X_test))
            for name in ("autoencoder", "supervised")
        },
    }.items()
}
print({name: round(float(part), 2) for name, part in kept.items()})

# %%
# With one label in twenty, the other rows count in the reconstruction alone: -1 marks
# them.
known = np.arange(len(y_train)) % 20 == 0
few = np.where(known, y_train, -1)
supervised = SupervisedAutoencoder(2, random_state=0).fit(X_train, few)
classifier = make_pipeline(StandardScaler(), LogisticRegression())
classifier.fit(supervised.transform(X_train)[known], few[known])
few_labels = classifier.score(supervised.transform(X_test), y_test)
print(f"with {known.sum()} labels: {few_labels:.2f}")

# %%
assert accuracy["supervised"] > accuracy["autoencoder"] + 0.1
assert accuracy["supervised"] > accuracy["linear discriminants"] + 0.1
assert kept["supervised"] > kept["PCA"]
