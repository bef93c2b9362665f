"""Every system by name; what it needs is imported in the process that measures it."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from bench.similarity.rows import Row, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system that can be measured."""

    module: str
    function: str

    def measure(self, task: Task) -> Iterator[Row]:
        """Build and ask it; raises whatever it raises, ``ImportError`` where it is missing."""
        found = getattr(importlib.import_module(self.module), self.function)
        return cast("Callable[[Task], Iterator[Row]]", found)(task)


OURS = "gpu_index"
SERVER = "gpu_index-server"
PEERS = ("faiss-flat", "faiss-ivf", "faiss-hnsw", "pgvector", "usearch")

SYSTEMS = {
    OURS: System(module="bench.similarity.ours", function="measure_ours"),
    SERVER: System(module="bench.similarity.served", function="measure_served"),
    "faiss-flat": System(module="bench.similarity.faiss_peers", function="measure_flat"),
    "faiss-ivf": System(module="bench.similarity.faiss_peers", function="measure_ivf"),
    "faiss-hnsw": System(module="bench.similarity.faiss_peers", function="measure_hnsw"),
    "pgvector": System(module="bench.similarity.pgvector_peer", function="measure_pgvector"),
    "usearch": System(module="bench.similarity.usearch_peer", function="measure_usearch"),
}
