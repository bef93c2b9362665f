"""Personalised PageRank on a GPU, by our own sparse product, behind the interface of the CPU's.

One program for both: written against the part of NumPy and SciPy that CuPy has too, it runs on a
card with CuPy and on the processor with NumPy, which is how it is tested where there is no card.

It computes every node's score and goes through all edges with each hop. Recalls do not use it: what
they want, the best nodes near a few seeds, the processor finds faster than a card is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.pagerank import PageRankSettings, Scores
from memsvc.domain.graph.stored_edges import Weights
from memsvc.errors import ConfigurationError

Device: TypeAlias = Literal["cpu", "cuda"]

_MISSING = (
    "Walks on a GPU need CuPy, which is not installed: `pip install cupy-cuda12x` for CUDA 12."
)
_NO_CARD = "CuPy finds no CUDA device here"


class NoGraphDeviceError(ConfigurationError):
    """There is no such device to walk on, or nothing that could use it."""


@dataclass(frozen=True, slots=True)
class _OnDevice:
    """A graph as the device holds it."""

    version: int
    matrix: Any
    """(nodes, nodes), float32: the share of the walkers at column j that step to row i."""
    isolated: Any
    """(nodes,), bool: walkers there go back to the seeds."""


def open_device_walks(device: Device) -> "DeviceWalks":
    """Return the walks of a device.

    Raises ``NoGraphDeviceError`` that says what is missing.
    """
    if device == "cpu":
        return DeviceWalks(np, import_module("scipy.sparse"))
    try:
        arrays, sparse = import_module("cupy"), import_module("cupyx.scipy.sparse")
    except ImportError as error:
        raise NoGraphDeviceError(_MISSING) from error
    try:
        cards = int(arrays.cuda.runtime.getDeviceCount())
    except arrays.cuda.runtime.CUDARuntimeError as error:
        raise NoGraphDeviceError(f"{_NO_CARD}: {error}") from error
    if cards == 0:
        raise NoGraphDeviceError(f"{_NO_CARD}.")
    return DeviceWalks(arrays, sparse)


class DeviceWalks:
    """Walks over graphs that a device holds copies of; a copy is made anew when its graph changed.

    Not for several threads at once.
    """

    def __init__(self, arrays: ModuleType, sparse: ModuleType) -> None:
        """Compute with these modules: NumPy and ``scipy.sparse``, or CuPy's."""
        self._arrays = arrays
        self._sparse = sparse
        self._copies: WeakKeyDictionary[Adjacency, _OnDevice] = WeakKeyDictionary()

    def all_scores(
        self,
        graph: Adjacency,
        reset: Weights,
        settings: PageRankSettings,
        check_time: Callable[[], None],
    ) -> Scores:
        """Return the score of every node, as ``pagerank.all_scores`` does.

        Power iteration: a hop shrinks the sum of absolute errors by the follow probability f, so
        the error is at most f / (1 − f) of what the last hop moved. Raises what ``check_time``
        raises.
        """
        xp, held = self._arrays, self._copy_of(graph)
        follow = settings.follow_probability
        seeds = xp.asarray(reset)
        scores = seeds
        hops, bound = 0, 1.0
        most = int(np.ceil(np.log(settings.tolerance / 2) / np.log(follow))) + 1
        while bound > settings.tolerance and hops < most:
            check_time()
            stranded = scores[held.isolated].sum()
            after = (1 - follow) * seeds + follow * (held.matrix @ scores + stranded * seeds)
            bound = float(xp.abs(after - scores).sum()) * follow / (1 - follow)
            scores = after.astype(xp.float32)
            hops += 1
        values = np.asarray(_on_host(scores), np.float64)
        return Scores(values=values / values.sum(), hops=hops, bound=bound)

    def nbytes(self, graph: Adjacency) -> int:
        """Return the bytes that the device holds of a graph."""
        held = self._copy_of(graph)
        parts = (held.matrix.data, held.matrix.indices, held.matrix.indptr, held.isolated)
        return sum(int(part.nbytes) for part in parts)

    def _copy_of(self, graph: Adjacency) -> _OnDevice:
        held = self._copies.get(graph)
        if held is None or held.version != graph.version:
            held = self._copies[graph] = self._copied(graph)
        return held

    def _copied(self, graph: Adjacency) -> _OnDevice:
        xp = self._arrays
        rows, columns, weights = graph.edge_list().both_ways()
        shares = weights * graph.inverse_strengths[columns]
        at = xp.asarray(rows.astype(np.int32)), xp.asarray(columns.astype(np.int32))
        shape = graph.nodes, graph.nodes
        matrix = self._sparse.coo_matrix((xp.asarray(shares), at), shape=shape).tocsr()
        isolated = xp.asarray(graph.inverse_strengths == 0)
        return _OnDevice(version=graph.version, matrix=matrix, isolated=isolated)


def _on_host(values: Any) -> Any:  # noqa: ANN401 — an array of either module
    """Return an array in main memory: CuPy's have ``get`` for it."""
    return values.get() if hasattr(values, "get") else values
