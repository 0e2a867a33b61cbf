"""
A denoising autoencoder cleans digits better than any linear filter
===================================================================

For a known noise, the best linear filter of a table has a closed form: the Wiener
filter. A denoising autoencoder is trained on the same task, clean rows from noisy ones,
and is free to be nonlinear. This script compares them on the handwritten digits that
come with scikit-learn, on noise that neither has seen.
"""

# %%
# Noise and two ways to undo it
# -----------------------------
# Every pixel, between 0 and 1, gets normal noise with a standard deviation of 0.3. The
# noise is an object of :mod:`skae.corruption`: the autoencoder draws it anew each time
# that it is shown a digit, and here it also spoils the digits to be cleaned.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skae import DenoisingAutoencoder
from skae.corruption import GaussianNoise

X, y = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X / 16, random_state=0)
noise = GaussianNoise(0.3)
noisy = noise(X_test, np.random.default_rng(1))

denoiser = DenoisingAutoencoder(
    48, noise=noise, hidden_layer_sizes=(256, 128), random_state=0
).fit(X_train)

mean, covariance = X_train.mean(axis=0), np.cov(X_train.T)
wiener = np.linalg.solve(covariance + 0.3**2 * np.eye(64), covariance)
cleaned = {
    "clean": X_test,
    "noisy": noisy,
    "Wiener filter": mean + (noisy - mean) @ wiener,
    "autoencoder": denoiser.denoise(noisy),
}

# %%
# The picture
# -----------

figure, axes = plt.subplots(4, 10, figsize=(8, 3.8), layout="constrained")
for row, (name, images) in zip(axes, cleaned.items()):
    for ax, image in zip(row, images):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")

# %%
# What it says
# ------------

errors = {name: ((images - X_test) ** 2).mean() for name, images in cleaned.items()}
for name in ("noisy", "Wiener filter", "autoencoder"):
    print(f"mean squared error of a pixel, {name}: {errors[name]:.4f}")
print(
    f"The autoencoder leaves {errors['autoencoder'] / errors['Wiener filter']:.0%} of the "
    "error of the Wiener filter."
)
