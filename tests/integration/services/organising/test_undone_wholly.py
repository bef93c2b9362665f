"""Whatever is done to a bank, in any order: nothing is lost, and all of it can be taken back."""

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    OperationUndoneError,
    RetentionPolicy,
    UndoPreventedError,
)

from memsvc.domain.memory import MemoryState, is_legal_transition

TEXTS = (
    "I live in Lisbon.",
    "I live in Lisbon!",
    "I moved to Porto.",
    "My dog is called Momo.",
    "The ship left the harbour at night.",
    "The ship left the harbour at night",
    "I like climbing in Lisbon and ships at night.",
)
STAGES = ("organise", "facts", "think", "dedupe")
STEPS = 12
View = Mapping[UUID, tuple[object, ...]]


async def view(bank: AsyncBank) -> View:
    """Return what is seen of each memory: what it says, its annotations, state and links."""
    found: dict[UUID, tuple[object, ...]] = {}
    async for each in bank.memories():
        detail = await bank.get(each.id)
        links = {(link.type, link.direction, link.memory_id) for link in detail.links}
        notes = detail.annotations
        said = None if notes is None else (notes.keywords, notes.tags, notes.context)
        found[each.id] = (each.state, each.text, each.pinned, dict(each.metadata), said, links)
    return found


async def histories(bank: AsyncBank) -> dict[UUID, list[tuple[object, ...]]]:
    """Return every version of every memory, of its text and of its annotations, oldest first."""
    found: dict[UUID, list[tuple[object, ...]]] = {}
    async for each in bank.memories():
        versions: list[tuple[object, ...]]
        versions = [(e.version, e.text) async for e in bank.versions(each.id)]
        versions += [(e.number, e.context) async for e in bank.annotations(each.id)]
        found[each.id] = versions
    return found


async def step(serving_client: AsyncClient, bank: AsyncBank, drawn: random.Random) -> None:
    """Do something that may be refused, but never by halves."""
    memories = [each async for each in bank.memories()]
    memory = drawn.choice(memories)
    match drawn.randrange(6):
        case 0 | 1:
            await bank.consolidate(stages=[drawn.choice(STAGES)])
        case 2 if memory.state == "active":
            await bank.archive(memory.id)
        case 2 if memory.state == "archived":
            await bank.restore(memory.id)
        case 3:
            await bank.update(memory.id, pinned=not memory.pinned)
        case 4:
            room = drawn.randrange(3, len(TEXTS) + 1)
            await bank.prune(policy=RetentionPolicy(threshold=0, capacity=room))
        case _:
            done = [each async for each in bank.operations()]
            if done:
                with suppress(UndoPreventedError, OperationUndoneError):
                    await bank.undo(drawn.choice(done).id)
    await serving_client.wait_for_jobs("ann", timeout_s=30, poll_s=0.02)


async def assert_legal(bank: AsyncBank) -> None:
    async for operation in bank.operations():
        async for effect in bank.effects(operation.id):
            if effect.aspect == "state" and effect.before is not None and effect.after is not None:
                was, now = MemoryState(str(effect.before)), MemoryState(str(effect.after))
                assert is_legal_transition(was, now), (operation.kind, was, now)


@pytest.mark.parametrize("seed", range(5))
async def test_no_version_is_lost_and_undoing_everything_returns_to_the_start(
    serving_client: AsyncClient, seed: int
) -> None:
    await serving_client.create_bank("ann")
    bank, drawn = serving_client.bank("ann"), random.Random(seed)
    for month, text in enumerate(TEXTS, start=1):
        said_at = datetime(2024, month, 1, tzinfo=UTC)
        await bank.add_memory(text, occurred_at=said_at, user_id="ann")
    start, before = await view(bank), await histories(bank)
    for _ in range(STEPS):
        await step(serving_client, bank, drawn)
        after = await histories(bank)
        for each, versions in before.items():
            kept = [one for one in after[each] if one in versions]
            assert kept == versions, "history only grows"
        before = after
    await assert_legal(bank)

    async for operation in bank.operations():
        if (await bank.operation(operation.id)).state == "applied":
            await bank.undo(operation.id)

    end = await view(bank)
    assert {each: end[each] for each in start} == start
    assert {str(end[each][0]) for each in end.keys() - start.keys()} <= {"archived", "retracted"}
