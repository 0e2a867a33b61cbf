"""The promises: same bits, nothing touched, nothing lost, drops in where PCA stood."""

import copy
import hashlib
import io
import os
import pickle
import random
import stat
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from networks import dropout_network
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, KernelPCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
    compare_with_pca,
    displays,
)
from skae.metrics import continuity, neighborhood_preservation

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 8, "hidden_layer_sizes": (16, 8), "random_state": 0}


def quick(n_components=2, **kwargs):
    return AutoencoderTransformer(n_components, **QUICK | kwargs)


def run_python(code, **kwargs):
    """Run code in a fresh process, where the tests' networks can be imported."""
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        check=True,
        timeout=300,
        **kwargs,
    )


FITS_IN_A_CHILD = """
    import hashlib
    from sklearn.datasets import load_digits
    from skae import AutoencoderTransformer
    X = load_digits().data
    estimator = AutoencoderTransformer(3, max_epochs=3, random_state=5).fit(X)
    estimator.encoder_
    for width in widths:
        AutoencoderTransformer(width, hidden_layer_sizes=(), max_epochs=2).fit(X[:60, :12])
    print(hashlib.sha256(estimator.transform(X).tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def children(tmp_path_factory):
    """What two processes of one and of two threads say and write, in one directory."""
    directory = tmp_path_factory.mktemp("read_only")
    directory.chmod(stat.S_IREAD | stat.S_IEXEC)

    def child(n_threads, widths):
        code = f"import os; os.environ['OMP_NUM_THREADS'] = '{n_threads}'; {widths=}\n"
        return run_python(code + textwrap.dedent(FITS_IN_A_CHILD), cwd=directory)

    many = list(range(3, 10))  # of which TensorFlow would warn, if they were one function
    with ThreadPoolExecutor(2) as pool:
        return directory, list(pool.map(child, (1, 2), (many, [])))


@pytest.mark.compiled
@pytest.mark.slow
def test_same_bits_in_other_processes_with_any_number_of_threads(digits, children):
    codes = AutoencoderTransformer(3, max_epochs=3, random_state=5).fit_transform(digits)
    expected = hashlib.sha256(codes.tobytes()).hexdigest()
    assert [child.stdout.decode().strip() for child in children[1]] == [expected] * 2


@pytest.mark.slow
def test_nothing_else_on_the_console_for_many_architectures_in_turn(children):
    for child in children[1]:
        assert child.stdout.count(b"\n") == 1
        assert child.stderr == b""


@pytest.mark.slow
def test_nothing_is_written_to_a_read_only_directory(children):
    assert list(children[0].iterdir()) == []


@pytest.mark.parametrize("kwargs", [{}, {"build_network": dropout_network}])
@pytest.mark.compiled
def test_same_bits_in_threads_and_after_global_seeds_changed(small, kwargs):
    import keras

    expected = quick(**kwargs).fit_transform(small)
    keras.utils.set_random_seed(99)
    np.testing.assert_array_equal(quick(**kwargs).fit_transform(small), expected)
    with ThreadPoolExecutor(2) as pool:
        for codes in pool.map(lambda _: quick(**kwargs).fit_transform(small), range(4)):
            np.testing.assert_array_equal(codes, expected)


@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("kwargs", [{}, {"build_network": dropout_network}])
def test_fit_leaves_global_generators_alone(small, random_state, kwargs):
    import keras

    def states():
        seed = keras.src.random.seed_generator.global_seed_generator().state.numpy()
        return random.getstate(), np.random.get_state()[1].tolist(), seed.tolist()

    before = states()
    quick(**kwargs | {"random_state": random_state}).fit(small)
    assert states() == before


def calls_that_draw(X):
    """Return calls of what is public and may draw random numbers, by name."""
    fitted = quick().fit(X)
    methods = {
        "autoencoder": quick(random_state=None),
        "random PCA": make_pipeline(PCA(svd_solver="randomized")),
        "kernel": KernelPCA(eigen_solver="randomized", fit_inverse_transform=True),
    }
    y, settings = X[:, 0] > 0, {"n_components": 2, "cv": 2, "verbose": 0}
    unlabelled = AutoencoderClassifier(quick(random_state=None), max_epochs=2)
    return {
        "comparison": lambda: compare_with_pca(methods, X, y, **settings),
        "comparison of numbers": lambda: compare_with_pca(quick(), X, X[:, 0], **settings),
        "groups": lambda: compare_with_pca(
            quick(), X, y, groups=np.arange(90) // 3, **settings
        ),
        "width": lambda: displays.WidthDisplay.from_estimator(quick(), X, **settings),
        "code": lambda: displays.CodeDisplay.from_estimator(fitted, X, y),
        "error": lambda: displays.ErrorDisplay.from_estimator(fitted, X),
        "rows": lambda: displays.ReconstructionDisplay.from_estimator(fitted, X),
        "training": lambda: displays.TrainingDisplay.from_estimator(fitted),
        "continuity": lambda: continuity(X, X, max_rows=40, random_state=None),
        "preservation": lambda: neighborhood_preservation(
            X, X, max_rows=40, random_state=None
        ),
        "classifier": lambda: unlabelled.fit(X, y, X_unlabeled=X),
        "sparse": lambda: SparseAutoencoder(4, max_epochs=2).fit(X).transform(X),
        "denoising": lambda: DenoisingAutoencoder(max_epochs=2).fit(X).denoise(X),
        "stack": lambda: StackedAutoencoder(
            hidden_layer_sizes=(4,), pretrain_epochs=2, max_epochs=2
        ).fit(X),
        "supervised": lambda: SupervisedAutoencoder(max_epochs=2).fit(X, y),
    }


def test_nothing_public_moves_global_generators(small):
    pytest.importorskip("matplotlib").use("agg")

    def states():
        return random.getstate(), np.random.get_state()[1:3]

    for name, call in calls_that_draw(small).items():
        python, (numbers, place) = states()
        call()
        after, (numbers_after, place_after) = states()
        assert (python, place) == (after, place_after), name
        np.testing.assert_array_equal(numbers, numbers_after, name)


def test_comparison_without_a_seed_differs_each_time(small):
    settings = {"n_components": 2, "cv": 3, "verbose": 0}
    frames = [compare_with_pca(PCA(), small, **settings).frame() for _ in range(2)]
    assert not np.array_equal(frames[0]["r2"], frames[1]["r2"])


def test_numbers_drawn_in_another_thread_never_come_twice(small):
    drawn = []

    def draw():
        drawn.extend(random.random() for _ in range(5))

    def build(n_features, n_components):
        from keras import Sequential, layers

        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
        encoder = Sequential([layers.Dense(4), layers.Dense(n_components)])
        return encoder, Sequential([layers.Dense(n_features)])

    random.seed(3)
    fits = [quick(build_network=build).fit(small) for _ in range(2)]
    random.seed(3)
    assert len(drawn) >= 10
    assert drawn == [random.random() for _ in drawn]
    assert fits[0].history_ == fits[1].history_


def test_draws_of_keras_in_a_custom_network_depend_on_random_state_alone(small):
    def build(n_features, n_components):
        import keras

        encoder = keras.Sequential([keras.layers.Dense(n_components)])
        encoder.build((None, n_features))
        encoder.set_weights([keras.random.normal(w.shape) for w in encoder.get_weights()])
        return encoder, keras.Sequential([keras.layers.Dense(n_features)])

    first, second = (quick(build_network=build).fit(small).history_ for _ in range(2))
    assert first == second
    assert first != quick(build_network=build, random_state=1).fit(small).history_


def test_random_state_none_and_instances_give_different_fits(small):
    by_entropy = [quick(random_state=None).fit(small).history_["loss"] for _ in range(2)]
    assert by_entropy[0] != by_entropy[1]
    generator = np.random.RandomState(0)
    drawn = [quick(random_state=generator).fit(small).history_["loss"] for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_environment_and_directory_are_left_alone(small, tmp_path):
    before = dict(os.environ)
    quick().fit(small).transform(small)
    assert {k for k in os.environ if os.environ[k] != before.get(k)} == set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.compiled
@pytest.mark.slow
def test_grid_search_in_two_processes_equals_one(two_processes):
    X, y = load_wine(return_X_y=True)
    brief = QUICK | {"hidden_layer_sizes": (4,), "validation_fraction": 0}
    plain, denoiser = AutoencoderTransformer(2, **brief), DenoisingAutoencoder(2, **brief)
    stack = StackedAutoencoder(2, sparsity="l1", **brief)
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("reduce", plain), ("classify", LogisticRegression())]
    )
    grid = [
        {"reduce__n_components": [1, 2], "reduce__learning_rate": [1e-4, 1e-2]},
        {"reduce": [denoiser], "reduce__noise": ["swap", "gaussian"]},
        {"reduce": [SparseAutoencoder(4, **brief)], "reduce__sparsity": ["topk", "kl"]},
        {"reduce": [stack], "reduce__pretrain_epochs": [2, 4]},
        {"reduce": [SupervisedAutoencoder(2, **brief)], "reduce__target_weight": [1, 9]},
    ]
    settings = {"scoring": "neg_log_loss", "cv": 2, "refit": False}
    one, two = (
        GridSearchCV(pipeline, grid, n_jobs=n_jobs, **settings).fit(X, y)
        for n_jobs in (1, two_processes)
    )
    scores = one.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, two.cv_results_["mean_test_score"])
    assert len(np.unique(scores)) == 12


def test_grid_search_without_scoring_prefers_the_better_autoencoder(digits):
    search = GridSearchCV(
        quick(3), {"learning_rate": [1e-12, 1e-2], "n_components": [1, 4]}, cv=2
    ).fit(digits)
    assert search.best_params_ == {"learning_rate": 1e-2, "n_components": 4}


def test_validation_rows_travel_through_a_pipeline_and_are_scaled():
    X = 100 + 10 * load_wine().data
    with config_context(enable_metadata_routing=True):
        estimator = quick().set_fit_request(X_val=True)
        pipeline = make_pipeline(StandardScaler(), estimator, transform_input=["X_val"])
        pipeline.fit(X[::2], X_val=X[1::2])
    scaler = StandardScaler().fit(X[::2])
    direct = quick().fit(scaler.transform(X[::2]), X_val=scaler.transform(X[1::2]))
    assert pipeline[-1].validation_score_ == direct.validation_score_
    assert 0 < direct.validation_score_ < 1


def test_clone_keeps_settings_and_drops_the_fit(small):
    estimator = quick(learning_rate=0.02, callbacks=None, loss="mae").fit(small)
    copied = clone(estimator)
    assert copied.get_params() == estimator.get_params()
    assert not hasattr(copied, "mean_")


def by_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.mark.parametrize("kwargs", [{}, {"build_network": dropout_network}])
@pytest.mark.parametrize(
    "carry", [lambda e: pickle.loads(pickle.dumps(e)), by_joblib, copy.deepcopy]
)
def test_copies_give_identical_codes(small, kwargs, carry):
    estimator = quick(**kwargs).fit(small)
    expected = estimator.transform(small)
    estimator.encoder_  # noqa: B018 - a Keras model in the cache must not be carried
    carried = carry(estimator)
    np.testing.assert_array_equal(carried.transform(small), expected)
    np.testing.assert_array_equal(
        carried.inverse_transform(expected), estimator.inverse_transform(expected)
    )


@pytest.mark.slow
def test_pickles_answer_in_a_fresh_process_without_keras(small, tmp_path):
    narrow = QUICK | {"hidden_layer_sizes": (4,)}
    fitted = {"plain": quick().fit(small)}
    for kind in ("topk", "kl", "l1"):
        fitted[kind] = SparseAutoencoder(12, sparsity=kind, **narrow).fit(small)
    classifier = AutoencoderClassifier(
        quick(), compare_from_scratch=True, max_epochs=4, random_state=0
    ).fit(small, small[:, 0] > 0)
    joblib.dump((fitted, classifier, small), tmp_path / "fitted.joblib")
    code = """
        import joblib, sys
        fitted, classifier, X = joblib.load("fitted.joblib")
        answers = {}
        for name, estimator in fitted.items():
            codes = estimator.transform(X)
            answers[name] = codes, estimator.inverse_transform(codes), estimator.score(X)
        probabilities = classifier.predict_proba(X)
        assert not {"keras", "tensorflow"} & set(sys.modules)
        joblib.dump((answers, probabilities), "answers.joblib")
    """
    run_python(code, cwd=tmp_path)
    answers, probabilities = joblib.load(tmp_path / "answers.joblib")
    for name, (codes, back, score) in answers.items():
        np.testing.assert_array_equal(codes, fitted[name].transform(small))
        np.testing.assert_array_equal(back, fitted[name].inverse_transform(codes))
        assert score == fitted[name].score(small)
    np.testing.assert_array_equal(probabilities, classifier.predict_proba(small))


def test_pipeline_with_memory_gives_identical_codes(small, tmp_path):
    def pipeline(memory):
        steps = StandardScaler(), quick(), LogisticRegression()
        return make_pipeline(*steps, memory=memory)

    y = small[:, 0] > 0
    plain = pipeline(None).fit(small, y)
    for _ in range(2):
        cached = pipeline(str(tmp_path / "cache")).fit(small, y)
        np.testing.assert_array_equal(
            cached[:-1].transform(small), plain[:-1].transform(small)
        )


def test_names_and_frames(small):
    frame = pd.DataFrame(small, columns=list("abcde"))
    estimator = quick().fit(frame)
    assert list(estimator.feature_names_in_) == list("abcde")
    assert estimator.get_feature_names_out().tolist() == [
        "autoencodertransformer0",
        "autoencodertransformer1",
    ]
    found = estimator.set_output(transform="pandas").transform(frame)
    assert list(found.columns) == ["autoencodertransformer0", "autoencodertransformer1"]
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.transform(frame[list("edcba")])
    columns = ColumnTransformer([("code", quick(), list("abc"))], remainder="drop")
    out = columns.set_output(transform="pandas").fit_transform(frame)
    assert list(out.columns) == [
        "code__autoencodertransformer0",
        "code__autoencodertransformer1",
    ]


def test_polars_in_and_out(small):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(dict(zip("abcde", small.T)))
    estimator = quick().fit(frame).set_output(transform="polars")
    codes = estimator.transform(frame)
    assert isinstance(codes, polars.DataFrame)
    np.testing.assert_allclose(codes.to_numpy(), quick().fit_transform(small))


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("features", ["code", "all"])
def test_rows_come_back_as_frames_where_frames_are_asked_for(small, library, features):
    frames = pytest.importorskip(library)
    kwargs = {"features": features, "max_epochs": 2, "random_state": 0}
    plain = DenoisingAutoencoder(**kwargs).fit(small)
    table = frames.DataFrame(dict(zip("edcba", small.T)))
    if library == "pandas":
        table.index = range(100, 190)
    framed = DenoisingAutoencoder(**kwargs).set_output(transform=library).fit(table)
    codes = framed.transform(table)
    with config_context(transform_output=library):
        unnamed = plain.inverse_transform(plain.transform(small))
    assert list(unnamed.columns) == ["x0", "x1", "x2", "x3", "x4"]
    expected = {
        "back": plain.inverse_transform(plain.transform(small)),
        "clean": plain.denoise(small),
        "errors": plain.reconstruction_error(small, per_feature=True),
    }
    found = {
        "back": framed.inverse_transform(codes),
        "clean": framed.denoise(table),
        "errors": framed.reconstruction_error(table, per_feature=True),
    }
    for name, rows in expected.items():
        assert type(rows) is np.ndarray
        assert isinstance(found[name], frames.DataFrame)
        assert list(found[name].columns) == list("edcba")
        np.testing.assert_allclose(found[name].to_numpy(), rows, atol=1e-6)
        if library == "pandas":
            assert found[name].index.equals(table.index)
    assert type(framed.reconstruction_error(table)) is np.ndarray
    assert framed.score(table) == pytest.approx(plain.score(small))
    pipeline = make_pipeline(StandardScaler(), quick()).set_output(transform=library)
    back = pipeline.inverse_transform(pipeline.fit_transform(table))
    assert np.shape(back) == (90, 5)


def test_sparse_rows_equal_dense_rows(digits):
    csr = sparse.csr_array(digits)
    dense, by_csr = quick().fit(digits), quick().fit(csr)
    np.testing.assert_allclose(by_csr.transform(csr), dense.transform(digits), atol=1e-6)
    assert by_csr.score(csr) == pytest.approx(dense.score(digits))


def test_dtype_of_the_rows_is_kept(small):
    estimator = quick().fit(small)
    codes = estimator.transform(small.astype(np.float32))
    assert codes.dtype == np.float32
    assert estimator.inverse_transform(codes).dtype == np.float32
    assert estimator.transform(small.astype(np.float16)).dtype == np.float64
    np.testing.assert_allclose(codes, estimator.transform(small), atol=1e-5)


def test_fit_is_interrupted_without_a_trace(small):
    from keras.callbacks import LambdaCallback

    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    estimator = quick().fit(small)
    before, codes = dict(vars(estimator)), estimator.transform(small)
    estimator.set_params(callbacks=[LambdaCallback(on_epoch_end=interrupt)])
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(small[:50, :4])
    del before["callbacks"]
    assert all(vars(estimator)[name] is before[name] for name in before)
    np.testing.assert_array_equal(estimator.transform(small), codes)
    fresh = quick(callbacks=[LambdaCallback(on_epoch_end=interrupt)])
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(small)
    assert vars(fresh).keys() == quick().get_params().keys()


def test_blas_gets_its_threads_back():
    from skae._data._threads import _blas_libraries, one_blas_thread

    def threads():
        return [library.get_num_threads() for library in _blas_libraries()]

    before = threads()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    assert threads() == [1] * len(before)
    first.__exit__(None, None, None)
    assert threads() == [1] * len(before)
    second.__exit__(None, None, None)
    assert threads() == before


def test_large_memory_mapped_table_is_read_in_chunks(tmp_path):
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (5000, 8))
    X[:] = rng.normal(size=X.shape) @ rng.normal(size=(8, 8))
    read_only = np.load(tmp_path / "X.npy", mmap_mode="r")
    found = quick(3).fit(read_only)
    np.testing.assert_array_equal(
        found.transform(np.array(X)), quick(3).fit_transform(np.array(X))
    )
