"""The code in the README and in the docs runs, and docstrings say what signatures do."""

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


@pytest.mark.parametrize("name", ["AutoencoderTransformer"])
def test_docstring_gives_every_parameter_with_its_default(name):
    estimator = getattr(skae, name)
    documented = dict(
        re.findall(r"^    (\w+) : .*?default=(.+)$", estimator.__doc__, re.MULTILINE)
    )
    signature = inspect.signature(estimator).parameters
    assert list(documented) == list(signature)
    for parameter, written in documented.items():
        assert eval(written) == signature[parameter].default, parameter
