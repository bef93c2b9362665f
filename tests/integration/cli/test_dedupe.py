"""`memsvc dedupe eval` with the installed model."""

import json
from pathlib import Path

import pytest

from tests.fixtures.command_line import Run


@pytest.fixture(autouse=True)
def _models(minilm_dir: Path) -> None:
    """The model is there; commands look beside the Python environment as well."""


def test_the_decision_is_as_good_as_was_asked_for(run: Run) -> None:
    """Promise: precision 0.98 at recall 0.85, exact duplicates always; on the half held out."""
    found = json.loads(run("dedupe", "eval", "--json").stdout)
    assert found["exact_found"] == 1.0
    for part in ("all", "held_out"):
        assert found[part]["precision"] >= 0.98
        assert found[part]["recall"] >= 0.85


def test_figures_are_shown_by_language_and_class(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [("exact", True, "I like tea.", "i like tea"), ("topic", False, "Hello.", "It rains.")]
    pairs.write_text(
        "\n".join(
            json.dumps(
                {"id": no, "language": "en", "class": c, "duplicate": d, "one": a, "other": b}
            )
            for no, (c, d, a, b) in enumerate(rows)
        )
    )
    shown = run("dedupe", "eval", "--pairs", str(pairs)).stdout
    assert "exact" in shown
    assert "topic" in shown
    assert "held out" in shown


@pytest.mark.parametrize(
    ("written", "told"), [(None, "--pairs"), ("{}", "Line 1"), ("", "no pairs")]
)
def test_a_file_that_is_no_set_of_pairs_is_refused(
    run: Run, tmp_path: Path, written: str | None, told: str
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    if written is not None:
        pairs.write_text(written)
    result = run("dedupe", "eval", "--pairs", str(pairs))
    assert result.exit_code == 1
    assert told in result.stderr
