"""
A frame with text, dates and holes goes ahead of a classifier as it is
======================================================================

Subscribers of a newspaper, made up: numbers, text, a date, a truth value, and holes in all
of them. Who will leave depends on the season in which they came, and on how their plan and
their use fit together. The usual way is to impute, to encode, to scale, and PCA; here the
frame goes into one step, and comes back from the codes.
"""

# %%
# The table
# ---------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skae import AutoencoderTransformer, TableAutoencoder

rng = np.random.default_rng(0)
n = 1000
season = rng.uniform(0, 2 * np.pi, n)
habit = rng.normal(size=n)
plan = np.where(habit + 0.5 * rng.normal(size=n) > 0, "daily", "weekend")
table = pd.DataFrame(
    {
        "articles": np.round(np.exp(2 + 0.5 * habit + 0.1 * rng.normal(size=n))),
        "minutes": 20 + 8 * habit + 2 * rng.normal(size=n),
        "plan": plan,
        "device": np.where(rng.random(n) < 1 / (1 + np.exp(3 * habit)), "paper", "phone"),
        "since": pd.Timestamp("2015-01-01")
        + pd.to_timedelta(
            365.25 * rng.integers(0, 8, n) + 365.25 * season / (2 * np.pi), unit="D"
        ),
        "gift": np.sin(season) + 0.5 * rng.normal(size=n) > 0.5,
    }
)
table["since"] = table["since"].dt.floor("D")
leaves = np.sin(season) + habit * np.where(plan == "daily", -1, 1) > 0
holed = table.astype({"gift": object}).mask(rng.random(table.shape) < 0.1)
print(holed.head().to_string())

# %%
# Three codes for it
# ------------------

inner = AutoencoderTransformer(3, max_epochs=40, random_state=0)
codes = TableAutoencoder(inner)
usual = make_column_transformer(
    (
        make_pipeline(SimpleImputer(), StandardScaler()),
        make_column_selector(dtype_include="number"),
    ),
    (
        make_pipeline(
            SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False)
        ),
        ["plan", "device"],
    ),
    sparse_threshold=0,
)
neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(15))
numbers = holed.assign(since=holed["since"].astype("int64").where(holed["since"].notna()))
accuracy = {
    "three codes of the frame": cross_val_score(
        make_pipeline(codes, neighbours), holed, leaves, cv=3
    ).mean(),
    "three components, the usual way": cross_val_score(
        make_pipeline(usual, PCA(3), neighbours), numbers, leaves, cv=3
    ).mean(),
    "trees on the table itself": cross_val_score(
        HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0),
        numbers.astype({"plan": "category", "device": "category", "gift": "category"}),
        leaves,
        cv=3,
    ).mean(),
}

# %%
# The picture
# -----------
# The same codes, seen: two of them, and who leaves.

fitted = codes.fit(holed)
found = fitted.transform(holed)
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.scatter(found[:, 0], found[:, 1], c=leaves, s=6, cmap="coolwarm")
ax.set(
    xlabel="first code", ylabel="second code", title="Subscribers, those who leave in red"
)
ax.spines[["top", "right"]].set_visible(False)

# %%
# What it says
# ------------
# A code is a frame again: here are the first three rows as the three codes keep them.

print(fitted.inverse_transform(found[:3]).to_string())
print("\nshare explained:", fitted.score_columns(holed).round(2).to_dict())
print((100 * pd.Series(accuracy)).round(1).to_string())
