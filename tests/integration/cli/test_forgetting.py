"""`memsvc prune`, `restore` and `decay`, with no service running."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from memsvc_client import RetentionPolicy

from memsvc.store import retention
from tests.fixtures.command_line import Run

pytestmark = pytest.mark.usefixtures("minilm_dir", "migrated")

TEXTS = "The dog is called Momo.", "It rains in Porto.", "Ships lie in the harbour."
LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def bank(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A bank of three memories, of which every recall is recorded."""
    monkeypatch.setenv("MEMSVC_RECORDING__SAMPLE", "1")
    assert run("remember", "ada", *TEXTS, "--create").exit_code == 0
    return run


def told(run: Run, *arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(run: Run, *arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def texts(run: Run) -> set[str]:
    return {hit["memory"]["text"] for hit in told(run, "recall", "ada", "the dog")["hits"]}


def policy_file(folder: Path, name: str, policy: RetentionPolicy) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(policy.to_json()), encoding="utf-8")
    return str(path)


def test_pruning_shows_all_it_would_take_asks_and_is_taken_back_as_a_whole(bank: Run) -> None:
    missing = bank("prune", "ada")
    assert (missing.exit_code, "decay policy set" in missing.stderr) == (1, True)
    told(bank, "decay", "policy", "set", "ada", "--days", "5", "--yes")

    plan = told(bank, "prune", "ada", "--now", LATER, "--dry-run")
    assert (plan["examined"], len(plan["items"])) == (3, 3)
    assert {each["reason"] for each in plan["items"]} == {"faded"}
    assert "3 faded: to be archived" in shown(bank, "prune", "ada", "--now", LATER, "--dry-run")
    refused = bank("prune", "ada", "--now", LATER, stdin="n\n")
    assert (refused.exit_code, texts(bank)) == (1, set(TEXTS))

    done = told(bank, "prune", "ada", "--now", LATER, "--yes")
    assert (done["state"], texts(bank)) == ("succeeded", set())
    back = shown(bank, "restore", "ada", "--operation", done["operation_id"])
    assert "3 memories are active again" in back
    assert texts(bank) == set(TEXTS)
    assert "Nothing has faded" in shown(bank, "prune", "ada")


def test_what_one_sweep_took_comes_back_by_its_names_too(bank: Run, tmp_path: Path) -> None:
    small = policy_file(tmp_path, "small", RetentionPolicy(threshold=0, capacity=1))
    plan = told(bank, "prune", "ada", "--policy", small, "--dry-run")
    assert {each["reason"] for each in plan["items"]} == {"over_capacity"}
    done = bank("prune", "ada", "--policy", small, "--yes")
    assert "2 over capacity: archived" in done.stdout, done.output
    assert len(texts(bank)) == 1

    ids = [each["memory_id"] for each in plan["items"]]
    assert told(bank, "restore", "ada", *ids) == {"restored": ids}
    assert texts(bank) == set(TEXTS)
    assert bank("restore", "ada").exit_code == 2


def test_a_dry_run_lists_the_whole_bank_and_not_a_first_page(
    bank: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAGE", 2)
    more = [f"Ship {number} left." for number in range(110)]  # more than a page of an answer has
    assert bank("remember", "ada", *more).exit_code == 0
    told(bank, "decay", "policy", "set", "ada", "--threshold", "0.05")
    plan = told(bank, "prune", "ada", "--now", LATER, "--dry-run")
    assert plan["examined"] == len({each["memory_id"] for each in plan["items"]}) == 113


def test_a_policy_that_would_have_taken_evidence_is_not_set_unasked(
    bank: Run, tmp_path: Path
) -> None:
    assert "No policy" in shown(bank, "decay", "policy", "show", "ada")
    texts(bank)
    small = policy_file(tmp_path, "small", RetentionPolicy(threshold=0, capacity=0))

    tried = told(bank, "decay", "policy", "set", "ada", small, "--dry-run")
    assert (tried["answers"], tried["without_evidence"]) == (1, 1)
    refused = bank("decay", "policy", "set", "ada", small, stdin="n\n")
    assert refused.exit_code == 1
    assert "1 of 1 answers would have lost 3 of 3 hits" in refused.stderr
    assert told(bank, "decay", "policy", "show", "ada")["policy"] is None

    assert told(bank, "decay", "policy", "set", "ada", small, "--yes")["version"] == 1
    harmless = told(bank, "decay", "policy", "set", "ada", "--days", "60")
    assert harmless["policy"]["curve"]["days"] == 60
    assert told(bank, "decay", "policy", "clear", "ada")["policy"] is None


def test_a_forecast_compares_policies_and_draws_them(bank: Run, tmp_path: Path) -> None:
    told(bank, "decay", "policy", "set", "ada", "--days", "5")
    patient = policy_file(tmp_path, "patient", RetentionPolicy(threshold=0))
    crowded = policy_file(tmp_path, "crowded", RetentionPolicy(threshold=0, capacity=1))
    asked = "decay", "forecast", "ada", "--days", "30", "--policy", patient, "--policy", crowded

    found = told(bank, *asked)
    left = {name: each["staying"] for name, each in found.items()}
    assert left == {"current": 0, "patient": 3, "crowded": 1}
    assert sum(found["current"]["leaving"][14:15]) == 3  # -5 ln 0.05 = 14.98 days
    for name, begins in (("plot.svg", b"<?xml"), ("plot.png", b"\x89PNG")):
        told_of = shown(bank, *asked, "--plot", str(tmp_path / name))
        assert "current: 0 of 3 memories are left after 30 days" in told_of
        assert (tmp_path / name).read_bytes().startswith(begins)
    wrong = bank(*asked, "--plot", str(tmp_path / "plot.gif"))
    assert (wrong.exit_code, ".svg" in wrong.stderr) == (1, True)
