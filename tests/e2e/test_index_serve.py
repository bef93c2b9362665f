"""An index server beside the service, both on one data folder with nothing else configured."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from memsvc_client import Client, Message

from tests.e2e.serving_process import ROOT, START_LIMIT_S, environment, serving

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("minilm_dir")]

QUESTION = "What is the dog called?"
ANSWER = "My dog is called Momo."
NEWER = "Since today the dog is called Lina."


@pytest.fixture
def address() -> Iterator[str]:
    """Where the index server listens; short, as a socket's path has to be."""
    with tempfile.TemporaryDirectory(prefix="memsvc-") as folder:
        yield f"unix://{folder}/index.sock"


@contextmanager
def index_serving(data_dir: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `memsvc index serve` with its defaults; it holds every bank inside."""
    ready, log = data_dir.with_name("index.json"), data_dir.with_name("index.log")
    command = [sys.executable, "-m", "memsvc", "index", "serve", "--address", address]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--ready-file", str(ready)],
            cwd=ROOT,
            env=environment(data_dir),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while not ready.exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def remember(url: str, text: str) -> None:
    with Client(url) as client:
        client.bank("ada").add_episode([Message(text=text, speaker="Ada")], create=True)


def recalled(url: str) -> tuple[list[str], str | None, str | None]:
    """Return the texts found by vectors alone, which backend is set, and why another answered."""
    with Client(url) as client:
        answer = client.bank("ada").recall(QUESTION, arms=["dense"])
    texts = [hit.memory.text for hit in answer.hits]
    assert answer.index is not None
    return texts, answer.index.backend, answer.arms["dense"].reason


def test_a_memory_just_written_is_found_through_the_index_server(
    data_dir: Path, address: str
) -> None:
    settings = {"MEMSVC_INDEX__BACKEND": "server", "MEMSVC_INDEX__SERVER_URL": address}
    with serving(data_dir, **settings) as service:
        url = service.wait_until_ready()
        remember(url, ANSWER)
        texts, _, reason = recalled(url)
        assert texts == [ANSWER]
        assert reason is not None, "without an index server PostgreSQL answers, and says so"

        with index_serving(data_dir, address) as index:
            deadline = time.monotonic() + START_LIMIT_S
            while recalled(url)[2] is not None:  # the service looks for it again after a while
                assert time.monotonic() < deadline, recalled(url)
                time.sleep(0.1)
            remember(url, NEWER)
            texts, backend, reason = recalled(url)
            assert set(texts) == {ANSWER, NEWER}
            assert (backend, reason) == ("server", None)
            index.terminate()
            assert index.wait(30) == 0

        texts, _, reason = recalled(url)
        assert set(texts) == {ANSWER, NEWER}
        assert reason is not None
        assert service.end() == 0
