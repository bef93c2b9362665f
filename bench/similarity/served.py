"""Our index in a process of its own, asked through its client.

``python -m bench.similarity.served FOLDER BACKEND ADDRESS THREADS`` is that process.
"""

import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.similarity.arrays import Arrays, K
from bench.similarity.memory import RESIDENT_GROWTH, own_resident_bytes
from bench.similarity.ours import fill, setting_of
from bench.similarity.rows import Built, Row, Task
from bench.similarity.threads import use_threads
from gpu_index import VectorIndex, open_index
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

# Not by an import statement: a build of the library may come without its server.
addresses: Any = importlib.import_module("gpu_index.addresses")
client: Any = importlib.import_module("gpu_index.client")
server: Any = importlib.import_module("gpu_index.server")

_NAME = "bench"
_ROOT = Path(__file__).resolve().parents[2]


def measure_served(task: Task) -> Iterator[Row]:
    """Measure the index behind a Unix socket, one client."""
    with tempfile.TemporaryDirectory(prefix="memsvc-bench-") as folder:
        address = f"unix:{folder}/index.socket"
        began = time.perf_counter()
        with _serving([str(task.folder), task.backend, address, str(task.threads)]) as grown:
            build_s = time.perf_counter() - began
            dimension = task.arrays.vectors.shape[1]
            index: VectorIndex = client.RemoteIndex(
                addresses.Address.parse(address), _NAME, dimension
            )

            def search(queries: Matrix, partitions: Ids) -> Ids:
                return index.search(queries, K, partitions).ids

            built = Built(
                name=f"gpu_index {task.backend} behind its server",
                setting=setting_of(index),
                build_s=build_s,
                bytes=grown,
                bytes_are=f"{RESIDENT_GROWTH} (the server's)",
            )
            yield task.measure(built, search)


@contextmanager
def _serving(arguments: list[str]) -> Iterator[int]:
    """Run the server's process; yield by how much its memory grew."""
    process = subprocess.Popen(  # noqa: S603 — this interpreter
        [sys.executable, "-m", "bench.similarity.served", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    assert process.stdin is not None  # noqa: S101 — pipes were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        grown = process.stdout.readline()
        if not grown:
            raise BenchError("The index server's process ended before it was ready.")
        yield int(grown)
    finally:
        # It ends when nobody is left to ask it, also if this process is killed.
        process.stdin.close()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Build, serve, and say so; until standard input ends."""
    folder, backend, address, threads = sys.argv[1:]
    before = own_resident_bytes()
    arrays = Arrays.read(Path(folder))
    index = open_index(backend, arrays.vectors.shape[1])
    fill(index, arrays)
    use_threads(int(threads))
    with server.IndexServer(addresses.Address.parse(address), {_NAME: index}):
        print(own_resident_bytes() - before, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
