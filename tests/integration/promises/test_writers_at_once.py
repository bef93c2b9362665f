"""Sixty-four writers of one thing at once: nothing of any is lost, or a 409 says what was not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from itertools import pairwise
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    ConflictError,
    Episode,
    GivenFact,
    Memory,
    Message,
)

from memsvc.bootstrap import Application
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType

WRITERS = range(64)
NAMES = [f"Guest{chr(ord('A') + no // 26)}{chr(ord('a') + no % 26)}" for no in WRITERS]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


@pytest.fixture
async def note(bank: AsyncBank) -> UUID:
    """The one that everybody writes to."""
    return (await bank.add_memory("a note of no names", external_id="party")).id


async def outcomes(calls: Sequence[Awaitable[object]]) -> Counter[str]:
    """Make the calls at once; return how many were done, and how many refused by which code."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    told: Counter[str] = Counter()
    for each in results:
        if isinstance(each, ConflictError):
            assert each.status == 409
            told[each.code] += 1
        elif isinstance(each, BaseException):
            raise each
        else:
            told["done"] += 1
    return told


async def all_of(bank: AsyncBank) -> list[Memory]:
    return [each async for each in bank.memories()]


async def test_one_item_has_every_version_and_one_of_them_lives(
    bank: AsyncBank, note: UUID
) -> None:
    told = await outcomes(
        [bank.add_memory(f"The party is on day {no}.", external_id="party") for no in WRITERS]
    )

    assert told == {"done": len(WRITERS)}
    [live] = await all_of(bank)
    versions = [each async for each in bank.versions(note)]
    assert [each.version for each in versions] == list(range(1, len(WRITERS) + 2))
    assert {each.text for each in versions[1:]} == {f"The party is on day {no}." for no in WRITERS}
    assert (live.id, live.version, live.text) == (note, versions[-1].version, versions[-1].text)
    [hit] = (await bank.recall("party", arms=["dense"])).hits
    assert hit.memory.text == live.text


async def test_one_notes_metadata_has_what_everybody_said(bank: AsyncBank, note: UUID) -> None:
    told = await outcomes([bank.update(note, metadata={f"guest{no}": no}) for no in WRITERS])

    assert told == {"done": len(WRITERS)}
    assert (await bank.get(note)).metadata == {f"guest{no}": no for no in WRITERS}


async def test_one_entity_keeps_every_link_that_was_given(bank: AsyncBank, note: UUID) -> None:
    def knows(no: int) -> GivenFact:
        return GivenFact(external_id="party", subject="Ana", predicate="knows", object=NAMES[no])

    told = await outcomes([bank.give_facts([knows(no)]) for no in WRITERS])

    assert told == {"done": len(WRITERS)}
    facts = {(each.subject, each.object) async for each in bank.facts()}
    assert facts == {("ana", name.lower()) for name in NAMES}
    forms = {each.name: each.memories async for each in bank.entities()}
    assert forms == dict.fromkeys(("ana", *map(str.lower, NAMES)), 1)
    detail = await bank.entity("Ana")
    assert [each.id for each in detail.memories] == [note]


async def test_one_entity_is_linked_with_every_memory_that_names_it(bank: AsyncBank) -> None:
    told = await outcomes([bank.add_memory(f"I met Maria Quintela with {name}.") for name in NAMES])

    assert told == {"done": len(WRITERS)}
    counted = {each.name: each.memories async for each in bank.entities("quintela")}
    assert counted == {"maria quintela": len(WRITERS)}


async def test_one_conversation_is_a_chain_without_a_gap(
    bank: AsyncBank, application: Application
) -> None:
    def turn(no: int) -> Episode:
        message = Message(text=f"Turn {no}.", speaker="Ann", external_id=f"m{no}")
        return Episode(source="talk", messages=[message])

    told = await outcomes([bank.add_episodes([turn(no)]) for no in WRITERS])

    assert told == {"done": len(WRITERS)}
    memories = sorted(await all_of(bank), key=lambda each: each.seq)
    assert [each.seq for each in memories] == list(WRITERS)
    assert len({each.episode_id for each in memories}) == 1
    ids = [MemoryId(each.id) for each in memories]
    assert await _following(application, memories[0].bank_id, ids) == set(pairwise(ids))


async def _following(
    application: Application, bank_id: UUID, ids: Sequence[MemoryId]
) -> set[tuple[MemoryId, MemoryId]]:
    """Return which of the memories comes after which."""
    store = application.memories._store
    async with store.read(application.default_tenant) as tx:
        found = await tx.links.touching(BankId(bank_id), ids, types=(LinkType.NEXT,), limit=1000)
    return {(each.link.from_id, each.link.to_id) for each in found}


async def test_one_change_of_state_is_made_once_and_the_others_are_refused(
    bank: AsyncBank, note: UUID
) -> None:
    told = await outcomes([bank.archive(note) for _ in WRITERS])

    assert told == {"done": 1, "illegal_transition": len(WRITERS) - 1}
    assert len([each async for each in bank.operations(kind="archive")]) == 1


async def test_one_operation_is_undone_once_and_the_others_are_refused(
    bank: AsyncBank, note: UUID
) -> None:
    await bank.archive(note)
    [archived] = [each async for each in bank.operations(kind="archive")]

    told = await outcomes([bank.undo(archived.id) for _ in WRITERS])

    assert told["done"] == 1
    assert sum(told.values()) == len(WRITERS)
    assert (await bank.get(note)).state == "active"
