"""`memsvc entities eval`."""

import json
from pathlib import Path

from tests.fixtures.command_line import Run


def test_names_of_one_entity_are_merged_as_precisely_as_was_asked_for(run: Run) -> None:
    """Promise: precision 0.98."""
    found = json.loads(run("entities", "eval", "--json").stdout)
    assert found["all"]["pairs"] >= 150
    assert found["all"]["precision"] >= 0.98
    assert {each["class"] for each in found["missed"]} <= {"alias", "initials"}


def test_figures_are_shown_by_class_and_what_is_wrong_by_name(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pair = {"id": 1, "language": "en", "class": "alias", "same": True}
    pairs.write_text(json.dumps(pair | {"one": "NYC", "other": "New York City"}))
    shown = run("entities", "eval", "--pairs", str(pairs)).stdout
    assert "alias" in shown
    assert "Missed (alias): NYC | New York City" in shown


def test_a_line_that_is_no_pair_is_named(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"id": 1}')
    failed = run("entities", "eval", "--pairs", str(pairs))
    assert failed.exit_code == 1
    assert "Line 1" in failed.stderr
