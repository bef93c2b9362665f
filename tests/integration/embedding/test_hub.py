"""Installing from a hub, which here is a server of a few files."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import pytest

from memsvc.embedding.bert_graph import build_graph
from memsvc.embedding.catalog import HubSource
from memsvc.embedding.cross_encoder import load_reranker
from memsvc.embedding.factory import open_embedder
from memsvc.embedding.hub import fill_from_hub
from memsvc.embedding.manifest import verified_manifest
from memsvc.embedding.progress import silent
from memsvc.errors import ModelNotInstalledError
from memsvc.settings import EmbeddingSettings, RerankSettings
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.tiny_bert import write_model_files
from tests.fixtures.tiny_cross_encoder import write_cross_encoder

COMMIT = "c" * 40
SOURCE = HubSource(repository="org/tiny", revision=None)


def _handler(files: Path) -> type[BaseHTTPRequestHandler]:
    names = sorted(path.relative_to(files).as_posix() for path in files.rglob("*.*"))

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            if path in ("/api/models/org/tiny", f"/api/models/org/tiny/revision/{COMMIT}"):
                info = {"id": "org/tiny", "sha": COMMIT, "siblings": []}
                self._send(200, json.dumps(info).encode(), with_body=with_body)
            elif path == f"/api/models/org/tiny/tree/{COMMIT}":
                tree = [{"type": "file", "oid": "0", "size": 1, "path": name} for name in names]
                self._send(200, json.dumps(tree).encode(), with_body=with_body)
            elif (name := path.removeprefix(f"/org/tiny/resolve/{COMMIT}/")) in names:
                self._send(200, (files / name).read_bytes(), with_body=with_body)
            else:
                self._send(404, b"{}", with_body=with_body)

        def _send(self, status: int, content: bytes, *, with_body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hash(content):x}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
            """Keep the test output quiet."""

    return Handler


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    files = tmp_path / "repository"
    write_model_files(files)
    graph = build_graph(files)
    # As exporters do: the weights in a file of their own beside the graph.
    onnx.save_model(
        onnx.load(graph),
        graph,
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=256,
    )
    (files / "model.safetensors").unlink()
    (files / "modeling.py").write_text("raise SystemExit('code is never fetched')")
    with _serving(files) as url:
        yield url


@contextmanager
def _serving(files: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_encoder_from_the_hub_is_installed_without_code_and_runs(
    hub: str, tmp_path: Path
) -> None:
    folder = tmp_path / "models" / SOURCE.directory
    folder.mkdir(parents=True)

    fill_from_hub(SOURCE, folder, progress=silent, endpoint=hub)

    manifest = verified_manifest(folder)
    assert manifest.origin == f"hub:org/tiny@{COMMIT}"
    assert manifest.weights == ("model.onnx", "model.onnx_data")
    assert "modeling.py" not in manifest.digests
    settings = EmbeddingSettings(model="hub:org/tiny", threads=1)
    embedder = await open_embedder(settings, [tmp_path / "models"])
    np.testing.assert_allclose(np.linalg.norm(await embedder.embed_query("one")), 1, atol=1e-6)
    await embedder.close()


async def test_cross_encoder_from_the_hub_is_installed_and_judges(tmp_path: Path) -> None:
    files, folder = tmp_path / "repository", tmp_path / "models" / SOURCE.directory
    write_cross_encoder(files)
    (files / "onnx").mkdir()
    (files / "model.onnx").rename(files / "onnx" / "model.onnx")
    folder.mkdir(parents=True)

    with _serving(files) as hub:
        fill_from_hub(SOURCE, folder, progress=silent, endpoint=hub)

    assert verified_manifest(folder).weights == ("onnx/model.onnx",)
    settings = RerankSettings(provider="onnx", model="hub:org/tiny")
    reranker = load_reranker(settings, [tmp_path / "models"])
    better, worse = await reranker.relevance(DEFAULT_TENANT, "query", ["one one", "two"])
    await reranker.close()
    assert better > worse


def test_unknown_repository_is_not_installed(hub: str, tmp_path: Path) -> None:
    unknown = HubSource(repository="org/unknown", revision=None)

    with pytest.raises(ModelNotInstalledError, match="org/unknown"):
        fill_from_hub(unknown, tmp_path, progress=silent, endpoint=hub)


def test_missing_hub_library_names_the_extra_to_install() -> None:
    script = """
import sys
from pathlib import Path

sys.modules["huggingface_hub"] = None
from memsvc.embedding.catalog import HubSource
from memsvc.embedding.hub import fill_from_hub
from memsvc.embedding.progress import silent
from memsvc.errors import ConfigurationError

try:
    fill_from_hub(HubSource(repository="a/b", revision=None), Path(), progress=silent)
except ConfigurationError as error:
    assert "memsvc[hub]" in str(error)
else:
    sys.exit("filled")
"""
    subprocess.run([sys.executable, "-c", script], check=True)
