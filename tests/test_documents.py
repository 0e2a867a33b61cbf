"""The code in the README and in the docs runs, and docstrings say what signatures do."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import skae

ROOT = Path(__file__).parents[1]
PYTHON_BLOCK = re.compile(
    r"```python\n([\s\S]*?)```|\.\. code-block:: python\n\n((?:   .*\n|\n)+)"
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.rst"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_code_of_documents_runs(path):
    for markdown, rst in PYTHON_BLOCK.findall(path.read_text()):
        exec(textwrap.dedent(markdown or rst), {})


ESTIMATORS = [name for name in skae.__all__ if inspect.isclass(getattr(skae, name))]
SAID_OTHERWISE = {  # by estimators to which the common sentence does not apply
    ("DenoisingAutoencoder", "n_components"),
    ("SparseAutoencoder", "n_components"),
    ("SparseAutoencoder", "hidden_layer_sizes"),
    ("SparseAutoencoder", "activation"),
    ("SparseAutoencoder", "input_noise"),
    ("SparseAutoencoder", "validation_fraction"),
    ("StackedAutoencoder", "activation"),
    ("StackedAutoencoder", "loss"),
    ("StackedAutoencoder", "max_epochs"),
    ("StackedAutoencoder", "validation_fraction"),
    ("StackedAutoencoder", "callbacks"),
    ("StackedAutoencoder", "warm_start"),
    ("AutoencoderRegressor", "validation_fraction"),
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
