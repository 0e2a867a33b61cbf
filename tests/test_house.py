"""The house stands as designed: imports run one way, and importing costs nothing."""

import ast
import graphlib
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import skae
from skae import AutoencoderTransformer

ROOT = Path(skae.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LEAVES = {
    *("_autoencoder", "_denoising", "_sparse", "_stacked", "_layer", "_supervised"),
    *("_classifier", "_regressor", "_detector", "_table_codec"),
    *("_table_autoencoder", "_table_imputer"),
}
BASES = {
    *("_base_autoencoder", "_fitted", "_base_predictor", "_copies", "_constraints"),
    *("_state", "_onnx", "_table_fit", "_fitted_table"),
}
GROUND = {
    *("_columns", "_data", "blocks", "corruption"),
    *("_compat", "_console", "_typing"),
}
CHAINS = [  # a place may import from those behind it, and from within itself
    [
        LEAVES,
        BASES,
        {"_fits"},
        {"_training"},
        {"_models"},
        {"_keras", "sparsity"},
        {"_backend"},
        GROUND,
    ],
    [{"displays"}, {"compare"}, {"metrics"}, GROUND],
]
STARTS_KERAS = {"sparsity.TopK", "sparsity.KLSparsity", "sparsity.L1Sparsity"}
STARTS_DASK = {"_data._dask.DaskArrayBlocks", "_data._dask.FrameBlocks"}

TESTS = Path(__file__).parent
TESTED_IN = {  # rooms, and modules whose tests have not their name: where to look first
    "": "house",
    "_autoencoder": "oracles",
    "_base_autoencoder": "contract",
    "_base_predictor": "finetune",
    "_classifier": "finetune",
    "_regressor": "finetune",
    "_detector": "anomalies",
    "_fitted": "contract",
    "_layer": "stacked",
    "_constraints": "bad_input",
    "_console": "processes",
    "_copies": "training",
    "_keras": "processes",
    "_backend": "processes",
    "_typing": "documents",
    "_state": "files",
    "sparsity": "sparse",
    "compare": "compare",
    "compare._calibration": "gain",
    "compare._closed_forms": "gain",
    "displays": "displays",
    "_columns": "table_codec",
    "_columns._arrays": "table_autoencoder",
    "_columns._draws": "filling",
    "_columns._floor": "filling",
    "_columns._measures": "filling",
    "_data": "bad_input",
    "_data._arrays": "blocks",
    "_data._dask": "dask",
    "_data._moments": "blocks",
    "_data._output": "contract",
    "_data._parquet": "blocks",
    "_data._powers": "bounds",
    "_data._sources": "blocks",
    "_data._stream": "blocks",
    "_data._sums": "blocks",
    "_data._table": "training",
    "_data._threads": "threads",
    "_data._seeds": "contract",
    "_data._writing": "blocks",
    "_fits": "digest",
    "_fits._defaults": "documents",
    "_fits._noise": "denoising",
    "_fits._stack": "stacked",
    "_fits._streamed": "blocks",
    "_fits._predictor": "finetune",
    "_fits._targets": "finetune",
    "_models._references": "anomalies",
    "_fits._causes": "bad_input",
    "_table_fit": "table_autoencoder",
    "_fitted_table": "table_autoencoder",
    "_table_imputer": "table_autoencoder",
    "_fits._cells": "filling",
    "_training": "training",
    "_training._observed": "filling",
    "_training._functions": "programs",
    "_training._objective": "programs",
    "_models": "network",
    "_models._code": "sparse",
    "_models._custom": "training",
    "_models._predictor": "finetune",
}


def name_of(path):
    """Return the dotted name of a file below skae, "" for skae itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path, tree=None):
    """Yield the dotted names below skae of all that a file imports from skae."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree or ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            dotted = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from (f"{dotted}.{alias.name}".strip(".") for alias in node.names)


def module_of(dotted):
    """Return the module that an imported name is, or is defined in."""
    path = ROOT.joinpath(*dotted.split("."))
    is_module = path.is_dir() or path.with_suffix(".py").exists()
    return dotted if is_module else dotted.rpartition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_places_import_those_below_alone(path):
    place = name_of(path).partition(".")[0]
    if not place:  # the map of all public names
        return
    below = [chain[i:] for chain in CHAINS for i in range(len(chain)) if place in chain[i]]
    assert below, f"{place} has no place; give it one in CHAINS, or move it into a room"
    allowed = {place}.union(*(set().union(*rest) for rest in below))
    found = {dotted.partition(".")[0] for dotted in imported(path)}
    assert found <= allowed, (path, found - allowed)


def test_imports_make_no_circle():
    graph = {name_of(path): set(map(module_of, imported(path))) for path in FILES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_import_no_module_of_skae(path):
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    found = {dotted for node in functions for dotted in imported(path, node)}
    assert found <= STARTS_KERAS | STARTS_DASK, path


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_modules_are_short(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("name", list(map(name_of, FILES)))
def test_module_has_an_obvious_test_file(name):
    """That of its name, else that of its entry in TESTED_IN, else that of its room."""
    own = "test_" + name.rpartition(".")[2].removeprefix("_")
    room = name if name in TESTED_IN else name.partition(".")[0]
    has_own = (TESTS / f"{own}.py").exists() and own != "test_"
    assert has_own or (TESTS / f"test_{TESTED_IN.get(room)}.py").exists()


def test_places_of_tests_are_those_of_modules():
    assert set(TESTED_IN) <= set(map(name_of, FILES))


def test_import_brings_neither_keras_nor_tensorflow():
    code = (
        "import sys, skae; dir(skae);"
        "[getattr(skae, name) for name in skae.__all__];"
        "import skae.corruption, skae.displays, skae.metrics;"
        "assert not {'keras', 'tensorflow', 'matplotlib', 'dask', 'pyarrow.dataset'}"
        " & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("leaf", sorted(LEAVES))
def test_leaves_are_final(leaf):
    module = importlib.import_module(f"skae.{leaf}")
    defined = {
        node.name
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }
    assert defined
    assert all(getattr(module, name).__final__ for name in defined)


def test_public_names_are_all_there():
    for name in skae.__all__:
        assert getattr(skae, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Autoencoder'"):
        skae.Autoencoder  # noqa: B018


def test_few_modules_stand_between_fit_and_the_compiled_program(small, monkeypatch):
    from skae._training import program_class

    program = program_class()
    paths, train = [], program.train

    def noted(self, *arguments):
        callers = (frame.frame.f_globals["__name__"] for frame in inspect.stack(0))
        paths.append({name for name in callers if name.startswith("skae.")})
        return train(self, *arguments)

    monkeypatch.setattr(program, "train", noted)
    AutoencoderTransformer(2, hidden_layer_sizes=(3,), max_epochs=1).fit(small)
    assert {"skae._base_autoencoder", "skae._training._loop"} <= paths[0]
    assert len(paths[0]) < 10, paths[0]
