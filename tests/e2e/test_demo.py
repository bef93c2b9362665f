"""`make demo`: the example conversation against a service that starts and ends with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.serving_process import ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("minilm_dir")]


def demo(data_dir: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "run_demo.py")],
        cwd="/",
        env=environment(data_dir) | settings,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_second_run_finds_what_the_first_has_remembered(data_dir: Path) -> None:
    first = demo(data_dir)
    assert first.returncode == 0, first.stdout + first.stderr
    assert " 0 unchanged" in first.stdout
    assert "has shut down" in first.stdout
    second = demo(data_dir)
    assert second.returncode == 0, second.stdout + second.stderr
    assert " 0 created" in second.stdout


def test_a_service_that_does_not_start_is_explained(data_dir: Path) -> None:
    failed = demo(data_dir, MEMSVC_EMBEDDING__MODEL="hub:nobody/nothing")
    assert failed.returncode == 1
    assert "did not start" in failed.stderr
    assert "memsvc models install" in failed.stderr
