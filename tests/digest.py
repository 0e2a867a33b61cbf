"""Fits of every kind on a small table, and a digest of all that each of them gives.

Run as a script, it prints the digests: those before and after a change that should change
no bit can be compared, on one machine and with the same versions of all that is installed.
"""

import hashlib
import sys

import numpy as np
import pandas as pd
from networks import dropout_network
from scipy import sparse
from sklearn.base import is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator

from skae import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    TableAutoencoder,
    TableCodec,
    TableImputer,
    compare_with_pca,
)

SHORT = {"max_epochs": 25, "batch_size": 8, "learning_rate": 0.03, "random_state": 0}
DENSE = SHORT | {"hidden_layer_sizes": (6,), "validation_fraction": 0.3}
HEAD = SHORT | {"head_hidden_layer_sizes": (5,)}
rng = np.random.default_rng(3)
u, v = rng.uniform(-1, 1, (2, 120))
X = np.column_stack([u, v, u * v, u**2, v**2]) + 0.01 * rng.standard_normal((120, 5))
X_OTHER, X = X[90:], X[:90]
WEIGHT, GROUPS = rng.uniform(0, 2, 90), np.arange(90) // 4
CLASSES, VALUES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0), X[:, :2] * [1, 100]
FEW = np.where(np.arange(90) % 3, -1, CLASSES)
FRAME = pd.DataFrame(X, columns=list("abcde")).assign(
    sort=np.array(["low", "middle", "high"])[CLASSES],
    when=pd.Timestamp("2020-01-01") + pd.to_timedelta((100 * X[:, 0]).round(), "D"),
)
HOLED = FRAME.mask(np.random.default_rng(4).random(FRAME.shape) < 0.2)


def plain(n_components=2, **parameters):
    """Return a small plain autoencoder."""
    return AutoencoderTransformer(n_components, **DENSE | parameters)


def denoising(**parameters):
    """Return a small denoising autoencoder."""
    return DenoisingAutoencoder(2, **DENSE | parameters)


def stack(**parameters):
    """Return a small stack."""
    return StackedAutoencoder(2, **{"pretrain_epochs": 5} | DENSE | parameters)


def with_own_network(n_components):
    """Return an autoencoder whose network the user builds."""
    return AutoencoderTransformer(n_components, build_network=dropout_network, **SHORT)


def doubled(rows, rng):
    """Corrupt rows in a way that has no name."""
    return rows * (1 + (rng.random(rows.shape) < 0.2))


def fourth_power(y_true, y_pred):
    """Return a loss that has no name."""
    from keras import ops

    return ops.mean((y_true - y_pred) ** 4, axis=-1)


def again(estimator, *tables):
    """Return an estimator after several partial fits."""
    for table in tables:
        estimator.partial_fit(table)
    return estimator


def refitted(estimator):
    """Return an estimator that was fitted twice."""
    return estimator.fit(X).fit(X)


def frozen(estimator):
    """Return a fitted estimator that is not to be fitted again."""
    return FrozenEstimator(estimator.fit(X))


def layer_of(estimator):
    """Return the first layer of a stack after an epoch more."""
    return again(estimator.fit(X).layers_[0], X)


FITS = {
    "plain": lambda: plain().fit(X),
    "random": lambda: plain(init="random").fit(X),
    "linear": lambda: plain(hidden_layer_sizes=()).fit(X),
    "own network": lambda: with_own_network(2).fit(X),
    "own network, partial": lambda: again(with_own_network(3), X[:50], X[50:]),
    "all features": lambda: plain(features="all", validation_fraction=0).fit(X),
    "mae, Adam": lambda: plain(loss="mae", optimizer="adam").fit(X),
    "own loss": lambda: plain(loss=fourth_power, input_noise=0.1).fit(X),
    "validation rows": lambda: plain(patience=1).fit(X, X_val=X_OTHER),
    "weights and groups": lambda: plain().fit(X, sample_weight=WEIGHT, groups=GROUPS),
    "fraction, float32": lambda: AutoencoderTransformer(0.9, **DENSE).fit(X.astype("f4")),
    "sparse rows": lambda: plain().fit(sparse.csr_matrix(np.where(X > 0, X, 0))),
    "warm start": lambda: refitted(plain(warm_start=True, loss="mae")),
    "partial": lambda: again(plain(), X[:50], X[50:], X),
    "swap": lambda: denoising().fit(X),
    "auto": lambda: denoising(noise_level="auto", noise="masking").fit(X),
    "emphasis": lambda: denoising(
        noise="salt_and_pepper", emphasis=2.0, column_groups=[[0, 1]]
    ).fit(X),
    "own noise": lambda: denoising(noise=doubled).fit(X),
    "top k": lambda: SparseAutoencoder(8, **SHORT).fit(X),
    "kl": lambda: SparseAutoencoder(8, sparsity="kl", **SHORT).fit(X, sample_weight=WEIGHT),
    "l1, partial": lambda: again(SparseAutoencoder(8, sparsity="l1", **SHORT), X, X),
    "stack": lambda: stack().fit(X),
    "stack, layers alone": lambda: stack(fine_tune=False).fit(X, X_val=X_OTHER),
    "stack, noise": lambda: stack(noise="gaussian", sparsity="kl").fit(X),
    "stack, warm start": lambda: refitted(stack(warm_start=True)),
    "stack, partial": lambda: again(stack(), X, X),
    "layer, partial": lambda: layer_of(stack(max_epochs=1)),
    "supervised": lambda: SupervisedAutoencoder(2, **DENSE).fit(X, FEW),
    "supervised by numbers": lambda: SupervisedAutoencoder(
        2, noise="gaussian", target_weight=1.0, loss="mae", **DENSE
    ).fit(X, VALUES, sample_weight=WEIGHT),
    "classes": lambda: AutoencoderClassifier(denoising(), **HEAD).fit(X, CLASSES),
    "few classes": lambda: AutoencoderClassifier(
        denoising(noise_level="auto"),
        fine_tune="head_first",
        compare_from_scratch=True,
        class_weight="balanced",
        validation_fraction=0.2,
        **HEAD,
    ).fit(X, FEW, X_unlabeled=X_OTHER, sample_weight=WEIGHT, groups=GROUPS),
    "values": lambda: AutoencoderRegressor(plain(), **HEAD).fit(
        X, VALUES, X_val=X_OTHER, y_val=X_OTHER[:, :2] * [1, 100]
    ),
    "frozen": lambda: AutoencoderRegressor(
        frozen(SparseAutoencoder(8, sparsity="kl", **SHORT)),
        fine_tune=False,
        validation_fraction=0.3,
        **HEAD,
    ).fit(X, VALUES[:, 0], sample_weight=WEIGHT),
    "table": lambda: TableAutoencoder(plain()).fit(HOLED, sample_weight=WEIGHT),
    "table without holes": lambda: TableAutoencoder(denoising(), numeric="quantile").fit(
        FRAME, groups=GROUPS
    ),
    "table, supervised": lambda: TableAutoencoder(
        SupervisedAutoencoder(2, **DENSE), categorical_loss="mse"
    ).fit(HOLED, FEW),
    "imputer": lambda: TableImputer(TableAutoencoder(plain(n_components=0.99))).fit(HOLED),
    "codec": lambda: TableCodec(kinds={"a": "aside"}).fit(HOLED),
    "own network, classes": lambda: AutoencoderClassifier(
        with_own_network(2), keep_noise=False, **HEAD
    ).fit(X, X[:, 0] > 0),
}


def results(estimator):
    """Yield what a fitted estimator says of rows, inside and far outside, and of itself."""
    if isinstance(estimator, TableAutoencoder | TableImputer | TableCodec):
        yield from table_results(estimator)
        return
    rows = np.concatenate([X, X_OTHER, 50 * X_OTHER])[:, : estimator.n_features_in_]
    yield np.asarray(estimator.transform(rows))
    if is_classifier(estimator):
        yield from (estimator.predict_proba(rows), estimator.predict(rows))
    elif is_regressor(estimator):
        yield estimator.predict(rows)
    else:
        yield estimator.inverse_transform(estimator.transform(rows))
    for name, value in sorted(vars(estimator).items()):
        if name == "scratch_":
            yield from results(value)
        elif name == "layers_":
            yield from results(value[0])
        elif name.endswith("_") and not name.startswith("_") and name != "autoencoder_":
            yield f"{name} {value!r}"


def table_results(estimator):
    """Yield what a fitted estimator of frames says of rows with holes and without."""
    frame = pd.concat([HOLED, FRAME])
    found = estimator.transform(frame)
    yield found.to_csv() if isinstance(found, pd.DataFrame) else found
    if hasattr(estimator, "impute"):
        filled, std = estimator.impute(frame, return_std=True)
        yield from (filled.to_csv(), std.to_csv(), estimator.cell_scores(frame).to_csv())
        yield repr(estimator.score(frame))
    if hasattr(estimator, "inverse_transform"):
        yield estimator.inverse_transform(found).to_csv()


def digest(estimator):
    """Return a digest of what a fitted estimator gives."""
    total = hashlib.sha256()
    with np.printoptions(floatmode="unique", threshold=10**6):
        for part in results(estimator):
            total.update(part.encode() if isinstance(part, str) else part.tobytes())
    return total.hexdigest()[:16]


def comparison_digest():
    """Return a digest of a comparison with PCA, but for its times."""
    comparison = compare_with_pca(
        plain(), X, CLASSES, n_components=(1, 2), cv=3, random_state=0, verbose=0
    )
    frame = comparison.frame().drop(columns=["fit_seconds", "transform_microseconds"])
    text = frame.to_csv() + repr(comparison.pca_curve.tolist())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main():
    """Print the digest of each fit, or of those whose names are given."""
    for name in sys.argv[1:] or FITS:
        print(f"{name:24} {digest(FITS[name]())}", flush=True)
    if not sys.argv[1:]:
        print(f"{'comparison':24} {comparison_digest()}", flush=True)


if __name__ == "__main__":
    main()
