"""A bank resumed from its snapshot answers as one loaded afresh, or the snapshot is refused."""

import asyncio
import json
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.lexical_arm import LexicalArm
from memsvc.memory_index.replicas import BankReplicas
from memsvc.memory_index.snapshot_folder import SnapshotFolder
from memsvc.ports import Candidate, DenseQuery
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed, memory_id, scope

_WORDS = ["sea", "ships", "shipping", "harbour", "café", "cafe", "night", "nights"]
_MIB = 1 << 20


def started(feed: FakeFeed, root: Path | None, **given: int) -> BankReplicas:
    """A process that begins: nothing in memory, what is on disk is there."""
    options = {"snapshot_min_memories": 1, "snapshot_after_changes": 10_000, **given}
    settings = IndexSettings(backend="exact", **options)
    folder = None if root is None else SnapshotFolder(root, 100 * _MIB)
    return BankReplicas(feed, settings, model_id=MODEL, folder=folder)


async def answers(replicas: BankReplicas, bank: int = 0) -> list[list[Candidate]]:
    vector = np.array([0.8, 0.6], np.float32)
    query = DenseQuery(vector=vector, model_id=MODEL, k=30)
    dense = await LocalMemoryIndex(replicas).search(scope(bank), query)
    words = [await LexicalArm(replicas).search(scope(bank), word, k=30) for word in _WORDS]
    return [dense, *words]


def fill(feed: FakeFeed, number: int = 0, memories: int = 8) -> None:
    for no in range(memories):
        feed.bank(number).put(no, f"{_WORDS[no % 8]} {no}", (1.0, float(no)))


async def test_a_restart_resumes_and_does_not_load(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    before = started(feed, tmp_path)
    expected = await answers(before)
    await before.save()

    after = started(feed, tmp_path)
    assert await answers(after) == expected
    assert (feed.loads, after.stats().loads, after.stats().resumptions) == (1, 0, 1)


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_changed_since_the_answers_are_those_of_a_fresh_load(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    feed = FakeFeed()
    fill(feed)
    replicas = started(feed, tmp_path, snapshot_after_changes=3)
    for _ in range(40):
        no = chance.randrange(12)
        match chance.choice(["put", "several", "none", "retitle", "remove", "ask", "restart"]):
            case "put":
                feed.bank().put(no, chance.choice(_WORDS), (chance.random(), 1.0))
            case "several":
                feed.bank().put(no, chance.choice(_WORDS), (chance.random(), 1.0), (1.0, 0.0))
            case "none":
                feed.bank().put(no, chance.choice(_WORDS))
            case "retitle" if any(m.int >> 64 == no for m in feed.bank().memories):
                feed.bank().retitle(no, chance.choice(_WORDS))
            case "remove":
                feed.bank().remove(no)
            case "restart":
                if chance.random() < 0.5:
                    await replicas.save()
                replicas = started(feed, tmp_path, snapshot_after_changes=3)
            case _:
                assert await answers(replicas) == await answers(started(feed, None))
    assert await answers(replicas) == await answers(started(feed, None))


@pytest.mark.parametrize("file", ["words", "owners", "vectors", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "altered", "emptied", "gone"])
async def test_a_torn_file_is_refused_and_the_bank_loaded(
    tmp_path: Path, file: str, damage: str
) -> None:
    feed = FakeFeed()
    fill(feed)
    before = started(feed, tmp_path)
    expected = await answers(before)
    await before.save()
    [path] = files(tmp_path, f"{file}*")
    spoil(path, damage)

    after = started(feed, tmp_path)
    assert await answers(after) == expected
    assert after.stats().loads == 1


def files(root: Path, pattern: str) -> list[Path]:
    return [each for each in root.rglob(pattern) if each.is_file()]


def wait_for(root: Path, name: str) -> None:
    while not files(root, name):
        time.sleep(0.01)


def spoil(path: Path, damage: str) -> None:
    held = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(held[: len(held) // 2])
        case "altered":
            middle = len(held) // 2
            path.write_bytes(held[:middle] + bytes(32) + held[middle + 32 :])
        case "emptied":
            path.write_bytes(b"")
        case _:
            path.unlink()


@pytest.mark.parametrize("label", ["bank", "tenant", "model", "source", "analysis", "format"])
async def test_a_foreign_snapshot_is_refused(tmp_path: Path, label: str) -> None:
    feed = FakeFeed()
    fill(feed)
    before = started(feed, tmp_path)
    expected = await answers(before)
    await before.save()
    [manifest] = files(tmp_path, "manifest.json")
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(content | {label: "another"}))

    after = started(feed, tmp_path)
    assert await answers(after) == expected
    assert after.stats().loads == 1


async def test_a_snapshot_older_than_the_log_is_refused_and_removed(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    before = started(feed, tmp_path)
    await answers(before)
    await before.save()
    feed.bank().put(3, "harbour", (0.0, 1.0))
    feed.forgets_before = len(feed.bank().log)

    after = started(feed, tmp_path)
    assert await answers(after) == await answers(started(feed, None))
    assert after.stats().loads == 1


async def test_a_deleted_bank_leaves_nothing_and_nobody_writes_it_again(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    mine, of_another_process = started(feed, tmp_path), started(feed, tmp_path)
    for replicas in (mine, of_another_process):
        await answers(replicas)
    await mine.save()
    assert files(tmp_path, "words-*")

    await LocalMemoryIndex(mine).forget_bank(scope())
    await of_another_process.save()

    assert [each for each in files(tmp_path, "*") if each.stat().st_size] == []


async def lagging_behind(replicas: BankReplicas, feed: FakeFeed) -> None:
    """Have a snapshot written and something that it lacks."""
    await answers(replicas)
    await replicas.save()
    feed.bank().put(20, "night", (1.0, 0.0))
    await answers(replicas)


async def test_what_an_erasure_has_cut_off_is_not_written(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    lagging, erasing = started(feed, tmp_path), started(feed, tmp_path)
    await lagging_behind(lagging, feed)
    feed.bank().remove(3)
    feed.forgets_before = len(feed.bank().log)
    await erasing.drop(scope())

    await lagging.save()
    assert files(tmp_path, "manifest.json") == []

    await answers(lagging)
    await lagging.save()
    after = started(feed, tmp_path)
    assert await answers(after) == await answers(lagging)
    assert after.stats().resumptions == 1


async def test_dropping_waits_for_a_snapshot_that_is_being_written(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    writing, erasing = started(feed, tmp_path), started(feed, tmp_path)
    await lagging_behind(writing, feed)
    feed.gate.clear()
    feed.reading.clear()
    saving = asyncio.create_task(writing.save())
    await feed.reading.wait()

    dropping = asyncio.create_task(erasing.drop(scope()))
    feed.gate.set()
    await asyncio.gather(saving, dropping)
    assert files(tmp_path, "manifest.json") == []


async def test_files_are_searched_for_what_they_name_and_torn_ones_count(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    replicas = started(feed, tmp_path)
    await answers(replicas)
    await replicas.save()
    replicas.release(scope())

    there = await replicas.search(scope(), [memory_id(3)])
    absent = await replicas.search(scope(), [memory_id(77)])
    [words] = files(tmp_path, "words-*")
    spoil(words, "cut")
    torn = await replicas.search(scope(), [memory_id(77)])

    assert there.searched == absent.searched == {"index snapshots": 1}
    assert there.leftovers == torn.leftovers == {"index snapshots": 1}
    assert absent.leftovers == {}


async def test_enough_changes_are_written_without_waiting_for_the_end(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    replicas = started(feed, tmp_path, snapshot_after_changes=2)
    await answers(replicas)
    feed.bank().put(20, "night", (1.0, 0.0))
    feed.bank().put(21, "night", (1.0, 0.0))
    await answers(replicas)
    await asyncio.to_thread(wait_for, tmp_path, "manifest.json")


async def test_a_small_bank_has_no_snapshot(tmp_path: Path) -> None:
    feed = FakeFeed()
    fill(feed)
    replicas = started(feed, tmp_path, snapshot_min_memories=9)
    await answers(replicas)
    await replicas.save()

    assert files(tmp_path, "manifest.json") == []


async def test_the_longest_unused_snapshot_goes_when_room_is_short(tmp_path: Path) -> None:
    feed = FakeFeed()
    for number in (0, 1, 2):
        fill(feed, number)
    replicas = started(feed, tmp_path)
    for number in (0, 1):
        await answers(replicas, number)
    await replicas.save()
    folder = SnapshotFolder(tmp_path, 1)
    per_bank = folder.nbytes() // 2
    names = [str(scope(number).bank_id) for number in (0, 1, 2)]
    for age, name in zip((100, 200), names, strict=False):
        [manifest] = files(tmp_path / name, "manifest.json")
        os.utime(manifest, (manifest.stat().st_mtime - age,) * 2)

    small = BankReplicas(
        feed,
        IndexSettings(backend="exact", snapshot_min_memories=1),
        model_id=MODEL,
        folder=SnapshotFolder(tmp_path, int(per_bank * 2.5)),
    )
    await answers(small, 2)
    await small.save()

    kept = {each.parent.parent.name for each in files(tmp_path, "manifest.json")}
    assert kept == {names[0], names[2]}


async def test_writers_of_one_bank_in_two_processes_leave_one_whole_snapshot(
    tmp_path: Path,
) -> None:
    feed = FakeFeed()
    fill(feed)
    processes = [started(feed, tmp_path) for _ in range(4)]
    for each in processes:
        await answers(each)
    await asyncio.gather(*(each.save() for each in processes))

    after = started(feed, tmp_path)
    assert await answers(after) == await answers(processes[0])
    assert after.stats().resumptions == 1
    assert len(files(tmp_path, "words-*")) == 1
