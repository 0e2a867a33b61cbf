"""The code in the README and in the docs runs, and what they name and say is so."""

import ast
import importlib
import inspect
import operator
import re
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_wine

import skae
from skae._fits import _defaults
from skae.compare import Comparison, GainEstimate, _calibration
from skae.metrics import NeighborhoodPreservation

ROOT = Path(__file__).parents[1]
PYTHON_BLOCK = re.compile(
    r"```python\n([\s\S]*?)```|^( *)\.\. code-block:: python\n\n((?:\2   .*\n|\n)+)",
    re.MULTILINE,
)
NAMED_FILE = re.compile(r"`((?:skae|tests|docs|examples|benchmarks)/[\w/]+(?:\.\w+)?)`")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.rst"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
@pytest.mark.slow
def test_code_of_documents_runs(path, monkeypatch, without_xla):
    """That it runs, which it does after a few epochs as well as after all."""
    all_of_them = _defaults.max_epochs
    few = lambda *shape: min(all_of_them(*shape), 4)  # noqa: E731
    monkeypatch.setattr(_defaults, "max_epochs", few)
    monkeypatch.setenv("MPLBACKEND", "agg")
    table = load_wine(as_frame=True).frame.sample(60, random_state=0)
    table["cellar"] = ["north", "south", None] * 20
    table.to_csv("table.csv", index=False)  # that of the reader
    first = {}
    for markdown, is_in_card, rst in PYTHON_BLOCK.findall(path.read_text()):
        code = textwrap.dedent(markdown or rst)
        for module in re.findall(r"^(?:import|from) (skops|skl2onnx)", code, re.MULTILINE):
            pytest.importorskip(module)
        names = dict(first) if is_in_card else {}  # cards go on from the first block
        exec(code, names)
        first = first or names
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_documents_name_exist(path):
    named = NAMED_FILE.findall(path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


LINKED = (ROOT / "docs" / "scikit-learn.txt").read_text().splitlines()[3:]


@pytest.mark.parametrize("line", LINKED, ids=lambda line: line.partition(" ")[0])
def test_names_that_link_to_scikit_learn_are_its_own(line):
    name, kind, page = line.split()
    module, _, attribute = name.rpartition(".")
    thing = getattr(importlib.import_module(module), attribute)
    assert kind == ("class" if inspect.isclass(thing) else "function")
    assert page == f"modules/generated/{name}.html"


def test_sizes_in_the_docs_are_those_that_fits_take():
    text = (ROOT / "docs" / "choosing.rst").read_text()
    table = re.findall(r"^   (\d+), (\d+), (\d+), (\d+), \"", text, re.MULTILINE)
    assert len(table) == 7
    for n_rows, size, n_updates, n_epochs in (map(int, line) for line in table):
        n_training = n_rows - n_rows // 10
        assert _defaults.batch_size(n_training) == size
        assert _defaults.max_epochs(n_training, size, n_weights=20_000) == n_epochs
        assert n_epochs * -(-n_training // size) == n_updates


def test_gains_in_the_docs_are_those_of_their_table():
    table = pd.read_csv(ROOT / "docs" / "features.csv")
    text = (ROOT / "docs" / "features.rst").read_text()
    gains = table[["plain", "denoising"]].sub(table["PCA"], axis=0) * 100
    means = gains.groupby([table["classifier"], table["width"]]).mean()
    plain, denoising = means["plain"], means["denoising"]
    near = [f"{gain:.1f}" for gain in plain["5 neighbours"]]
    assert (
        "gain {} points over PCA at two components, {} at five and\n{} at".format(*near)
        in text
    )
    near = [f"{gain:.1f}" for gain in denoising["5 neighbours"]]
    assert "({}, {} and {} from the denoising one)".format(*near) in text
    linear = [f"{gain:.1f}" for gain in denoising["logistic regression"]]
    assert "gains {}, {} and {} from the denoising one.".format(*linear) in text
    many = table["table"].isin(["digits", "mnist", "letter", "mice_protein"])
    means = gains["plain"].groupby([many, table["classifier"]]).mean()
    near, linear = means[True]
    assert f"the neighbours gain {near:.0f}\n  points from the plain" in text
    assert f"the logistic regression gains {linear:.0f}, but" in text
    assert (
        f"the logistic regression loses {-means[False]['logistic regression']:.1f}." in text
    )
    raw = table[table["classifier"] == "logistic regression"].drop_duplicates("table")
    more = 100 * (raw["raw + all"] - raw["raw"]).set_axis(raw["table"])
    assert f"{more.mean():.1f} points in the mean, {more['letter']:.0f} on the" in text


def test_gains_in_the_docs_are_those_that_estimates_expect():
    text = (ROOT / "docs" / "how_it_works.rst").read_text()
    of_rows, of_width = _calibration.FACTOR_OF_ROWS, _calibration.FACTOR_OF_WIDTH
    formula = rf"{_calibration.FACTOR} + {of_rows}\log(n/2000) + {of_width}\log(k/d)"
    assert formula in text
    table = pd.read_csv(ROOT / "docs" / "gain.csv")
    known = pd.read_csv(ROOT / "docs" / "quality.csv")[["table", "width"]]
    found = [
        part["expected"].corr(part["ratio"], method="spearman")
        for part in (table.merge(known), table)
    ]
    assert f"expected and reached ratios is {found[0]:.2f}" in text
    assert f"On all {len(table)} rows these are {found[1]:.2f}" in text
    assert min(found) >= 0.9
    was_kept = table["kept PCA"] > table["splits"] / 2
    assert was_kept.sum() > 10
    assert "yes" not in set(table["gain"][was_kept])


API = re.findall(
    r"\.\. (?:current)?module:: (\S+)|^   ([A-Za-z]\S+)$",
    (ROOT / "docs" / "api.rst").read_text(),
    re.MULTILINE,
)
IGNORED = {
    "ES01": "a summary says enough of what is simple",
    "SA01": "few things have relatives that are not found beside them",
    "RT02": "scikit-learn names what is returned",
}
PROTOCOL = {"build", "call", "compute_output_shape", "get_config"}  # of Keras' layers


def public_names():
    """Yield what the API page names, and its methods that are not Keras' protocol."""
    module = None
    for found, name in API:
        module = found or module
        if not name:
            continue
        yield f"{module}.{name}"
        thing = operator.attrgetter(name)(importlib.import_module(module))
        if not inspect.isclass(thing):
            continue
        for member in dir(thing):
            value = inspect.getattr_static(thing, member)
            value = getattr(value, "__func__", getattr(value, "fget", value))
            is_ours = str(getattr(value, "__module__", None)).startswith("skae")
            is_protocol = any("keras" in base.__module__ for base in thing.__mro__)
            if member[0] != "_" and is_ours and not (is_protocol and member in PROTOCOL):
                yield f"{module}.{name}.{member}"


def test_the_api_page_names_all_of_skae():
    named = set(public_names())
    values = {"SKOPS_TYPES", "__version__"}
    assert {f"skae.{name}" for name in skae.__all__ if name not in values} <= named
    assert len(named) > 80


@pytest.mark.parametrize("name", list(public_names()))
def test_docstring_is_valid_numpydoc(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    thing = operator.attrgetter(name.removeprefix("skae."))(skae)
    results = Comparison, GainEstimate, NeighborhoodPreservation  # no one makes them
    is_result = thing in results
    ignored = set(IGNORED)
    if is_result:
        ignored |= {"EX01", "PR01"}
    elif name.split(".")[-2][0].isupper():  # a method
        ignored.add("EX01")
    errors = validate(name)["errors"]
    assert [error for error in errors if error[0] not in ignored] == []


@pytest.mark.parametrize("name", list(public_names()))
def test_public_signature_is_annotated(name):
    thing = operator.attrgetter(name.removeprefix("skae."))(skae)
    function = thing.__init__ if inspect.isclass(thing) else getattr(thing, "fget", thing)
    first, *rest = inspect.signature(function).parameters.values()
    given = rest if first.name == "self" else [first, *rest]
    assert [each.name for each in given if each.annotation is each.empty] == []
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


ESTIMATORS = [name for name in skae.__all__ if inspect.isclass(getattr(skae, name))]
SAID_OTHERWISE = {  # by estimators to which the common sentence does not apply
    ("DenoisingAutoencoder", "n_components"),
    ("DenoisingAutoencoder", "patience"),
    ("SparseAutoencoder", "n_components"),
    ("SparseAutoencoder", "hidden_layer_sizes"),
    ("SparseAutoencoder", "activation"),
    ("SparseAutoencoder", "input_noise"),
    ("SparseAutoencoder", "validation_fraction"),
    ("StackedAutoencoder", "activation"),
    ("StackedAutoencoder", "loss"),
    ("StackedAutoencoder", "max_epochs"),
    ("StackedAutoencoder", "validation_fraction"),
    ("StackedAutoencoder", "patience"),
    ("StackedAutoencoder", "callbacks"),
    ("StackedAutoencoder", "warm_start"),
    ("AutoencoderRegressor", "validation_fraction"),
    ("AutoencoderDetector", "autoencoder"),
    ("AutoencoderDetector", "random_state"),
    ("TableAutoencoder", "random_state"),
    ("TableImputer", "random_state"),
}


def documented_parameters(name):
    """Return what the docstring of an estimator says of each parameter."""
    text = getattr(skae, name).__doc__
    text = text.partition("    Parameters\n")[2].partition("    Attributes\n")[0]
    found = re.findall(r"^    (\w+) : (.+\n(?:        .+\n|\n)+)", text, re.MULTILINE)
    return {parameter: said.strip() for parameter, said in found}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_docstring_gives_every_parameter_with_its_default(name):
    documented = documented_parameters(name)
    signature = inspect.signature(getattr(skae, name)).parameters
    assert list(documented) == list(signature)
    for parameter, said in documented.items():
        written = said.partition("\n")[0].partition("default=")[2]
        assert ast.literal_eval(written) == signature[parameter].default, parameter


@pytest.mark.parametrize("name", ESTIMATORS)
def test_docstrings_say_the_same_of_the_same_parameter(name):
    is_transformer = "n_components" in documented_parameters(name)
    model = "AutoencoderTransformer" if is_transformer else "AutoencoderClassifier"
    common = documented_parameters(model)
    for parameter, said in documented_parameters(name).items():
        if parameter in common and (name, parameter) not in SAID_OTHERWISE:
            assert said == common[parameter], parameter
