"""What a reader writes, for mypy alone: it is checked, and never run."""

from typing import assert_type

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skae
from skae import corruption, displays, metrics
from skae.compare import Comparison


def right(X: np.ndarray, y: np.ndarray) -> None:
    autoencoder = skae.AutoencoderTransformer(
        0.9, hidden_layer_sizes=[8], input_noise="auto"
    )
    assert_type(autoencoder.fit(X, groups=y), skae.AutoencoderTransformer)
    assert_type(autoencoder.partial_fit(X), skae.AutoencoderTransformer)
    assert_type(autoencoder.score(X), float)
    assert_type(autoencoder.score_samples(X), np.ndarray)
    assert_type(autoencoder.n_components_, int)
    assert_type(autoencoder.history_["loss"], list[float])
    codes = autoencoder.transform(X)
    autoencoder.inverse_transform(codes).mean(axis=0)
    make_pipeline(StandardScaler(), autoencoder).fit(X)

    noise = corruption.SwapNoise(0.2, groups=[[0, 1]])
    denoiser = skae.DenoisingAutoencoder(noise=noise).fit(X)
    denoiser.denoise(X)
    assert_type(skae.SparseAutoencoder(sparsity="kl").fit(X).dead_units_, np.ndarray)
    assert_type(skae.StackedAutoencoder(noise="swap").fit(X).pretrained_score_, float)
    supervised = skae.SupervisedAutoencoder(target_type="categorical")
    assert_type(supervised.fit(X, y, y_val=y, X_val=X), skae.SupervisedAutoencoder)
    assert_type(supervised.target_type_, str)
    classifier = skae.AutoencoderClassifier(denoiser).fit(X, y, X_unlabeled=X)
    assert_type(classifier, skae.AutoencoderClassifier)
    assert_type(classifier.predict_proba(X), np.ndarray)
    assert_type(skae.AutoencoderRegressor().fit(X, y).predict(X), np.ndarray)

    detector = skae.AutoencoderDetector(denoiser, contamination=0.1).fit(X)
    assert_type(detector, skae.AutoencoderDetector)
    assert_type(detector.score_samples(X), np.ndarray)
    detector.explain(X, what="expected").idxmax(axis=1)

    table = skae.TableAutoencoder(denoiser, kinds={"zip": "category"}).fit(X)
    assert_type(table, skae.TableAutoencoder)
    assert_type(table.score(X), float)
    table.cell_scores(X).idxmax(axis=1)
    assert_type(skae.TableImputer(table).fit(X), skae.TableImputer)
    assert_type(skae.TableCodec(numeric="quantile").fit(X).kinds_, dict)

    comparison = skae.compare_with_pca({"plain": autoencoder}, X, y, n_components=2)
    assert_type(comparison, Comparison)
    displays.WidthDisplay(comparison).plot()
    assert_type(metrics.reconstruction_r2(X, X), float)
    assert_type(displays.TrainingDisplay.from_estimator(denoiser), displays.TrainingDisplay)


def wrong(X: np.ndarray) -> None:
    # mypy fails if it does not find each of these.
    skae.AutoencoderTransformer(activation=3)  # type: ignore[arg-type]
    skae.AutoencoderTransformer(init="zeros")  # type: ignore[arg-type]
    skae.AutoencoderTransformer(n_hidden=3)  # type: ignore[call-arg]
    skae.DenoisingAutoencoder(noise="swop")  # type: ignore[arg-type]
    skae.SparseAutoencoder(sparsity="l2")  # type: ignore[arg-type]
    skae.TableAutoencoder(categorical_loss="mae")  # type: ignore[arg-type]
    skae.AutoencoderClassifier(fine_tune="last")  # type: ignore[arg-type]
    skae.AutoencoderClassifier().fit(X)  # type: ignore[call-arg]
    metrics.continuity(X, X, n_neighbors="5")  # type: ignore[arg-type]
