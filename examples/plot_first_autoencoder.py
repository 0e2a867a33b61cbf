"""
One number says where a point of a curved band lies
===================================================

A first autoencoder, on points of the plane, where all of it can be seen. PCA describes each
point by its place along a line, an autoencoder by its place along a curve.
"""

# %%
# Points near a curve
# -------------------

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr
from sklearn.decomposition import PCA

from skae import AutoencoderTransformer
from skae.displays import TrainingDisplay

rng = np.random.default_rng(0)
angle = rng.uniform(0, 4, 800)
X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.06 * rng.normal(size=(800, 2))
X_train, X_test = X[:500], X[500:]

# %%
# Fit
# ---
# ``fit`` and ``transform`` are those of PCA. A tenth of the rows is held out to choose the
# best epoch, and to compare with PCA: the dashed line in the curves of training.

autoencoder = AutoencoderTransformer(1, random_state=0).fit(X_train)
pca = PCA(1).fit(X_train)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for transformer, name, mark in [(pca, "PCA", "s"), (autoencoder, "autoencoder", "o")]:
    back = transformer.inverse_transform(transformer.transform(X_test))
    left.plot(*back.T, mark, ms=3, label=name)
left.plot(*X_test.T, "+", color="0.6", ms=4, zorder=0, label="unseen points")
left.set(title="what one number gives back", aspect="equal")
left.legend(frameon=False)
left.spines[["top", "right"]].set_visible(False)
TrainingDisplay.from_estimator(autoencoder, ax=right).ax_.set_title("training")

# %%
# What it says
# ------------

place = autoencoder.transform(X_test).ravel()
order = abs(spearmanr(place, angle[500:]).statistic)
lost = {
    "PCA": np.mean((X_test - pca.inverse_transform(pca.transform(X_test))) ** 2),
    "autoencoder": autoencoder.reconstruction_error(X_test).mean(),
}
print(
    f"What one number gives back has a mean squared error of {lost['autoencoder']:.4f} on "
    f"unseen points, {lost['PCA'] / lost['autoencoder']:.0f} times less than PCA's."
)
print(
    f"The code follows the curve: its rank correlation with the angle is {order:.3f}. It "
    f"was found at epoch {autoencoder.best_epoch_} of {autoencoder.n_epochs_}."
)
