"""
Convolutions keep more of shifted digits than a small dense network with more weights
=====================================================================================

``build_network`` puts any Keras layers into an autoencoder, and the estimator around them
stays the same. Convolutions suit pictures whose contents may lie anywhere: they look for
the same strokes in all places. This script shifts the handwritten digits that come with
scikit-learn about on a larger canvas, and compares a small convolutional network, whose
learning rate and epochs were chosen by hand, with PCA and with two dense ones: a small one,
and the default, which has six times as many weights.
"""

# %%
# A network of your own
# ---------------------
# The function gets the number of columns and the width of the code, and returns two Keras
# models. Rows come in as they are, flat, so the encoder makes pictures of them first. For
# the estimator to be pickled the function must be importable: write it in a module, not in
# a notebook.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skae import AutoencoderTransformer
from skae.metrics import reconstruction_r2


def convolutional_network(n_features, n_components):
    from keras import Sequential, layers

    how = {"strides": 2, "padding": "same"}
    encoder = Sequential(
        [
            layers.Input((n_features,)),
            layers.Reshape((12, 12, 1)),
            layers.Conv2D(12, 3, activation="silu", **how),
            layers.Conv2D(24, 3, activation="silu", **how),
            layers.Flatten(),
            layers.Dense(n_components),
        ]
    )
    decoder = Sequential(
        [
            layers.Input((n_components,)),
            layers.Dense(3 * 3 * 24, activation="silu"),
            layers.Reshape((3, 3, 24)),
            layers.Conv2DTranspose(12, 3, activation="silu", **how),
            layers.Conv2DTranspose(1, 3, **how),
            layers.Flatten(),
        ]
    )
    return encoder, decoder


# %%
# Shifted digits
# --------------
# Each digit of 8 x 8 pixels lies at a random place of 12 x 12.

digits = load_digits().images / 16
canvas = np.zeros((len(digits), 12, 12))
corners = np.random.default_rng(0).integers(0, 5, (len(digits), 2))
for picture, digit, (row, column) in zip(canvas, digits, corners):
    picture[row : row + 8, column : column + 8] = digit
X_train, X_test = train_test_split(canvas.reshape(len(digits), -1), random_state=0)

# %%
# Ten numbers for each picture
# ----------------------------

methods = {
    "PCA": PCA(10),
    "small dense": AutoencoderTransformer(10, hidden_layer_sizes=(28, 14), random_state=0),
    "dense": AutoencoderTransformer(10, random_state=0),
    "convolutional": AutoencoderTransformer(
        10,
        build_network=convolutional_network,
        learning_rate=1e-2,
        max_epochs=40,
        random_state=0,
    ),
}
back, n_weights = {}, {"PCA": 10 * X_train.shape[1]}
for name, method in methods.items():
    back[name] = method.fit(X_train).inverse_transform(method.transform(X_test))
    if name != "PCA":
        n_weights[name] = method.autoencoder_.count_params()

# %%
# The picture
# -----------

figure, axes = plt.subplots(5, 10, figsize=(8, 4.3), layout="constrained")
for line, (name, images) in zip(axes, {"unseen digits": X_test, **back}.items()):
    for ax, image in zip(line, images):
        ax.imshow(image.reshape(12, 12), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")

# %%
# What it says
# ------------

kept = {name: reconstruction_r2(X_test, images) for name, images in back.items()}
for name in kept:
    print(f"{name}: {kept[name]:.1%} of the variance, {n_weights[name]:,} weights")
for name in ("small dense", "dense"):
    weights = n_weights["convolutional"] / n_weights[name]
    gain = 100 * (kept["convolutional"] - kept[name])
    print(
        f"With {weights:.0%} of the weights of the {name} network, convolutions keep "
        f"{abs(gain):.1f} points {'more' if gain > 0 else 'less'} of unseen digits."
    )
