"""``python -m bench index``: our similarity index beside others, on the same vectors."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from bench.machine import usable_cores
from bench.options import OutOption, SeedOption
from bench.progress import console
from bench.results import describe_run, write_results
from bench.similarity.arrays import PRACTICE, ExpandedVectors, RandomVectors, Recipe, write_arrays
from bench.similarity.encoded import encode_texts
from bench.similarity.rows import Row
from bench.similarity.running import run_system
from bench.similarity.sizes import Sizes
from bench.similarity.systems import OURS, PEERS, SERVER
from bench.similarity.worker import Orders

Data: TypeAlias = Literal["text", "random"]

_EVERY_PEER = list(PEERS)
_INTERRUPTED = 130

PeersOption = Annotated[
    list[str],
    typer.Option("--peer", help="Which to compare with; given several times; or `none`."),
]


def index(  # noqa: PLR0913 — one parameter per option
    *,
    vectors: Annotated[int, typer.Option(min=1, help="In all partitions together.")] = 100_000,
    dim: Annotated[int, typer.Option(min=1, help="Components of a vector.")] = 384,
    partitions: Annotated[int, typer.Option(min=1, help="Over which they are spread.")] = 100,
    backend: Annotated[str, typer.Option(help="Of our index.")] = "faiss_cpu",
    out: OutOption,
    sizes: Annotated[Sizes, typer.Option(help="Of the partitions.")] = "equal",
    data: Annotated[Data, typer.Option(help="Vectors of texts, or of no structure.")] = "text",
    texts: Annotated[int, typer.Option(min=2, help="Texts encoded for --data text.")] = 10_000,
    queries: Annotated[int, typer.Option(min=1, help="None of them is in the index.")] = 1_000,
    seed: SeedOption = 0,
    peer: PeersOption = _EVERY_PEER,
    threads: Annotated[int, typer.Option(min=1, help="For searching.")] = 1,
    build_threads: Annotated[
        int | None, typer.Option(min=1, help="For building; without it every core.")
    ] = None,
    peer_timeout: Annotated[
        float, typer.Option(min=1, help="Seconds each system may take.")
    ] = 1800,
    row_budget: Annotated[
        float, typer.Option(min=0.1, help="Seconds that queries of one row may take.")
    ] = 20,
    ops: Annotated[bool, typer.Option("--ops", help="Time changes and snapshots too.")] = False,
    server: Annotated[bool, typer.Option("--server", help="A row for the index server.")] = False,
) -> None:
    """Build our index and its peers from the same vectors; time them and count what they find."""
    if partitions > vectors:
        raise typer.BadParameter(
            "there are fewer vectors than partitions.", param_hint="--partitions"
        )
    peers = [] if peer == ["none"] else peer
    if unknown := [each for each in peers if each not in PEERS]:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: give none, or some of {', '.join(PEERS)}.", param_hint="--peer"
        )
    recipe = Recipe(
        vectors=vectors,
        dimension=dim,
        partitions=partitions,
        sizes=sizes,
        queries=queries,
        seed=seed,
    )
    build_threads = build_threads or usable_cores()
    settings = describe_run(
        command="index",
        vectors=vectors,
        dim=dim,
        partitions=partitions,
        sizes=sizes,
        backend=backend,
        data=data,
        texts=texts if data == "text" else None,
        queries=queries,
        seed=seed,
        threads=threads,
        build_threads=build_threads,
        peer_timeout_s=peer_timeout,
        row_budget_s=row_budget,
    )
    rows: list[Row] = []

    def on_row(row: Row) -> None:
        console.print(told(row), soft_wrap=True)
        rows.append(row)
        write_results(out, {"rows": rows, "settings": settings})

    with tempfile.TemporaryDirectory(prefix="memsvc-bench-") as folder:
        write_arrays(Path(folder), recipe, _source(recipe, data, texts))
        orders = Orders(
            system=OURS,
            folder=folder,
            backend=backend,
            threads=threads,
            build_threads=build_threads,
            budget_s=row_budget,
            wants_operations=ops,
        )
        systems = [OURS, *([SERVER] if server else []), *peers]
        is_whole = _run(systems, orders, peer_timeout, on_row)
    if not is_whole:
        write_results(out, {"rows": rows, "settings": settings | {"interrupted": True}})
        raise typer.Exit(_INTERRUPTED)


def _source(recipe: Recipe, data: Data, texts: int) -> RandomVectors | ExpandedVectors:
    if data == "random":
        return RandomVectors(recipe.dimension)
    questions = recipe.queries + PRACTICE
    return encode_texts(
        min(texts, max(2, recipe.vectors)), questions, recipe.dimension, recipe.seed
    )


def _run(
    systems: Sequence[str], orders: Orders, timeout_s: float, on_row: Callable[[Row], None]
) -> bool:
    """Measure the systems in turn; tells whether nobody stopped it before the end."""
    try:
        for system in systems:
            console.print(f"{system} …")
            run_system({**orders, "system": system}, timeout_s, on_row)
    except KeyboardInterrupt:
        console.print("Stopped; what is finished is kept.")
        return False
    return True


def told(row: Row) -> str:
    """Return a row in one line."""
    if "reason" in row:
        return f"  {row['name']}: {row['reason']}"
    single_ms = row["single_ms"]
    return (
        f"  {row['name']}: built in {row['build_s']:.1f} s, {row['bytes'] / 2**20:.0f} MiB;"
        f" single {single_ms['p50']:.3f} ms (p95 {single_ms['p95']:.3f}),"
        f" {row['qps']:.0f} queries/s, recall@10 {row['recall_at_10']:.4f}"
    )
