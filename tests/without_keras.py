"""What serves without Keras: fit and save where it is installed, use where it is not.

::

    python tests/without_keras.py save FILE
    python tests/without_keras.py use FILE
    python tests/without_keras.py use FILE --hide  # Keras from this process
"""

import argparse
import importlib.util
import pickle
import sys
from importlib.machinery import PathFinder

import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skae
from skae.displays import CodeDisplay, ErrorDisplay, ReconstructionDisplay, TrainingDisplay

BACKENDS = "keras", "tensorflow", "jax", "torch"
QUICK = {"max_epochs": 3, "hidden_layer_sizes": (6,), "random_state": 0}
TRANSFORMERS = {
    "plain": skae.AutoencoderTransformer(2, **QUICK),
    "denoising": skae.DenoisingAutoencoder(2, **QUICK),
    "sparse": skae.SparseAutoencoder(4, **QUICK),
    "stacked": skae.StackedAutoencoder(2, pretrain_epochs=2, **QUICK),
    "supervised": skae.SupervisedAutoencoder(2, **QUICK),
}
PREDICTORS = {
    "classifier": skae.AutoencoderClassifier(max_epochs=3, random_state=0),
    "regressor": skae.AutoencoderRegressor(max_epochs=3, random_state=0),
    "detector": skae.AutoencoderDetector(skae.AutoencoderTransformer(2, **QUICK)),
    "table": skae.TableAutoencoder(skae.AutoencoderTransformer(2, **QUICK)),
    "imputer": skae.TableImputer(
        skae.TableAutoencoder(skae.AutoencoderTransformer(2, **QUICK))
    ),
}
ANSWERS = {  # the methods that must answer, and with the same numbers
    **{name: ["transform", "score", "score_samples"] for name in TRANSFORMERS},
    "classifier": ["predict", "predict_proba"],
    "regressor": ["predict"],
    "detector": ["predict", "score_samples"],
    "table": ["transform", "score"],
    "imputer": ["transform"],
}


class WithoutBackends(PathFinder):
    """Finds all modules but those of Keras and of what it runs on."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname.partition(".")[0] in BACKENDS:
            return None
        return super().find_spec(fullname, path, target)


def save(file):
    """Fit each estimator behind a scaler, and pickle it with what it answers."""
    X, y = load_wine(return_X_y=True)
    saved = {}
    for name, estimator in (TRANSFORMERS | PREDICTORS).items():
        pipeline = make_pipeline(StandardScaler(), estimator).fit(X, y)
        saved[name] = pipeline, [getattr(pipeline, m)(X) for m in ANSWERS[name]]
    with open(file, "wb") as opened:
        pickle.dump(saved, opened)


def use(file):
    """Load the estimators, use them, draw them, and read what a fit says."""
    X, y = load_wine(return_X_y=True)
    with open(file, "rb") as opened:
        saved = pickle.load(opened)
    for name, (pipeline, answers) in saved.items():
        assert_answers(name, pipeline, answers, X)
        if name in TRANSFORMERS:
            draw(pipeline, X, y)
            assert_asks_for_a_backend(getattr, pipeline[-1], "encoder_")
        assert_asks_for_a_backend(pipeline.fit, X, y)
        assert_answers(name, pipeline, answers, X)  # a failed fit has lost nothing
    plain = TRANSFORMERS["plain"]
    assert_asks_for_a_backend(skae.compare_with_pca, plain, X, verbose=0)
    assert_asks_for_a_backend(importlib.import_module, "skae.sparsity")
    assert not set(BACKENDS) & set(sys.modules)
    print(f"{len(saved)} estimators answer without Keras")


def assert_answers(name, pipeline, answers, X):
    """Check that a pipeline answers as it did where it was fitted."""
    for method, expected in zip(ANSWERS[name], answers):
        np.testing.assert_allclose(getattr(pipeline, method)(X), expected, 1e-5, 1e-7)


def draw(pipeline, X, y):
    """Draw all that can be drawn of one estimator."""
    import matplotlib.pyplot as plt

    CodeDisplay.from_estimator(pipeline, X, y)
    ErrorDisplay.from_estimator(pipeline, X)
    ReconstructionDisplay.from_estimator(pipeline, X)
    TrainingDisplay.from_estimator(pipeline)
    plt.close("all")


def assert_asks_for_a_backend(function, *args, **kwargs):
    """Check that a function cannot do without a backend, and says where to get it."""
    said = ""
    try:
        function(*args, **kwargs)
    except ImportError as error:
        said = str(error)
    both = 'run pip install "skae[tensorflow]" or pip install "skae[jax]".'
    assert said.endswith(both), said or "did without"


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["save", "use"])
    parser.add_argument("file")
    parser.add_argument("--hide", action="store_true")
    arguments = parser.parse_args()
    if arguments.action == "save":
        save(arguments.file)
        return
    if arguments.hide:
        sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutBackends
    for name in BACKENDS:
        assert importlib.util.find_spec(name) is None, f"{name} is installed"
    use(arguments.file)


if __name__ == "__main__":
    main()
