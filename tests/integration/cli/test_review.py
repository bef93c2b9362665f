"""`memsvc review`, with no service running."""

import json

import pytest

from tests.fixtures.command_line import Run

pytestmark = pytest.mark.usefixtures("minilm_dir", "migrated")
TEXTS = ("Alice gave Bob a book about chess.", "Bob gave Alice a book about chess.")


@pytest.fixture
def review(run: Run) -> str:
    """The id of the one pair of a bank."""
    run("remember", "ada", *TEXTS, "Tea is ready.", "tea is ready", "--create")
    done = run("consolidate", "ada", "--stage", "dedupe", "--json")
    counts = json.loads(done.stdout)["done"]
    assert (counts["compared"], counts["merged"], counts["for_review"]) == (4, 1, 1)
    [found] = json.loads(run("review", "list", "ada", "--json").stdout)
    assert sorted(found["texts"]) == sorted(TEXTS)
    return str(found["id"])


def test_a_pair_is_shown_and_merged_and_the_way_back_is_told(run: Run, review: str) -> None:
    assert TEXTS[0] in run("review", "list", "ada").stdout
    accepted = run("review", "accept", "ada", review)
    assert "memsvc operations undo ada" in accepted.stdout
    again = run("review", "accept", "ada", review)
    assert again.exit_code == 1
    assert "decided about already" in again.stderr


def test_a_pair_is_kept_apart(run: Run, review: str) -> None:
    assert "Both stay." in run("review", "reject", "ada", review).stdout
    [kept] = json.loads(run("review", "list", "ada", "--state", "rejected", "--json").stdout)
    assert kept["id"] == review
    assert json.loads(run("review", "list", "ada", "--json").stdout) == []
