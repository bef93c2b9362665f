"""Whatever was done to a bank can be undone, or the answer says what has changed since."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    MemoryState,
    Operation,
    OperationNotFoundError,
    OperationUndoneError,
    UndoPreventedError,
)

from memsvc.domain.memory import MemoryState as State
from memsvc.domain.memory import is_legal_transition

TEXTS = ("ships at sea", "a harbour at night", "the cook of the ship", "storm and calm")


@dataclass(frozen=True)
class Written:
    bank: AsyncBank
    ids: Sequence[UUID]


@pytest.fixture
async def written(client: AsyncClient) -> Written:
    bank = client.bank("ada")
    added = [await bank.add_memory(text, create=True) for text in TEXTS]
    return Written(bank=bank, ids=[each.id for each in added])


async def view(bank: AsyncBank) -> dict[UUID, tuple[object, ...]]:
    """Return what a caller sees of each memory."""
    return {
        each.id: (each.state, each.text, each.version, each.pinned, dict(each.metadata))
        async for each in bank.memories()
    }


async def operations(bank: AsyncBank) -> list[Operation]:
    return [each async for each in bank.operations()]


async def found(bank: AsyncBank) -> set[str]:
    return {hit.memory.text for hit in (await bank.recall("ships in a storm", k=10)).hits}


async def test_undo_brings_back_what_was_archived_and_recall_finds_it(written: Written) -> None:
    bank, ids = written.bank, written.ids
    await bank.archive(ids[0])
    assert TEXTS[0] not in await found(bank)

    undone = await bank.undo((await operations(bank))[0].id)

    assert TEXTS[0] in await found(bank)
    assert (undone.kind, undone.effect_count) == ("undo", 1)
    effects = [each async for each in bank.effects(undone.id)]
    assert [(each.target_id, each.before, each.after) for each in effects] == [
        (ids[0], "archived", "active")
    ]


async def test_undoing_an_undo_does_it_again(written: Written) -> None:
    bank, ids = written.bank, written.ids
    await bank.archive(ids[0])
    archived = (await operations(bank))[0]
    undone = await bank.undo(archived.id)

    with pytest.raises(OperationUndoneError):
        await bank.undo(archived.id)
    await bank.undo(undone.id)

    assert (await bank.get(ids[0])).state == MemoryState.ARCHIVED
    assert (await bank.operation(archived.id)).state == "applied"


async def test_a_later_change_prevents_an_undo_and_is_named(written: Written) -> None:
    bank, ids = written.bank, written.ids
    await bank.update(ids[0], metadata={"a": 1})
    first = (await operations(bank))[0]
    await bank.update(ids[0], metadata={"a": 2}, pinned=True)
    second = (await operations(bank))[0]
    before = await view(bank)

    with pytest.raises(UndoPreventedError) as refused:
        await bank.undo(first.id)

    assert await view(bank) == before, "nothing is undone by halves"
    obstacles = refused.value.extra["obstacles"]
    assert isinstance(obstacles, list)
    assert obstacles == [
        {
            "aspect": "metadata",
            "target_id": str(ids[0]),
            "reason": "it has changed since",
            "operation_id": str(second.id),
        }
    ]
    await bank.undo(second.id)
    await bank.undo(first.id)
    assert (await bank.get(ids[0])).metadata == {}


async def test_changes_of_other_things_do_not_stand_in_the_way(written: Written) -> None:
    bank, ids = written.bank, written.ids
    await bank.archive(ids[0])
    archived = (await operations(bank))[0]
    await bank.archive(ids[1])
    await bank.update(ids[0], pinned=True)

    await bank.undo(archived.id)

    assert (await bank.get(ids[0])).state == MemoryState.ACTIVE
    assert (await bank.get(ids[0])).pinned


async def test_operations_are_listed_by_memory_and_kind(written: Written) -> None:
    bank, ids = written.bank, written.ids
    await bank.archive(ids[0])
    await bank.update(ids[1], pinned=True)

    of_one = [each.kind async for each in bank.operations(memory_id=ids[1])]
    archives = [each async for each in bank.operations(kind="archive")]

    assert of_one == ["annotate"]
    assert len(archives) == 1
    with pytest.raises(OperationNotFoundError):
        await bank.operation(ids[0])


async def test_a_change_that_changes_nothing_is_no_operation(written: Written) -> None:
    await written.bank.update(written.ids[0], metadata={}, pinned=False)
    assert await operations(written.bank) == []


async def step(drawn: random.Random, written: Written) -> None:
    """Do something that may be refused, but never by halves."""
    bank = written.bank
    memory = await bank.get(drawn.choice(written.ids))
    match drawn.randrange(5):
        case 0 if memory.state == MemoryState.ACTIVE:
            await bank.archive(memory.id)
        case 1 if memory.state == MemoryState.ARCHIVED:
            await bank.restore(memory.id)
        case 2:
            await bank.update(memory.id, pinned=not memory.pinned)
        case 3:
            await bank.update(memory.id, metadata={"n": drawn.randrange(3)})
        case _:
            done = await operations(bank)
            if done:
                before = await view(bank)
                try:
                    await bank.undo(drawn.choice(done).id)
                except (UndoPreventedError, OperationUndoneError):
                    assert await view(bank) == before


@pytest.mark.parametrize("seed", range(6))
async def test_undoing_everything_returns_to_the_start(written: Written, seed: int) -> None:
    bank, drawn = written.bank, random.Random(seed)
    start, count, states = await view(bank), 0, dict.fromkeys(written.ids, State.ACTIVE)
    for _ in range(25):
        await step(drawn, written)
        done = await operations(bank)
        assert len(done) >= count, "history only grows"
        count = len(done)
        for memory_id, seen in (await view(bank)).items():
            now = State(str(seen[0]))
            was, states[memory_id] = states[memory_id], now
            assert now is was or is_legal_transition(was, now)

    for operation in await operations(bank):
        if (await bank.operation(operation.id)).state == "applied":
            await bank.undo(operation.id)

    assert await view(bank) == start
    assert len(await operations(bank)) >= count
