"""The two arms over replicas: the ports' promises."""

import asyncio
import random

import numpy as np
import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.lexical_arm import LexicalArm
from memsvc.memory_index.offload import INLINE_ROWS
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import DenseQuery, MemoryIndex
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed, memory_id, scope


def _query(k: int = 10, allowed: list[MemoryId] | None = None, model: str = MODEL) -> DenseQuery:
    vector = np.array([1.0, 0.0], np.float32)
    return DenseQuery(vector=vector, model_id=model, k=k, allowed=allowed)


async def test_dense_arm_is_a_memory_index(feed: FakeFeed, replicas: BankReplicas) -> None:
    index: MemoryIndex = LocalMemoryIndex(replicas)
    for number in range(5):
        feed.bank().put(number, "note", (1.0, float(number)))
    found = await index.search(scope(), _query(k=3))
    assert [c.memory_id for c in found] == [memory_id(number) for number in range(3)]
    assert found[0].score == pytest.approx(1.0)
    assert index.backend == "exact"


async def test_memory_without_vectors_is_found_by_words_alone(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "pending")
    assert await LocalMemoryIndex(replicas).search(scope(), _query()) == []
    found = await LexicalArm(replicas).search(scope(), "pending", k=5)
    assert [c.memory_id for c in found] == [memory_id(1)]
    assert found[0].score > 0


async def test_arms_restrict_to_what_is_allowed(feed: FakeFeed, replicas: BankReplicas) -> None:
    for number in range(50):
        feed.bank().put(number, "same words", (1.0, 0.0))
    allowed = [memory_id(49), memory_id(7), memory_id(1000)]
    dense = await LocalMemoryIndex(replicas).search(scope(), _query(allowed=allowed))
    lexical = await LexicalArm(replicas).search(scope(), "words", k=5, allowed=allowed)
    for found in (dense, lexical):
        assert [c.memory_id for c in found] == [memory_id(7), memory_id(49)]


async def test_banks_are_apart(feed: FakeFeed, replicas: BankReplicas) -> None:
    feed.bank(0).put(1, "shared word", (1.0, 0.0))
    feed.bank(1).put(2, "shared word", (1.0, 0.0))
    for number, own in ((0, 1), (1, 2)):
        dense = await LocalMemoryIndex(replicas).search(scope(number), _query())
        lexical = await LexicalArm(replicas).search(scope(number), "word", k=5)
        assert [c.memory_id for c in (*dense, *lexical)] == [memory_id(own)] * 2


async def test_arms_asked_together_share_one_catching_up(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "word", (1.0, 0.0))
    dense, lexical = LocalMemoryIndex(replicas), LexicalArm(replicas)
    await dense.search(scope(), _query())
    await asyncio.gather(dense.search(scope(), _query()), lexical.search(scope(), "word", k=1))
    assert (feed.loads, feed.catch_ups) == (1, 1)


async def test_language_of_the_bank_may_be_given(feed: FakeFeed, replicas: BankReplicas) -> None:
    feed.bank().put(1, "houses")
    arm = LexicalArm(replicas)
    assert await arm.search(scope(), "housing", k=1, language="zh") == []
    assert len(await arm.search(scope(), "housing", k=1, language="en")) == 1


async def test_forgotten_bank_is_loaded_when_asked_again(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    index = LocalMemoryIndex(replicas)
    feed.bank().put(1, "word", (1.0, 0.0))
    await index.search(scope(), _query())
    await index.forget_bank(scope())
    assert len(await index.search(scope(), _query())) == 1
    assert feed.loads == 2


async def test_dense_arm_is_unavailable_when_its_backend_is(feed: FakeFeed) -> None:
    replicas = BankReplicas(feed, IndexSettings(backend="pgvector"), model_id=None)
    feed.bank().put(1, "word", (1.0, 0.0))
    with pytest.raises(IndexUnavailableError):
        await LocalMemoryIndex(replicas).search(scope(), _query())
    assert len(await LexicalArm(replicas).search(scope(), "word", k=1)) == 1


async def test_rewritten_memory_is_found_at_every_instant(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    """Enough rows that searches and changes run in threads, side by side."""
    for number in range(INLINE_ROWS + 100):
        feed.bank().put(number, f"filler {number}", (0.0, 1.0))
    feed.bank().put(1, "needle", (1.0, 0.0))
    dense, lexical = LocalMemoryIndex(replicas), LexicalArm(replicas)
    await dense.search(scope(), _query())
    rng, done = random.Random(1), asyncio.Event()

    async def rewrite() -> None:
        for step in range(60):
            feed.bank().put(1, f"needle version {step}", (1.0, rng.random() / 10))
            await lexical.search(scope(), "needle", k=1)
        done.set()

    async def search() -> int:
        searches = 0
        while not done.is_set():
            [near] = await dense.search(scope(), _query(k=1))
            [named] = await lexical.search(scope(), "needle", k=2)
            assert near.memory_id == named.memory_id == memory_id(1)
            searches += 1
        return searches

    writer = asyncio.create_task(rewrite())
    searches = await asyncio.gather(*(search() for _ in range(3)))
    await writer
    assert min(searches) > 0
