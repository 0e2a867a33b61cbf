"""
Holes are filled closer to the truth than by chained regressions
================================================================

This script takes the table of breast cancer that comes with scikit-learn, with the
diagnosis as text beside its numbers, makes a fifth of its cells missing, and fills them: by
the mean, by scikit-learn's ``IterativeImputer``, and by an autoencoder that takes the frame
as it is.
"""

# %%
# A table with holes
# ------------------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer

from skae import AutoencoderTransformer, TableAutoencoder

data = load_breast_cancer(as_frame=True)
truth = data.data.assign(diagnosis=data.target_names[data.target])
hole = np.random.default_rng(0).random(truth.shape) < 0.2
holed = truth.mask(hole)

# %%
# Fill it
# -------
# The code may be as wide as the table here: the network is to fill holes, not to be narrow.
# ``impute`` changes nothing but the holes, and tells how sure it is.

wide = AutoencoderTransformer(0.9999, max_epochs=100, random_state=0)
table = TableAutoencoder(wide).fit(holed)
filled, std = table.impute(holed, return_std=True)

names = ["mean radius", "mean area", "worst texture", "diagnosis"]
shown = pd.concat({"given": holed[names], "filled": filled[names]}, axis=1)
print(shown.head(10).to_string())

# %%
# How far from the truth?
# -----------------------
# In standard deviations of the columns, which is what the mean is off by.

numbers = data.data.columns
hidden = hole[:, :-1]
scale = truth[numbers].std()
errors = {}
for name, imputer in {
    "mean": SimpleImputer(),
    "chained regressions": IterativeImputer(random_state=0),
}.items():
    with np.errstate(all="ignore"):
        other = imputer.set_output(transform="pandas").fit_transform(holed[numbers])
    errors[name] = ((other - truth[numbers]) / scale).to_numpy()[hidden]
errors["autoencoder"] = ((filled[numbers] - truth[numbers]) / scale).to_numpy()[hidden]
rmse = {name: np.sqrt(np.mean(error**2)) for name, error in errors.items()}

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.barh(list(rmse), list(rmse.values()), color=["#bdbdbd", "#969696", "#08306b"])
left.invert_yaxis()
left.set(xlabel="error in standard deviations", title="Cells that were hidden")
column = "worst texture"
gone = holed[column].isna()
right.errorbar(
    truth.loc[gone, column],
    filled.loc[gone, column],
    1.645 * std.loc[gone, column],
    fmt="o",
    markersize=3,
    linewidth=0.5,
    color="#08306b",
)
right.axline((25, 25), slope=1, color="#969696", linewidth=1)
right.set(xlabel=f"{column}, the truth", ylabel="filled, with 90 % intervals")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

# %%
# What it says
# ------------

within = (filled[numbers] - truth[numbers]).abs() <= 1.645 * std[numbers]
right_ones = (filled["diagnosis"] == truth["diagnosis"])[hole[:, -1]].mean()
print(pd.Series(rmse).round(3).to_string())
print(f"\n{100 * right_ones:.0f} % of the hidden diagnoses are right.")
print(
    f"The 90 % intervals hold {100 * within.to_numpy()[hidden].mean():.0f} % of the cells."
)
