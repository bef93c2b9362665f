"""Several names of one thing."""

from datetime import UTC, datetime

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.names import all_names, renamed, slots_of_all_names

NAMES = {"dr ana silva": "ana silva", "a silva": "ana silva", "big apple": "new york"}


def test_every_name_of_a_thing_has_its_slots() -> None:
    found = slots_of_all_names({("a silva", "lives in"), ("bob", "works at")}, NAMES)
    assert found == {
        ("a silva", "lives in"),
        ("ana silva", "lives in"),
        ("dr ana silva", "lives in"),
        ("bob", "works at"),
    }


def test_a_name_that_is_nobody_elses_stays_alone() -> None:
    assert all_names("bob", NAMES) == {"bob"}
    assert all_names("ana silva", NAMES) == {"ana silva", "dr ana silva", "a silva"}
    assert slots_of_all_names({("bob", "age")}, {}) == {("bob", "age")}


def test_subject_and_object_get_their_last_names_and_nothing_else_changes() -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    claim = Claim(
        subject="a silva",
        predicate="lives in",
        object="big apple",
        valid_from=at,
        said_at=at,
        rule="residence",
    )
    read = renamed(claim, NAMES)
    assert (read.subject, read.object, read.rule) == ("ana silva", "new york", "residence")
    assert renamed(claim, {}) is claim
