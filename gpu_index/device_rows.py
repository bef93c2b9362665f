"""The rows of one partition on a device: a few extents, filled from the first to the last."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_index.devices import DeviceMemoryError, Halves
from gpu_index.extents import Extent, ExtentStore, Shelf
from gpu_index.scan import Rows

_SPARE = 8
"""What grows gets an eighth more than it needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The used part of one extent, or the end of it."""

    extent: Extent
    skipped: int
    """Rows of the extent before it."""
    first: int
    """The row of the partition that its first row is."""
    count: int


class DeviceRows:
    """Rows 0 to ``len``, without gaps. Not thread-safe.

    A partition smaller than a shelf is one extent, which moves when it outgrows its room; a larger
    one gets further extents, so that nothing large is ever copied to grow.
    """

    __slots__ = ("_count", "_extents", "store")

    def __init__(self, store: ExtentStore) -> None:
        """Begin without rows in ``store``."""
        self.store = store
        self._extents: list[Extent] = []
        self._count = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return sum(extent.rows for extent in self._extents)

    @property
    def nbytes(self) -> int:
        """Bytes on the device, spare rows included."""
        return self.capacity * self.store.row_bytes

    def append(self, vectors: Halves) -> None:
        """Append rows (n, dimension); ``DeviceMemoryError`` changes nothing."""
        start = self._count
        self.reserve(start + len(vectors))
        self._count += len(vectors)
        for stretch in self.stretches(start):
            first = stretch.first - start
            self.store.write(
                stretch.extent, stretch.skipped, vectors[first : first + stretch.count]
            )

    def reserve(self, rows: int) -> None:
        """Have room for ``rows`` altogether; ``DeviceMemoryError`` changes nothing."""
        if rows > self.capacity:
            self._grow(rows)

    def close_holes(self, holes: Rows, movers: Rows, count: int) -> None:
        """Copy rows ``movers``, all ≥ ``count``, into ``holes``, all below; keep ``count`` rows."""
        if movers.size:
            tail = self.read(count, self._count)
            for hole, mover in zip(holes.tolist(), movers.tolist(), strict=True):
                extent, row = self._place_of(hole)
                self.store.write(extent, row, tail[mover - count][np.newaxis])
        self._count = count
        self._shrink()

    def read(self, start: int, end: int) -> Halves:
        """Return rows ``start`` to ``end``, shape (end - start, dimension)."""
        parts = [
            self.store.read(
                stretch.extent,
                max(start, stretch.first) - stretch.first,
                min(end, stretch.first + stretch.count) - max(start, stretch.first),
            )
            for stretch in self.stretches()
            if stretch.first < end and stretch.first + stretch.count > start
        ]
        if not parts:
            return np.empty((0, self.store.dimension), dtype=np.float16)
        return np.concatenate(parts)

    def stretches(self, start: int = 0) -> Iterator[Stretch]:
        """Yield the used parts of the extents, from row ``start`` on."""
        first = 0
        for extent in self._extents:
            begin, end = max(first, start), min(first + extent.rows, self._count)
            if end > begin:
                yield Stretch(extent, begin - first, begin, end - begin)
            first += extent.rows

    def leave(self, shelf: Shelf) -> bool:
        """Move the extent on ``shelf`` into a hole of another; return whether it found one."""
        for position, extent in enumerate(self._extents):
            if extent.shelf is shelf:
                used = min(extent.rows, self._count - self._first_of(extent))
                target = self.store.place(max(used, 1), besides=shelf)
                if target is None:
                    return False
                self.store.copy(extent, target, 0, used)
                self._extents[position] = target
                self.store.release(extent)
        return True

    def release(self) -> None:
        """Give everything back."""
        for extent in self._extents:
            self.store.release(extent)
        self._extents, self._count = [], 0

    def _first_of(self, wanted: Extent) -> int:
        first = 0
        for extent in self._extents:
            if extent is wanted:
                break
            first += extent.rows
        return first

    def _place_of(self, row: int) -> tuple[Extent, int]:
        for extent in self._extents:
            if row < extent.rows:
                return extent, row
            row -= extent.rows
        raise IndexError(row)

    def _grow(self, end: int) -> None:
        spare = end // _SPARE if self._count else 0
        if end < self.store.shelf_rows:
            try:
                self._move_to(end + spare)
            except DeviceMemoryError:
                self._move_to(end)
            return
        missing = end - self.capacity
        try:
            extent = self.store.allocate(missing + spare)
        except DeviceMemoryError:
            extent = self.store.allocate(missing)
        self._extents.append(extent)

    def _move_to(self, rows: int) -> None:
        target = self.store.allocate(rows)
        for stretch in self.stretches():
            self.store.copy(stretch.extent, target, stretch.first, stretch.count)
        for extent in self._extents:
            self.store.release(extent)
        self._extents = [target]

    def _shrink(self) -> None:
        while self._extents and self.capacity - self._extents[-1].rows >= self._count:
            self.store.release(self._extents.pop())
        wanted = self._count + self._count // _SPARE
        if len(self._extents) == 1 and wanted < self.capacity // 2:
            try:
                self._move_to(wanted)
            except DeviceMemoryError:
                # There is no room to move in; the spare rows stay for now.
                return
