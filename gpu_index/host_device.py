"""A device made of main memory: the whole of a device's index runs on it, with any budget."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from gpu_index.devices import Buffer, DeviceMemoryError, Graph, Halves
from gpu_index.protocol import Vectors
from gpu_index.scan import Candidates, Rows, scan_rows

_HALF_BYTES = 2


@dataclass(frozen=True, slots=True, eq=False)
class _HostBuffer:
    values: Halves

    @property
    def rows(self) -> int:
        return len(self.values)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes


class HostDevice:
    """A ``Device`` without hardware, as tests need it; it is exact in what a real one promises."""

    def __init__(
        self,
        budget_bytes: int,
        *,
        name: str = "host:0",
        most_candidates: int = 2048,
        products_per_call: int = 1 << 14,
        graph_breadth: int | None = None,
    ) -> None:
        """Hold at most ``budget_bytes`` of buffers and graphs.

        With ``graph_breadth`` there are graphs: narrower searches of them overlook every fourth
        row, others none.
        """
        self.name = name
        self.most_candidates = most_candidates
        self.products_per_call = products_per_call
        self.free_bytes = budget_bytes
        self.has_graphs = graph_breadth is not None
        self._graph_breadth = graph_breadth or 0
        self._guard = Lock()

    def allocate(self, rows: int, width: int) -> Buffer:
        """Return zeroed room, or raise ``DeviceMemoryError``."""
        self.take(rows * width * _HALF_BYTES)
        return _HostBuffer(np.zeros((rows, width), dtype=np.float16))

    def take(self, nbytes: int) -> None:
        """Reserve memory; a negative number gives it back."""
        with self._guard:
            if nbytes > self.free_bytes:
                raise DeviceMemoryError(f"{nbytes} bytes do not fit into {self.free_bytes}.")
            self.free_bytes -= nbytes

    def free(self, buffer: Buffer) -> None:
        """Give a buffer's memory back."""
        self.take(-buffer.nbytes)

    def write(self, buffer: Buffer, start: int, values: Halves, column: int = 0) -> None:
        """Write rows, or some columns of them."""
        rows = slice(start, start + len(values))
        _values(buffer)[rows, column : column + values.shape[1]] = values

    def read(self, buffer: Buffer, start: int, count: int) -> Halves:
        """Return a copy of whole rows."""
        return _values(buffer)[start : start + count].copy()

    def copy(self, source: tuple[Buffer, int], target: tuple[Buffer, int], count: int) -> None:
        """Copy rows between buffers."""
        rows = _values(source[0])[source[1] : source[1] + count]
        _values(target[0])[target[1] : target[1] + count] = rows

    def nearest(
        self, buffer: Buffer, start: int, count: int, queries: Halves, m: int
    ) -> Candidates:
        """Return the ``m`` best rows by float32 products of the float16 values."""
        rows = _values(buffer)[start : start + count].astype(np.float32)
        return scan_rows(queries.astype(np.float32), rows, m)

    def build_graph(self, vectors: Halves) -> Graph:
        """Return a graph that is as good as its breadth."""
        self.take(vectors.nbytes)
        return _HostGraph(self, vectors.astype(np.float32), self._graph_breadth)


class _HostGraph:
    def __init__(self, device: HostDevice, vectors: Vectors, breadth: int) -> None:
        self.nbytes = vectors.nbytes // 2
        self._device = device
        self._vectors = vectors
        self._breadth = breadth

    def nearest(self, queries: Halves, m: int, breadth: int) -> Rows:
        products = queries.astype(np.float32) @ self._vectors.T
        if breadth < self._breadth:
            products[:, ::4] = -np.inf
        best = np.argsort(-products, axis=1, kind="stable")[:, :m]
        missing = np.full((len(queries), m - best.shape[1]), -1)
        return np.hstack([best, missing])

    def close(self) -> None:
        self._device.take(-self.nbytes)


def _values(buffer: Buffer) -> Halves:
    if not isinstance(buffer, _HostBuffer):
        raise TypeError(f"{buffer!r} belongs to another kind of device.")
    return buffer.values
