"""A copy compared with what it is a copy of, and loaded afresh."""

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest

from memsvc.domain.index_checks import Fault, Holder
from memsvc.domain.lexical import analyze_text
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.memory_index.replicas import BankReplicas
from memsvc.memory_index.snapshot_folder import SnapshotFolder
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed, memory_id, scope


def _fill(feed: FakeFeed) -> None:
    for number in range(20):
        feed.bank().put(number, f"note {number}", (1.0, float(number)))


async def _vectors(replicas: BankReplicas) -> MemoryVectors:
    vectors = (await replicas.contents(scope())).vectors
    assert vectors is not None
    return vectors


async def _faults(replicas: BankReplicas) -> set[tuple[int | None, Fault]]:
    verified = await replicas.verify(scope())
    return {(each.vector_id, each.fault) for each in verified.mismatches}


async def test_copy_is_clean_after_random_writes(feed: FakeFeed, replicas: BankReplicas) -> None:
    drawn = random.Random(7)
    _fill(feed)
    await replicas.contents(scope())
    for _ in range(200):
        number = drawn.randrange(30)
        if drawn.random() < 0.3:
            feed.bank().remove(number)
        else:
            feed.bank().put(number, f"text {drawn.random()}", (drawn.random(), 1.0), (0.0, 0.0))
        if drawn.random() < 0.2:
            await replicas.contents(scope())

    verified = await replicas.verify(scope())

    assert verified.mismatches == []
    assert verified.memories == len(feed.bank().memories)


async def test_every_kind_of_fault_is_found_and_a_rebuild_heals_it(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    _fill(feed)
    vectors = await _vectors(replicas)
    partition = vectors._partition
    assert partition is not None
    lost, altered = sorted(vectors.stored())[:2]
    partition.remove(np.array([lost, altered]))
    partition.add(np.array([altered, 10**9]), np.array([[-1.0, 0.5], [0.0, 1.0]], np.float32))

    assert await _faults(replicas) == {
        (lost, Fault.MISSING),
        (altered, Fault.DIFFERING),
        (10**9, Fault.SURPLUS),
    }
    await replicas.rebuild(scope())
    assert await _faults(replicas) == set()


async def test_lost_words_are_found(feed: FakeFeed, replicas: BankReplicas) -> None:
    _fill(feed)
    contents = await replicas.contents(scope())
    assert contents.lexical is not None
    contents.lexical.apply({}, [memory_id(3)])

    verified = await replicas.verify(scope())

    assert [(each.memory_id, each.vector_id, each.fault) for each in verified.mismatches] == [
        (memory_id(3), None, Fault.MISSING)
    ]


async def test_altered_words_are_found(feed: FakeFeed, replicas: BankReplicas) -> None:
    _fill(feed)
    contents = await replicas.contents(scope())
    assert contents.lexical is not None
    contents.lexical.apply({memory_id(3): analyze_text("note 3 note", "en")})

    verified = await replicas.verify(scope())

    assert [(each.memory_id, each.fault) for each in verified.mismatches] == [
        (memory_id(3), Fault.DIFFERING)
    ]


async def test_snapshot_is_compared_with_what_has_changed_since(
    feed: FakeFeed, tmp_path: Path
) -> None:
    settings = IndexSettings(
        backend="exact", snapshot_min_memories=1, snapshot_after_changes=10_000
    )
    folder = SnapshotFolder(tmp_path, 1 << 30)
    replicas = BankReplicas(feed, settings, model_id=MODEL, folder=folder)
    _fill(feed)
    await replicas.contents(scope())
    feed.bank().put(3, "new", (0.0, 1.0))
    feed.bank().remove(4)

    clean = await replicas.verify(scope())
    feed.bank().memories[memory_id(5)] = feed.bank().memories[memory_id(6)]  # not logged
    altered = await replicas.verify(scope())

    assert clean.compared == [Holder.MEMORY, Holder.SNAPSHOT]
    assert clean.mismatches == []
    assert {each.holder for each in altered.mismatches} == {Holder.MEMORY, Holder.SNAPSHOT}


async def test_write_during_the_comparison_is_no_mismatch(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    _fill(feed)
    await replicas.contents(scope())
    feed.gate.clear()
    feed.reading.clear()
    verifying = asyncio.create_task(replicas.verify(scope()))
    await feed.reading.wait()
    while feed.loads < 2:  # the second is the comparison's, its reply held back
        feed.gate.set()
        await asyncio.sleep(0)
        feed.gate.clear()
    feed.bank().put(3, "new", (0.0, 1.0))
    feed.bank().remove(4)
    feed.gate.set()

    verified = await verifying

    assert verified.mismatches == []
    assert verified.in_motion == 2


async def test_old_copy_answers_while_a_bank_is_rebuilt(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    _fill(feed)
    old = await replicas.contents(scope())
    rebuilding = asyncio.create_task(replicas.rebuild(scope()))
    answered = 0
    while not rebuilding.done():
        assert len(await replicas.contents(scope())) == 20
        answered += 1
    await rebuilding
    assert answered > 0
    assert await replicas.contents(scope()) is not old


@pytest.mark.parametrize("model_id", [None, MODEL])
async def test_copy_without_vectors_is_compared_by_its_words(
    feed: FakeFeed, model_id: str | None
) -> None:
    _fill(feed)
    settings = IndexSettings(backend="exact", max_resident_memories=1000)
    verified = await BankReplicas(feed, settings, model_id=model_id).verify(scope())
    assert (verified.memories, verified.mismatches) == (20, [])
