"""Any sequence of operations on devices of any size, beside the exact index."""

from typing import ClassVar

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.extents import padded_width
from gpu_index.host_device import HostDevice
from gpu_index.protocol import Capabilities
from gpu_index.registry import open_index

DIMENSION = 8
ROW_BYTES = 2 * padded_width(DIMENSION)
PARTITIONS = st.integers(0, 5)
CAPABILITIES = Capabilities(
    backend="faiss_gpu", engine="numpy", device="host", precision="float16", exact=True
)


class DeviceMachine(RuleBasedStateMachine):
    """Small buffers and tight budgets, so that growing, packing and spilling are the rule."""

    has_copies: ClassVar[bool] = True
    graph_rows: ClassVar[int | None] = None

    @initialize(
        devices=st.integers(1, 3),
        rows=st.sampled_from([64, 400, 1000, 50_000]),
        products_per_call=st.sampled_from([1, 10_000, 1 << 30]),
    )
    def open(self, devices: int, rows: int, products_per_call: int) -> None:
        self.budget = rows * ROW_BYTES
        self.devices = [
            HostDevice(
                self.budget,
                name=f"host:{number}",
                most_candidates=80,
                products_per_call=products_per_call,
                graph_breadth=128,
            )
            for number in range(devices)
        ]
        options = DeviceOptions(
            has_copies=self.has_copies,
            graph_rows=self.graph_rows,
            shelf_bytes=96 * ROW_BYTES,
        )
        self.index = DeviceIndex(DIMENSION, self.devices, CAPABILITIES, options)
        self.exact = open_index("exact", DIMENSION)
        self.next_id = 0

    @rule(
        partition=PARTITIONS, count=st.integers(0, 150), seed=st.integers(0, 99), same=st.booleans()
    )
    def add(self, partition: int, count: int, seed: int, same: bool) -> None:
        vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype("f4")
        if same and count:
            vectors[1:] = vectors[0]
        ids = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        for index in (self.index, self.exact):
            index.add(partition, ids, vectors)

    @rule(partition=PARTITIONS, share=st.floats(0, 1), seed=st.integers(0, 99))
    def remove(self, partition: int, share: float, seed: int) -> None:
        ids = self.exact.ids(partition)
        gone = ids[np.random.default_rng(seed).random(ids.size) < share]
        gone = np.concatenate([gone, gone[:2], [self.next_id]])
        assert self.index.remove(partition, gone) == self.exact.remove(partition, gone)

    @rule(partition=PARTITIONS)
    def drop(self, partition: int) -> None:
        for index in (self.index, self.exact):
            index.drop(partition)

    @rule(
        k=st.integers(1, 40),
        partitions=st.lists(st.integers(0, 6), min_size=1, max_size=8),
        seed=st.integers(0, 99),
        restrict=st.booleans(),
    )
    def search(self, k: int, partitions: list[int], seed: int, restrict: bool) -> None:
        dice = np.random.default_rng(seed)
        queries = dice.standard_normal((len(partitions), DIMENSION)).astype("f4")
        allowed = dice.integers(0, self.next_id + 1, 60) if restrict else None
        found, truth = (
            index.search(queries, k, np.array(partitions), allowed)
            for index in (self.index, self.exact)
        )
        if self.index.capabilities.exact:
            assert np.array_equal(found.ids, truth.ids)
            assert np.array_equal(found.scores, truth.scores)
        else:
            assert np.array_equal(found.ids >= 0, truth.ids >= 0)
            assert np.allclose(found.scores, truth.scores, atol=3e-3)
            assert all(
                np.isin(row, self.exact.ids(p)).sum() == (row >= 0).sum()
                for row, p in zip(found.ids, partitions, strict=True)
            )

    @invariant()
    def both_hold_the_same(self) -> None:
        if hasattr(self, "index"):
            assert len(self.index) == len(self.exact)
            for partition in range(6):
                assert np.array_equal(self.index.ids(partition), self.exact.ids(partition))
            counters = self.index.counters()
            free = sum(device.free_bytes for device in self.devices)
            graphs = sum(each.graph.nbytes for each in self.index._all() if each.graph)
            assert counters.device_bytes + graphs + free == self.budget * len(self.devices)

    def teardown(self) -> None:
        if hasattr(self, "index"):
            self.index.close()
            assert {device.free_bytes for device in self.devices} == {self.budget}


class HalfMachine(DeviceMachine):
    has_copies = False


class GraphMachine(DeviceMachine):
    graph_rows = 120


TestDeviceMachine = DeviceMachine.TestCase
TestDeviceMachine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestHalfMachine = HalfMachine.TestCase
TestHalfMachine.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestGraphMachine = GraphMachine.TestCase
TestGraphMachine.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
