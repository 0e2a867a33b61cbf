"""The example that serves answers a real client, without Keras."""

import importlib.util
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import AutoencoderDetector, AutoencoderTransformer

for _module in ("skops", "skl2onnx", "onnxruntime"):
    pytest.importorskip(_module)

EXAMPLE = Path(__file__).parents[1] / "examples" / "serve.py"
TABLE = load_wine(as_frame=True).data


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("serve", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(example, tmp_path_factory):
    path = tmp_path_factory.mktemp("service")
    example.write(path)
    return path


@pytest.fixture(scope="module")
def ask(example, folder):
    server = example.server(folder, port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def answer(path, body):
        url = f"http://127.0.0.1:{server.server_port}{path}"
        request = urllib.request.Request(url, data=body.encode())
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    yield answer
    server.shutdown()
    server.server_close()
    thread.join(60)


def test_codes_are_those_of_the_pipeline(ask):
    encoder = AutoencoderTransformer(2, random_state=0)
    rows = TABLE.to_numpy()
    expected = make_pipeline(StandardScaler(), encoder).fit_transform(rows)
    found = ask("/codes", json.dumps(rows[:5].tolist()))
    assert_allclose(found, expected[:5], rtol=0, atol=1e-9)


def test_anomaly_comes_with_its_reason(ask):
    row = TABLE.iloc[[17]].assign(magnesium=300.0)
    (found,) = ask("/anomalies", json.dumps(row.to_numpy().tolist()))
    detector = AutoencoderDetector(contamination=0.02, random_state=0).fit(TABLE)
    assert found["anomaly"]
    assert found["score"] == pytest.approx(detector.score_samples(row)[0])
    reason = found["reasons"][0]
    assert (reason["column"], reason["value"]) == ("magnesium", 300.0)
    assert reason["expected"] < 200


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/scores", "[]", 404, "Ask one of /codes, /anomalies"),
        ("/codes", "rows", 400, "must be a JSON list of rows"),
        ("/codes", "[[1, 2]]", 400, "Each row must hold 13 numbers: alcohol"),
        ("/codes", "[]", 400, "Each row must hold 13 numbers"),
        ("/codes", f"[[{', '.join(['NaN'] * 13)}]]", 400, "must hold finite numbers"),
        ("/codes", f"[[{', '.join(['null'] * 13)}]]", 400, "must hold finite numbers"),
    ],
)
def test_bad_requests_are_told_why(path, body, status, message, ask):
    with pytest.raises(urllib.error.HTTPError) as raised:
        ask(path, body)
    with raised.value as error:
        assert error.code == status
        assert message in json.load(error)["error"]


def test_service_imports_no_keras(folder):
    code = (
        "import pathlib, sys; sys.path.insert(0, sys.argv[1]); import serve;"
        "models = serve.Models(pathlib.Path(sys.argv[2]));"
        "rows = models.rows('[[' + ', '.join(['1'] * 13) + ']]');"
        "assert models.codes(rows) and models.anomalies(rows);"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code, EXAMPLE.parent, folder]
    subprocess.run(command, check=True, timeout=300)
