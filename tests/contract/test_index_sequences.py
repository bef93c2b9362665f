"""Any sequence of changes, marks, snapshots, restarts and searches agrees with a dictionary."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import SearchStrategy

from gpu_index import DuplicateIdError, scan
from tests.fixtures.index_backends import opened
from tests.fixtures.index_model import Matrix, Model, assert_found, expected, int64

# Few distinct vectors, so that ties and near ties are the rule; all are of unit length in float32.
POOL: Matrix = np.array(
    [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [-1, 0, 0, 0],
        [0.6, 0.8, 0, 0],
        [0.8, 0.6, 0, 0],
        [0.5, 0.5, 0.5, 0.5],
        [0.5, 0.5, 0.5, -0.5],
        [0, 0, 0.28, 0.96],
    ],
    dtype=np.float32,
)
PARTITIONS = st.integers(0, 2)
MEMBERS = st.integers(0, len(POOL) - 1)
FILES = st.sampled_from(("one", "two"))


@dataclass(frozen=True, slots=True)
class Saved:
    """What a snapshot file holds, by the model."""

    vectors: Mapping[int, Matrix]
    mark: bytes


def ids_up_to(size: int) -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 60), max_size=size, unique=True)


class AgainstModel(RuleBasedStateMachine):
    """What the index holds, finds and says of its marks is what the dictionary says."""

    backend = ""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = Path(tempfile.mkdtemp(prefix="sequences"))
        self.model: Model = {}
        self.marks: dict[int, bytes] = {}
        self.files: dict[str, Saved] = {}

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)

    @initialize(threads=st.booleans())
    def open(self, threads: bool) -> None:
        if threads:
            self.patch.setattr(scan, "_WORTH_THREADS", 0)
        self.index = opened(self.backend, 4)

    @rule(partition=PARTITIONS, ids=ids_up_to(40), offset=MEMBERS, stride=st.integers(0, 3))
    def add(self, partition: int, ids: list[int], offset: int, stride: int) -> None:
        vectors = POOL[(offset + stride * np.arange(len(ids))) % len(POOL)]
        held = self.model.setdefault(partition, {})
        if held.keys().isdisjoint(ids):
            self.index.add(partition, int64(ids), vectors)
            held.update(zip(ids, vectors, strict=True))
        else:
            with pytest.raises(DuplicateIdError):
                self.index.add(partition, int64(ids), vectors)

    @rule(partition=PARTITIONS, ids=ids_up_to(50))
    def remove(self, partition: int, ids: list[int]) -> None:
        held = self.model.get(partition, {})
        known = [id_ for id_ in ids if held.pop(id_, None) is not None]
        assert self.index.remove(partition, int64(ids)) == len(known)

    @rule(partition=PARTITIONS)
    def drop(self, partition: int) -> None:
        self.index.drop(partition)
        self.model.pop(partition, None)
        self.marks.pop(partition, None)

    @rule(partition=PARTITIONS, mark=st.binary(min_size=1, max_size=8))
    def set_mark(self, partition: int, mark: bytes) -> None:
        self.index.set_mark(partition, mark)
        self.marks[partition] = mark

    @rule(partition=PARTITIONS, file=FILES)
    def save(self, partition: int, file: str) -> None:
        manifest = self.index.save(partition, self.folder / file, {"model": "pool"})
        held = dict(self.model.get(partition, {}))
        self.files[file] = Saved(held, self.marks.get(partition, b""))
        assert (manifest.count, manifest.mark) == (len(held), self.files[file].mark)
        assert manifest.labels == {"model": "pool"}

    @rule(partition=PARTITIONS, file=FILES)
    def load(self, partition: int, file: str) -> None:
        if (saved := self.files.get(file)) is None:
            return
        manifest = self.index.load(partition, self.folder / file)
        self.model[partition], self.marks[partition] = dict(saved.vectors), saved.mark
        assert (manifest.count, manifest.mark) == (len(saved.vectors), saved.mark)

    @rule(kept=st.sets(PARTITIONS))
    def restart(self, kept: set[int]) -> None:
        """A process ends; the next one has what was saved, and no more."""
        for partition in kept:
            self.index.save(partition, self.folder / f"kept-{partition}", {})
        self.index = opened(self.backend, 4)
        for partition in kept:
            self.index.load(partition, self.folder / f"kept-{partition}")
        self.model = {key: held for key, held in self.model.items() if key in kept}
        self.marks = {key: mark for key, mark in self.marks.items() if key in kept}

    @rule(
        questions=st.lists(st.tuples(MEMBERS, PARTITIONS), min_size=1, max_size=6),
        k=st.integers(1, 12),
        allowed=st.none() | ids_up_to(60),
    )
    def search(self, questions: list[tuple[int, int]], k: int, allowed: list[int] | None) -> None:
        queries = POOL[[member for member, _ in questions]]
        partitions = int64(partition for _, partition in questions)
        found = self.index.search(
            queries, k, partitions, None if allowed is None else int64(allowed)
        )
        allowed_set = None if allowed is None else set(allowed)
        for row, (member, partition) in enumerate(questions):
            assert_found(found, row, expected(self.model, POOL[member], k, partition, allowed_set))
            assert found.marks[row] == self.marks.get(partition, b"")

    @invariant()
    def sizes_agree(self) -> None:
        assert len(self.index) == sum(map(len, self.model.values()))
        for partition in range(3):
            held = sorted(self.model.get(partition, {}))
            assert self.index.ids(partition).tolist() == held
            assert self.index.partition_size(partition) == len(held)


_SETTINGS = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
_SERVED = settings(_SETTINGS, max_examples=15)


class ExactAgainstModel(AgainstModel):
    backend = "exact"


class FaissCpuAgainstModel(AgainstModel):
    backend = "faiss_cpu"


class ServedAgainstModel(AgainstModel):
    backend = "served"


class DeviceAgainstModel(AgainstModel):
    backend = "device"


TestExactAgainstModel = ExactAgainstModel.TestCase
TestExactAgainstModel.settings = _SETTINGS
TestFaissCpuAgainstModel = FaissCpuAgainstModel.TestCase
TestFaissCpuAgainstModel.settings = _SETTINGS
TestServedAgainstModel = ServedAgainstModel.TestCase
TestServedAgainstModel.settings = _SERVED
TestDeviceAgainstModel = DeviceAgainstModel.TestCase
TestDeviceAgainstModel.settings = _SERVED
