"""Graphs as files and pictures, by networkx and matplotlib."""

import json
from collections.abc import Sequence
from pathlib import Path

import networkx as nx

from memsvc.cli.failures import CommandError

_ENTITY = "entity:"
_PICTURES = frozenset({".svg", ".png"})


def draw_or_write(graph: "nx.Graph[str]", path: Path) -> None:
    """Draw the whole graph if the file's name is a picture's, or else write it."""
    if path.suffix in _PICTURES:
        draw_graph(graph, path, around=None, limit=len(graph))
    else:
        write_graph(graph, path)


def write_graph(graph: "nx.Graph[str]", path: Path) -> None:
    """Write a graph in the format that the file's name ends with."""
    try:
        match path.suffix:
            case ".graphml":
                nx.write_graphml(graph, path)
            case ".gexf":
                nx.write_gexf(graph, path)
            case ".json":
                document = nx.node_link_data(graph, edges="edges")
                path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
            case _:
                raise CommandError(f"{path} is neither a .graphml, a .gexf nor a .json file.")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def central_entities(graph: "nx.Graph[str]", limit: int) -> list[tuple[str, float]]:
    """Return the entities of the highest PageRank."""
    scores = nx.pagerank(graph) if graph else {}
    ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))
    entities = [(n.removeprefix(_ENTITY), s) for n, s in ranked if n.startswith(_ENTITY)]
    return entities[:limit]


def communities(graph: "nx.Graph[str]", limit: int) -> list[list[str]]:
    """Return the entities of the largest communities (Louvain, seeded), largest first."""
    if not graph:
        return []
    found: Sequence[set[str]] = nx.community.louvain_communities(graph, seed=0)
    named = [
        sorted(
            (n.removeprefix(_ENTITY) for n in group if n.startswith(_ENTITY)),
            key=lambda name: (-graph.degree[f"{_ENTITY}{name}"], name),
        )
        for group in found
    ]
    return sorted((each for each in named if each), key=len, reverse=True)[:limit]


def draw_graph(graph: "nx.Graph[str]", path: Path, *, around: str | None, limit: int) -> int:
    """Draw the nodes of the highest degree, or those nearest to an entity; return how many."""
    if path.suffix not in _PICTURES:
        raise CommandError(f"{path} is neither an .svg nor a .png file.")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError("Pictures need matplotlib: install memsvc[plots].") from error
    drawn = graph.subgraph(_chosen(graph, around, limit))
    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_axis_off()
    places = nx.spring_layout(drawn, seed=0)
    is_entity = {node: node.startswith(_ENTITY) for node in drawn}
    nx.draw_networkx_edges(drawn, places, ax=axes, edge_color="0.8")
    nx.draw_networkx_nodes(
        drawn,
        places,
        ax=axes,
        node_size=[90 if is_entity[node] else 25 for node in drawn],
        node_color=["tab:blue" if is_entity[node] else "0.6" for node in drawn],
    )
    labels = {node: node.removeprefix(_ENTITY) for node in drawn if is_entity[node]}
    nx.draw_networkx_labels(drawn, places, labels, ax=axes, font_size=8)
    figure.savefig(path)
    return len(drawn)


def _chosen(graph: "nx.Graph[str]", around: str | None, limit: int) -> list[str]:
    if around is None:
        return sorted(graph, key=lambda node: (-graph.degree[node], node))[:limit]
    start = f"{_ENTITY}{' '.join(around.casefold().split())}"
    if start not in graph:
        raise CommandError(f"No memory speaks of {around!r}.")
    distances = nx.single_source_shortest_path_length(graph, start)
    return sorted(distances, key=lambda node: (distances[node], -graph.degree[node], node))[:limit]
