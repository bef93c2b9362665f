"""A partition saved by one kind of index is loaded by every other, and by clients of a server."""

from pathlib import Path

import numpy as np
import pytest

from gpu_index import SnapshotError
from tests.fixtures.index_backends import AROUND, opened

KINDS = ["exact", "faiss_cpu", *AROUND]


def unit(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@pytest.mark.parametrize("writer", KINDS)
@pytest.mark.parametrize("reader", KINDS)
def test_snapshot_of_one_kind_is_read_by_another(writer: str, reader: str, tmp_path: Path) -> None:
    source, target = opened(writer, 8), opened(reader, 8)
    ids = np.random.default_rng(5).permutation(400).astype(np.int64)
    source.add(3, ids, unit(1, 400))
    source.set_mark(3, b"position 17")
    saved = source.save(3, tmp_path / "one.snapshot", {"model": "m"})
    target.add(7, np.arange(5), unit(2, 5))
    loaded = target.load(7, tmp_path / "one.snapshot")
    assert loaded == saved
    assert (loaded.count, loaded.mark, dict(loaded.labels)) == (400, b"position 17", {"model": "m"})
    queries, ids = unit(3, 4), target.ids(7)
    assert np.array_equal(ids, source.ids(3))
    assert np.array_equal(target.vectors(7, ids), source.vectors(3, ids))
    found = target.search(queries, 5, np.full(4, 7))
    truth = source.search(queries, 5, np.full(4, 3))
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.scores, truth.scores)
    assert found.marks == (b"position 17",) * 4


@pytest.mark.parametrize("reader", KINDS)
def test_altered_snapshot_changes_nothing(reader: str, tmp_path: Path) -> None:
    index = opened(reader, 8)
    index.add(1, np.arange(50), unit(1, 50))
    path = tmp_path / "one.snapshot"
    index.save(1, path, {})
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    index.add(1, np.array([99]), unit(2, 1))
    with pytest.raises(SnapshotError):
        index.load(1, path)
    assert index.partition_size(1) == 51
