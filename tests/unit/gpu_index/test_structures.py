"""Large partitions: a structure that finds what a scan finds, measured, or the scan itself."""

from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_index import IndexOptions, InvalidInputError, Neighbours, open_index
from gpu_index.backends import faiss_cpu
from gpu_index.flat import FlatIndex
from gpu_index.snapshot import read_snapshot, write_snapshot
from gpu_index.structure import Effort, Structure

Matrix = NDArray[np.float32]
DIMENSION = 32
COUNT = 6_000
OPTIONS = IndexOptions(approximate_above=2_000)
NAME = faiss_cpu.NAME
SOON_S = 60.0


def unit(values: NDArray[np.floating]) -> Matrix:
    scaled: Matrix = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def topics(count: int, seed: int) -> Matrix:
    """Make vectors as texts have them: many about few things."""
    centres = np.random.default_rng(99).standard_normal((60, DIMENSION))
    generator = np.random.default_rng(seed)
    noise = 0.5 * generator.standard_normal((count, DIMENSION))
    return unit(centres[generator.integers(0, len(centres), count)] + noise)


def all_directions(count: int, seed: int) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, 256)))


def opened(options: IndexOptions = OPTIONS, dimension: int = DIMENSION) -> FlatIndex:
    index = open_index("faiss_cpu", dimension, options)
    assert isinstance(index, FlatIndex)
    return index


def ask(index: FlatIndex, queries: Matrix, partition: int = 1) -> None:
    """Ask what a structure can be measured with, and wait for it."""
    index.search(queries, 10, np.full(len(queries), partition))
    index.settle()


def must_not_run(*_: object) -> None:
    pytest.fail("It was built or measured again.")


def filled(count: int = COUNT) -> FlatIndex:
    index = opened()
    index.add(1, np.arange(count), topics(count, 0))
    ask(index, topics(300, 50))
    assert index.report(1).structure == NAME
    return index


def oracle(vectors: Matrix, ids: NDArray[np.int64], queries: Matrix, k: int) -> Neighbours:
    exact = open_index("exact", vectors.shape[1])
    exact.add(1, ids, vectors)
    return exact.search(queries, k, np.ones(len(queries), np.int64))


def recall(found: Neighbours, true: Neighbours) -> float:
    pairs = zip(found.ids, true.ids, strict=True)
    return float(np.mean([np.isin(mine, theirs).mean() for mine, theirs in pairs]))


def test_a_small_partition_is_scanned() -> None:
    index = opened()
    index.add(1, np.arange(2_000), topics(2_000, 0))
    ask(index, topics(300, 50))
    report = index.report(1)
    assert (report.structure, report.measured_recall, report.size) == ("scan", 1.0, 2_000)


def test_a_large_partition_finds_99_of_100_neighbours_with_exact_scores() -> None:
    index, queries = filled(), topics(200, 1)
    found = index.search(queries, 10, np.ones(200, np.int64))
    true = oracle(topics(COUNT, 0), np.arange(COUNT), queries, 10)
    assert recall(found, true) >= 0.99
    assert index.report(1).measured_recall >= 0.99
    exact_score = dict(zip(true.ids[0].tolist(), true.scores[0].tolist(), strict=True))
    for id_, score in zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True):
        assert exact_score.get(id_, score) == score
    assert (np.diff(found.scores, axis=1) <= 0).all()


def blurred(count: int, seed: int) -> Matrix:
    """Make questions: nearer to many things than any stored vector is, and to none as near."""
    between = sum(topics(count, seed + step) for step in range(4))
    return unit(np.asarray(between) + 0.5 * topics(count, seed + 9)[::-1])


def test_questions_unlike_what_is_stored_are_found_as_well() -> None:
    index = opened()
    vectors = topics(COUNT, 0)
    index.add(1, np.arange(COUNT), vectors)
    ask(index, blurred(400, 100))
    queries = blurred(200, 200)
    found = index.search(queries, 10, np.ones(200, np.int64))
    assert recall(found, oracle(vectors, np.arange(COUNT), queries, 10)) >= 0.98
    assert index.report(1).measured_recall >= 0.99


def test_until_it_was_asked_enough_a_large_partition_is_scanned() -> None:
    index = opened()
    index.add(1, np.arange(COUNT), topics(COUNT, 0))
    ask(index, topics(63, 50))
    assert index.report(1).structure == "scan"
    ask(index, topics(1, 51))
    assert index.report(1).structure == NAME


def test_questions_that_change_bring_another_effort() -> None:
    index = filled()
    tuned = index._partitions[1].tuned
    assert tuned is not None
    before = tuned.effort
    vectors = topics(COUNT, 0)
    for seed in range(300, 306):
        ask(index, blurred(400, seed * 10))
    queries = blurred(200, 9_000)
    found = index.search(queries, 10, np.ones(200, np.int64))
    assert recall(found, oracle(vectors, np.arange(COUNT), queries, 10)) >= 0.98
    after = index._partitions[1].tuned
    assert after is None or after.effort != before


def test_vectors_of_another_kind_are_noticed_before_the_partition_doubles() -> None:
    index = filled()
    other = unit(np.random.default_rng(4).standard_normal((COUNT - 100, DIMENSION)))
    index.add(1, np.arange(COUNT, 2 * COUNT - 100), other)
    index.settle()
    queries = unit(np.random.default_rng(5).standard_normal((600, DIMENSION)))
    for _ in range(2):  # four times as many questions as it was measured with at first
        ask(index, queries[:512])
    vectors = np.concatenate([topics(COUNT, 0), other])
    found = index.search(queries[512:], 10, np.ones(88, np.int64))
    true = oracle(vectors, np.arange(len(vectors)), queries[512:], 10)
    assert recall(found, true) >= 0.97


def test_a_structure_that_cannot_be_built_is_logged_and_the_scan_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(sample: Matrix, size: int, seed: int) -> Structure:
        raise MemoryError

    engine = opened()._engine
    assert engine.maker is not None
    index = FlatIndex(DIMENSION, replace(engine, maker=replace(engine.maker, train=fail)), OPTIONS)
    index.add(1, np.arange(COUNT), topics(COUNT, 0))
    for seed in range(3):
        ask(index, topics(100, seed))
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == [
        "A structure could not be built; the partition is scanned."
    ]
    assert (index.search(topics(5, 1), 10, np.ones(5, np.int64)).ids >= 0).all()


def test_a_query_alone_finds_what_it_finds_in_a_batch() -> None:
    index, queries = filled(), topics(20, 1)
    batch = index.search(queries, 10, np.ones(20, np.int64))
    for row, query in enumerate(queries):
        alone = index.search(query[np.newaxis], 10, np.array([1]))
        assert alone.ids[0].tolist() == batch.ids[row].tolist()
        assert alone.scores[0].tolist() == batch.scores[row].tolist()


def test_vectors_without_structure_stay_with_the_scan() -> None:
    index = opened(dimension=256)
    index.add(1, np.arange(3_000), all_directions(3_000, 0))
    ask(index, all_directions(300, 50))
    assert index.report(1).structure == "scan"
    queries = all_directions(5, 1)
    found = index.search(queries, 10, np.ones(5, np.int64))
    true = oracle(all_directions(3_000, 0), np.arange(3_000), queries, 10)
    assert found.ids.tolist() == true.ids.tolist()


def test_a_structure_that_missed_its_target_is_not_tried_at_every_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = opened(dimension=256)
    index.add(1, np.arange(3_000), all_directions(3_000, 0))
    ask(index, all_directions(300, 50))
    monkeypatch.setattr(
        type(index._builder), "bring_up_to_date", lambda *_: pytest.fail("built again")
    )
    index.add(1, np.array([3_000]), all_directions(1, 1))
    index.remove(1, np.array([7]))
    index.settle()


def test_what_is_restricted_to_ids_is_exact() -> None:
    index, queries = filled(), topics(20, 1)
    allowed = np.random.default_rng(3).choice(COUNT, 300, replace=False).astype(np.int64)
    found = index.search(queries, 10, np.ones(20, np.int64), allowed)
    vectors = topics(COUNT, 0)
    assert found.ids.tolist() == oracle(vectors[allowed], allowed, queries, 10).ids.tolist()


@pytest.mark.parametrize("k", [1, 10, 100, 2_000, COUNT + 5])
def test_k_neighbours_come_if_there_are_as_many(k: int) -> None:
    found = filled().search(topics(3, 1), k, np.ones(3, np.int64))
    assert ((found.ids >= 0).sum(axis=1) == min(k, COUNT)).all()


def test_new_vectors_are_found_at_once_and_removed_ones_never() -> None:
    index = filled()
    fresh = topics(200, 7)
    index.add(1, np.arange(COUNT, COUNT + 200), fresh)
    found = index.search(fresh, 1, np.ones(200, np.int64))
    assert (found.ids[:, 0] == np.arange(COUNT, COUNT + 200)).mean() >= 0.99
    gone = np.arange(COUNT, COUNT + 200, 2)
    assert index.remove(1, gone) == 100
    found = index.search(fresh, 10, np.ones(200, np.int64))
    assert not np.isin(found.ids, gone).any()
    assert (found.ids >= 0).all()


def test_an_id_that_comes_again_is_found_as_what_it_is_now() -> None:
    index = filled()
    index.remove(1, np.array([5]))
    index.add(1, np.array([5]), -topics(COUNT, 0)[6:7])
    found = index.search(-topics(COUNT, 0)[6:7], 10, np.array([1]))
    assert found.ids[0].tolist().count(5) == 1
    assert found.ids[0, 0] == 5


def test_growth_and_many_removals_bring_a_new_structure() -> None:
    index = filled()
    first = index._partitions[1].tuned
    index.add(1, np.arange(COUNT, 2 * COUNT + 1), topics(COUNT + 1, 8))
    index.settle()
    second = index._partitions[1].tuned
    assert second is not None
    assert second is not first
    assert second.built_for == 2 * COUNT + 1
    index.remove(1, np.arange(COUNT))
    index.settle()
    third = index._partitions[1].tuned
    assert third is not None
    assert third.built_for == COUNT + 1


def test_searches_and_changes_go_on_while_it_is_built() -> None:
    training, go_on = Event(), Event()
    engine = opened()._engine
    assert engine.maker is not None
    train = engine.maker.train

    def slow(sample: Matrix, size: int, seed: int) -> Structure:
        training.set()
        assert go_on.wait(SOON_S)
        return train(sample, size, seed)

    maker = replace(engine.maker, train=slow)
    index = FlatIndex(DIMENSION, replace(engine, maker=maker), OPTIONS)
    index.add(1, np.arange(COUNT), topics(COUNT, 0))
    index.search(topics(300, 50), 10, np.ones(300, np.int64))
    assert training.wait(SOON_S)
    assert index.report(1).structure == "scan"
    late = topics(50, 5)
    index.add(1, np.arange(COUNT, COUNT + 50), late)
    index.remove(1, np.arange(10))
    assert index.search(late[:1], 1, np.array([1])).ids.tolist() == [[COUNT]]
    go_on.set()
    index.settle()
    assert index.report(1).structure == NAME
    found = index.search(late, 1, np.ones(50, np.int64))
    assert (found.ids[:, 0] == np.arange(COUNT, COUNT + 50)).mean() >= 0.98
    found = index.search(topics(COUNT, 0)[:10], 10, np.ones(10, np.int64))
    assert not np.isin(found.ids, np.arange(10)).any()


def test_concurrent_writers_lose_nothing() -> None:
    index = opened()
    blocks = [np.arange(start, start + 500) for start in range(0, 8_000, 500)]
    vectors = topics(8_000, 0)

    def write(mine: list[NDArray[np.int64]]) -> None:
        for ids in mine:
            index.add(1, ids, vectors[ids])
            index.search(vectors[ids[:5]], 10, np.ones(5, np.int64))

    writers = [Thread(target=write, args=(blocks[number::4],)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(SOON_S)
    ask(index, topics(300, 50))
    assert index.ids(1).tolist() == list(range(8_000))
    found = index.search(vectors, 1, np.ones(8_000, np.int64))
    assert (found.ids[:, 0] == np.arange(8_000)).mean() >= 0.99


def test_the_structure_travels_in_the_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, queries = filled(), topics(30, 1)
    index.set_mark(1, b"mark")
    index.save(1, tmp_path / "snapshot", {})
    again = opened()
    monkeypatch.setattr(
        type(again._builder), "bring_up_to_date", lambda *_: pytest.fail("built again")
    )
    assert again.load(9, tmp_path / "snapshot").mark == b"mark"
    again.settle()
    assert again.report(9).structure == NAME
    assert again.report(9).measured_recall == index.report(1).measured_recall
    mine = again.search(queries, 10, np.full(30, 9))
    assert mine.ids.tolist() == index.search(queries, 10, np.ones(30, np.int64)).ids.tolist()
    exact = open_index("exact", DIMENSION)
    exact.load(1, tmp_path / "snapshot")
    assert exact.report(1).structure == "scan"


def test_a_partition_loaded_without_structure_gets_one(tmp_path: Path) -> None:
    exact = open_index("exact", DIMENSION)
    exact.add(1, np.arange(COUNT), topics(COUNT, 0))
    exact.save(1, tmp_path / "snapshot", {})
    index = opened()
    index.load(1, tmp_path / "snapshot")
    ask(index, topics(300, 50))
    assert index.report(1).structure == NAME


def test_a_structure_of_an_older_kind_is_built_anew(tmp_path: Path) -> None:
    filled().save(1, tmp_path / "snapshot", {})
    snapshot = read_snapshot(tmp_path / "snapshot", DIMENSION)
    facts = {**snapshot.structure_facts, "name": "inverted_lists_4bit"}
    write_snapshot(tmp_path / "older", replace(snapshot, structure_facts=facts))
    index = opened()
    index.load(1, tmp_path / "older")
    assert index.report(1).structure == "scan"
    ask(index, topics(300, 50))
    assert index.report(1).structure == NAME


def test_equal_seeds_build_equal_structures() -> None:
    queries = topics(30, 1)
    one, other = (filled().search(queries, 10, np.ones(30, np.int64)) for _ in range(2))
    assert one.ids.tolist() == other.ids.tolist()


def test_more_neighbours_take_more_effort() -> None:
    effort = Effort(probes=8, candidates=48)
    assert effort.for_k(10) == effort
    assert effort.for_k(100).probes > 8
    assert effort.for_k(100).candidates >= 2 * 100


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="scan is faster"):
        IndexOptions(approximate_above=10)
    with pytest.raises(InvalidInputError, match="recall"):
        IndexOptions(target_recall=1.5)
