"""`memsvc erase` and `memsvc erasures`, with no service running."""

import json
from pathlib import Path

import pytest

from tests.fixtures.command_line import Run

pytestmark = pytest.mark.usefixtures("minilm_dir", "migrated")
SECRET = "The blue door hides the secret of Ann."
OTHER = "Bob likes ships."


@pytest.fixture
def people(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A bank with a memory of Ann's and one of Bob's; the signing key is the test's own."""
    monkeypatch.setenv("MEMSVC_DATA_DIR", str(tmp_path / "data"))
    run("remember", "people", SECRET, "--user", "ann", "--create")
    run("remember", "people", OTHER, "--user", "bob")
    return run


def texts(run: Run) -> list[str]:
    found = json.loads(run("recall", "people", "secret ships", "--json").stdout)
    return sorted(hit["memory"]["text"] for hit in found["hits"])


def test_a_user_is_erased_and_the_receipt_is_checked_offline(people: Run, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    done = people("erase", "people", "--user", "ann", "--yes", "--json", "--receipt", str(receipt))
    assert done.exit_code == 0, done.output
    erased = json.loads(done.stdout)

    assert (erased["state"], erased["memories"]) == ("complete", 1)
    assert texts(people) == [OTHER]
    [listed] = json.loads(people("erasures", "list", "people", "--json").stdout)
    assert listed == erased
    assert "complete" in people("erasures", "show", "people", erased["id"]).stdout

    key = people("erasures", "key").stdout.strip()
    verified = people("erasures", "verify", str(receipt), "--key", key, "--user", "ann")
    assert "genuine" in verified.stdout
    elsewhere = people("erasures", "verify", str(receipt), "--key", key, "--user", "bob")
    assert (elsewhere.exit_code, "not about" in elsewhere.stderr) == (1, True)
    receipt.write_text(receipt.read_text().replace('"memories": 1', '"memories": 2'))
    changed = people("erasures", "verify", str(receipt), "--key", key)
    assert (changed.exit_code, "changed since" in changed.stderr) == (1, True)


def test_nothing_is_erased_by_a_dry_run_or_without_consent(people: Run) -> None:
    assert "1 memories" in people("erase", "people", "--user", "ann", "--dry-run").stdout
    asked = people("erase", "people", "--user", "ann", stdin="n\n")
    assert asked.exit_code == 1
    assert texts(people) == sorted([SECRET, OTHER])


def test_a_bank_is_erased_whole_and_its_receipt_is_about_it(people: Run, tmp_path: Path) -> None:
    bank_id = json.loads(people("bank", "show", "people", "--json").stdout)["id"]
    assert "2 memories" in people("erase", "people", "--bank", "--dry-run").stdout
    receipt = tmp_path / "receipt.json"
    done = people("erase", "people", "--bank", "--yes", "--json", "--receipt", str(receipt))
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (0, "complete"), done.output

    assert people("bank", "show", "people").exit_code == 1
    key = people("erasures", "key").stdout.strip()
    verified = people("erasures", "verify", str(receipt), "--key", key, "--bank", bank_id)
    assert "genuine" in verified.stdout
    other = people("erasures", "verify", str(receipt), "--key", key, "--bank", "people")
    assert (other.exit_code, "not about" in other.stderr) == (1, True)


def test_exactly_one_subject_and_a_new_file_are_needed(run: Run, tmp_path: Path) -> None:
    assert run("erase", "people").exit_code == 2
    assert run("erase", "people", "--user", "ann", "--session", "s").exit_code == 2
    assert run("erase", "people", "--user", "ann", "--bank").exit_code == 2
    there = tmp_path / "there.json"
    there.write_text("{}")
    taken = run("erase", "people", "--user", "ann", "--receipt", str(there))
    assert (taken.exit_code, "exists already" in taken.stderr) == (2, True)
