"""`memsvc facts eval`."""

import json
from pathlib import Path

from tests.fixtures.command_line import Run


def test_contradictions_are_found_as_well_as_was_asked_for(run: Run) -> None:
    """Promise: supersede precision 0.98, recall 0.85."""
    found = json.loads(run("facts", "eval", "--json").stdout)
    for part in ("all", "held_out"):
        assert found[part]["precision"] >= 0.98
        assert found[part]["recall"] >= 0.85
    assert all(each["class"].startswith("neg_") for each in found["mistakes"])


def test_figures_are_shown_by_class_and_what_is_wrong_by_name(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pair = {"id": 1, "language": "en", "class": "idiom", "supersedes": True}
    pairs.write_text(json.dumps(pair | {"one": "Hello.", "other": "It rains."}))
    shown = run("facts", "eval", "--pairs", str(pairs)).stdout
    assert "idiom" in shown
    assert "Missed (idiom): Hello. | It rains." in shown


def test_a_file_that_is_not_there_is_said_so(run: Run, tmp_path: Path) -> None:
    failed = run("facts", "eval", "--pairs", str(tmp_path / "none"))
    assert failed.exit_code != 0
