"""`memsvc consolidate`, with no service running: the command does the work itself."""

import json

import pytest

from tests.fixtures.command_line import Run

pytestmark = pytest.mark.usefixtures("minilm_dir", "migrated")


@pytest.fixture(autouse=True)
def _only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing organised before the command does it, however slow the machine is."""
    monkeypatch.setenv("MEMSVC_ORGANISE__AUTOMATIC", "false")


def test_a_bank_is_planned_consolidated_and_looked_at(run: Run) -> None:
    texts = ("Ada went climbing in Lisbon.", "Climbing in Lisbon was Ada's best trip.")
    written = run("remember", "ada", *texts, "--create", "--json")
    ids = [each["id"] for each in json.loads(written.stdout)["results"]]

    plan = run("consolidate", "ada", "--dry-run")
    assert plan.exit_code == 0, plan.output
    assert "organise 2" in " ".join(plan.stdout.split())
    assert "2, the oldest since 20" in plan.stdout

    done = run("consolidate", "ada", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["job"]["state"], told["done"]["annotated"]) == ("succeeded", 2)
    assert told["bank"]["links"] == told["done"]["linked"] == 1

    again = run("consolidate", "ada")
    assert again.exit_code == 0, again.output
    assert "There was nothing to do." in again.stderr

    shown = run("memory", "show", "ada", ids[0])
    assert "keywords" in shown.stdout
    assert "shares: " in shown.stdout
    assert "rules/1" in run("memory", "annotations", "ada", ids[0]).stdout
    beside = run("recall", "ada", "Where did she climb?", "-k", "1", "--neighbours", "1")
    assert "linked to these" in beside.stdout


def test_a_stage_that_does_not_exist_is_named(run: Run) -> None:
    run("remember", "ada", "Tea.", "--create")

    for more in ((), ("--dry-run",)):
        refused = run("consolidate", "ada", "--stage", "dream", *more)
        assert refused.exit_code != 0
        assert "dream" in refused.stderr
        assert "organise, dedupe" in refused.stderr


def test_once_leaves_nothing_to_do_and_what_was_made_claims_nothing(run: Run) -> None:
    """Summaries and thoughts say again what was said: later, which would make it hold longer."""
    said = ("I moved to Lisbon.", "Maria lives in Berlin.", "Maria moved to Hamburg.")
    for month, text in enumerate(said, start=1):
        options = ("--speaker", "Ann", "--session", "s1", "--at", f"2024-0{month}-01T00:00Z")
        written = run("remember", "ada", text, *options, "--create")
        assert written.exit_code == 0, written.output
    assert run("consolidate", "ada").exit_code == 0

    plan = json.loads(run("consolidate", "ada", "--dry-run", "--json").stdout)
    assert [each for each in plan["stages"] if each["todo"]] == []
    facts = json.loads(run("facts", "list", "ada", "--all", "--json").stdout)
    assert sorted(each["object"] for each in facts) == ["berlin", "hamburg", "lisbon"]
    made = json.loads(run("memory", "list", "ada", "--json").stdout)
    assert {"summary", "thought"} <= {each["kind"] for each in made}
