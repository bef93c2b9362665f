"""`memsvc eval record` against a scripted service."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.cli.test_recalls import RECORDED
from tests.unit.memsvc_client.stub_service import MEMORY_ID


def listed(*recalls: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(recalls), "has_more": False, "next_cursor": None}


def test_cases_go_to_the_file_and_counts_to_the_terminal(
    run: Run, service: ScriptedService, tmp_path: Path
) -> None:
    service.answer(listed(RECORDED | {"helped": [MEMORY_ID]}, RECORDED))
    out = tmp_path / "golden.jsonl"
    done = run("eval", "record", "ada", "--out", str(out), "--url", service.url)
    assert "1 questions of 2 recorded recalls." in done.stdout
    assert "Left out: 1 recalls without feedback." in done.stdout
    assert json.loads(out.read_text()) == {
        "id": RECORDED["id"],
        "recall": RECORDED["id"],
        "expected": [{"memory": MEMORY_ID}],
        "misleading": [],
    }


@pytest.mark.parametrize("recalls", [[], [RECORDED]])
def test_a_dry_run_writes_nothing(
    run: Run, service: ScriptedService, tmp_path: Path, recalls: list[dict[str, Any]]
) -> None:
    service.answer(listed(*recalls))
    out = tmp_path / "golden.jsonl"
    options = ("--out", str(out), "--dry-run", "--json", "--url", service.url)
    done = run("eval", "record", "ada", *options)
    assert json.loads(done.stdout)["recalls"] == len(recalls)
    assert not out.exists()
