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
# :func:`~skae.compare_with_pca` fits both on the same rows, scaled in the same way, and
# judges them on the rows that were left out: by the fraction of the variance that they
# reconstruct, by the neighbours that they keep, and by how well a logistic regression
# tells the digits from the codes.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skae import AutoencoderTransformer, compare_with_pca
from skae.displays import CodeDisplay, ReconstructionDisplay

X, y = load_digits(return_X_y=True)
autoencoder = AutoencoderTransformer(random_state=0)
comparison = compare_with_pca({"autoencoder": autoencoder}, X, y, cv=3, random_state=0)
print(comparison)

# %%
# The picture
# -----------
# Above, unseen digits on two components each; below, how much is kept with how many
# components, and some unseen digits beside what ten components give back. The digits in
# the pictures are fitted as they are, those of the table and the curve standardised.

X_train, X_test, _, y_test = train_test_split(X, y, stratify=y, random_state=0)
two = AutoencoderTransformer(2, random_state=0).fit(X_train)
ten = AutoencoderTransformer(10, random_state=0).fit(X_train)

figure = plt.figure(figsize=(10, 7.5), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.3, 1])
codes = above.subplots(1, 2)
CodeDisplay.from_estimator(two, X_test, y_test, pca=PCA(2).fit(X_train), ax=codes)
left, right = below.subplots(1, 2, width_ratios=[1, 1.6])
comparison.plot(left)
ReconstructionDisplay.from_estimator(
    ten, X_test, rows=range(7), image_shape=(8, 8), pca=PCA(10).fit(X_train), ax=right
)
right.set_title("unseen digits from ten components")
figure.savefig("versus_pca.png", dpi=100)

# %%
# What it says
# ------------
summary = comparison.summary()
five, ten_of_pca = summary.loc[(5, "autoencoder")], summary.loc[(10, "PCA")]
print(
    f"With 5 components the autoencoder keeps {five['r2']:.0%} of the variance of unseen "
    f"digits, as {five['components_of_pca']:.0f} principal components do; 10 of these keep "
    f"{ten_of_pca['r2']:.0%}."
)
scores = summary.loc[2]["score"]
print(
    f"On two components, a logistic regression names {scores['autoencoder']:.0%} of the "
    f"digits on the code, and {scores['PCA']:.0%} on PCA's."
)
