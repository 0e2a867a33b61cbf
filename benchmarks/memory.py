"""Peak and growth of memory: many fits, many architectures, large tables.

Each case runs in a process of its own::

    python benchmarks/memory.py
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

MEGABYTE = 1 << 20


def status(field):
    """Return a field of this process's memory status in MB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def idle():
    """Return the peak of a process that has only imported tensorflow."""
    import tensorflow  # noqa: F401

    return {"peak": status("VmHWM")}


def many_fits(n_fits=300):
    """Fit five architectures in turn and compare memory after the 50th fit and last."""
    from sklearn.datasets import load_digits

    from skae import AutoencoderTransformer

    X = load_digits().data
    sizes = [(), (32,), (64, 32), (128, 64), (64, 64, 64)]
    resident = []
    for i in range(n_fits):
        estimator = AutoencoderTransformer(
            8, hidden_layer_sizes=sizes[i % 5], max_epochs=3, random_state=i
        )
        estimator.fit(X).transform(X)
        resident.append(status("VmRSS"))
    return {"after 50": resident[49], "after all": resident[-1]}


def many_architectures(n_architectures=100):
    """Fit networks that all differ and compare memory after the first and the last."""
    from sklearn.datasets import load_digits

    from skae import AutoencoderTransformer

    X = load_digits().data
    resident = []
    for i in range(n_architectures):
        sizes = 64 + i, 32
        AutoencoderTransformer(8, hidden_layer_sizes=sizes, max_epochs=1).fit(X)
        resident.append(status("VmRSS"))
    names = {"after 1": 0, "after half": n_architectures // 2 - 1, "after all": -1}
    return {name: resident[place] for name, place in names.items()}


def million_rows(n_rows=1_000_000):
    """Fit a table in memory."""
    import tensorflow  # noqa: F401

    from skae import AutoencoderTransformer

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 50), dtype=np.float32)
    AutoencoderTransformer(5, random_state=0).fit(X)
    return {"peak": status("VmHWM"), "data": X.nbytes / MEGABYTE}


def memory_map(n_gigabytes=4.0):
    """Fit a table on disk, and watch the anonymous memory."""
    from skae import AutoencoderTransformer

    peak, done = [0.0], threading.Event()

    def watch():
        while not done.is_set():
            peak[0] = max(peak[0], status("RssAnon"))
            time.sleep(0.01)

    with tempfile.TemporaryDirectory() as folder:
        n_rows = int(n_gigabytes * 1e9 / 200)
        X = np.memmap(Path(folder) / "X", np.float32, "w+", shape=(n_rows, 50))
        rng = np.random.default_rng(0)
        for start in range(0, n_rows, 100_000):
            part = X[start : start + 100_000]
            part[:] = rng.standard_normal(part.shape, dtype=np.float32)
        X.flush()
        watcher = threading.Thread(target=watch)
        watcher.start()
        AutoencoderTransformer(5, random_state=0).fit(X)
        done.set()
        watcher.join()
        size = X.nbytes / 1e9
        del X, part
    return {"peak anonymous": peak[0], "table in GB": size}


CASES = {
    f.__name__: f for f in (idle, many_fits, many_architectures, million_rows, memory_map)
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", choices=CASES)
    case = parser.parse_args().case
    if case is not None:
        print(repr(CASES[case]()))
        return
    found = {}
    for name in CASES:
        command = [sys.executable, __file__, "--case", name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True)
        found[name] = eval(printed.stdout.splitlines()[-1])  # our own repr, above
        print(name, {k: round(v) for k, v in found[name].items()}, flush=True)
    growth = found["many_fits"]["after all"] - found["many_fits"]["after 50"]
    above = found["million_rows"]["peak"] - found["idle"]["peak"]
    different = found["many_architectures"]
    print(
        f"100 architectures grow by {different['after all'] - different['after 1']:.0f} MB "
        "(goals: at most 400 on JAX, 1,000 on TensorFlow)"
    )
    print(f"300 fits grow by {growth:.0f} MB after the 50th (goal: at most 30)")
    print(
        f"1,000,000 x 50: data {found['million_rows']['data']:.0f} MB + "
        f"{above - found['million_rows']['data']:.0f} MB above idle (goal: at most 400)"
    )
    print(
        f"memory map: peak anonymous {found['memory_map']['peak anonymous']:.0f} MB "
        "(goal: at most 800)"
    )


if __name__ == "__main__":
    main()
