"""The arrays of ``bench index``: sizes, determinism, and queries that are not in the index."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.similarity.arrays import (
    Arrays,
    ExpandedVectors,
    K,
    RandomVectors,
    Recipe,
    recall_at_k,
    unit,
    write_arrays,
)
from bench.similarity.sizes import Sizes, partition_sizes

RECIPE = Recipe(vectors=2_000, dimension=16, partitions=10, sizes="zipf", queries=50, seed=3)


def expanded(seed: int = 0) -> ExpandedVectors:
    random = np.random.default_rng(seed)
    return ExpandedVectors(
        random.standard_normal((40, 16), dtype=np.float32),
        random.standard_normal((50, 16), dtype=np.float32),
    )


def written(folder: Path, recipe: Recipe, source: RandomVectors | ExpandedVectors) -> Arrays:
    folder.mkdir()
    write_arrays(folder, recipe, source)
    return Arrays.read(folder)


@pytest.mark.parametrize("sizes", ["equal", "zipf"])
@pytest.mark.parametrize(("vectors", "partitions"), [(2_000, 10), (1_003, 7), (5, 5), (9, 1)])
def test_sizes_add_up_and_leave_no_partition_empty(
    sizes: Sizes, vectors: int, partitions: int
) -> None:
    counts = partition_sizes(sizes, vectors, partitions)
    assert len(counts) == partitions
    assert counts.sum() == vectors
    assert counts.min() >= 1
    assert (np.diff(counts) <= 0).all()


def test_equal_sizes_differ_by_one_at_most() -> None:
    assert np.ptp(partition_sizes("equal", 1_003, 7)) == 1


def test_zipf_sizes_fall_with_their_rank() -> None:
    counts = partition_sizes("zipf", 1_000_000, 1_000)
    for rank in (1, 2, 10, 100):
        assert counts[rank - 1] * rank == pytest.approx(counts[0], rel=0.05)


@pytest.mark.parametrize("make", [lambda: RandomVectors(16), expanded], ids=["random", "text"])
def test_equal_recipes_give_equal_arrays(
    tmp_path: Path, make: Callable[[], RandomVectors | ExpandedVectors]
) -> None:
    first, again = (written(tmp_path / name, RECIPE, make()) for name in ("a", "b"))
    other = written(tmp_path / "c", replace(RECIPE, seed=4), make())
    for name in ("vectors", "starts", "queries", "asked", "truth"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.vectors, other.vectors)


@pytest.mark.parametrize("make", [lambda: RandomVectors(16), expanded], ids=["random", "text"])
def test_queries_are_unit_vectors_that_the_index_does_not_hold(
    tmp_path: Path, make: Callable[[], RandomVectors | ExpandedVectors]
) -> None:
    arrays = written(tmp_path / "a", RECIPE, make())
    assert arrays.vectors.shape == (2_000, 16)
    assert len(arrays.queries) == 50
    for rows in (arrays.vectors, arrays.queries):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (arrays.queries @ arrays.vectors.T).max() < 0.9999


def test_rows_of_a_text_stay_near_it() -> None:
    random = np.random.default_rng(1)
    texts = unit(random.standard_normal((30, 64), dtype=np.float32))
    rows = ExpandedVectors(texts, texts).rows(500, random)
    nearest = (rows @ texts.T).max(axis=1)
    assert nearest.mean() == pytest.approx(1 / np.hypot(1, ExpandedVectors.NOISE), abs=0.03)


def test_the_truth_is_what_sorting_all_scores_gives(tmp_path: Path) -> None:
    arrays = written(tmp_path / "a", RECIPE, RandomVectors(16))
    for query, partition, true in zip(arrays.queries, arrays.asked, arrays.truth, strict=True):
        rows = arrays.rows(int(partition))
        order = np.argsort(-(arrays.vectors[rows] @ query))[:K] + rows.start
        assert true.tolist() == order.tolist()


def test_partitions_smaller_than_k_pad_the_truth(tmp_path: Path) -> None:
    recipe = Recipe(vectors=12, dimension=4, partitions=4, sizes="equal", queries=5, seed=0)
    arrays = written(tmp_path / "a", recipe, RandomVectors(4))
    assert ((arrays.truth >= 0).sum(axis=1) == 3).all()
    assert recall_at_k(np.array(arrays.truth), arrays.truth) == 1.0


def test_large_partitions_are_asked_more(tmp_path: Path) -> None:
    recipe = replace(RECIPE, queries=1_000)
    asked = np.bincount(written(tmp_path / "a", recipe, RandomVectors(16)).asked, minlength=10)
    assert asked[0] > 3 * asked[9] > 0


def test_recall_counts_what_was_found_whatever_its_order() -> None:
    truth = np.array([[1, 2, 3, 4], [5, 6, -1, -1]])
    found = np.array([[4, 3, 9, 8], [6, -1, -1, -1]])
    assert recall_at_k(found, truth) == pytest.approx(3 / 6)
