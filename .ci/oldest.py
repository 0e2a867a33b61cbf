"""Print the oldest versions that pyproject.toml allows, one requirement a line."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())[
    "project"
]
extras = project["optional-dependencies"]
for requirement in [*project["dependencies"], *extras["tensorflow"], *extras["plot"]]:
    print(requirement.replace(">=", "=="))
