"""Print the oldest versions that pyproject.toml allows, one requirement a line."""

import tomllib
from itertools import chain
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())[
    "project"
]
extras = project["optional-dependencies"]
used = "tensorflow", "plot", "onnx"
for requirement in chain(project["dependencies"], *(extras[name] for name in used)):
    print(requirement.replace(">=", "=="))
