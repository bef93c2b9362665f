"""An index server as a process of its own: ``serving_process.py SOCKET GENERATION``.

What it holds tells which generation of the process answers.
"""

import sys
import time

import numpy as np

from gpu_index.addresses import Address
from gpu_index.server import IndexServer, ServerOptions
from tests.fixtures.toy_index import ToyIndex

PARTITIONS = 8


def main(path: str, generation: int) -> None:
    index = ToyIndex()
    for partition in range(PARTITIONS):
        vector = np.ones((1, 4), np.float32)
        index.add(partition, np.array([generation * PARTITIONS + partition]), vector)
        index.set_mark(partition, b"%d" % generation)
    options = ServerOptions(secret=b"sixteen bytes or more", parallel_searches=1)
    with IndexServer(Address(path=path), {"toy": index}, options):
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
