"""Speed against Keras' fit, MLPRegressor and PCA, as ratios within one run.

Repeats are interleaved and medians reported. Keras, and so skae, runs on the backend that
the environment chooses::

    python benchmarks/speed.py
    KERAS_BACKEND=jax python benchmarks/speed.py
    OMP_NUM_THREADS=1 python benchmarks/speed.py --only default_fit digits
"""

import argparse
import contextlib
import pickle
import subprocess
import sys
import time
import warnings
from functools import partial
from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor

from skae import AutoencoderTransformer
from skae._keras import load_keras

FITS = {  # name: rows, widths of the encoder, batch size, epochs
    "digits": (1797, (64, 32, 8), 32, 50),
    "20000x100": (20_000, (100, 128, 32), 256, 20),
    "8192x784": (8192, (784, 1000, 500, 250, 30), 256, 4),
}
GOALS = {"digits": (30, 4), "20000x100": (3, 1.6), "8192x784": (1.5, 1.5)}


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def interleaved(functions, n_repeats):
    """Return the median seconds of each function, called in turn."""
    times = {name: [] for name in functions}
    for _ in range(n_repeats):
        for name, function in functions.items():
            times[name].append(seconds(function))
    return {name: float(np.median(series)) for name, series in times.items()}


def matmul_seconds(flops):
    """Return the time of bare float32 products at this machine's measured rate."""
    a = np.random.default_rng(0).standard_normal((2048, 2048), dtype=np.float32)
    return flops * seconds(lambda: a @ a) / (2 * 2048**3)


def ours(widths, batch_size, epochs, **kwargs):
    """Return the plain network of the textbooks, trained as the peers train it."""
    import keras

    settings = dict(
        hidden_layer_sizes=widths[1:-1],
        activation="relu",
        init="random",
        input_noise=0,
        optimizer=keras.optimizers.Adam(1e-3),
        batch_size=batch_size,
        max_epochs=epochs,
        validation_fraction=0,
        random_state=0,
    )
    return AutoencoderTransformer(widths[-1], **settings | kwargs)


def keras_model(widths):
    import keras

    model = keras.Sequential([keras.Input((widths[0],))])
    around = [*widths[1:], *widths[-2::-1]]
    for i, width in enumerate(around):
        is_linear = i in (len(widths) - 2, len(around) - 1)
        model.add(keras.layers.Dense(width, None if is_linear else "relu"))
    model.compile("adam", "mse")
    return model


def mlp(widths, batch_size, epochs):
    return MLPRegressor(
        hidden_layer_sizes=[*widths[1:], *widths[-2:0:-1]],
        batch_size=batch_size,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs,
        random_state=0,
    )


def skorch_network(widths, batch_size, epochs):
    import skorch
    import torch

    torch.manual_seed(0)
    around = [*widths, *widths[-2::-1]]
    layers = []
    for i, (n_in, n_out) in enumerate(pairwise(around)):
        layers.append(torch.nn.Linear(n_in, n_out))
        if i not in (len(widths) - 2, len(around) - 2):
            layers.append(torch.nn.ReLU())
    return skorch.NeuralNetRegressor(
        torch.nn.Sequential(*layers),
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=epochs,
        train_split=None,
        verbose=0,
    )


def pyod_network(widths, batch_size, epochs):
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(
        hidden_neuron_list=list(widths[1:]),
        batch_size=batch_size,
        epoch_num=epochs,
        preprocessing=False,
        batch_norm=False,
        dropout_rate=0,
        verbose=0,
    )


def optional_peers(X, widths, batch_size, epochs):
    """Return fits of skorch and PyOD, where they are installed."""
    peers = {}
    with contextlib.suppress(ImportError):
        net = skorch_network(widths, batch_size, epochs)
        peers["skorch"] = lambda: net.fit(X, X)
    with contextlib.suppress(ImportError):
        detector = pyod_network(widths, batch_size, epochs)
        peers["PyOD"] = lambda: detector.fit(X)
    return peers


def compare_fits(name, n_repeats):
    n_rows, widths, batch_size, epochs = FITS[name]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, widths[0]), dtype=np.float32)
    if name == "digits":
        X = load_digits().data.astype(np.float32)
    model = keras_model(widths)
    ours(widths, batch_size, 1).fit(X)
    model.fit(X, X, batch_size, 1, verbose=0)
    median = interleaved(
        {
            "skae": lambda: ours(widths, batch_size, epochs).fit(X),
            "keras": lambda: model.fit(X, X, batch_size, epochs, verbose=0),
            "MLPRegressor": lambda: mlp(widths, batch_size, epochs).fit(X, X),
            **optional_peers(X, widths, batch_size, epochs),
            "PCA": lambda: PCA(widths[-1]).fit(X),
        },
        n_repeats,
    )
    products = [n_in * n_out for n_in, n_out in pairwise(widths)]
    per_row = 2 * (3 * 2 * sum(products) - products[0])  # no gradient of the input
    bare = np.median([matmul_seconds(per_row * n_rows * epochs) for _ in range(15)])
    skae = median.pop("skae")
    n_steps = epochs * -(-n_rows // batch_size)
    print(f"{name}: skae {skae:.3f} s, {1e3 * skae / n_steps:.3f} ms a step, and")
    goals = dict(zip(("keras", "MLPRegressor"), GOALS[name]))
    for peer, took in median.items():
        wish = f" (goal: {goals[peer]})" if peer in goals else ""
        print(f"    {peer} takes {took / skae:.2f} times as long{wish}")
    wish = " (goal: at most 1.25)" if name == "8192x784" else ""
    print(f"    {skae / bare:.2f} times its bare matrix products{wish}", flush=True)


def fresh_process(n_repeats):
    code = (
        "import time, resource; start = time.perf_counter();"
        "from sklearn.datasets import load_digits; X = load_digits().data;"
        "from skae import AutoencoderTransformer;"
        "AutoencoderTransformer(10, random_state=0).fit(X).transform(X);"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print(time.perf_counter() - start, used.ru_utime + used.ru_stime)"
    )
    took = []
    for _ in range(n_repeats):
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True
        )
        took.append([float(word) for word in answer.stdout.split()])
    waited, used = np.median(took, axis=0)
    print(
        "fresh process, import, first default fit of the digits, transform: "
        f"{waited:.1f} s, {used:.1f} s of processor time"
    )


def first_fit(n_repeats):
    X = load_digits().data
    ours((64, 30, 8), 32, 2).fit(X)
    extra = []
    for width in range(33, 33 + n_repeats):
        estimator = ours((64, width, 8), 32, 10)
        first = seconds(estimator.fit, X)
        extra.append(first - seconds(estimator.fit, X))
    print(f"first fit: {np.median(extra):.2f} s more than a warm one (goal: 1.5)")


def default_fit(n_repeats):
    """What the defaults take on the digits, and an architecture that is new beyond that."""
    X = load_digits().data
    took = []
    for width in range(5, 5 + n_repeats):
        estimator = AutoencoderTransformer(width, random_state=0)
        used = []
        for _ in range(3):
            start = time.perf_counter(), time.process_time()
            estimator.fit(X)
            used.append(np.subtract((time.perf_counter(), time.process_time()), start))
        warm = np.mean(used[1:], axis=0)
        took.append([*warm, used[0][1] - warm[1]])
    waited, used, extra = np.median(took, axis=0)
    print(
        f"default fit of the digits: {waited:.2f} s, {used:.2f} s of processor time, and "
        f"{extra:.2f} s more for a new architecture"
    )


def grid_search(_):
    X = load_digits().data
    estimator = AutoencoderTransformer(8, random_state=0)
    grid = {"learning_rate": list(np.geomspace(1e-4, 1e-2, 8))}
    third = len(X) - len(X) // 3
    estimator.fit(X[:third])
    estimator.fit(X)
    warm = np.median([seconds(estimator.fit, X[:third]) for _ in range(3)])
    whole = seconds(estimator.fit, X)
    search = seconds(GridSearchCV(estimator, grid, cv=3).fit, X)
    bound = 1.3 * (24 * warm + whole) + 2
    print(
        f"grid search: {search:.1f} s, {search / (24 * warm + whole):.2f} of 25 warm fits "
        f"(goal: at most {bound:.1f} s)"
    )


def transforms(n_repeats):
    X = load_digits().data
    estimator = AutoencoderTransformer(10, max_epochs=2, random_state=0).fit(X)
    pca, row = PCA(10).fit(X), X[:1]
    median = interleaved(
        {"skae": lambda: estimator.transform(row), "PCA": lambda: pca.transform(row)}, 3000
    )
    print(
        f"transform of one row: {1e6 * median['skae']:.0f} µs, "
        f"{median['skae'] / median['PCA']:.2f} of PCA's (goal: 1)"
    )
    X = np.random.default_rng(0).standard_normal((200_000, 100), dtype=np.float32)
    estimator = AutoencoderTransformer(10, max_epochs=1, random_state=0).fit(X[:20_000])
    _, encoder, _ = estimator._model.halves(np.float32)
    n_weights = sum(kernel.size for kernel in encoder.kernels) + encoder.linear.size
    ratios = []
    for _ in range(n_repeats * 3):
        ratios.append(
            seconds(estimator.transform, X) / matmul_seconds(2 * len(X) * n_weights)
        )
    print(
        f"transform of 200,000 x 100: {np.median(ratios):.2f} of the bare products "
        "(goal: 3)"
    )


def imports(n_repeats):
    def run(code):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    median = interleaved(
        {
            "nothing": run("pass"),
            "skae": run("import skae"),
            "both": run("from skae import AutoencoderTransformer"),
            "sklearn": run("import sklearn.decomposition"),
        },
        n_repeats * 3,
    )
    print(
        f"import skae: {median['skae'] / median['sklearn']:.2f} of sklearn.decomposition "
        f"(goal: 1.2); from skae import AutoencoderTransformer: "
        f"{median['both'] / median['sklearn']:.2f}"
    )
    X = load_digits().data
    fitted = pickle.dumps(AutoencoderTransformer(2, max_epochs=1).fit(X))
    code = (
        "import pickle, sys, numpy; e = pickle.load(sys.stdin.buffer);"
        "e.transform(numpy.zeros((1, 64)));"
        "print(sorted({'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], input=fitted, capture_output=True, check=True
    )
    print(f"unpickle and transform imports of these: {printed.stdout.decode().strip()}")


PARTS = {
    part.__name__: part
    for part in (imports, fresh_process, transforms, first_fit, default_fit, grid_search)
} | {name: partial(compare_fits, name) for name in FITS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"backend: {load_keras().backend.backend()}")
    for name in arguments.only:
        PARTS[name](arguments.repeats)


if __name__ == "__main__":
    main()
