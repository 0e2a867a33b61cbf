"""The house stands as designed: imports run one way, and importing costs nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skae

ROOT = Path(skae.__file__).parent
LAYERS = [  # a module may import from the lines above its own, and from beside it
    {
        "_activations",
        "_rows",
        "_seeds",
        "_split",
        "_kinds",
        "_output",
        "_constraints",
        "_threads",
        "_automatic",
        "_drawing",
        "_backend",
        "_causes",
        "_console",
        "_functions",
        "corruption",
    },
    {"metrics"},
    {"_preparation"},
    {"_measuring", "_comparison", "_splitting"},
    {"compare"},
    {"_table", "_pca", "_keras", "_validation", "_bounds"},
    {"displays"},
    {"sparsity"},
    {"_slots"},
    {"_network", "_training"},
    {"_inference"},
    {"_custom"},
    {"_fitting", "_verdict", "_telling"},
    {"_fit"},
    {"_partial_fit"},
    {"_copies"},
    {"_base"},
    {"_noise"},
    {"_autoencoder", "_denoising", "_sparse", "_stacked", "_layer", "_stacking"},
    {"_predictor", "_labels"},
    {"_finetuning"},
    {"_finetune"},
    {"_classifier", "_regressor"},
]


def layer_of(module):
    return next(i for i, layer in enumerate(LAYERS) if module in layer)


def imported(path):
    """Yield the skae modules that a file imports, at any depth of its code."""
    package = ["skae", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            dotted = [*base[1:], *(node.module or "").split(".")]
            names = [dotted[0]] if dotted[0] else [alias.name for alias in node.names]
            yield from names


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=str)
def test_imports_run_one_way(path):
    module = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if module == "__init__":
        return
    for name in imported(path):
        assert name == module or layer_of(name) <= layer_of(module), (path, name)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=str)
def test_modules_are_short(path):
    assert len(path.read_text().splitlines()) <= 400


def test_import_brings_neither_keras_nor_tensorflow():
    code = (
        "import sys, skae; dir(skae);"
        "[getattr(skae, name) for name in skae.__all__];"
        "import skae.corruption, skae.displays, skae.metrics;"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_are_all_there():
    for name in skae.__all__:
        assert getattr(skae, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Autoencoder'"):
        skae.Autoencoder  # noqa: B018
