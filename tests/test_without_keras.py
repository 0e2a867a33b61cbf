"""Where Keras is missing, what was fitted elsewhere serves, and a fit says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
SCRIPT = Path(__file__).with_name("without_keras.py")


@pytest.mark.slow
def test_fitted_estimators_serve_where_keras_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    for arguments in (["save", "wine.pickle"], ["use", "wine.pickle", "--hide"]):
        answer = subprocess.run(
            [sys.executable, SCRIPT, *arguments],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "10 estimators answer without Keras\n"
