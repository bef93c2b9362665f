"""What a device must be able to do for an index to keep its vectors there: a few operations."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpu_index.scan import Candidates, Rows

Halves: TypeAlias = NDArray[np.float16]
"""Shape (n, width), C-contiguous: rows as a device keeps them."""


class DeviceMemoryError(Exception):
    """The device has no room left; the index makes some, or does without."""


class Buffer(Protocol):
    """Rows of one width in a device's memory."""

    @property
    def rows(self) -> int:
        """How many rows it has room for."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes it takes there."""
        ...


class Graph(Protocol):
    """An approximate structure over rows that a device keeps a copy of."""

    @property
    def nbytes(self) -> int:
        """Bytes it takes on the device, about."""
        ...

    def nearest(self, queries: Halves, m: int, breadth: int) -> Rows:
        """Return ``m`` rows near each query, shape (queries, m), -1 where there are fewer.

        The larger ``breadth`` ≥ m, the better and the slower.
        """
        ...

    def close(self) -> None:
        """Give its memory back."""
        ...


class Device(Protocol):
    """Keeps float16 rows and multiplies them, adding up in float32.

    Every method may be called from any thread. A row that is written or moved while it is searched
    is the caller's mistake: the index's locks keep those apart.
    """

    @property
    def name(self) -> str:
        """For instance ``cuda:0``."""
        ...

    @property
    def most_candidates(self) -> int:
        """The largest ``m`` of ``nearest``."""
        ...

    @property
    def has_graphs(self) -> bool:
        """Whether it can ``build_graph``."""
        ...

    @property
    def products_per_call(self) -> int:
        """How many products of a query and a row take as long as a call's fixed cost."""
        ...

    @property
    def free_bytes(self) -> int:
        """Room left for buffers."""
        ...

    def allocate(self, rows: int, width: int) -> Buffer:
        """Return zeroed room for ``rows`` of ``width`` components, or raise ``DeviceMemoryError``.

        A zeroed row scores 0 with any query; what memory held before could be NaN.
        """
        ...

    def free(self, buffer: Buffer) -> None:
        """Give a buffer's memory back; it is not used again."""
        ...

    def write(self, buffer: Buffer, start: int, values: Halves, column: int = 0) -> None:
        """Write ``values`` to rows ``start`` and after, from ``column`` on."""
        ...

    def read(self, buffer: Buffer, start: int, count: int) -> Halves:
        """Return a copy of whole rows."""
        ...

    def copy(self, source: tuple[Buffer, int], target: tuple[Buffer, int], count: int) -> None:
        """Copy ``count`` rows between (buffer, start) pairs that do not overlap."""
        ...

    def nearest(
        self, buffer: Buffer, start: int, count: int, queries: Halves, m: int
    ) -> Candidates:
        """Return the ``m`` best of ``count`` rows by inner product, numbered from ``start`` = 0.

        1 ≤ m ≤ min(count, most_candidates); queries are as wide as the rows.
        """
        ...

    def build_graph(self, vectors: Halves) -> Graph:
        """Return a graph over ``vectors`` (n, dimension), or raise ``DeviceMemoryError``."""
        ...
