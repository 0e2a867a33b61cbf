"""
One grid search weighs an autoencoder against PCA, and takes the autoencoder
============================================================================

An autoencoder is a step of a Pipeline like any other. A grid search can tune it by the
accuracy of the classifier behind it, and can put PCA in its place as well. This script
does both on the handwritten digits that come with scikit-learn. The autoencoder is a
denoising one, and with ``features="all"`` it gives the classifier the activations of its
hidden layers beside the code.
"""

# %%
# The step itself is a parameter
# ------------------------------
# There are three grids: all columns as they are, the width of PCA, and the width and the
# features of the autoencoder. The scaler behind them gives all features one scale. For
# longer searches add ``n_jobs=2``, which shares the fits among processes, each of which
# imports TensorFlow.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

pipeline = Pipeline(
    [
        ("reduce", PCA()),
        ("scale", StandardScaler()),
        ("classify", LogisticRegression(max_iter=1000)),
    ]
)
widths = [5, 15]
grid = [
    {"reduce": ["passthrough"]},
    {"reduce": [PCA(random_state=0)], "reduce__n_components": widths},
    {
        "reduce": [DenoisingAutoencoder(max_epochs=40, random_state=0)],
        "reduce__n_components": widths,
        "reduce__features": ["code", "all"],
    },
]
folds = StratifiedKFold(3, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds).fit(X_train, y_train)

# %%
# The picture
# -----------
# A line for each setting, and a point for each fold.

results = pd.DataFrame(search.cv_results_)
splits = ["split0_test_score", "split1_test_score", "split2_test_score"]
all_columns, results = 100 * results.loc[0, splits].mean(), results[1:]
results = results.set_index("param_reduce__n_components")
features = results.pop("param_reduce__features").fillna("PCA")
accuracy = 100 * results[splits]

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for setting, label, line, shade in (
    ("all", "autoencoder, all activations", "o-", "#08306b"),
    ("code", "autoencoder, code", "^-.", "#4292c6"),
    ("PCA", "PCA", "s--", "#969696"),
):
    scores = accuracy[features == setting]
    ax.plot(scores.index, scores, line[0], color=shade, ms=4, alpha=0.5)
    ax.plot(scores.index, scores.mean(axis=1), line, color=shade, label=label)
ax.axhline(all_columns, color="0.3", ls=":", label="all 64 columns")
ax.set(
    xticks=widths,
    xlabel="components",
    ylabel="accuracy in cross-validation, in %",
    title="Logistic regression behind each",
)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower right")

# %%
# What it says
# ------------
# The search has fitted the best Pipeline again, to all training rows.

print(f"all 64 columns: {all_columns:.1f}%")
mean = accuracy.mean(axis=1)
for width in widths:
    print(
        f"{width} components: PCA {mean[features == 'PCA'][width]:.1f}%, code "
        f"{mean[features == 'code'][width]:.1f}%, all activations "
        f"{mean[features == 'all'][width]:.1f}%"
    )
best = search.best_params_
print(
    f"The search takes {type(best['reduce']).__name__} with {best['reduce__n_components']} "
    f"components and features={best['reduce__features']!r}, and names "
    f"{search.score(X_test, y_test):.1%} of unseen digits."
)
