"""
An ordinary value in the wrong place is found, and so is its column
===================================================================

A faulty sensor seldom reports an impossible value. It reports one that is ordinary in
itself and cannot be true beside the others. A detector that has learnt how the columns
depend on each other finds the row, names the column, and says what was to be expected.
"""

# %%
# A pump and its sensors
# ----------------------
# Speed, opening of the valve and temperature vary freely; the other columns follow from
# them, not in straight lines, and all have some noise. In 60 of 600 later rows one sensor
# reports what it reported at some other time.

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from skae import AutoencoderDetector, AutoencoderTransformer
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
true = later
later = true.mask(faulty, true.sample(frac=1, random_state=0).to_numpy())

# %%
# Unusual rows, and the cells that make them so
# ---------------------------------------------
# The table is given as it is. The display shows the ten rows with the lowest scores: a cell
# is as dark as the score would rise if the sensor reported what the others let expect.

detector = AutoencoderDetector(AutoencoderTransformer(3, random_state=0)).fit(normal)
display = ErrorDisplay.from_estimator(detector, later)

# %%
# What it says
# ------------
# Some of the wrong values are nearly right, by chance, and nobody can find them.

has_fault = faulty.any(axis=1)
forest = IsolationForest(random_state=0).fit(normal)
for name, scored in {"detector": detector, "isolation forest": forest}.items():
    area = roc_auc_score(has_fault, -scored.score_samples(later))
    print(f"{name}: area under the ROC curve {area:.2f}")

is_flagged = detector.predict(later) == -1
found = is_flagged & has_fault
gains = detector.explain(later[found]).to_numpy()
is_named = gains.argmax(axis=1) == faulty[found].argmax(axis=1)
expected = detector.explain(later, what="expected")
off, mended = (
    np.median((abs(values - true) / true.std()).to_numpy()[faulty & found[:, np.newaxis]])
    for values in (later, expected)
)
print(
    f"{found.sum()} of 60 faults are flagged, and {np.sum(is_flagged & ~has_fault)} of 540 "
    f"others; the faulty sensor is named in {is_named.mean():.0%} of the flagged faults.\n"
    f"The values of these sensors are off by {off:.2f} standard deviations in the median, "
    f"the expected ones by {mended:.2f}."
)
