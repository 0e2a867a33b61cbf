"""A small service: codes from an ONNX file, anomalies and their reasons from skops.

::

    python examples/serve.py write FOLDER          # fit on the wines, write two files
    python examples/serve.py serve FOLDER --port 8000
    curl -d '[[14.2, 1.7, 2.4, 15.6, 127, 2.8, 3.1, 0.3, 2.3, 5.6, 1, 3.9, 1065]]' \\
        http://127.0.0.1:8000/codes               # or /anomalies

Rows come as JSON, a list of numbers each. What serves imports no Keras. This server of the
standard library shows the parts; put a real one, and its limits, in front of strangers.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

N_REASONS = 3  # columns that an anomaly is explained by
MOST_BYTES = 1 << 20


def write(folder):
    """Fit on the bundled wines, and write the two files that the service reads."""
    import skops.io
    from skl2onnx import to_onnx
    from sklearn.datasets import load_wine
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skae import AutoencoderDetector, AutoencoderTransformer

    X = load_wine(as_frame=True).data
    encoder = make_pipeline(StandardScaler(), AutoencoderTransformer(2, random_state=0))
    encoder.fit(X.to_numpy())
    model = to_onnx(encoder, X.to_numpy()[:1])
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    detector = AutoencoderDetector(contamination=0.02, random_state=0).fit(X)
    skops.io.dump(detector, folder / "detector.skops")


class Models:
    """What the two files hold."""

    def __init__(self, folder):
        import onnxruntime
        import skops.io

        import skae

        self.encoder = onnxruntime.InferenceSession(folder / "encoder.onnx")
        path = folder / "detector.skops"
        self.detector = skops.io.load(path, trusted=skae.SKOPS_TYPES)
        self.columns = self.detector.feature_names_in_.tolist()

    def rows(self, body):
        """Return the rows that a request holds, or say what is wrong with them."""
        try:
            rows = np.array(json.loads(body), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The body must be a JSON list of rows: {error}.") from None
        if rows.ndim != 2 or rows.shape[1] != len(self.columns) or not len(rows):
            names = ", ".join(self.columns)
            raise ValueError(f"Each row must hold {len(self.columns)} numbers: {names}.")
        if not np.isfinite(rows).all():
            raise ValueError("Rows must hold finite numbers; fill what is missing.")
        return rows

    def codes(self, rows):
        """Return the codes of rows."""
        (codes,) = self.encoder.run(None, {"X": rows})
        return codes.tolist()

    def anomalies(self, rows):
        """Return for each row whether it is one, and the cells that make it so."""
        import pandas as pd

        table = pd.DataFrame(rows, columns=self.columns)
        gains = self.detector.explain(table)
        expected = self.detector.explain(table, what="expected")
        labels = self.detector.predict(table)
        answers = []
        for i, score in enumerate(self.detector.score_samples(table)):
            first = gains.iloc[i].nlargest(N_REASONS)
            reasons = [
                {"column": c, "value": table.loc[i, c], "expected": expected.loc[i, c]}
                for c in first[first > 0].index
            ]
            is_anomaly = bool(labels[i] == -1)
            answers.append({"score": score, "anomaly": is_anomaly, "reasons": reasons})
        return answers


def server(folder, port=8000):
    """Return a server on this machine alone; `serve_forever` starts it."""
    models = Models(folder)
    answers = {"/codes": models.codes, "/anomalies": models.anomalies}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            if self.path not in answers:
                return self.reply(404, {"error": f"Ask one of {', '.join(answers)}."})
            n_bytes = int(self.headers.get("Content-Length", 0))
            if n_bytes > MOST_BYTES:
                return self.reply(413, {"error": f"Send at most {MOST_BYTES} bytes."})
            try:
                rows = models.rows(self.rfile.read(n_bytes))
            except ValueError as error:
                return self.reply(400, {"error": str(error)})
            return self.reply(200, answers[self.path](rows))

        def reply(self, status, answer):
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep the console quiet."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["write", "serve"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    if arguments.action == "write":
        return write(arguments.folder)
    return server(arguments.folder, arguments.port).serve_forever()


if __name__ == "__main__":
    main()
