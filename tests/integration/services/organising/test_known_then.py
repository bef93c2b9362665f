"""Memories as they were believed at another time: corrected, archived, merged or restored since."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, Document, Episode, Filter
from memsvc_client.facts import list_facts

LISBON, ROME, TEA = "I live in Lisbon.", "I live in Rome.", "Tea is ready at noon."
ARMS = (["dense"], ["lexical"], "all")


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    found = serving_client.bank("ann")
    await found.add_memory(TEA, create=True)
    return found


def at_this_moment() -> datetime:
    return datetime.now(UTC)


async def shown(bank: AsyncBank, known_at: datetime | None, **fields: object) -> set[str]:
    found = await bank.recall("where do I live? tea", k=20, known_at=known_at, **fields)  # type: ignore[arg-type]
    return {hit.memory.text for hit in found.hits}


async def composed(bank: AsyncBank, known_at: datetime | None, mode: str) -> set[str]:
    context = await bank.context("where do I live? tea", known_at=known_at, mode=mode)  # type: ignore[arg-type]
    return {piece.memory.text for section in context.sections for piece in section.pieces}


async def test_what_was_corrected_since_is_shown_in_its_words_of_then(bank: AsyncBank) -> None:
    old = await bank.add_memory(LISBON, external_id="home", speaker="Ann")
    first = at_this_moment()
    await bank.add_memory(ROME, external_id="home", speaker="Anna")
    second = at_this_moment()
    await bank.add_memory("I live in Oslo.", external_id="home", speaker="Anna")

    # It is found by its present words; "live" is in all of them.
    for arms in ARMS:
        assert await shown(bank, first, arms=arms) >= {LISBON}
        assert await shown(bank, second, arms=arms) >= {ROME}
    for mode in ("auto", "ranked"):
        assert await composed(bank, first, mode) == {LISBON, TEA}
        assert await composed(bank, None, mode) == {"I live in Oslo.", TEA}
    found = await bank.recall("live", known_at=first)
    [then] = [hit.memory for hit in found.hits if hit.memory.id == old.id]
    assert (then.version, then.speaker, then.text) == (1, "Ann", LISBON)
    whole = await bank.recall("live", mode="auto", budget_tokens=500, known_at=second)
    assert {hit.memory.version for hit in whole.hits if hit.memory.id == old.id} == {2}


async def test_what_was_archived_since_is_found_by_every_arm(bank: AsyncBank) -> None:
    old = await bank.add_memory(LISBON)
    before = at_this_moment()
    await bank.archive(old.id)
    after = at_this_moment()

    for arms in ARMS:
        assert LISBON in await shown(bank, before, arms=arms), arms
        assert LISBON not in await shown(bank, after, arms=arms), arms
    assert await shown(bank, None) == {TEA}
    for mode in ("auto", "ranked"):
        assert await composed(bank, before, mode) == {LISBON, TEA}
        assert await composed(bank, after, mode) == {TEA}


async def test_what_was_archived_then_and_restored_since_is_not_shown(bank: AsyncBank) -> None:
    old = await bank.add_memory(LISBON)
    active = at_this_moment()
    await bank.archive(old.id)
    archived = at_this_moment()
    await bank.restore(old.id)
    restored = at_this_moment()
    await bank.archive(old.id)

    assert await shown(bank, active) == {LISBON, TEA}
    assert await shown(bank, archived) == {TEA}
    assert await shown(bank, restored) == {LISBON, TEA}
    assert await shown(bank, None) == {TEA}


async def test_an_undone_operation_was_believed_while_it_stood(bank: AsyncBank) -> None:
    old = await bank.add_memory(LISBON)
    await bank.archive(old.id)
    archived = at_this_moment()
    [operation] = [each async for each in bank.operations(kind="archive")]
    await bank.undo(operation.id)

    assert await shown(bank, archived) == {TEA}
    assert await shown(bank, None) == {LISBON, TEA}


async def test_duplicates_that_were_merged_since_are_both_there(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    said = [await bank.add_memory(LISBON, speaker="Ann") for _ in range(2)]
    before = at_this_moment()
    await bank.consolidate(stages=["dedupe"])
    await serving_client.wait_for_jobs("ann", timeout_s=30)

    found = await bank.recall("live Lisbon", known_at=before)
    assert {each.id for each in said} <= {hit.memory.id for hit in found.hits}
    now = await bank.recall("live Lisbon")
    assert len({each.id for each in said} & {hit.memory.id for hit in now.hits}) == 1


async def test_passages_of_a_former_edition_are_there(bank: AsyncBank) -> None:
    long = " ".join(f"Sentence {number} of the letter about Lisbon." for number in range(200))
    await bank.add_episodes(
        [Episode(source="letter", document=Document(text=long, external_id="a"))]
    )
    before = at_this_moment()
    first = await shown(bank, before)
    await bank.add_episodes(
        [Episode(source="letter", document=Document(text="Nothing.", external_id="a"))]
    )

    assert await shown(bank, before) == first
    assert len(first) > 2
    assert await shown(bank, None) == {TEA, "Nothing."}


async def test_what_is_erased_was_never_there_and_named_states_stay_what_they_are(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    erased = await bank.add_memory(LISBON)
    archived = await bank.add_memory(ROME)
    before = at_this_moment()
    await bank.archive(archived.id)
    await bank.erase(memory_ids=[erased.id])
    await serving_client.wait_for_jobs("ann", timeout_s=30)

    assert await shown(bank, before) == {ROME, TEA}
    assert await shown(bank, before, filter=Filter(states=["archived"])) == {ROME}
    assert await shown(bank, datetime(2020, 1, 1, tzinfo=UTC)) == set()


async def test_a_replay_of_what_was_known_then_is_the_same_whatever_came_since(
    bank: AsyncBank,
) -> None:
    old = await bank.add_memory(LISBON, external_id="home")
    gone = await bank.add_memory(ROME)
    before = at_this_moment()
    answer = await bank.recall("where do I live", known_at=before, record=True)
    await bank.add_memory("I live in Oslo.", external_id="home")
    await bank.archive(gone.id)
    again = await bank.recall("where do I live", known_at=before)

    def told(answer: object) -> set[tuple[object, int, str]]:
        hits = answer.hits  # type: ignore[attr-defined]
        return {(hit.memory.id, hit.memory.version, hit.memory.text) for hit in hits}

    assert told(again) == told(answer)
    assert (old.id, 1, LISBON) in told(again)


async def facts(bank: AsyncBank, **times: datetime) -> dict[str, str | None]:
    """Return what Ann's home is said to be, with the month in which that ended."""
    found = [each async for each in bank.facts(predicate="lives in", **times)]  # type: ignore[arg-type]
    return {
        each.object or "": None if each.valid_to is None else f"{each.valid_to:%B}"
        for each in found
    }


async def test_facts_are_listed_with_the_ends_that_were_known(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    """Rome is learnt of before Porto, where Ann lived before."""
    moments, ids = [at_this_moment()], []
    for text, month in ((LISBON, 1), (ROME, 8), ("I moved to Porto.", 4)):
        said = datetime(2024, month, 2, tzinfo=UTC)
        written = await bank.add_memory(text, speaker="Ann", occurred_at=said)
        ids.append(written.id)
        moments.append(at_this_moment())
    await bank.consolidate(stages=["facts"])
    await serving_client.wait_for_jobs("ann", timeout_s=30)
    await bank.archive(ids[1])
    await serving_client.wait_for_jobs("ann", timeout_s=30)

    may = datetime(2024, 5, 2, tzinfo=UTC)
    assert await facts(bank, known_at=moments[0]) == {}
    assert await facts(bank, known_at=moments[1]) == {"lisbon": None}
    assert await facts(bank, known_at=moments[2]) == {"rome": None}
    assert await facts(bank, known_at=moments[2], as_of=may) == {"lisbon": "August"}
    assert await facts(bank, known_at=moments[3]) == {"rome": None}
    assert await facts(bank, known_at=moments[3], as_of=may) == {"porto": "August"}
    assert await facts(bank) == {"porto": None}  # Rome is archived

    every = [each async for each in bank.facts(known_at=moments[3], all=True)]
    assert [each.object for each in every] == ["rome", "porto", "lisbon"]
    for every_one in (True, False):
        call = list_facts("ann", known_at=moments[3], all=every_one)
        one_by_one = replace(call, params={**call.params, "limit": 1})
        pages = [each async for each in bank._sender.items(one_by_one)]
        assert [each.id for each in pages] == [each.id for each in every][: len(pages)]
        assert len(pages) == (3 if every_one else 1)
