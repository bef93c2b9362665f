"""Room for the rows of many partitions in a few large buffers of a device."""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gpu_index.devices import Buffer, Device, Halves

CODE_BITS = 16
"""Components added to each row: they tell the partitions that share a buffer apart."""
CODE_VALUE = 1.0625
"""Exact in float16, and 2 · 1.0625² exceeds 2: rows of another code score below all of one's own,
since at least one of the signs differs and true scores lie between -1 and 1."""
CODE_SCORE = CODE_BITS * CODE_VALUE**2
"""What a row scores above the true inner product with a query of the same code."""

_GRANULE = 32
"""Extents are multiples of this many rows, so that holes are of use to others."""


@dataclass(slots=True, eq=False)
class Shelf:
    """One buffer, which holds the extents of many partitions or of a large one alone."""

    buffer: Buffer
    is_shared: bool
    holes: list[tuple[int, int]] = field(default_factory=list)
    """(start, rows) in ascending order, none adjacent to the next."""
    extents: dict[int, "Extent"] = field(default_factory=dict)
    """By code."""
    free_codes: deque[int] = field(default_factory=deque)
    """The one released longest ago first: its old rows are the least likely to be there still."""

    @property
    def free_rows(self) -> int:
        """Rows that belong to nobody."""
        return sum(rows for _, rows in self.holes)

    @property
    def end(self) -> int:
        """The row after the last one that belongs to somebody."""
        return max((extent.start + extent.rows for extent in self.extents.values()), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """Consecutive rows of a shelf that belong to one partition."""

    shelf: Shelf
    start: int
    rows: int
    code: int

    def __post_init__(self) -> None:
        """Enter the shelf's book."""
        self.shelf.extents[self.code] = self


class ExtentStore:
    """Hands out extents of one device. Not thread-safe; ``DeviceMemoryError`` changes nothing."""

    def __init__(self, device: Device, dimension: int, shelf_rows: int) -> None:
        """Share buffers of ``shelf_rows``; what is at least as large gets a buffer of its own."""
        self.device = device
        self.width = padded_width(dimension)
        self.dimension = dimension
        granules = min(-(-shelf_rows // _GRANULE), 1 << CODE_BITS)
        self._shelf_rows = granules * _GRANULE
        self._shelves: list[Shelf] = []

    @property
    def shelf_rows(self) -> int:
        """Rows of a shared buffer."""
        return self._shelf_rows

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.width * 2

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return sum(shelf.buffer.nbytes for shelf in self._shelves)

    @property
    def shared_rows(self) -> int:
        """Rows of the shared buffers, used or not."""
        return sum(shelf.buffer.rows for shelf in self._shelves if shelf.is_shared)

    @property
    def free_rows(self) -> int:
        """Rows of shared buffers that belong to nobody."""
        return sum(shelf.free_rows for shelf in self._shelves if shelf.is_shared)

    def allocate(self, rows: int) -> Extent:
        """Return room for at least ``rows``."""
        rows = -(-rows // _GRANULE) * _GRANULE
        if rows >= self._shelf_rows:
            shelf = Shelf(self.device.allocate(rows, self.width), is_shared=False)
            self._shelves.append(shelf)
            return Extent(shelf, 0, rows, 0)
        if (found := self.place(rows)) is not None:
            return found
        buffer = self.device.allocate(self._shelf_rows, self.width)
        self._shelves.append(
            Shelf(
                buffer,
                is_shared=True,
                holes=[(0, self._shelf_rows)],
                free_codes=deque(range(self._shelf_rows // _GRANULE)),
            )
        )
        return _cut(self._shelves[-1], 0, rows)

    def place(self, rows: int, besides: Shelf | None = None) -> Extent | None:
        """Return room in a hole of a shelf other than ``besides``: the tightest that will do."""
        rows = -(-rows // _GRANULE) * _GRANULE
        fitting = [
            (size, number, position)
            for number, shelf in enumerate(self._shelves)
            if shelf.is_shared and shelf is not besides
            for position, (_, size) in enumerate(shelf.holes)
            if size >= rows
        ]
        if not fitting:
            return None
        _, number, position = min(fitting)
        return _cut(self._shelves[number], position, rows)

    def release(self, extent: Extent) -> None:
        """Take an extent back; a buffer that nobody uses any more is freed."""
        shelf = extent.shelf
        del shelf.extents[extent.code]
        if not shelf.extents:
            self._shelves.remove(shelf)
            self.device.free(shelf.buffer)
            return
        shelf.free_codes.append(extent.code)
        insort(shelf.holes, (extent.start, extent.rows))
        _join_holes(shelf)

    def emptiest(self) -> Shelf | None:
        """Return the shared shelf with the fewest rows in use, if its extents may fit elsewhere."""
        shared = [shelf for shelf in self._shelves if shelf.is_shared]
        if not shared:
            return None
        least = max(shared, key=lambda shelf: shelf.free_rows)
        used = least.buffer.rows - least.free_rows
        return least if used <= self.free_rows - least.free_rows else None

    def write(self, extent: Extent, start: int, vectors: Halves) -> None:
        """Write vectors (n, dimension) and the extent's code to rows of the extent."""
        rows = np.empty((len(vectors), self.width), dtype=np.float16)
        rows[:, : self.dimension] = vectors
        rows[:, self.dimension :] = code_components(extent.code, self.width - self.dimension)
        self.device.write(extent.shelf.buffer, extent.start + start, rows)

    def read(self, extent: Extent, start: int, count: int) -> Halves:
        """Return vectors (n, dimension) of an extent's rows."""
        rows = self.device.read(extent.shelf.buffer, extent.start + start, count)
        return np.ascontiguousarray(rows[:, : self.dimension])

    def copy(self, source: Extent, target: Extent, target_start: int, count: int) -> None:
        """Copy an extent's first rows into another, under the other's code."""
        start = target.start + target_start
        self.device.copy((source.shelf.buffer, source.start), (target.shelf.buffer, start), count)
        code = np.tile(code_components(target.code, self.width - self.dimension), (count, 1))
        self.device.write(target.shelf.buffer, start, code, column=self.dimension)


def padded_width(dimension: int) -> int:
    """Return the components of a row with its code: a multiple of 16 bytes, as devices like it."""
    return -(-(dimension + CODE_BITS) // 8) * 8


def code_components(code: int, size: int) -> Halves:
    """Return the components of a code, shape (size,): its bits as signs, then zeros."""
    components = np.zeros(size, dtype=np.float16)
    bits = (code >> np.arange(CODE_BITS)) & 1
    components[:CODE_BITS] = np.where(bits, CODE_VALUE, -CODE_VALUE)
    return components


def coded(queries: Halves, codes: Sequence[int]) -> Halves:
    """Return queries (n, dimension) with the code of the extent that each is meant for."""
    dimension = queries.shape[1]
    width = padded_width(dimension)
    rows = np.empty((len(queries), width), dtype=np.float16)
    rows[:, :dimension] = queries
    components = {code: code_components(code, width - dimension) for code in set(codes)}
    rows[:, dimension:] = [components[code] for code in codes]
    return rows


def _cut(shelf: Shelf, position: int, rows: int) -> Extent:
    start, size = shelf.holes.pop(position)
    if size > rows:
        shelf.holes.insert(position, (start + rows, size - rows))
    return Extent(shelf, start, rows, shelf.free_codes.popleft())


def _join_holes(shelf: Shelf) -> None:
    joined = list[tuple[int, int]]()
    for start, rows in shelf.holes:
        if joined and joined[-1][0] + joined[-1][1] == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + rows)
        else:
            joined.append((start, rows))
    shelf.holes = joined
