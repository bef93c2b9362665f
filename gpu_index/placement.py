"""Which partition is on which device, and which must wait in main memory."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gpu_index.device_partition import DevicePartition
from gpu_index.device_rows import DeviceRows
from gpu_index.devices import DeviceMemoryError
from gpu_index.extents import ExtentStore

_LOG = logging.getLogger(__name__)
_MOST_FREE_SHARE = 0.25
"""Shared buffers are packed when more of their rows than this share, and than one buffer, are
free."""
_RETURN_MARGIN = 1.25
"""A spilled partition returns when this many times its size is free, so that it does not go to and
fro."""


@dataclass(slots=True)
class Moves:
    """How often partitions moved, since the start."""

    spills: int = 0
    returns: int = 0
    compactions: int = 0


class Placement:
    """Finds room on the devices. One thread at a time may call it, holding no partition's lock."""

    def __init__(
        self, stores: list[ExtentStore], partitions: Callable[[], Iterable[DevicePartition]]
    ) -> None:
        """Place what ``partitions`` returns in ``stores``, one for each device."""
        self.stores = stores
        self._partitions = partitions
        self.moves = Moves()

    @property
    def free_share(self) -> float:
        """The share of rows in shared buffers that belong to nobody, 0 to 1."""
        rows = sum(store.shared_rows for store in self.stores)
        return sum(store.free_rows for store in self.stores) / rows if rows else 0.0

    def make_room(self, target: DevicePartition, rows: int) -> None:
        """Have room for ``rows`` of ``target``, on a device if there is a way."""
        if target.rows is None:
            if len(target):
                # Spilled before; ``bring_back`` decides when it returns.
                return
            with target.lock.writing():
                target.settle(DeviceRows(self._roomiest()))
        while target.rows is not None and not self._reserved(target, target.rows, rows):
            store = target.rows.store
            if self._moved(target, rows):
                continue
            is_hopeless = rows * store.row_bytes > store.nbytes + store.device.free_bytes
            if is_hopeless or not self._make_way(store, target):
                self._spill(target, rows)

    def tidy(self) -> None:
        """Pack what has become too loose and bring one spilled partition back, after a change."""
        for store in self.stores:
            if store.free_rows > max(store.shelf_rows, _MOST_FREE_SHARE * store.shared_rows):
                self.compact(store)
        self._bring_back()

    def compact(self, store: ExtentStore) -> bool:
        """Empty the emptiest shared buffer into the others; return whether it was freed."""
        if (shelf := store.emptiest()) is None:
            return False
        for partition in self._partitions():
            if partition.rows is None or partition.rows.store is not store:
                continue
            with partition.lock.writing():
                if not partition.rows.leave(shelf):
                    return False
        self.moves.compactions += 1
        return True

    def _reserved(self, target: DevicePartition, on_device: DeviceRows, rows: int) -> bool:
        try:
            with target.lock.writing():
                on_device.reserve(rows)
        except DeviceMemoryError:
            return False
        return True

    def _moved(self, target: DevicePartition, rows: int) -> bool:
        """Return whether another device has taken the partition."""
        store = self._roomiest()
        if target.rows is None or store is target.rows.store:
            return False
        if store.device.free_bytes < rows * store.row_bytes:
            return False
        with target.lock.writing():
            moved = DeviceRows(store)
            try:
                moved.reserve(rows)
                moved.append(target.rows.read(0, len(target)))
            except DeviceMemoryError:
                moved.release()
                return False
            target.rows.release()
            target.rows = moved
        return True

    def _make_way(self, store: ExtentStore, besides: DevicePartition) -> bool:
        """Pack, drop a graph or spill a partition, the coldest; return whether there was one."""
        if self.compact(store):
            return True
        coldest_first = sorted(
            (each for each in self._partitions() if each.rows and each.rows.store is store),
            key=lambda partition: partition.last_use,
        )
        for partition in coldest_first:
            if partition.graph is not None:
                with partition.lock.writing():
                    partition.drop_graph()
                return True
        for partition in coldest_first:
            if partition is not besides:
                self._spill(partition, 0)
                return True
        return False

    def _spill(self, partition: DevicePartition, rows: int) -> None:
        size = max(len(partition), rows)
        with partition.lock.writing():
            partition.spill()
        self.moves.spills += 1
        _LOG.warning(
            "Device memory is full: a partition of %d vectors is searched in main memory", size
        )

    def _bring_back(self) -> None:
        spilled = [each for each in self._partitions() if each.rows is None and len(each)]
        if not spilled:
            return
        hottest = max(spilled, key=lambda partition: partition.last_use)
        store = self._roomiest()
        need = len(hottest) * store.row_bytes * _RETURN_MARGIN
        if need > self._room(store):
            return
        with hottest.lock.writing():
            rows = DeviceRows(store)
            try:
                hottest.settle(rows)
            except DeviceMemoryError:
                return
        self.moves.returns += 1
        _LOG.info("A partition of %d vectors is on %s again", len(hottest), store.device.name)

    def _roomiest(self) -> ExtentStore:
        return max(self.stores, key=self._room)

    def _room(self, store: ExtentStore) -> int:
        return store.device.free_bytes + store.free_rows * store.row_bytes
