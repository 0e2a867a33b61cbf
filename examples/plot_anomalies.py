"""
An ordinary value in the wrong place is found, and so is its column
===================================================================

A faulty sensor seldom reports an impossible value. It reports one that is ordinary in
itself and cannot be true beside the others. An autoencoder that has learnt how the columns
depend on each other gives back a different value, and the difference names row and column.
"""

# %%
# A pump and its sensors
# ----------------------
# Speed, opening of the valve and temperature vary freely; the other columns follow from
# them, not in straight lines, and all have some noise. In 60 of 600 later rows one sensor
# reports what it reported at some other time.

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer
from skae.displays import ErrorDisplay

rng = np.random.default_rng(0)


def pump(n):
    """Return n rows of a pump in order."""
    speed, valve, warmth = rng.uniform(0.3, 1, (3, n))
    flow = speed * valve
    table = {
        "speed": speed,
        "valve": valve,
        "temperature": warmth,
        "flow": flow,
        "pressure": speed**2 / (0.5 + valve),
        "power": speed**3 + 0.3 * flow,
        "vibration": np.exp(-(((speed - 0.7) / 0.1) ** 2)),
        "viscosity": 0.3 / warmth,
        "bearing": 0.5 * warmth + 0.5 * speed * warmth,
        "noise level": speed + 0.3 * np.sin(6 * valve),
    }
    frame = pd.DataFrame(table)
    return frame + 0.02 * frame.std().to_numpy() * rng.normal(size=frame.shape)


normal, later = pump(3000), pump(600)
faulty = np.zeros(later.shape, dtype=bool)
faulty[np.arange(60), rng.integers(0, later.shape[1], 60)] = True
later = later.mask(faulty, later.sample(frac=1, random_state=0).to_numpy())

# %%
# Scores of rows, and which cells caused them
# -------------------------------------------
# The error of a row is the mean over its cells. The display shows the ten rows with the
# largest errors: the darker a cell, the further it is from what was given back.

autoencoder = make_pipeline(StandardScaler(), AutoencoderTransformer(3, random_state=0))
autoencoder.set_output(transform="pandas").fit(normal)
display = ErrorDisplay.from_estimator(autoencoder, later)

# %%
# What it says
# ------------

scaler = StandardScaler().fit(normal)
pca = PCA(3).fit(scaler.transform(normal))
scaled = scaler.transform(later)
errors = {
    "autoencoder": display.errors,
    "PCA": (scaled - pca.inverse_transform(pca.transform(scaled))) ** 2,
}
for name, cells in errors.items():
    area = roc_auc_score(faulty.any(axis=1), cells.mean(axis=1))
    found = np.mean(cells[:60].argmax(axis=1) == faulty[:60].argmax(axis=1))
    print(
        f"{name}: area under the ROC curve of the rows {area:.2f}; the faulty sensor has "
        f"the largest error in {found:.0%} of its rows."
    )
forest = IsolationForest(random_state=0).fit(normal)
area = roc_auc_score(faulty.any(axis=1), -forest.score_samples(later))
print(f"isolation forest: {area:.2f}; it does not name the sensor.")
