"""
Half of the units of a sparse code of photographs are edges
===========================================================

Describe each small patch of a photograph by a few of many units, and many units become
localised, oriented edges, much like the cells of the visual cortex (Olshausen and Field,
1996). This script trains a sparse autoencoder on patches of the two photographs that come
with scikit-learn and shows what its units stand for.
"""

# %%
# Patches
# -------
# 8 x 8 patches in grey, without their mean. Whitening evens out the directions, which
# differ by orders of magnitude in photographs: otherwise the code would spend all its
# units on the smooth ones.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA
from sklearn.feature_extraction.image import extract_patches_2d

from skae import SparseAutoencoder

rng = np.random.RandomState(0)
patches = np.concatenate(
    [
        extract_patches_2d(image.mean(axis=2), (8, 8), max_patches=10_000, random_state=rng)
        for image in load_sample_images().images
    ]
).reshape(-1, 64)
patches -= patches.mean(axis=1, keepdims=True)
patches = patches[patches.std(axis=1) > 5]  # sky and other blank places say nothing
whitening = PCA(40, whiten=True).fit(patches)
whitened = whitening.transform(patches)

# %%
# 100 units, 4 of them active in a patch
# --------------------------------------

autoencoder = SparseAutoencoder(100, n_nonzero=4, max_epochs=60, random_state=0)
codes = autoencoder.fit_transform(whitened)
atoms = autoencoder.inverse_transform(np.eye(100)) - autoencoder.inverse_transform(
    np.zeros((1, 100))
)
filters = atoms @ whitening.components_ * np.sqrt(whitening.explained_variance_).mean()
filters = filters[np.argsort(-autoencoder.mean_activation_)]

figure, axes = plt.subplots(10, 10, figsize=(5, 5))
figure.subplots_adjust(0.01, 0.01, 0.99, 0.99, 0.08, 0.08)
for ax, image in zip(axes.flat, filters):
    bound = np.abs(image).max()
    ax.imshow(image.reshape(8, 8), cmap="gray", vmin=-bound, vmax=bound)
    ax.axis("off")

# %%
# What it says
# ------------
# A filter is oriented if most of its energy in the Fourier plane lies along one axis.

spectrum = np.abs(np.fft.fft2(filters.reshape(-1, 8, 8))) ** 2
frequency = np.fft.fftfreq(8)
plane = np.stack(np.meshgrid(frequency, frequency, indexing="ij"))
second = np.einsum("nij,aij,bij->nab", spectrum, plane, plane)
small, large = np.linalg.eigvalsh(second).T
oriented = (large > 3 * small).mean()
print(f"active units in a patch: {(codes != 0).sum(axis=1).mean():.1f} of 100")
print(f"units that are never active: {len(autoencoder.dead_units_)}")
print(
    f"{oriented:.0%} of the units are oriented, as edges are; the others are fine textures."
)
