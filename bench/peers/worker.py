"""The process that one system is measured in: orders come on standard input, a row goes out."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TypeAlias

from bench.cpu_times import database_seconds, process_seconds
from bench.own_service import data_folder
from bench.peers.measuring import measure_peer
from bench.peers.mem0 import opened_mem0
from bench.peers.orders import PeerOrders, PeerSystem
from bench.peers.ours import opened_ours
from bench.peers.running import OURS, OURS_DENSE
from memsvc.domain.fusion import Arm

Opener: TypeAlias = Callable[[Path, Sequence[Path]], AbstractContextManager[PeerSystem]]

SYSTEMS: Mapping[str, Opener] = {
    OURS: opened_ours,
    OURS_DENSE: partial(opened_ours, arms=frozenset({Arm.DENSE})),
    "mem0ai": opened_mem0,
}


def main() -> None:
    """Measure; what libraries print goes to standard error."""
    answer = sys.stdout
    with redirect_stdout(sys.stderr), data_folder() as folder:
        orders = PeerOrders.read(sys.stdin.read())

        def cpu() -> float:
            own = process_seconds(os.getpid()) or 0.0
            return own + (database_seconds(folder) or 0.0)

        with SYSTEMS[orders.system](folder, [*map(Path, orders.models)]) as system:
            row = measure_peer(orders.system, system, orders, cpu)
    json.dump(row, answer)


if __name__ == "__main__":
    main()
