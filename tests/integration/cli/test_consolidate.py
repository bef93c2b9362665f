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

    refused = run("consolidate", "ada", "--stage", "dream")

    assert refused.exit_code != 0
    assert "dream" in refused.stderr
