"""DenoisingAutoencoder against closed forms, and all its options."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderTransformer, DenoisingAutoencoder
from skae.corruption import GaussianNoise, SwapNoise

pytestmark = pytest.mark.usefixtures("without_xla")
QUICK = {"max_epochs": 3, "random_state": 0}
ALWAYS = {"validation_fraction": 0, **QUICK}  # keeps the last epoch, never PCA


def moments(X, noise, level):
    """Return mean and covariance of corrupted rows, and their covariance with clean ones.

    Derived for independent cells and centred columns; `level` is the standard deviation
    of the noise in that of the column, or the probability of a cell to be corrupted.
    """
    S = np.cov(X.T, bias=True)
    D, kept = np.diag(np.diag(S)), 1 - level
    mean = np.zeros(len(S))
    if noise == "gaussian":
        return mean, S + level**2 * D, S
    if noise == "masking":
        return mean, kept**2 * S + kept * level * D, kept * S
    if noise == "swap":
        return mean, kept**2 * S + (1 - kept**2) * D, kept * S
    low, high = X.min(axis=0), X.max(axis=0)
    mean = level * (low + high) / 2
    squares = kept * np.diag(S) + level * (low**2 + high**2) / 2
    return mean, kept**2 * (S - D) + np.diag(squares - mean**2), kept * S


def excess_loss(denoiser, X, noise, level, best_loss):
    """Return by how much a linear denoiser's expected loss exceeds the least, relative."""
    mean, covariance, shared = moments(X, noise, level)
    offset = denoiser.denoise(np.zeros((1, X.shape[1])))[0]
    matrix = (denoiser.denoise(np.eye(X.shape[1])) - offset).T
    loss = (
        np.trace(np.cov(X.T, bias=True))
        - 2 * np.trace(matrix @ shared)
        + np.trace(matrix @ covariance @ matrix.T)
        + ((matrix @ mean + offset) ** 2).sum()
    )
    return loss / best_loss - 1


@pytest.fixture(scope="module")
def table():
    """The breast cancer table, standardised: 569 rows, its first 12 columns."""
    return StandardScaler().fit_transform(load_breast_cancer().data[:, :12])


LINEAR = {
    "hidden_layer_sizes": (),
    "validation_fraction": 0,
    "weight_decay": 0.0,
    "random_state": 0,
}


@pytest.mark.parametrize("init", ["pca", "random"])
@pytest.mark.parametrize(
    ("noise", "level"),
    [("gaussian", 0.7), ("masking", 0.3), ("swap", 0.3), ("salt_and_pepper", 0.2)],
)
@pytest.mark.compiled
@pytest.mark.slow
def test_linear_denoiser_reaches_the_closed_form(table, noise, level, init):
    denoiser = DenoisingAutoencoder(
        12, noise=noise, noise_level=level, init=init, max_epochs=500, **LINEAR
    ).fit(table)
    _, covariance, shared = moments(table, noise, level)
    least = np.trace(np.cov(table.T, bias=True))
    least -= np.trace(shared @ np.linalg.solve(covariance, shared))
    assert -1e-6 < excess_loss(denoiser, table, noise, level, least) < 0.02


@pytest.mark.compiled
def test_narrow_linear_denoiser_reaches_the_closed_form(table):
    noise = GaussianNoise(0.7)
    denoiser = DenoisingAutoencoder(3, noise=noise, max_epochs=500, **LINEAR).fit(table)
    variance, vectors = np.linalg.eigh(np.cov(table.T, bias=True))
    variance, vectors = variance[::-1], vectors[:, ::-1]
    gain = variance[:3] / (variance[:3] + 0.7**2)
    least = variance.sum() - (variance[:3] * gain).sum()
    assert -1e-6 < excess_loss(denoiser, table, "gaussian", 0.7, least) < 0.02
    ideal = vectors[:, :3] * gain @ vectors[:, :3].T
    offset = denoiser.denoise(np.zeros((1, 12)))
    np.testing.assert_allclose(denoiser.denoise(np.eye(12)) - offset, ideal, atol=0.03)


@pytest.mark.parametrize("noise", ["swap", "masking", "gaussian", "salt_and_pepper"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_noise_is_the_plain_autoencoder(small, noise, seed):
    kwargs = {"max_epochs": 4, "random_state": seed}
    plain = AutoencoderTransformer(2, input_noise=0, **kwargs).fit(small)
    denoiser = DenoisingAutoencoder(2, noise=noise, noise_level=0, **kwargs).fit(small)
    np.testing.assert_array_equal(denoiser.transform(small), plain.transform(small))
    assert denoiser.history_ == plain.history_


def test_gaussian_noise_is_that_of_the_plain_autoencoder(small):
    plain = AutoencoderTransformer(2, input_noise=0.3, **ALWAYS).fit(small)
    denoiser = DenoisingAutoencoder(2, noise="gaussian", noise_level=0.3, **ALWAYS)
    np.testing.assert_array_equal(
        denoiser.fit(small).transform(small), plain.transform(small)
    )


@pytest.mark.compiled
@pytest.mark.slow
def test_denoiser_of_digits_beats_the_best_linear_one():
    X = load_digits().data / 16
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    denoiser = DenoisingAutoencoder(
        48, noise=GaussianNoise(0.3), hidden_layer_sizes=(256, 128), random_state=0
    ).fit(train)
    noisy = GaussianNoise(0.3)(test, np.random.default_rng(1))
    error = ((denoiser.denoise(noisy) - test) ** 2).mean()

    S, mean = np.cov(train.T, bias=True), train.mean(axis=0)
    wiener = np.linalg.solve(S + 0.3**2 * np.eye(64), S)
    linear = (((noisy - mean) @ wiener + mean - test) ** 2).mean()
    assert 0.022 < linear < 0.026
    assert error < linear


@pytest.mark.compiled
@pytest.mark.slow
def test_residual_points_along_the_score():
    rng = np.random.default_rng(0)
    centres, spread, sigma = np.array([[-2, 0], [2, 0], [0, 2.5]]), 0.5, 0.5
    X = centres[rng.integers(3, size=4000)] + spread * rng.standard_normal((4000, 2))
    denoiser = DenoisingAutoencoder(
        2, noise=GaussianNoise(sigma), max_epochs=60, random_state=0
    ).fit(X)
    points = GaussianNoise(sigma)(X[:1000], rng)
    residual = denoiser.denoise(points) - points

    offsets = centres - points[:, np.newaxis]
    variance = spread**2 + sigma**2
    density = np.exp(-(offsets**2).sum(axis=2) / (2 * variance))
    share = density / density.sum(axis=1, keepdims=True)
    score = (share[..., np.newaxis] * offsets).sum(axis=1) / variance
    cosine = (residual * score).sum(axis=1)
    cosine /= np.linalg.norm(residual, axis=1) * np.linalg.norm(score, axis=1)
    # weighted by length: where the score vanishes it has no direction
    assert np.average(cosine, weights=np.linalg.norm(score, axis=1)) > 0.95


def test_transform_is_not_corrupted(small):
    denoiser = DenoisingAutoencoder(2, noise_level=0.9, **ALWAYS).fit(small)
    codes = denoiser.transform(small)
    np.testing.assert_array_equal(denoiser.transform(small), codes)
    np.testing.assert_array_equal(
        denoiser.denoise(small), denoiser.inverse_transform(codes)
    )


def test_noise_is_fresh_and_given_in_user_units(small):
    seen = []

    def watch(X, rng):
        seen.append(X.copy())
        return X

    shifted = 100 + 10 * small
    DenoisingAutoencoder(2, noise=watch, **ALWAYS).fit(shifted)
    assert len(seen) == 3
    for rows in seen:
        np.testing.assert_allclose(
            np.sort(rows[:90], axis=0), np.sort(shifted, axis=0), rtol=1e-5
        )


def test_noisy_rows_choose_and_clean_ones_are_reported(digits):
    denoiser = DenoisingAutoencoder(
        5, noise="gaussian", noise_level=0.5, max_epochs=10, random_state=0
    ).fit(digits[:1000], X_val=digits[1000:])
    history, kept = denoiser.history_, denoiser.best_epoch_ - 1
    assert kept == np.argmin(history["val_noisy_loss"])
    errors = denoiser.reconstruction_error(digits[1000:])
    np.testing.assert_allclose(errors.mean(), history["val_loss"][kept], rtol=1e-4)
    noise = GaussianNoise(0.5, digits[:1000].std(axis=0))
    noisy = noise(digits[1000:], np.random.default_rng(0))
    error = ((denoiser.denoise(noisy) - digits[1000:]) ** 2).mean()
    np.testing.assert_allclose(error, history["val_noisy_loss"][kept], rtol=0.02)


def test_wide_code_does_not_stay_the_identity(table):
    """The identity has no error on clean rows, but undoes nothing."""
    denoiser = DenoisingAutoencoder(
        20, noise="gaussian", noise_level=0.7, max_epochs=100, random_state=0
    ).fit(table)
    noisy = GaussianNoise(0.7)(table, np.random.default_rng(1))
    before = ((noisy - table) ** 2).mean()
    assert denoiser.best_epoch_ > 0
    assert ((denoiser.denoise(noisy) - table) ** 2).mean() < 0.5 * before
    assert "val_noisy_loss" in denoiser.history_


def test_automatic_level_is_the_best_of_the_ladder(wine, capsys):
    denoiser = DenoisingAutoencoder(2, noise_level="auto", verbose=1, random_state=0)
    denoiser.set_params(max_epochs=40).fit(wine)
    assert denoiser.noise_level_ in (0.05, 0.1, 0.2, 0.4)
    tried = [line for line in capsys.readouterr().out.splitlines() if "tried" in line]
    losses = [float(line.rpartition(" ")[2]) for line in tried]
    levels = [float(line.partition("noise_level_': ")[2].split("}")[0]) for line in tried]
    assert levels == [0.05, 0.1, 0.2, 0.4]
    assert levels[int(np.argmin(losses))] == denoiser.noise_level_


def test_validation_rows_are_corrupted_once_and_first(small):
    """So that a noise that remembers is not called from two threads in any order."""
    sizes = []

    def watch(X, rng):
        sizes.append(len(X))
        return X + rng.normal(size=X.shape) / len(sizes)

    fits = []
    for _ in range(3):
        sizes.clear()
        denoiser = DenoisingAutoencoder(2, noise=watch, batch_size=16, **QUICK)
        fits.append(denoiser.fit(small[:70], X_val=small[70:]).history_)
        assert sizes == [20, 80, 80, 80]  # the validation rows, then 5 batches an epoch
    assert fits[0] == fits[1] == fits[2]


def test_automatic_level_equals_that_level_given(wine):
    automatic = DenoisingAutoencoder(2, noise_level="auto", **QUICK).fit(wine)
    given = DenoisingAutoencoder(2, noise_level=automatic.noise_level_, **QUICK).fit(wine)
    np.testing.assert_array_equal(automatic.transform(wine), given.transform(wine))


def test_automatic_level_without_validation_rows_is_refused(wine):
    denoiser = DenoisingAutoencoder(2, noise_level="auto", validation_fraction=0, **QUICK)
    with pytest.raises(ValueError, match="needs validation rows"):
        denoiser.fit(wine)
    assert not hasattr(denoiser, "n_features_in_")


def test_level_by_column_name(small):
    frame = pd.DataFrame(small, columns=list("abcde"))
    denoiser = DenoisingAutoencoder(2, noise_level={"b": 0.5, "e": 0.1}, **ALWAYS)
    denoiser.fit(frame)
    np.testing.assert_array_equal(denoiser.noise_level_, [0, 0.5, 0, 0, 0.1])
    by_number = DenoisingAutoencoder(2, noise_level={1: 0.5, 4: 0.1}, **ALWAYS).fit(small)
    np.testing.assert_allclose(by_number.transform(small), denoiser.transform(frame))


def test_groups_by_name_are_swapped_as_one(small):
    frame = pd.DataFrame(small, columns=list("abcde"))
    named = DenoisingAutoencoder(2, column_groups=[["a", "d"], ["b"]], **ALWAYS).fit(frame)
    numbered = DenoisingAutoencoder(2, column_groups=[[0, 3], [1]], **ALWAYS).fit(small)
    ungrouped = DenoisingAutoencoder(2, **ALWAYS).fit(small)
    codes = named.transform(frame)
    np.testing.assert_allclose(numbered.transform(small), codes)
    assert not np.allclose(ungrouped.transform(small), codes)


@pytest.mark.slow
def test_emphasis_weighs_the_corrupted_cells(table):
    """With only the corrupted cells in the loss, they are filled in better."""

    def error_of_lost_cells(emphasis):
        denoiser = DenoisingAutoencoder(
            12, noise="masking", noise_level=0.3, emphasis=emphasis, random_state=0
        ).fit(table)
        lost = np.random.default_rng(1).random(table.shape) < 0.3
        back = denoiser.denoise(np.where(lost, 0.0, table))
        return ((back - table)[lost] ** 2).mean()

    assert error_of_lost_cells(20.0) < error_of_lost_cells(0.0)


@pytest.mark.compiled
def test_emphasised_loss_is_the_formula():
    from skae._models._dense_network import DenseNetwork
    from skae._training import Objective, Reconstruction, program_class
    from skae._training._chunks import Chunk

    rng = np.random.default_rng(0)
    network = DenseNetwork(4, 4, (), "linear", False)
    objective = Objective(Reconstruction("mse", emphasis=3.0), "sgd", 0.0, 0.0)
    program = program_class()(
        *network.build_models(),
        objective.task,
        objective.make_optimizer(),
        n_features=4,
        n_outputs=4,
        in_user_units=False,
    )
    weights = [np.eye(4), np.zeros(4)] * 2  # the identity: the outputs are the inputs
    program.load(
        weights,
        None,
        np.random.SeedSequence(0),
        shift=np.zeros(4),
        scale=1.0,
        weight_decay=0.0,
        settings=objective.task.settings,
    )
    targets = rng.normal(size=(1, 6, 4)).astype(np.float32)
    inputs = np.where(rng.random(targets.shape) < 0.3, 9, targets).astype(np.float32)
    inputs[0, 0, 0] = targets[0, 0, 0]
    chunk = Chunk(inputs, targets, np.ones((1, 6), np.float32), 1)
    loss, _ = program.train(chunk, np.zeros(1, np.float32))
    cells = (1 + 3 * (inputs != targets)) * (inputs - targets) ** 2
    np.testing.assert_allclose(loss, cells.mean(axis=-1).sum(), rtol=1e-5)


def loss_by_column(y_true, y_pred):
    import keras

    weight = np.arange(1, 6, dtype=np.float32)
    return keras.ops.mean(weight * keras.ops.square(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("loss", ["cosine_similarity", loss_by_column])
def test_emphasis_with_a_loss_of_whole_rows_is_refused(small, loss):
    denoiser = DenoisingAutoencoder(2, emphasis=1.0, loss=loss, **QUICK)
    with pytest.raises(ValueError, match="mean over the cells"):
        denoiser.fit(small)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"noise": "swp"}, "'noise' parameter"),
        ({"noise_level": 1.4}, r"noise_level=1.4 must be in \[0, 1\)"),
        ({"noise_level": -1}, "'noise_level' parameter"),
        ({"noise_level": {9: 0.1}}, "names the column 9, unknown to X; choose from 0 to 4"),
        ({"noise_level": {0: 1.2}}, r"noise_level=1.2 for column 0 must be in \[0, 1\)"),
        ({"noise_level": {0: -1}}, r"noise_level=-1 for column 0 must be in \[0, 1\)"),
        ({"noise_level": {1: np.nan}}, "noise_level=nan for column 1 must be in"),
        ({"noise_level": {1: "a"}}, "noise_level='a' for column 1 must be in"),
        ({"noise_level": {1: True}}, "noise_level=True for column 1 must be in"),
        (
            {"noise_level": {2: np.inf}, "noise": "gaussian"},
            "noise_level=inf for column 2 must be a number >= 0",
        ),
        ({"column_groups": [["f"]]}, "column_groups names the column 'f'"),
        ({"noise": "gaussian", "column_groups": [[0, 1]]}, "no meaning"),
        ({"noise": SwapNoise(0.1), "column_groups": [[0, 1]]}, "give the groups"),
        ({"noise": lambda X, rng: X[:, :2]}, "as many rows and columns"),
        ({"noise": lambda X, rng: X * np.nan}, "missing or infinite values"),
        ({"column_groups": [0, 1]}, "must be a list of lists"),
        ({"column_groups": ["ab"]}, "must be a list of lists"),
        ({"column_groups": np.array(3)}, "must be a list of lists"),
        ({"noise_level": {0: 0.1}, "column_groups": [[0, 1]]}, "differs within a group"),
        ({"emphasis": -1}, "'emphasis' parameter"),
    ],
)
def test_bad_settings_are_told(small, kwargs, message):
    denoiser = DenoisingAutoencoder(2, **{**QUICK, **kwargs})
    with pytest.raises(ValueError, match=message):
        denoiser.fit(small)
    assert not hasattr(denoiser, "n_features_in_")


def test_close_column_name_is_suggested(small):
    frame = pd.DataFrame(small, columns=["age", "height", "weight", "income", "rooms"])
    denoiser = DenoisingAutoencoder(2, noise_level={"hieght": 0.1}, **QUICK)
    with pytest.raises(ValueError, match="did you mean 'height'"):
        denoiser.fit(frame)
