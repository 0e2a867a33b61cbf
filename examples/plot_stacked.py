"""
Layer by layer a stack keeps less than PCA, and fine-tuning lifts it above
==========================================================================

The first deep autoencoders were trained one layer after the other (Hinton and
Salakhutdinov, 2006). This script follows such a stack on the handwritten digits that come
with scikit-learn: how much of a digit survives each layer, and what fine-tuning the whole
gives back.
"""

# %%
# Three layers, 64 pixels to 5 numbers
# ------------------------------------
# Each layer is an autoencoder of the codes below it. ``layers_`` keeps them as they were
# before the whole was fine-tuned.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from skae import StackedAutoencoder

X_train, X_test = train_test_split(load_digits().data, random_state=0)
stack = StackedAutoencoder(
    5, hidden_layer_sizes=(48, 24), pretrain_epochs=60, random_state=0
).fit(X_train)

# %%
# Up through so many layers, and back down
# ----------------------------------------

back = {"unseen digits": X_test}
codes = X_test
for depth, layer in enumerate(stack.layers_, start=1):
    codes = layer.transform(codes)
    rows = codes
    for below in reversed(stack.layers_[:depth]):
        rows = below.inverse_transform(rows)
    back[f"{depth} layer{'s' if depth > 1 else ''}, {codes.shape[1]} units"] = rows
back["fine-tuned, 5 units"] = stack.inverse_transform(stack.transform(X_test))
pca = PCA(5).fit(X_train)
back["PCA, 5 components"] = pca.inverse_transform(pca.transform(X_test))

figure, axes = plt.subplots(len(back), 10, figsize=(8, 4.8), layout="constrained")
for row, (name, images) in zip(axes, back.items()):
    for ax, image in zip(row, images):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")

# %%
# What it says
# ------------

kept = {
    name: r2_score(X_test, images, multioutput="variance_weighted")
    for name, images in list(back.items())[1:]
}
for name, part in kept.items():
    print(f"{name}: {part:.0%} of the variance of unseen digits")
print(
    f"Trained layer by layer, five units keep {kept['3 layers, 5 units']:.0%} where PCA "
    f"keeps {kept['PCA, 5 components']:.0%}; fine-tuned, they keep "
    f"{kept['fine-tuned, 5 units']:.0%}."
)
