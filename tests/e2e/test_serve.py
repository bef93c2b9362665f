"""The service on a bare machine: embedded database, local model, nothing configured."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from memsvc_client import Client, MemsvcError, Message, UnauthorizedError

from tests.e2e.serving_process import (
    ROOT,
    HalfRequest,
    ServingProcess,
    environment,
    run_command,
    serving,
)
from tests.fixtures.postgres import reachable_folder
from tests.integration.store.embedded_processes import kill_postmaster, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("minilm_dir")]

QUESTION = "What is the dog called?"
ANSWER = "My dog is called Momo."


@pytest.fixture
def service(data_dir: Path) -> Iterator[ServingProcess]:
    """A service of the test's own, which is starting."""
    with serving(data_dir) as service:
        yield service


@pytest.fixture(scope="module")
def shared_data_dir() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def shared(shared_data_dir: Path) -> Iterator[ServingProcess]:
    """A service for tests that leave it as it is."""
    with serving(shared_data_dir) as service:
        service.wait_until_ready()
        yield service
        assert service.end() == 0


def remember(url: str, bank: str, text: str = ANSWER) -> None:
    with Client(url) as client:
        result = client.bank(bank).add_episode([Message(text=text, speaker="Ada")], create=True)
        assert result.embedded


def recalled(url: str, bank: str) -> list[str]:
    with Client(url) as client:
        return [hit.memory.text for hit in client.bank(bank).recall(QUESTION).hits]


def test_memories_outlive_the_service(data_dir: Path) -> None:
    with serving(data_dir) as first:
        url = first.wait_until_ready()
        remember(url, "ada")
        assert recalled(url, "ada") == [ANSWER]
        assert first.end() == 0
        assert not first.ready_file.exists()
    with serving(data_dir) as second:
        assert recalled(second.wait_until_ready(), "ada") == [ANSWER]
        assert second.end(signal.SIGINT) == 0


def test_acknowledged_memories_survive_a_killed_database(
    service: ServingProcess, data_dir: Path
) -> None:
    url = service.wait_until_ready()
    remember(url, "ada")
    kill_postmaster(data_dir)
    wait_until(lambda: answers_again(url, "ada"))
    assert recalled(url, "ada") == [ANSWER]
    remember(url, "ada", "My dog is called Momo, still.")
    assert len(recalled(url, "ada")) == 2
    with Client(url) as client:
        assert client.ready().is_ready
    assert service.end() == 0


def answers_again(url: str, bank: str) -> bool:
    with Client(url, max_retries=0) as client, suppress(MemsvcError):
        return bool(client.bank(bank).recall(QUESTION).hits)
    return False


def test_the_log_tells_the_url_and_no_memory(shared: ServingProcess) -> None:
    url = shared.wait_until_ready()
    remember(url, "logged")
    recalled(url, "logged")
    log = shared.log.read_text()
    assert f"memsvc is ready at {url}" in log
    assert "Momo" not in log
    assert "dog" not in log


def test_a_command_without_a_url_shares_the_database(
    shared: ServingProcess, shared_data_dir: Path
) -> None:
    written = run_command(shared_data_dir, "remember", "shared", ANSWER, "--create")
    assert written.returncode == 0, written.stderr
    assert recalled(shared.wait_until_ready(), "shared") == [ANSWER]


def test_a_command_with_a_url_asks_the_service(
    shared: ServingProcess, shared_data_dir: Path
) -> None:
    url = shared.wait_until_ready()
    remember(url, "asked")
    asked = run_command(shared_data_dir, "recall", "asked", QUESTION, "--url", url)
    assert ANSWER in asked.stdout
    checked = run_command(shared_data_dir, "doctor", "--url", url)
    assert checked.returncode == 0, checked.stdout


def test_a_second_service_on_the_port_is_refused(
    shared: ServingProcess, shared_data_dir: Path
) -> None:
    url = shared.wait_until_ready()
    refused = run_command(shared_data_dir, "serve", "--port", url.rpartition(":")[2])
    assert refused.returncode == 1
    assert "in use" in refused.stderr
    with Client(url) as client:
        assert client.health().status == "ok"


def test_nobody_beyond_this_machine_is_served_without_a_key(data_dir: Path) -> None:
    refused = run_command(data_dir, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "MEMSVC_API_KEY" in refused.stderr
    assert not data_dir.exists()


def test_everybody_with_the_key_is_served(data_dir: Path) -> None:
    with serving(data_dir, "--host", "0.0.0.0", MEMSVC_API_KEY="a-long-key") as service:
        url = service.wait_until_ready()
        with Client(url, api_key="a-long-key") as client:
            assert list(client.list_banks()) == []
        with Client(url) as client, pytest.raises(UnauthorizedError):
            client.create_bank("ada")
        assert service.end() == 0


def test_a_request_under_way_is_finished_and_no_other_is_taken(service: ServingProcess) -> None:
    url = service.wait_until_ready()
    with closing(HalfRequest(url, "late")) as request:
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Shutting down" in service.log.read_text())
        with Client(url, max_retries=0) as client, pytest.raises(MemsvcError):
            client.version()
        assert request.complete() == 201
    assert service.process.wait(30) == 0


def test_a_second_signal_ends_the_service_at_once(service: ServingProcess) -> None:
    url = service.wait_until_ready()
    with closing(HalfRequest(url, "never")):
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stop_requested" in service.log.read_text())
        time.sleep(1)
        assert service.process.poll() is None
        assert service.end(limit_s=3) == -signal.SIGTERM


def test_a_signal_during_the_start_ends_in_order(service: ServingProcess, data_dir: Path) -> None:
    wait_until(lambda: "embedded_postgres" in service.log.read_text())
    assert service.end() == 0
    assert not service.ready_file.exists()
    with serving(data_dir) as again:
        again.wait_until_ready()
        assert again.end() == 0


def test_a_worker_process_does_the_jobs_of_a_service_without_one(data_dir: Path) -> None:
    with serving(data_dir, "--no-worker") as service:
        url = service.wait_until_ready()
        remember(url, "ada")
        with Client(url) as client:
            job = client.delete_bank("ada")
            time.sleep(1)
            assert client.get_job(job.id).state == "queued"
            with subprocess.Popen(
                [sys.executable, "-m", "memsvc", "worker"], cwd=ROOT, env=environment(data_dir)
            ) as worker:
                try:
                    client.wait_for_jobs(timeout_s=60)
                    own = os.getpriority(os.PRIO_PROCESS, 0)
                    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(own + 10, 19)
                    worker.terminate()
                    assert worker.wait(30) == 0
                finally:
                    worker.kill()
            assert client.get_job(job.id).state == "succeeded"
        assert service.end() == 0
