"""Facts given from elsewhere: kept once, gone with their memory, undone, settled like others."""

import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    EntityNotFoundError,
    GivenEntity,
    GivenFact,
    InvalidRequestError,
    MemoryNotFoundError,
    Source,
)

from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.identifiers import MemoryId
from memsvc.memory_index.replicas import BankReplicas
from memsvc.settings import IndexSettings
from memsvc.store.feed import StoreFeed
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database

JANUARY, MARCH = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)


def knows(no: str, one: str, other: str) -> GivenFact:
    return GivenFact(external_id=no, subject=one, predicate="knows", object=other)


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    bank = client.bank("ada")
    for no in ("0", "1", "2"):
        await bank.add_memory(f"a note of no names {no}", create=True, external_id=no)
    return bank


async def forms(bank: AsyncBank) -> dict[str, int]:
    return {each.name: each.memories async for each in bank.entities()}


async def facts(bank: AsyncBank) -> set[tuple[str, str | None]]:
    return {(each.subject, each.object) async for each in bank.facts()}


async def fresh_graph(database: Database, bank_id: UUID) -> list[tuple[MemoryId, Extracted]]:
    feed = StoreFeed(database.engine, reload_after_changes=1000)
    replicas = BankReplicas(feed, IndexSettings(backend="exact"), model_id=None)
    async with database.store.read(DEFAULT_TENANT) as tx:
        scope = (await tx.banks.resolve(str(bank_id))).scope
    return (await replicas.graph(scope)).memories(None, 100)


async def test_given_facts_are_walked_and_listed_and_giving_again_changes_nothing(
    bank: AsyncBank,
) -> None:
    told = [knows("0", "Ana", "Bo"), knows("1", "Bo", "Cy")]
    gave = await bank.give_facts(told, entities=[GivenEntity(external_id="2", name="Cy")])
    assert (gave.changed, gave.facts, gave.entities) == (3, 2, 3)
    path = await bank.path("Ana", "Cy")
    assert [step.name for step in path.steps] == ["ana", "bo", "cy"]
    assert await facts(bank) == {("ana", "bo"), ("bo", "cy")}
    before = await forms(bank)

    again = await bank.give_facts(told[:1])
    assert (again.changed, again.unchanged, again.operation_id) == (0, 1, None)
    assert await forms(bank) == before
    assert len([each async for each in bank.operations(kind="give")]) == 1


async def test_a_set_is_added_to_replaced_emptied_and_undone(bank: AsyncBank) -> None:
    await bank.give_facts([knows("0", "Ana", "Bo")])
    await bank.give_facts([knows("0", "Ana", "Cy")])
    await bank.give_facts([knows("0", "Ana", "Di")], origin="other")
    assert await forms(bank) == {"ana": 1, "bo": 1, "cy": 1, "di": 1}

    replaced = await bank.give_facts([knows("0", "Ana", "Ed")], replace=True)
    assert await forms(bank) == {"ana": 1, "di": 1, "ed": 1}
    await bank.give_facts(memories=[Source(external_id="0")], replace=True)
    assert await forms(bank) == {"ana": 1, "di": 1}
    [emptied, *_] = [each async for each in bank.operations(kind="give")]
    assert replaced.operation_id is not None
    for each in (emptied.id, replaced.operation_id):
        await bank.undo(each)
    assert await forms(bank) == {"ana": 1, "bo": 1, "cy": 1, "di": 1}
    assert await facts(bank) == {("ana", "bo"), ("ana", "cy"), ("ana", "di")}


async def test_what_was_given_of_a_text_goes_with_it_and_with_its_memory(
    bank: AsyncBank, database: Database, client: AsyncClient
) -> None:
    never = await fresh_graph(database, (await client.get_bank("ada")).id)
    await bank.give_facts([knows("0", "Ana", "Bo"), knows("1", "Ana", "Cy")])
    [first] = [m.id async for m in bank.memories() if m.external_id == "0"]
    await bank.archive(first)
    assert await forms(bank) == {"ana": 1, "cy": 1}
    await bank.restore(first)
    assert await forms(bank) == {"ana": 2, "bo": 1, "cy": 1}
    await bank.add_memory("another note of no names", external_id="1")
    assert await forms(bank) == {"ana": 1, "bo": 1}
    await bank.archive(first)
    await bank.add_memory("a note of no names 1", external_id="1")
    await bank.restore(first)
    await bank.give_facts(memories=[Source(memory_id=first)], replace=True)
    assert await fresh_graph(database, (await client.get_bank("ada")).id) == never


async def test_a_dated_fact_ends_another_and_undoing_gives_it_back(bank: AsyncBank) -> None:
    lives = {"subject": "Ana", "predicate": "lives in"}
    await bank.give_facts(
        [GivenFact(external_id="0", object="Lisbon", valid_from=JANUARY, **lives)]
    )
    gave = await bank.give_facts(
        [GivenFact(external_id="1", object="Porto", valid_from=MARCH, **lives)]
    )
    assert gave.ended == 1
    assert await facts(bank) == {("ana", "porto")}
    assert [each.object async for each in bank.facts(as_of=JANUARY)] == ["lisbon"]
    states = {memory.state async for memory in bank.memories()}
    assert states == {"active"}, "what is given ends facts, and hides no memory"


async def test_what_cannot_be_given_names_its_item(bank: AsyncBank) -> None:
    with pytest.raises(MemoryNotFoundError, match=r"facts\.1: .*'nine'"):
        await bank.give_facts([knows("0", "Ana", "Bo"), knows("nine", "Ana", "Bo")])
    with pytest.raises(MemoryNotFoundError, match=r"entities\.0"):
        await bank.give_facts(entities=[GivenEntity(memory_id=uuid4(), name="Ana")])
    with pytest.raises(InvalidRequestError, match=r"facts"):
        await bank.give_facts([knows("0", "Ana", "Bo"), knows("0", "!!", "Bo")])
    with pytest.raises(InvalidRequestError, match=r"origin"):
        await bank.give_facts([knows("0", "Ana", "Bo")], origin="model")
    with pytest.raises(EntityNotFoundError):
        await bank.entity("Ana")


async def test_any_order_of_giving_and_going_is_the_graph_built_anew(
    bank: AsyncBank, client: AsyncClient, database: Database
) -> None:
    drawn = random.Random(5)
    names = ["Ana", "Bo", "北京", "Ünal Öz", "1984"]
    ids = {m.external_id: m.id async for m in bank.memories()}
    done: list[UUID] = []
    for step in range(40):
        no = drawn.choice("012")
        what = drawn.random()
        if what < 0.55:
            some = [knows(no, drawn.choice(names), drawn.choice(names)) for _ in range(2)]
            gave = await bank.give_facts(some, replace=drawn.random() < 0.5)
            done += [gave.operation_id] if gave.operation_id else []
        elif what < 0.7 and done:
            await bank.undo(done.pop())
        elif (await bank.get(ids[no])).state == "active":
            await bank.archive(ids[no])
        else:
            await bank.restore(ids[no])
        if step % 4 == 0:
            await forms(bank)
    kept = {MemoryId(m.memory_id): m.entities async for m in bank.mentions()}
    fresh = await fresh_graph(database, (await client.get_bank("ada")).id)
    assert {memory_id: dict(each.mentions) for memory_id, each in fresh} == kept
