"""When a partition gets a graph, and whether the graph is good enough to be used."""

import logging

import numpy as np

from gpu_index.device_partition import DevicePartition
from gpu_index.device_search import Question, measured_recall
from gpu_index.devices import DeviceMemoryError
from gpu_index.half_recall import held_out_queries
from gpu_index.row_graph import MOST_BREADTH, RowGraph

LEAST_RECALL = 0.99

_LOG = logging.getLogger(__name__)
_BREADTHS = (64, 128, 256, MOST_BREADTH)
_RETRY_GROWTH = 2


def tend_graph(target: DevicePartition, graph_rows: int | None) -> None:
    """Drop a worn graph of a partition that has changed, and build one where one belongs.

    From ``graph_rows`` on, where there are float32 copies to score its candidates from. Searches go
    on meanwhile over all rows. A graph that does not reach ``LEAST_RECALL`` is not used. Only the
    thread that changes the partition may call it, without its lock.
    """
    if target.graph is not None and target.graph.is_worn(len(target)):
        with target.lock.writing():
            target.drop_graph()
    if graph_rows is None or target.graph is not None or target.rows is None:
        return
    if len(target) < max(graph_rows, target.graph_from) or not target.has_copies:
        return
    device = target.rows.store.device
    if not device.has_graphs:
        return
    try:
        built = device.build_graph(target.slab.vectors.astype(np.float16))
    except DeviceMemoryError:
        _LOG.warning("There is no room for a graph over %d vectors: all are compared", len(target))
        target.graph_from = len(target) * _RETRY_GROWTH
        return
    graph = RowGraph(built, len(target))
    queries = held_out_queries(target.slab.vectors)
    # Searches see the graph only when it is good: it is tried out on a twin of the partition.
    twin = DevicePartition(target.slab.vectors.shape[1], has_copies=True)
    twin.slab, twin.rows, twin.graph = target.slab, target.rows, graph
    trial = Question(partition=twin, rows=target.rows, members=np.arange(len(queries)))
    for graph.breadth in _BREADTHS:
        graph.recall = measured_recall(trial, queries)
        if graph.recall >= LEAST_RECALL:
            with target.lock.writing():
                target.graph = graph
            return
    graph.close()
    target.graph_from = len(target) * _RETRY_GROWTH
    _LOG.warning(
        "A graph over %d vectors reaches a recall of %.3f only: all are compared",
        len(target),
        graph.recall,
    )
