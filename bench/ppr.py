"""``python -m bench ppr``: personalised PageRank on graphs with hubs, beside other libraries."""

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Annotated, TypedDict

import numpy as np
import typer

from bench.options import OutOption, SeedOption
from bench.pagerank_engines import BEST, OTHERS, Engine, Places, engines, exact_best
from bench.power_law import Seeds, power_law_graph, seed_sets
from bench.progress import console
from bench.results import describe_run, write_results
from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.stored_edges import EdgeList
from memsvc.memory_index.device_walks import DeviceWalks, NoGraphDeviceError, open_device_walks

_FEW = 3
_MOST_SECONDS = 120.0
"""An engine slower than this in all is asked fewer queries, but at least a few."""

_PASSAGES = 200
_ENTITIES_OF_A_PASSAGE = 15
_NEW_ENTITIES = 5


class EngineResult(TypedDict):
    """What one engine has shown."""

    name: str
    median_ms: float
    mean_ms: float
    top50_overlap: float
    """Mean share of the 50 best nodes that are among the exact 50."""
    bytes: int
    """Of the engine's form of the graph; measured by the process's growth where it cannot tell."""
    queries: int


class InsertResult(TypedDict):
    """What adding a passage with its entities and edges takes."""

    edges: int
    median_ms: float
    max_ms: float


def ppr(  # noqa: PLR0913 — one parameter per option
    *,
    nodes: Annotated[int, typer.Option(min=100, help="Nodes of the graph.")],
    edges: Annotated[int, typer.Option(min=100, help="Undirected edges of the graph.")],
    out: OutOption,
    queries: Annotated[int, typer.Option(min=1, help="Queries asked of each engine.")] = 100,
    against: Annotated[
        str, typer.Option(help="Beside what: all, none, or names joined by commas.")
    ] = "all",
    device: Annotated[
        str | None,
        typer.Option(metavar="cuda|cpu", help="Also by sparse products on this device."),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Time queries of 5 entity and 20 passage seeds, and compare the 50 best with the exact."""
    others, walks = parse_others(against), parse_device(device)
    if edges > nodes * (nodes - 1) // 4:
        raise typer.BadParameter("too many for so few nodes.", param_hint="--edges")
    console.print("making the graph …")
    edge_list = power_law_graph(nodes, edges, seed)
    began = time.perf_counter()
    graph = Adjacency(nodes, edge_list)
    build_s = time.perf_counter() - began
    asked = list(seed_sets(np.flatnonzero(graph.degrees), queries, seed + 1))
    exact = exact_best(nodes, edge_list, asked)
    gc.collect()
    rows = []
    for engine in engines(graph, edge_list, others, _resident, walks):
        row = _measure(engine, asked, exact)
        rows.append(row)
        console.print(
            f"{row['name']}: {row['median_ms']:.1f} ms, overlap {row['top50_overlap']:.3f},"
            f" {row['bytes'] / graph.directed_edges:.1f} bytes per directed edge"
        )
        # The engine's graph leaves memory before the next one is built.
        del engine
    results = {
        "rows": rows,
        "insert": _insert(graph, seed),
        "build_s": build_s,
        "bytes_per_directed_edge": rows[0]["bytes"] / (2 * edges),
        "settings": describe_run(
            command="ppr",
            nodes=nodes,
            edges=edges,
            queries=queries,
            against=against,
            seed=seed,
            device=device,
        ),
    }
    write_results(out, results)


def parse_device(written: str | None) -> DeviceWalks | None:
    """Return the walks of a device; raises ``typer.BadParameter`` where there is none."""
    match written:
        case None:
            return None
        case "cpu" | "cuda":
            try:
                return open_device_walks(written)
            except NoGraphDeviceError as error:
                raise typer.BadParameter(error.message, param_hint="--device") from error
        case _:
            raise typer.BadParameter(f"{written!r}: give cuda or cpu.", param_hint="--device")


def parse_others(written: str) -> list[str]:
    """Return the engines to measure beside ours; raises ``typer.BadParameter``."""
    if written in ("all", "none"):
        return list(OTHERS) if written == "all" else []
    names = [name.strip() for name in written.split(",")]
    if unknown := [name for name in names if name not in OTHERS]:
        raise typer.BadParameter(
            f"{unknown[0]!r}: give all, none, or some of {', '.join(OTHERS)}.",
            param_hint="--against",
        )
    return names


def _measure(engine: Engine, asked: Sequence[Seeds], exact: Sequence[Places]) -> EngineResult:
    engine.ask(asked[0])
    times: list[float] = []
    overlaps: list[float] = []
    for seeds, best in zip(asked, exact, strict=True):
        if len(times) >= _FEW and (engine.few or sum(times) > _MOST_SECONDS):
            break
        began = time.perf_counter()
        found = engine.ask(seeds)
        times.append(time.perf_counter() - began)
        overlaps.append(len(np.intersect1d(found, best)) / BEST)
    return EngineResult(
        name=engine.name,
        median_ms=median(times) * 1000,
        mean_ms=fmean(times) * 1000,
        top50_overlap=fmean(overlaps),
        bytes=engine.nbytes,
        queries=len(times),
    )


def _insert(graph: Adjacency, seed: int) -> InsertResult:
    """Add passages with entities, some of them new, each joined to the passage and the next."""
    draw = np.random.default_rng(seed + 2)
    known, times, count = graph.nodes, [], 0
    for _ in range(_PASSAGES):
        began = time.perf_counter()
        passage = graph.add_nodes(1 + _NEW_ENTITIES)
        old = draw.choice(known, _ENTITIES_OF_A_PASSAGE - _NEW_ENTITIES, replace=False)
        entities = np.concatenate([old, np.arange(passage + 1, passage + 1 + _NEW_ENTITIES)])
        first = np.concatenate([np.full(len(entities), passage), entities[:-1]])
        second = np.concatenate([entities, entities[1:]])
        graph.set_edges(
            EdgeList(first=first, second=second, weights=np.ones(len(first), np.float32))
        )
        times.append(time.perf_counter() - began)
        count = len(first)
    return InsertResult(edges=count, median_ms=median(times) * 1000, max_ms=max(times) * 1000)


def _resident() -> int:
    """Return how many bytes this process holds (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
