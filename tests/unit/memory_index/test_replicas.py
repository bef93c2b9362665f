"""Banks held in memory and followed."""

import asyncio
import gc

import pytest
from prometheus_client import REGISTRY

from memsvc.domain.inverted_index import LexicalQuery
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.replicas import BankReplicas
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed, scope


def _words(contents: BankContents, text: str) -> list[int]:
    assert contents.lexical is not None
    found = contents.lexical.search(LexicalQuery(text=text, k=100))
    return sorted(match.memory_id.int >> 64 for match in found)


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_bank_is_loaded_once_and_then_caught_up(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    bank = feed.bank()
    for number in range(10):
        bank.put(number, f"note {number}", (1.0, 0.0))
    assert len(await replicas.contents(scope())) == 10
    bank.put(10, "another", (0.0, 1.0))
    bank.put(3, "rewritten", (0.0, 1.0))
    bank.remove(4)
    contents = await replicas.contents(scope())
    assert _words(contents, "rewritten another") == [3, 10]
    assert _words(contents, "note") == [0, 1, 2, 5, 6, 7, 8, 9]
    assert contents.vectors is not None
    assert len(contents.vectors) == 10
    assert (feed.loads, feed.catch_ups) == (1, 1)


async def test_empty_bank_is_held_too(feed: FakeFeed, replicas: BankReplicas) -> None:
    feed.bank()
    assert len(await replicas.contents(scope())) == 0
    feed.bank().put(1, "first")
    assert _words(await replicas.contents(scope()), "first") == [1]
    assert feed.loads == 1


async def test_bank_is_loaded_afresh_when_its_changes_are_gone(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "old", (1.0, 0.0))
    await replicas.contents(scope())
    feed.bank().remove(1)
    feed.bank().put(2, "new", (1.0, 0.0))
    feed.forgets_before = 2
    contents = await replicas.contents(scope())
    assert _words(contents, "old new") == [2]
    assert feed.loads == 2


async def test_caller_never_gets_a_catching_up_that_began_before_it(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first")
    await replicas.contents(scope())
    feed.gate.clear()
    feed.reading.clear()
    early = asyncio.create_task(replicas.contents(scope()))
    await feed.reading.wait()
    feed.bank().put(2, "second")
    late = [asyncio.create_task(replicas.contents(scope())) for _ in range(20)]
    await _settle()
    feed.gate.set()
    await early
    for contents in await asyncio.gather(*late):
        assert _words(contents, "second") == [2]
    assert feed.catch_ups == 2


async def test_write_during_the_first_load_is_found_by_who_comes_after_it(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first")
    feed.gate.clear()
    early = asyncio.create_task(replicas.contents(scope()))
    await feed.reading.wait()
    feed.bank().put(2, "second")
    late = asyncio.create_task(replicas.contents(scope()))
    await _settle()
    feed.gate.set()
    await early
    assert _words(await late, "first second") == [1, 2]
    assert (feed.loads, feed.catch_ups) == (1, 1)


async def test_every_write_is_found_at_once_by_concurrent_searches(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    async def write_and_search(number: int) -> None:
        for step in range(20):
            written = number * 100 + step
            feed.bank().put(written, f"word{written}")
            await asyncio.sleep(0)
            assert _words(await replicas.contents(scope()), f"word{written}") == [written]

    feed.bank()
    await asyncio.gather(*(write_and_search(number) for number in range(10)))


async def test_failed_feed_raises_and_the_next_call_works(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first")
    feed.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await replicas.contents(scope())
    feed.error = None
    await replicas.contents(scope())
    feed.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await replicas.contents(scope())
    feed.error = None
    assert _words(await replicas.contents(scope()), "first") == [1]
    assert feed.open_loads == 0


async def test_half_applied_changes_are_never_searched(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first", (1.0, 0.0))
    await replicas.contents(scope())
    feed.bank().put(2, "second", (float("nan"), 0.0))
    with pytest.raises(IndexUnavailableError, match="NaN"):
        await replicas.contents(scope())
    feed.bank().put(2, "second", (1.0, 0.0))
    contents = await replicas.contents(scope())
    assert _words(contents, "first second") == [1, 2]
    assert feed.loads == 2
    assert feed.open_loads == 0


async def test_load_that_fails_half_way_closes_its_snapshot(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(0, "bad", (float("nan"), 0.0))
    for number in range(1, 10):
        feed.bank().put(number, "good", (1.0, 0.0))
    with pytest.raises(IndexUnavailableError, match="NaN"):
        await replicas.contents(scope())
    assert feed.open_loads == 0


async def test_least_recently_used_banks_leave_when_memory_is_full(feed: FakeFeed) -> None:
    settings = IndexSettings(backend="exact", max_resident_memories=1000)
    replicas = BankReplicas(feed, settings, model_id=MODEL)
    for number in range(4):
        for each in range(400):
            feed.bank(number).put(each, "note", (1.0, 0.0))
    for number in (0, 1, 0, 2):
        await replicas.contents(scope(number))
    assert (replicas.stats().banks, replicas.stats().memories) == (2, 800)
    loads = feed.loads
    await replicas.contents(scope(0))
    assert feed.loads == loads
    await replicas.contents(scope(1))
    assert feed.loads == loads + 1


async def test_a_graph_that_had_to_leave_is_loaded_again_and_that_is_measured(
    feed: FakeFeed,
) -> None:
    settings = IndexSettings(backend="exact", max_resident_memories=1000)
    replicas = BankReplicas(feed, settings, model_id=MODEL)
    for number in (0, 1):
        for each in range(600):
            feed.bank(number).put(each, f"Page {each} names Anna.")
    first = await replicas.graph(scope(0))
    timed = {"index": "graph"}
    before = REGISTRY.get_sample_value("memsvc_index_load_seconds_count", timed) or 0
    await replicas.graph(scope(1))
    assert replicas.stats().banks == 1
    again = await replicas.graph(scope(0))
    assert again is not first
    assert again.entities() == first.entities()
    assert replicas.stats().graph_loads == 3
    after = REGISTRY.get_sample_value("memsvc_index_load_seconds_count", timed) or 0
    assert after - before == 2


async def test_bank_larger_than_memory_is_held_alone(feed: FakeFeed) -> None:
    settings = IndexSettings(backend="exact", max_resident_memories=1000)
    replicas = BankReplicas(feed, settings, model_id=MODEL)
    feed.bank(0).put(1)
    for each in range(1001):
        feed.bank(1).put(each)
    await replicas.contents(scope(0))
    await replicas.contents(scope(1))
    await replicas.contents(scope(1))
    assert (replicas.stats().banks, replicas.stats().memories, feed.loads) == (1, 1001, 2)


async def test_forgotten_bank_gives_its_memory_back(feed: FakeFeed, replicas: BankReplicas) -> None:
    for each in range(500):
        feed.bank().put(each, "note", (1.0, 0.0))
    contents = await replicas.contents(scope())
    held = replicas.stats()
    replicas.release(scope())
    assert replicas.stats().banks == replicas.stats().memories == 0
    assert len(_words(contents, "note")) == 100
    del contents
    await _settle()  # The event loop keeps the last result until it goes round.
    gc.collect()
    assert replicas.stats().nbytes < held.nbytes / 10
    assert len(await replicas.contents(scope())) == 500


async def test_bank_forgotten_while_it_is_loaded_still_answers(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first")
    feed.gate.clear()
    early = asyncio.create_task(replicas.contents(scope()))
    await feed.reading.wait()
    replicas.release(scope())
    feed.gate.set()
    assert _words(await early, "first") == [1]
    assert replicas.stats().memories == 0


async def test_banks_do_not_wait_for_each_other(feed: FakeFeed, replicas: BankReplicas) -> None:
    feed.bank(0).put(1)
    feed.bank(1).put(1)
    await replicas.contents(scope(1))
    feed.gate.clear()
    slow = asyncio.create_task(replicas.contents(scope(0)))
    await feed.reading.wait()
    feed.gate.set()
    async with asyncio.timeout(5):
        await replicas.contents(scope(1))
    await slow


async def test_another_model_has_a_replica_of_its_own(
    feed: FakeFeed, replicas: BankReplicas
) -> None:
    feed.bank().put(1, "first", (1.0, 0.0))
    shared = await replicas.contents(scope())
    assert await replicas.contents(scope(), MODEL) is shared
    other = await replicas.contents(scope(), "another model")
    assert other.lexical is None
    assert other.vectors is not None
    assert len(other.vectors) == 0
    assert replicas.stats().banks == 2
    replicas.release(scope())
    assert replicas.stats().banks == 0


async def test_without_a_model_only_words_are_held(feed: FakeFeed) -> None:
    settings = IndexSettings(backend="pgvector")
    replicas = BankReplicas(feed, settings, model_id=None)
    feed.bank().put(1, "first", (1.0, 0.0))
    contents = await replicas.contents(scope())
    assert contents.vectors is None
    assert _words(contents, "first") == [1]


async def test_stats_count_what_happened(feed: FakeFeed, replicas: BankReplicas) -> None:
    feed.bank().put(1, "first", (1.0, 0.0))
    await replicas.contents(scope())
    await replicas.contents(scope())
    stats = replicas.stats()
    assert (stats.banks, stats.memories, stats.loads, stats.catch_ups) == (1, 1, 1, 1)
    assert stats.nbytes > 0
