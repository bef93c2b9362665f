"""Thoughts by rules, and what is decided about thoughts."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import claims_of
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import FactPolicy, MemoryState, ScopeKeys
from memsvc.domain.thoughts.records import (
    MOST_LISTED,
    ForgetReason,
    Thought,
    forgettings,
    list_plans,
    merged_text,
)
from memsvc.domain.thoughts.thinking import thoughts_of

NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)


def texts(text: str, speaker: str | None = "Ann", user_id: str | None = None) -> list[str]:
    return [each.text for each in thoughts_of(text, NOON, speaker, user_id)]


@pytest.mark.parametrize(
    ("said", "thoughts"),
    [
        ("I moved to Porto last month.", ["Ann lives in Porto, since 2024-05-01."]),
        ("I live in S\u00e3o Paulo now.", ["Ann lives in S\u00e3o Paulo."]),
        ("I am a nurse. I turned 30.", ["Ann works as a nurse.", "Ann is 30 years old."]),
        ("My sister Clara lives in Berlin.", ["Ann's sister is Clara."]),
        ("Clara works for Google.", ["Clara works for Google."]),
        ("I no longer live in Porto.", ["Ann no longer lives in Porto."]),
        ("I speak German. I prefer tea over coffee.", None),
        ("I like tea. I am allergic to nuts.", ["Ann likes tea.", "Ann is allergic to nuts."]),
        ("I might move to Rome. Do I live in Rome? She lives in Rome.", []),
        ("I love it. I love the idea. I like to. I love my team.", []),
        ("My password is hunter2. The meeting is at 3 pm.", []),
        ("Sounds like a plan! The weather is fine.", []),
    ],
)
def test_what_is_said_plainly_becomes_a_sentence_about_somebody_named(
    said: str, thoughts: list[str] | None
) -> None:
    expected = thoughts or ([] if thoughts == [] else None)
    if expected is None:
        expected = ["Ann prefers tea to coffee.", "Ann speaks German."]
    assert sorted(texts(said)) == sorted(expected)


def test_the_first_person_is_the_speaker_or_the_user_or_nobody() -> None:
    said = "I live in Rome."
    assert texts(said, "user", "Eve") == texts(said, None, "Eve") == ["Eve lives in Rome."]
    assert texts(said, None) == texts(said, "user") == []
    assert texts(said, "assistant", "Eve") == texts("Bob lives in Rome.", "AI") == []
    assert texts("\u6211\u4f4f\u5728\u4e0a\u6d77\u3002", "\u674e\u96f7") == [
        "\u674e\u96f7\u4f4f\u5728\u4e0a\u6d77\u3002"
    ]


@given(st.text(max_size=200), st.sampled_from(["Ann", "user", None]))
def test_any_text_gives_sentences_of_their_own_that_read_back(text: str, speaker: str) -> None:
    for each in thoughts_of(text, NOON, speaker, None):
        assert each.claim is not None
        assert each.text.startswith(each.frame)
        if not each.claim.rule.startswith("self."):
            assert claims_of(each.text, NOON)[0].slot == each.claim.slot


def thought(no: int, text: str, month: int, **fields: object) -> Thought:
    """A thought that stands: what the rules find in the text, said by Ann in a month."""
    [found] = thoughts_of(text, datetime(2024, month, 1, tzinfo=UTC), "Ann")
    made = Thought(
        memory_id=MemoryId(UUID(int=no)),
        state=MemoryState.ACTIVE,
        text=found.text,
        keys=ScopeKeys(),
        occurred_at=datetime(2024, month, 1, tzinfo=UTC),
        expires_at=None,
        pinned=False,
        claim=found.claim,
        head="ann",
        frame=found.frame,
        listed=1,
        made_by="rules/1",
        needs_all=False,
        superseded_by=None,
        stood=True,
        retired=False,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


LISBON, PORTO, AGAIN = (
    thought(1, "I live in Lisbon.", 1),
    thought(2, "I live in Porto.", 4),
    thought(3, "I live in Lisbon.", 8),
)


def test_every_order_of_arrival_forgets_the_same() -> None:
    for order in permutations([LISBON, PORTO, AGAIN]):
        found = {each.thought.memory_id: each for each in forgettings(order)}
        assert found[LISBON.memory_id].by == PORTO
        assert found[LISBON.memory_id].reason is ForgetReason.CONTRADICTED
        assert found[PORTO.memory_id].by == AGAIN
        assert AGAIN.memory_id not in found


def test_what_does_not_stand_ends_nothing_and_what_it_ended_holds_again() -> None:
    ended = replace(LISBON, superseded_by=PORTO.memory_id)
    [back] = forgettings([ended, replace(PORTO, stood=False)])
    assert (back.thought, back.by) == (ended, None)


def test_where_facts_are_only_appended_only_what_repeats_is_forgotten() -> None:
    [found] = forgettings([LISBON, PORTO, AGAIN], FactPolicy.APPEND_ONLY)
    assert (found.thought, found.by, found.reason) == (LISBON, AGAIN, ForgetReason.REDUNDANT)


def test_nobodys_thoughts_end_anothers() -> None:
    other = replace(PORTO, keys=ScopeKeys(user_id="eve"))
    assert forgettings([LISBON, other]) == []


def test_lists_are_bounded_and_say_nothing_that_no_part_says() -> None:
    foods = ["tea", "rice", "soup", "plums", "bread", "cheese", "milk", "figs", "beans", "corn"]
    parts = [thought(no, f"I like {each}.", 1) for no, each in enumerate(foods, start=1)]
    [plan] = list_plans(parts)
    assert len(plan.parts) == MOST_LISTED
    assert plan.text == "Ann likes tea, rice, soup, plums, bread, cheese, milk, figs."
    lone = replace(parts[0], head="bob")
    assert list(list_plans([lone, parts[1]])) == []
    assert list(list_plans([parts[0], replace(parts[1], pinned=True)])) == []


def test_thoughts_of_one_head_are_joined_without_repeating_it() -> None:
    assert merged_text([LISBON, thought(4, "I am a nurse.", 2)]) == (
        "Ann lives in Lisbon; works as a nurse."
    )


def test_a_denial_is_ended_by_what_is_true_again() -> None:
    gone = thought(5, "I no longer live in Lisbon.", 6)
    found = {each.thought.memory_id: each.by for each in forgettings([LISBON, gone, AGAIN])}
    assert found == {LISBON.memory_id: gone, gone.memory_id: AGAIN}
    assert isinstance(gone.claim, Claim)
