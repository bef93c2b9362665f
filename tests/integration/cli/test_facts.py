"""`memsvc facts`."""

import json
from pathlib import Path

import pytest

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


@pytest.mark.usefixtures("minilm_dir", "migrated")
def test_facts_are_listed_as_they_hold_and_as_they_held(run: Run) -> None:
    run("remember", "ada", "I live in Lisbon.", "--at", "2024-01-01T00:00Z", "--create")
    run("remember", "ada", "I moved to Porto.", "--at", "2024-06-01T00:00Z")
    run("consolidate", "ada", "--stage", "facts")

    assert [each["object"] for each in _listed(run)] == ["porto"]
    assert [each["object"] for each in _listed(run, "--as-of", "2024-05-31")] == ["lisbon"]
    assert [each["object"] for each in _listed(run, "--all", "--limit", "1")] == ["porto"]
    assert _listed(run, "--subject", "nobody") == []
    shown = run("facts", "list", "ada", "--all").stdout
    assert "lisbon" in shown
    assert "2024-06-01 00:00" in shown
    recalled = run("recall", "ada", "home", "--as-of", "2024-05-31T00:00Z", "--json").stdout
    assert [each["memory"]["state"] for each in json.loads(recalled)["hits"]] == ["superseded"]
    unknown = run("recall", "ada", "home", "--known-at", "2024-05-31T00:00Z", "--json").stdout
    assert json.loads(unknown)["hits"] == []
    both = run("facts", "list", "ada", "--all", "--as-of", "2024-05-31")
    assert both.exit_code == 2


def _listed(run: Run, *options: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        run("facts", "list", "ada", "--json", *options).stdout
    )
    return found
