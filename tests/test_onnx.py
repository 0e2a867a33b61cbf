"""ONNX: skl2onnx converts each estimator, and onnxruntime gives the same answers."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from networks import dropout_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from without_keras import PREDICTORS, QUICK, TRANSFORMERS

import skae
from skae._models._activations import ACTIVATIONS
from skae._models._code import ActivationCode

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

X, Y = load_wine(return_X_y=True)
X = StandardScaler().fit_transform(X)
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
DTYPES = list(TOLERANCE)
BOUNDED = {"max_epochs": 60, "random_state": 0}  # enough to leave PCA, and have bounds
MORE = {
    "bounded": skae.AutoencoderTransformer(2, **BOUNDED),
    "bounded denoiser": skae.DenoisingAutoencoder(2, **BOUNDED),
    "bounded all": skae.AutoencoderTransformer(2, features="all", **BOUNDED),
    "kl": skae.SparseAutoencoder(4, sparsity="kl", **QUICK),
    "l1": skae.SparseAutoencoder(4, sparsity="l1", **QUICK),
    "csr": skae.SparseAutoencoder(4, sparse_output=True, **QUICK),
    "kl stack": skae.StackedAutoencoder(2, sparsity="kl", pretrain_epochs=2, **QUICK),
}
AUTOENCODERS = TRANSFORMERS | MORE


@pytest.fixture(scope="module")
def fitted():
    """All estimators, each fitted once, when it is asked for."""
    made = {}

    def estimator(name):
        if name not in made:
            made[name] = clone((AUTOENCODERS | PREDICTORS)[name]).fit(X, Y)
        return made[name]

    return estimator


def rows(n_rows, dtype):
    """Rows like those of the fit, and far ones among them, up to a million ranges out."""
    rng = np.random.default_rng(0)
    made = X[rng.integers(len(X), size=n_rows)] + 0.05 * rng.standard_normal((n_rows, 13))
    made[::5] *= 10.0 ** rng.uniform(0.5, 6, (len(made[::5]), 1))
    made[2::7, 3] += 100
    return made.astype(dtype)


def answered(estimator, X, **options):
    """Return what onnxruntime gives for rows, by the names of the outputs."""
    options = {id(estimator): options} if options else None
    model = skl2onnx.to_onnx(estimator, X[:1], options=options)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X})))


def assert_near(found, expected, dtype):
    """Compare row by row, in units of the largest value of each."""
    expected = np.asarray(expected, dtype=np.float64).reshape(len(found), -1)
    found = found.reshape(len(found), -1).astype(np.float64)
    size = np.maximum(1, np.abs(expected).max(axis=1, keepdims=True))
    assert_allclose(found / size, expected / size, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_rows", [1, 10_000])
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_autoencoder_gives_the_same(name, n_rows, dtype, fitted):
    autoencoder, X = fitted(name), rows(n_rows, dtype)
    assert not name.startswith("bounded") or (autoencoder._model.bounds is not None)
    found = answered(autoencoder, X, reconstruction=True, score_samples=True)
    codes = autoencoder.transform(X)
    assert list(found) == ["codes", "reconstruction", "score_samples"]
    assert found["codes"].dtype == found["reconstruction"].dtype == dtype
    assert found["codes"].shape == codes.shape
    assert_near(found["codes"], codes.toarray() if name == "csr" else codes, dtype)
    back = autoencoder.inverse_transform(codes)
    assert_near(found["reconstruction"], back, dtype)
    assert_near(found["score_samples"], autoencoder.score_samples(X), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["bounded", "bounded denoiser"])
def test_far_rows_are_what_principal_components_say(name, dtype, fitted):
    autoencoder, far = fitted(name), rows(50, dtype)[::5]
    found = answered(autoencoder, far, reconstruction=True)
    bounds = autoencoder._model.bounds
    codes = (far - bounds.shift) @ bounds.to_codes
    back = codes @ bounds.to_rows + bounds.shift
    is_farthest = np.abs(far).max(axis=1) > 1e4
    assert is_farthest.any()
    assert_near(found["codes"][is_farthest, :-1], codes[is_farthest, :-1], dtype)
    assert_near(found["reconstruction"][is_farthest], back[is_farthest], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activation_gives_the_same_in_layers_and_in_codes(activation, dtype, fitted):
    autoencoder = copy.copy(fitted("bounded"))
    model, code = autoencoder._model, ActivationCode(activation)
    size = 0.1 if activation == "exponential" else 1  # else it leaves the numbers

    def changed(half):
        arrays = [array * size for array in half.to_list()]
        return replace(half.with_list(arrays), activation=activation)

    autoencoder._model = replace(
        model,
        network=replace(model.network, activation=activation, code=code),
        encoder=changed(model.encoder),
        decoder=changed(model.decoder),
        bounds=None,
    )
    near = np.vstack([X / 3, 1.5 * X]).astype(dtype)
    found = answered(autoencoder, near, reconstruction=True)
    codes = autoencoder.transform(near)
    assert_near(found["codes"], codes, dtype)
    assert_near(found["reconstruction"], autoencoder.inverse_transform(codes), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1e-36, 1e36])
def test_units_beyond_float32_are_computed_in_float64(scale, dtype):
    X_scaled = X * scale
    autoencoder = clone(TRANSFORMERS["plain"]).fit(X_scaled)
    X_scaled = X_scaled.astype(dtype)
    found = answered(autoencoder, X_scaled)["codes"]
    assert_near(found / scale, autoencoder.transform(X_scaled) / scale, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_rows", [1, 10_000])
@pytest.mark.parametrize("labels", ["numbers", "floats", "text", "two", "booleans"])
def test_classifier_gives_the_same(labels, n_rows, dtype):
    y = {
        "numbers": Y + 3,
        "floats": Y + 3.0,
        "text": np.array(["red", "white", "rosé"])[Y],
        "two": Y // 2,
        "booleans": Y == 1,
    }[labels]
    classifier = skae.AutoencoderClassifier(
        TRANSFORMERS["plain"], max_epochs=20, random_state=0
    ).fit(X, y)
    rows_asked = rows(n_rows, dtype)
    found = answered(classifier, rows_asked)
    assert list(found) == ["label", "probabilities"]
    assert found["probabilities"].dtype == dtype
    assert_near(found["probabilities"], classifier.predict_proba(rows_asked), dtype)
    expected = classifier.predict(rows_asked)
    assert np.mean(found["label"] == expected) > 0.999  # all but ties
    assert found["label"].shape == expected.shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_targets", [1, 3])
def test_regressor_gives_the_same(n_targets, dtype):
    targets = 50 * X[:, :n_targets] + 7
    regressor = skae.AutoencoderRegressor(
        TRANSFORMERS["plain"], max_epochs=20, random_state=0
    ).fit(X, targets if n_targets > 1 else targets[:, 0])
    rows_asked = rows(200, dtype)
    found = answered(regressor, rows_asked)
    assert found["variable"].shape == (200, n_targets)
    assert_near(found["variable"], regressor.predict(rows_asked), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_rows", [1, 10_000])
def test_detector_gives_the_same(n_rows, dtype, fitted):
    detector, rows_asked = fitted("detector"), rows(n_rows, dtype)
    found = answered(detector, rows_asked, score_samples=True)
    assert_near(found["scores"], detector.decision_function(rows_asked), dtype)
    assert_near(found["score_samples"], detector.score_samples(rows_asked), dtype)
    assert_array_equal(found["label"].ravel(), detector.predict(rows_asked))


@pytest.mark.parametrize("dtype", DTYPES)
def test_pipeline_with_what_stands_before_and_behind_gives_the_same(dtype):
    table = np.column_stack([X[:, :6], Y]).astype(dtype)
    before = make_column_transformer(
        (StandardScaler(), slice(0, 6)), (OneHotEncoder(sparse_output=False), [6])
    )
    autoencoder = clone(TRANSFORMERS["sparse"])
    is_first = Y == 0
    pipeline = make_pipeline(before, autoencoder, LogisticRegression())
    pipeline.fit(table, is_first.astype(int))
    model = skl2onnx.to_onnx(
        pipeline, table[:1], options={LogisticRegression: {"zipmap": False}}
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    label, probabilities = session.run(None, {"X": table})
    assert_array_equal(label, pipeline.predict(table))
    # scikit-learn computes from float32 codes in float64, the operator of ONNX does not.
    assert_allclose(probabilities, pipeline.predict_proba(table), rtol=0, atol=1e-5)


def test_columns_of_a_frame_are_inputs_of_their_own():
    table = load_wine(as_frame=True).data.astype({"proline": np.int64})
    detector = clone(PREDICTORS["detector"]).fit(table)
    model = skl2onnx.to_onnx(detector, table[:1])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    columns = [table[[name]].to_numpy() for name in table]
    names = [given.name for given in session.get_inputs()]
    assert len(names) == 13
    label, scores = session.run(None, dict(zip(names, columns)))
    assert_near(scores, detector.decision_function(table), "float64")
    assert_array_equal(label.ravel(), detector.predict(table))


def test_predictor_at_the_end_of_a_pipeline_gives_the_same():
    pipeline = make_pipeline(StandardScaler(), clone(PREDICTORS["classifier"]))
    pipeline.fit(X, Y)
    found = answered(pipeline, X)
    assert_near(found["probabilities"], pipeline.predict_proba(X), "float64")


def test_converting_changes_nothing(fitted):
    autoencoder = fitted("plain")
    before = autoencoder.transform(X)
    for _ in range(2):
        assert list(answered(autoencoder, X)) == ["codes"]
    assert_array_equal(autoencoder.transform(X), before)


def test_converting_needs_no_keras(fitted, tmp_path):
    file = tmp_path / "autoencoder.pickle"
    file.write_bytes(pickle.dumps(fitted("bounded")))
    code = (
        "import pickle, sys, numpy as np, skl2onnx;"
        "autoencoder = pickle.load(open(sys.argv[1], 'rb'));"
        "assert skl2onnx.to_onnx(autoencoder, np.zeros((1, 13))).graph.node;"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, file], check=True, timeout=300)


def test_unknown_option_is_refused(fitted):
    answered(fitted("plain"), X)
    with pytest.raises(NameError, match="Option 'scores' not in"):
        answered(fitted("plain"), X, scores=True)


def test_old_operators_are_refused(fitted):
    with pytest.raises(ValueError, match=r"target_opset=12 is older .* ask for 13"):
        skl2onnx.to_onnx(fitted("plain"), X[:1], target_opset=12)


def test_network_of_the_users_says_what_to_do():
    autoencoder = skae.AutoencoderTransformer(
        2, build_network=dropout_network, max_epochs=1
    ).fit(X)
    with pytest.raises(TypeError, match=r"write it by encoder_\.export"):
        skl2onnx.to_onnx(autoencoder, X[:1])


def test_labels_that_onnx_has_no_type_for_are_refused():
    days = Y.astype("datetime64[D]")
    classifier = clone(PREDICTORS["classifier"]).fit(X, days)
    with pytest.raises(TypeError, match=r"classes_ are of type 'datetime64\[D\]'"):
        skl2onnx.to_onnx(classifier, X[:1])
