"""What was said directly before and after hits comes beside them, in nobody's place."""

from datetime import UTC, datetime, timedelta

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, InvalidRequestError, Message, Recall

from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.serving import ON_DEMAND, serving

WHEN = datetime(2026, 3, 1, 18, tzinfo=UTC)
TALK = (
    "Any news about the flat?",
    "I signed the lease in Lisbon!",
    "Congratulations! When is the move?",
    "On the first of May.",
    "I bought a cello in Lisbon.",
    "Is it an old one?",
)


async def _say(bank: AsyncBank, texts: tuple[str, ...], start: datetime, **of: str) -> None:
    said = [
        Message(text=text, speaker="Ada", occurred_at=start + timedelta(minutes=no))
        for no, text in enumerate(texts)
    ]
    await bank.add_episode(said, **of)  # type: ignore[arg-type]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank with a talk of Ada's, and one of somebody else with the same words."""
    await client.create_bank("ann")
    bank = client.bank("ann")
    await _say(bank, TALK, WHEN, source="talk", session_id="s1", user_id="ada")
    other = tuple(f"Bo says: {text}" for text in TALK[:1] + TALK[2:])
    await _say(bank, other, WHEN, source="other", session_id="s2", user_id="bo")
    return bank


def _beside(answer: Recall) -> list[tuple[str, int]]:
    return [(each.memory.text, each.offset) for each in answer.beside]


async def test_what_was_said_before_and_after_comes_beside_the_hits(bank: AsyncBank) -> None:
    found = await bank.recall("lease signed", k=1, neighbours_before=1, neighbours_after=2)

    assert [hit.memory.text for hit in found.hits] == [TALK[1]]
    assert _beside(found) == [(TALK[0], -1), (TALK[2], 1), (TALK[3], 2)]
    assert {each.of for each in found.beside} == {found.hits[0].memory.id}
    spent = sum(hit.tokens for hit in found.hits) + sum(each.tokens for each in found.beside)
    assert found.total_tokens == spent


async def test_nothing_comes_beside_unless_it_is_asked_for(bank: AsyncBank) -> None:
    assert (await bank.recall("lease signed", k=1)).beside == ()
    only_after = await bank.recall("lease signed", k=1, neighbours_after=1)
    assert _beside(only_after) == [(TALK[2], 1)]
    with pytest.raises(InvalidRequestError):
        await bank.recall("lease signed", neighbours_before=11)


async def test_hits_are_the_same_and_nothing_comes_twice(bank: AsyncBank) -> None:
    plain = await bank.recall("Lisbon", k=2)
    found = await bank.recall("Lisbon", k=2, neighbours_before=3, neighbours_after=3)

    hits = [hit.memory.id for hit in found.hits]
    assert hits == [hit.memory.id for hit in plain.hits]
    shown = [*hits, *(each.memory.id for each in found.beside)]
    assert len(shown) == len(set(shown))
    assert {each.memory.text for each in found.beside} <= set(TALK)


async def test_turns_of_other_owners_and_sessions_never_come(bank: AsyncBank) -> None:
    """Two owners may share a source: places in it then follow on each other."""
    await _say(bank, ("Bo listens.",), WHEN, source="shared", session_id="s3", user_id="bo")
    await _say(bank, ("A zeppelin!",), WHEN, source="shared", session_id="s4", user_id="ada")
    await _say(bank, ("Bo leaves.",), WHEN, source="shared", session_id="s3", user_id="bo")

    found = await bank.recall("zeppelin", k=1, neighbours_before=5, neighbours_after=5)
    context = await bank.context("zeppelin", k=1, mode="ranked", neighbours=5)

    [hit] = found.hits
    assert hit.memory.text == "A zeppelin!"
    owners = {(each.memory.user_id, each.memory.session_id) for each in found.beside}
    assert owners <= {(hit.memory.user_id, hit.memory.session_id)}
    shown = [piece.memory for section in context.sections for piece in section.pieces]
    assert {(each.user_id, each.session_id) for each in shown} == {
        (hit.memory.user_id, hit.memory.session_id)
    }


async def test_the_filter_holds_for_what_comes_beside(bank: AsyncBank) -> None:
    listed = await bank.recall("lease signed", k=1, neighbours_before=1, neighbours_after=2)
    first, second, third = (each.memory.id for each in listed.beside)
    await bank.archive(first)
    asked = {"k": 1, "neighbours_before": 1, "neighbours_after": 2}

    active = await bank.recall("lease signed", **asked)  # type: ignore[arg-type]
    then = await bank.recall(
        "lease signed",
        as_of=WHEN + timedelta(minutes=2),
        **asked,  # type: ignore[arg-type]
    )
    narrow = await bank.recall(
        "lease signed",
        filter=Filter(occurred_before=WHEN + timedelta(minutes=2)),
        **asked,  # type: ignore[arg-type]
    )

    assert [each.memory.id for each in active.beside] == [second, third]
    assert [each.memory.id for each in then.beside] == [second]
    assert narrow.beside == ()


async def test_erased_turns_do_not_come(database: Database, embedder: HashingEmbedder) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        await client.create_bank("ann")
        bank = client.bank("ann")
        await _say(bank, TALK, WHEN, source="talk", session_id="s1", user_id="ada")
        listed = await bank.recall("lease signed", k=1, neighbours_after=2)
        first, second = (each.memory.id for each in listed.beside)

        await bank.erase(memory_ids=[first])
        await client.wait_for_jobs("ann", timeout_s=30)

        left = await bank.recall("lease signed", k=1, neighbours_after=2)
        assert [each.memory.id for each in left.beside] == [second]


async def test_they_get_what_the_hits_leave_of_the_budget_nearest_first(bank: AsyncBank) -> None:
    asked = {"k": 1, "neighbours_before": 1, "neighbours_after": 2}
    roomy = await bank.recall("lease signed", budget_tokens=500, **asked)  # type: ignore[arg-type]
    hit, near = roomy.hits[0].tokens, roomy.beside[0].tokens
    tight = await bank.recall(
        "lease signed",
        budget_tokens=hit + near,
        **asked,  # type: ignore[arg-type]
    )
    none = await bank.recall("lease signed", budget_tokens=hit, **asked)  # type: ignore[arg-type]

    assert len(roomy.beside) == 3
    assert _beside(tight)[0] == (TALK[0], -1)
    assert tight.total_tokens <= hit + near
    assert ([each.memory.text for each in none.hits], none.beside) == ([TALK[1]], ())
