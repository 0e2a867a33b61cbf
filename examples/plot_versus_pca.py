"""
A code of five numbers keeps more of a digit than ten principal components
==========================================================================

An autoencoder takes the place of PCA in front of a classifier: the same Pipeline, the
same number of components, more of the picture kept. This script compares the two on
the handwritten digits that come with scikit-learn. Run on its own, it prints the table
and writes the picture ``versus_pca.png`` into the current directory.
"""

# %%
# The comparison
# --------------
# Both methods see the same training rows and are judged on the same unseen rows: by the
# fraction of the variance that they reconstruct, and by how well a logistic regression
# and five nearest neighbours classify the codes inside a Pipeline.

import time

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

fitted, records = {}, []
for n_components in (2, 5, 10):
    for method in (PCA, AutoencoderTransformer):
        transformer = method(n_components, random_state=0)
        start = time.perf_counter()
        transformer.fit(X_train)
        seconds = time.perf_counter() - start
        back = transformer.inverse_transform(transformer.transform(X_test))
        record = {
            "components": n_components,
            "method": "PCA" if method is PCA else "autoencoder",
            "R² unseen": r2_score(X_test, back, multioutput="variance_weighted"),
            "seconds": seconds,
        }
        for label, classifier in {
            "logistic regression": LogisticRegression(max_iter=2000),
            "5 neighbours": KNeighborsClassifier(5),
        }.items():
            pipeline = make_pipeline(clone(transformer), StandardScaler(), classifier)
            record[label] = pipeline.fit(X_train, y_train).score(X_test, y_test)
        fitted[method, n_components] = transformer
        records.append(record)

table = pd.DataFrame(records).set_index(["components", "method"])
table = table[["R² unseen", "logistic regression", "5 neighbours", "seconds"]]
print(table.round(3).to_string())

# %%
# The picture
# -----------
# Above, the unseen digits on two components each; below, some of them beside what ten
# components give back.

figure = plt.figure(figsize=(9, 7.5), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.55, 1])
for ax, (method, title) in zip(
    above.subplots(1, 2), [(PCA, "PCA"), (AutoencoderTransformer, "autoencoder")]
):
    codes = fitted[method, 2].transform(X_test)
    r2 = table.loc[(2, title), "R² unseen"]
    points = ax.scatter(*codes.T, c=y_test, cmap="tab10", vmin=-0.5, vmax=9.5, s=9)
    for digit in range(10):
        ax.annotate(
            str(digit),
            codes[y_test == digit].mean(axis=0),
            ha="center",
            va="center",
            weight="bold",
            bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "0.6", "alpha": 0.8},
        )
    ax.set(title=f"{title}: 2 components, R² = {r2:.2f}", xticks=[], yticks=[])
    ax.set(xlabel="component 1", ylabel="component 2")

shown = [next(i for i, label in enumerate(y_test) if label == digit) for digit in range(10)]
rows = {
    "digit": X_test[shown],
    "PCA": fitted[PCA, 10].inverse_transform(fitted[PCA, 10].transform(X_test[shown])),
    "autoencoder": fitted[AutoencoderTransformer, 10].inverse_transform(
        fitted[AutoencoderTransformer, 10].transform(X_test[shown])
    ),
}
below.suptitle("unseen digits from 10 components")
for line, (label, images) in zip(below.subplots(3, 10), rows.items()):
    for ax, image in zip(line, images):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
figure.savefig("versus_pca.png", dpi=110)

# %%
# What it says
# ------------
r2 = table["R² unseen"]
print(
    f"With 5 components the autoencoder keeps {r2[5, 'autoencoder']:.0%} of the variance "
    f"of unseen digits; PCA keeps {r2[5, 'PCA']:.0%}, and {r2[10, 'PCA']:.0%} with 10."
)
neighbours = table["5 neighbours"]
print(
    f"On two components, five nearest neighbours name {neighbours[2, 'autoencoder']:.0%} "
    f"of the digits on the code, and {neighbours[2, 'PCA']:.0%} on PCA's."
)
