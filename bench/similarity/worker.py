"""``python -m bench.similarity.worker``: measures one system in a process of its own.

Reads its orders as JSON from standard input and writes a row as JSON, one a line, as soon as it is
measured.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import TextIO, TypedDict

from bench.similarity.arrays import Arrays
from bench.similarity.rows import Row, Task, failed
from bench.similarity.systems import SYSTEMS


class Orders(TypedDict):
    """What a worker is to measure."""

    system: str
    folder: str
    """With the arrays."""
    backend: str
    threads: int
    build_threads: int
    budget_s: float
    wants_operations: bool


def main() -> None:
    """Measure; a system that fails is a row with its reason."""
    # The one way to end that psycopg and FAISS notice inside a long call.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows = _rows_alone()
    orders: Orders = json.load(sys.stdin)
    folder = Path(orders["folder"])
    task = Task(
        arrays=Arrays.read(folder),
        folder=folder,
        backend=orders["backend"],
        threads=orders["threads"],
        build_threads=orders["build_threads"],
        budget_s=orders["budget_s"],
        wants_operations=orders["wants_operations"],
    )
    name = orders["system"]
    try:
        for row in SYSTEMS[name].measure(task):
            _tell(rows, row)
    except ImportError as error:
        _tell(rows, failed(name, f"Not installed: {error}."))
    except KeyboardInterrupt:
        # Who has stopped it tells why.
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 — the edge of the process: whatever it is, it is told
        _tell(rows, failed(name, f"{type(error).__name__}: {error}"))


def _rows_alone() -> TextIO:
    """Return standard output for rows; what anything else writes there goes to standard error."""
    rows = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return rows


def _tell(rows: TextIO, row: Row) -> None:
    print(json.dumps(row), file=rows, flush=True)


if __name__ == "__main__":
    main()
