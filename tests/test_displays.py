"""Displays: the numbers behind the pictures, and what is drawn of them."""

import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, KernelPCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skae import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    SupervisedAutoencoder,
)
from skae.compare._drawing import without_steps, written
from skae.displays import (
    CodeDisplay,
    ErrorDisplay,
    ReconstructionDisplay,
    TrainingDisplay,
    WidthDisplay,
)

pytestmark = pytest.mark.usefixtures("without_xla")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def without_windows():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted(small_table):
    return AutoencoderTransformer(2, max_epochs=30, random_state=0).fit(small_table)


@pytest.fixture(scope="module")
def small_table():
    u, v = np.random.default_rng(3).uniform(-1, 1, (2, 300))
    return np.column_stack([u, v, u * v, u**2, v**2])


@pytest.fixture(scope="module")
def wine_pipeline():
    X = load_wine(as_frame=True).data
    autoencoder = AutoencoderTransformer(3, max_epochs=3, random_state=0)
    pipeline = make_pipeline(StandardScaler(), autoencoder)
    return pipeline.set_output(transform="pandas").fit(X), X


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_training_is_drawn_with_the_line_of_pca(fitted):
    display = TrainingDisplay.from_estimator(fitted)
    frame = display.frame()
    assert frame["val_loss"].tolist() == fitted.history_["val_loss"]
    assert frame.index.tolist() == list(range(1, 31))
    assert frame["pca_loss"].unique() == [fitted.pca_loss_]
    lines = {line.get_label(): line for line in display.ax_.get_lines()}
    np.testing.assert_array_equal(lines["validation rows"].get_ydata(), frame["val_loss"])
    assert lines["PCA, validation rows"].get_ydata()[0] == fitted.pca_loss_
    kept = lines[f"epoch {fitted.best_epoch_}, kept"]
    assert kept.get_ydata() == frame["val_loss"].min()


@pytest.mark.parametrize(("target_weight", "has_line"), [(0, True), (3, False)])
def test_line_of_pca_is_drawn_beside_the_loss_of_rows_alone(small, target_weight, has_line):
    supervised = SupervisedAutoencoder(
        target_weight=target_weight, hidden_layer_sizes=(6,), max_epochs=2
    ).fit(small, small[:, 2] > 0)
    drawn = labels(TrainingDisplay.from_estimator(supervised).ax_)
    assert ("PCA, validation rows" in drawn) == has_line


def test_kept_start_is_drawn_before_the_first_epoch():
    noise = np.random.default_rng(0).normal(size=(60, 5))
    kept_pca = AutoencoderTransformer(2, max_epochs=2, random_state=0).fit(noise)
    assert kept_pca.best_epoch_ == 0
    ax = TrainingDisplay.from_estimator(make_pipeline(kept_pca)).ax_
    start = {line.get_label(): line for line in ax.get_lines()}["the start, kept"]
    assert list(start.get_xdata()) == [0, 0]
    once = AutoencoderTransformer(2, max_epochs=1, random_state=0).fit(noise)
    once = TrainingDisplay.from_estimator(once).ax_
    curves = [
        {line.get_label(): line for line in axes.get_lines()}["validation rows"]
        for axes in (ax, once)
    ]
    assert [curve.get_marker() for curve in curves] == ["None", "."]  # a line, a point


@pytest.mark.parametrize("loss", ["MSE", keras.losses.MeanSquaredError()])
def test_line_of_pca_is_drawn_whatever_the_squared_error_is_called(loss, small_table):
    autoencoder = AutoencoderTransformer(2, loss=loss, max_epochs=1).fit(small_table)
    display = TrainingDisplay.from_estimator(autoencoder)
    assert "PCA, validation rows" in labels(display.ax_)


@pytest.mark.parametrize(
    "estimator",
    [
        AutoencoderTransformer(2, loss="mae", max_epochs=2),
        AutoencoderTransformer(2, validation_fraction=0, max_epochs=2),
        AutoencoderClassifier(AutoencoderTransformer(2, max_epochs=2), max_epochs=2),
    ],
)
def test_training_without_a_line_to_beat_is_drawn_without_one(estimator, small_table):
    estimator.fit(small_table, small_table[:, 0] > 0)
    display = TrainingDisplay.from_estimator(estimator)
    assert display.frame()["pca_loss"].isna().all()
    assert not any("PCA" in label for label in labels(display.ax_))


def test_training_over_decades_is_drawn_on_a_logarithmic_scale():
    history = {"loss": [10.0, 1.0, 0.1]}
    assert TrainingDisplay(history, 3).plot().ax_.get_yscale() == "log"
    assert TrainingDisplay({"loss": [3.0, 2.0]}, 2).plot().ax_.get_yscale() == "linear"


@pytest.mark.parametrize(
    "display",
    [TrainingDisplay({"loss": [3.0, 2.0]}, 2), CodeDisplay({"PCA": np.zeros((3, 2))})],
)
def test_matplotlib_that_is_missing_is_named(monkeypatch, display):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = r'matplotlib is not installed, .* install "skae\[plot\]"\.$'
    with pytest.raises(ImportError, match=message):
        display.plot()


def test_codes_are_drawn_beside_principal_components(fitted, small_table):
    display = CodeDisplay.from_estimator(fitted, small_table, small_table[:, 0])
    frame = display.frame()
    ours = frame[frame.method == "AutoencoderTransformer"]
    np.testing.assert_array_equal(ours[["first", "second"]], fitted.transform(small_table))
    theirs = frame[frame.method == "PCA"]
    expected = PCA(2).fit_transform(small_table)
    np.testing.assert_allclose(theirs[["first", "second"]], expected, atol=1e-9)
    np.testing.assert_array_equal(theirs["y"], small_table[:, 0])
    for ax, points in zip(display.axes_, [theirs, ours]):
        np.testing.assert_array_equal(
            ax.collections[0].get_offsets(), points[["first", "second"]]
        )
    assert len(display.figure_.axes) == 3  # the third is the colour bar


def test_classes_are_written_at_their_medians(fitted, small_table):
    classes = np.where(small_table[:, 0] > 0, "right", "left")
    display = CodeDisplay.from_estimator(fitted, small_table, classes)
    drawn = {text.get_text(): text.xy for text in display.axes_[1].texts}
    codes = fitted.transform(small_table)
    np.testing.assert_array_equal(
        drawn["right"], np.median(codes[classes == "right"], axis=0)
    )
    assert set(drawn) == {"left", "right"}
    plain = CodeDisplay.from_estimator(fitted, small_table)
    assert "y" not in plain.frame()
    many = CodeDisplay.from_estimator(fitted, small_table, np.arange(300) % 12.0)
    written_there = [text.get_text() for text in many.axes_[0].texts]
    assert written_there == [str(k) for k in range(12)]
    shapes = [
        points.get_paths()[0].vertices.tobytes() for points in many.axes_[0].collections
    ]
    assert len(shapes) == 12
    assert len(set(shapes)) == 10  # legible without colours


def test_chosen_components_and_given_pca_are_drawn(wine_pipeline):
    pipeline, X = wine_pipeline
    rows = StandardScaler().fit_transform(X)
    pca = PCA(3).fit(rows[::2])
    display = CodeDisplay.from_estimator(pipeline, X, components=(2, 0), pca=pca)
    np.testing.assert_allclose(display.codes["PCA"], pca.transform(rows)[:, [2, 0]])
    expected = pipeline.transform(X).to_numpy()[:, [2, 0]]
    np.testing.assert_array_equal(display.codes["AutoencoderTransformer"], expected)
    assert display.axes_[0].get_xlabel() == "component 3"
    _, axes = plt.subplots(1, 2)
    assert list(display.plot(axes).axes_) == list(axes)


def test_hidden_activations_are_no_codes(small_table):
    estimator = DenoisingAutoencoder(2, features="all", max_epochs=1, random_state=0)
    codes = estimator.fit(small_table).set_params(features="code").transform(small_table)
    estimator.set_params(features="all")
    display = CodeDisplay.from_estimator(estimator, small_table)
    np.testing.assert_allclose(display.codes["DenoisingAutoencoder"], codes, atol=1e-6)


def test_reconstructions_are_those_of_the_last_step(wine_pipeline):
    pipeline, X = wine_pipeline
    display = ReconstructionDisplay.from_estimator(pipeline, X, rows=[5, 9])
    frame = display.frame()
    scaled = pipeline[0].transform(X).iloc[[5, 9]]
    np.testing.assert_array_equal(frame["value"], scaled.to_numpy().ravel())
    assert frame["row"].unique().tolist() == [5, 9]
    assert frame["column"].tolist() == [*X.columns, *X.columns]
    back = pipeline[1].inverse_transform(pipeline[1].transform(scaled))
    np.testing.assert_allclose(frame["AutoencoderTransformer"], np.ravel(back), atol=1e-6)
    pca = PCA(3).fit(pipeline[0].transform(X).to_numpy())
    back = pca.inverse_transform(pca.transform(scaled.to_numpy()))
    np.testing.assert_allclose(frame["PCA"], np.ravel(back), atol=1e-9)
    panels = display.ax_.child_axes
    assert [panel.get_ylabel() for panel in panels] == ["row 5", "row 9"]
    heights = [bar.get_height() for bar in panels[1].patches]
    np.testing.assert_array_equal(heights, scaled.iloc[1])


def test_images_are_drawn_as_images(digits):
    pca = PCA(5).fit(digits)
    display = ReconstructionDisplay.from_estimator(pca, digits, image_shape=(8, 8))
    mosaic = display.ax_.images[0].get_array()
    assert mosaic.shape == (3 * 8 + 2, 10 * 8 + 9)
    np.testing.assert_array_equal(mosaic[:8, 9:17].data, digits[1].reshape(8, 8))
    lines = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert lines == ["rows", "PCA", "given PCA"]


def test_errors_show_the_cell_that_is_wrong(wine_pipeline):
    pipeline, X = wine_pipeline
    X = X.copy()
    X.loc[17, "magnesium"] = 400
    display = ErrorDisplay.from_estimator(pipeline, X, n_rows=4, n_columns=6)
    frame = display.frame()
    assert frame.index[0] == 17
    assert frame.loc[17].drop("error").idxmax() == "magnesium"
    expected = pipeline[1].reconstruction_error(pipeline[0].transform(X))
    np.testing.assert_allclose(frame.loc[X.index, "error"], expected, rtol=1e-5)
    image = display.ax_.images[0].get_array()
    assert image.shape == (4, 6)
    assert image[0, 0] == pytest.approx(frame.loc[17, "magnesium"] ** 0.5)
    assert display.ax_.get_xticklabels()[0].get_text() == "magnesium"
    assert display.ax_.get_yticklabels()[0].get_text() == "17"
    bars = display.ax_.child_axes[0].patches
    np.testing.assert_array_equal([bar.get_width() for bar in bars], frame["error"][:4])


def test_error_is_a_name_that_a_column_may_have(small_table):
    table = pd.DataFrame(small_table, columns=["error", "v", "uv", "uu", "vv"])
    pca = PCA(2).set_output(transform="pandas").fit(table)
    display = ErrorDisplay.from_estimator(pca, table, n_rows=3)
    bars = display.figure_.axes[0].child_axes[0].patches
    widths = [bar.get_width() for bar in bars]
    np.testing.assert_array_equal(widths, np.sort(display.errors.mean(axis=1))[:-4:-1])


def test_steps_are_left_out_of_the_names_of_columns():
    X = load_wine(as_frame=True).data
    scaler = make_column_transformer((StandardScaler(), list(X.columns)))
    pipeline = make_pipeline(scaler.set_output(transform="pandas"), PCA(2)).fit(X)
    errors = ErrorDisplay.from_estimator(pipeline, X)
    assert errors.feature_names[0] == "standardscaler__alcohol"
    panels = ReconstructionDisplay.from_estimator(pipeline, X).ax_.child_axes
    for ax in (errors.ax_, panels[-1]):
        shown = {text.get_text() for text in ax.get_xticklabels()}
        assert shown == set(written(X.columns))


def test_columns_keep_their_names_behind_a_scaler_of_arrays():
    X = load_wine(as_frame=True).data
    pca = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    assert ErrorDisplay.from_estimator(pca, X).feature_names == list(X.columns)
    unnamed = make_pipeline(FunctionTransformer(np.asarray), PCA(2)).fit(X)
    names = ErrorDisplay.from_estimator(unnamed, X).feature_names
    assert names == [str(i) for i in range(13)]


def test_sparse_codes_and_nested_pipelines_are_shown(small_table):
    sparse = SparseAutoencoder(n_nonzero=2, sparse_output=True, max_epochs=2)
    nested = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), sparse))
    nested.fit(small_table)
    codes = nested.transform(small_table).toarray()
    shown = CodeDisplay.from_estimator(nested, small_table).codes["SparseAutoencoder"]
    np.testing.assert_array_equal(shown, codes[:, :2])
    errors = ErrorDisplay.from_estimator(nested, small_table).errors
    scaled = nested[0].transform(small_table)
    expected = nested[1][1].reconstruction_error(nested[1][0].transform(scaled))
    np.testing.assert_allclose(errors.mean(axis=1), expected)
    display = TrainingDisplay.from_estimator(nested)
    assert display.frame()["loss"].tolist() == nested[1][1].history_["loss"]


def test_other_transformers_are_shown_too(small_table):
    X = small_table - small_table.mean(axis=0)
    kernel = KernelPCA(2, fit_inverse_transform=True, alpha=1e-9).fit(X)
    errors = ErrorDisplay.from_estimator(kernel, X).errors
    pca = PCA(2).fit(X)
    back = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(errors, (X - back) ** 2, atol=1e-4)


def test_width_is_drawn_for_pca_and_others(small_table):
    linear = AutoencoderTransformer(hidden_layer_sizes=(), max_epochs=1)
    settings = {"n_components": [1, 3], "cv": 2, "random_state": 0}
    display = WidthDisplay.from_estimator({"linear": linear}, small_table, **settings)
    assert len(display.frame()) == 2 * 2 * 2
    assert labels(display.ax_) == ["PCA", "linear"]
    curve = display.ax_.get_lines()[0].get_xydata()
    r2 = display.comparison.summary()["r2"]
    np.testing.assert_allclose(curve[[0, 2], 1], [r2[1, "PCA"], r2[3, "PCA"]])


def test_widths_are_drawn_for_a_sample_of_rows(small_table, capsys):
    settings = {"n_components": 1, "cv": 2, "random_state": 0, "verbose": 1}
    WidthDisplay.from_estimator(PCA(), small_table, max_samples=30, **settings)
    n = len(small_table)
    assert capsys.readouterr().out.startswith(f"[compare_with_pca] 30 of {n} rows")


@pytest.mark.parametrize(
    "draw",
    [
        lambda fitted, X, ax: TrainingDisplay.from_estimator(fitted, ax=ax),
        lambda fitted, X, ax: ReconstructionDisplay.from_estimator(fitted, X, ax=ax),
        lambda fitted, X, ax: ErrorDisplay.from_estimator(fitted, X, ax=ax),
    ],
)
def test_axes_given_are_drawn_on(draw, fitted, small_table):
    figure, ax = plt.subplots()
    display = draw(fitted, small_table, ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot(ax) is display
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


def test_displays_need_a_fitted_estimator(small_table):
    estimator = AutoencoderTransformer()
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(estimator)
    for display in (CodeDisplay, ReconstructionDisplay, ErrorDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(estimator, small_table)


def test_lists_and_frames_of_any_kind_are_shown(fitted, small_table):
    listed = ErrorDisplay.from_estimator(fitted, small_table.tolist())
    array = ErrorDisplay.from_estimator(fitted, small_table)
    pd.testing.assert_frame_equal(listed.frame(), array.frame())
    ReconstructionDisplay.from_estimator(fitted, small_table.tolist())
    scattered = ReconstructionDisplay.from_estimator(fitted, sparse.coo_array(small_table))
    np.testing.assert_array_equal(scattered.rows, small_table[:4])
    frame = pd.DataFrame(small_table, columns=list("abcde"))
    pca = PCA(2).set_output(transform="pandas").fit(frame)
    named = AutoencoderTransformer(2, max_epochs=1, random_state=0).fit(frame)
    with config_context(transform_output="polars"):
        display = CodeDisplay.from_estimator(named, frame)
    given = CodeDisplay.from_estimator(named, frame, pca=pca)
    np.testing.assert_allclose(display.codes["PCA"], given.codes["PCA"], atol=1e-9)
    backs = ReconstructionDisplay.from_estimator(named, frame, pca=pca).reconstructions
    expected = pca.inverse_transform(pca.transform(frame)[:4])
    np.testing.assert_allclose(backs["PCA"], expected)


def test_wide_rows_are_drawn_as_one_area():
    X = np.random.default_rng(0).normal(size=(12, 300))
    display = ReconstructionDisplay.from_estimator(PCA(2).fit(X), X, rows=[3])
    (panel,) = display.ax_.child_axes
    assert not panel.patches
    assert panel.collections[0].get_label() == "row"


def test_names_are_short_and_plain_labels():
    assert without_steps(["one__age", "two__sex_male"]) == ["age", "sex_male"]
    assert without_steps(["one__age", "two__age"]) == ["one__age", "two__age"]
    assert without_steps(["3", "x__"]) == ["3", "x__"]
    assert written(["$0-$5"]) == [r"\$0-\$5"]
    assert written(["a" * 30 + "b" * 30]) == ["a" * 11 + "…" + "b" * 11]
    assert written(pd.date_range("2020-01-01", periods=1)) == ["2020-01-01"]
    assert written([3, "us__east"]) == ["3", "us__east"]
    assert written(["a\n b", "", " "]) == ["a b", "(no name)", "(no name)"]
    assert written(["_hidden"])[0].lstrip("\u200b") == "_hidden"
    assert written([("a", 1), ("b", 2)]) == ["('a', 1)", "('b', 2)"]


def legend_of(ax):
    ax.figure.canvas.draw()
    return [text.get_text().lstrip("\u200b") for text in ax.get_legend().get_texts()]


def test_names_that_matplotlib_would_hide_or_typeset_are_shown(small_table):
    X, y = small_table, small_table[:, 0] > 0
    names = {"_hidden": make_pipeline(PCA()), "$a^b$": make_pipeline(PCA())}
    settings = {"n_components": 2, "cv": 2, "random_state": 0}
    display = WidthDisplay.from_estimator(names, X, **settings)
    assert legend_of(display.ax_) == ["PCA", "_hidden", r"\$a^b\$"]
    backs = {"_mine": X[:2], "": X[:2], "$x": X[:2]}
    columns = ["_a", "$b^$", "c\nd", "", *map(str, range(X.shape[1] - 4))]
    bars = ReconstructionDisplay(X[:2], backs, columns).plot()
    assert sorted(legend_of(bars.ax_)) == ["(no name)", r"\$x", "_mine", "row"]
    codes = {"$_{": X[:, :2], "_c": X[:, :2]}
    drawn = CodeDisplay(codes, np.where(y, "_$^{", "")).plot()
    assert drawn.axes_[0].get_title() == r"\$_{"
    error = ErrorDisplay(X**2, columns, [("_r$", i) for i in range(len(X))]).plot()
    training = TrainingDisplay({"loss": [2.0, 1.0]}, 1, name="$^{").plot()
    for figure in (drawn.figure_, error.figure_, training.figure_):
        figure.canvas.draw()


def test_bad_input_leaves_no_figure(fitted, small_table):
    for arguments in ({"n_columns": 2.5}, {"n_rows": "a"}, {"n_rows": None}):
        with pytest.raises(ValueError, match="must be an int of at least 1"):
            ErrorDisplay.from_estimator(fitted, small_table, **arguments)
    for image_shape in (5, (5,), (5.0, 1.0), (-5, -1), (1, 5, 1), "15"):
        with pytest.raises(ValueError, match="the height and the width of an image"):
            ReconstructionDisplay.from_estimator(
                fitted, small_table, image_shape=image_shape
            )
    for components in (0, None, "01", (0.5, 1), (0, 0, 1)):
        with pytest.raises(ValueError, match="must be two of the 2 components"):
            CodeDisplay.from_estimator(fitted, small_table, components=components)
    with pytest.raises(ValueError, match="must be matplotlib Axes"):
        WidthDisplay.from_estimator(PCA(), small_table, ax=[1])
    with pytest.raises(ValueError, match="has no transform, so there are no codes"):
        CodeDisplay.from_estimator(LogisticRegression().fit([[0], [1]], [0, 1]), [[0]])
    assert not plt.get_fignums()


def test_bad_input_is_told(fitted, small_table):
    X = small_table
    with pytest.raises(ValueError, match="must be two of the 2 components"):
        CodeDisplay.from_estimator(fitted, X, components=(0, 2))
    with pytest.raises(ValueError, match="pca has only 1 components"):
        CodeDisplay.from_estimator(fitted, X, pca=PCA(1).fit(X))
    with pytest.raises(ValueError, match="X has one row"):
        CodeDisplay.from_estimator(fitted, X[:1])
    with pytest.raises(ValueError, match="must be 2 Axes"):
        CodeDisplay.from_estimator(fitted, X, ax=plt.gca())
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        CodeDisplay.from_estimator(fitted, X, [1, 2])
    with pytest.raises(ValueError, match="y has 300 missing values"):
        CodeDisplay.from_estimator(fitted, X, [None] * 300)
    predictor = AutoencoderClassifier(fitted, max_epochs=1).fit(X, X[:, 0] > 0)
    with pytest.raises(ValueError, match="AutoencoderClassifier has no inverse_transform"):
        ErrorDisplay.from_estimator(predictor, X)
    with pytest.raises(ValueError, match="as many pixels"):
        ReconstructionDisplay.from_estimator(fitted, X, image_shape=(2, 2))
    with pytest.raises(ValueError, match="positions from 0 to 299"):
        ReconstructionDisplay.from_estimator(fitted, X, rows=[300])
    with pytest.raises(ValueError, match="sequence of positions"):
        ReconstructionDisplay.from_estimator(fitted, X, rows=3)
    with pytest.raises(ValueError, match="n_rows=0 must be an int of at least 1"):
        ErrorDisplay.from_estimator(fitted, X, n_rows=0)
    with pytest.raises(ValueError, match="PCA has no training to show"):
        TrainingDisplay.from_estimator(PCA().fit(X))
    stack = StackedAutoencoder(
        hidden_layer_sizes=(3,), fine_tune=False, pretrain_epochs=1
    ).fit(X)
    with pytest.raises(ValueError, match="has no training to show"):
        TrainingDisplay.from_estimator(stack)


def test_numbers_need_no_matplotlib():
    code = (
        "import sys, pandas as pd\n"
        "sys.modules['matplotlib'] = None\n"
        "from skae.displays import TrainingDisplay\n"
        "assert TrainingDisplay({'loss': [1.0]}, 1).frame()['loss'].tolist() == [1]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(TrainingDisplay({"loss": [1.0]}, 1).frame(), pd.DataFrame)
