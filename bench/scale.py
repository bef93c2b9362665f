"""``python -m bench scale``: how long a recall takes among many memories, or many banks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict

import typer
from memsvc_client import Bank
from rich.table import Table

from bench.latency import Latency, time_recall, time_recalls
from bench.metrics import Percentiles, percentiles
from bench.options import (
    ApiKeyOption,
    Arms,
    KeepOption,
    OutOption,
    SeedOption,
    UrlOption,
    parse_arms,
    refuse_useless_keep,
)
from bench.progress import console, progress
from bench.results import describe_run, write_results
from bench.service import MeasuredService, ServiceOptions, measured_service
from bench.stored import Stock, draw, make_banks, prepare_vectors, store
from bench.texts import TextSource, read_vocabulary

_DEFAULT_CHOICES = ["dense", "all"]

ArmChoicesOption = Annotated[
    list[str],
    typer.Option("--arms", help="Which arms take part; given several times, each is measured."),
]
PrecomputedOption = Annotated[
    bool,
    typer.Option(
        "--precomputed",
        help="Store generated vectors past the API, which takes minutes instead of hours.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What is stored, and how it is asked."""

    memories: int
    banks: int
    queries: int
    k: int
    seed: int
    is_precomputed: bool

    @property
    def memories_per_bank(self) -> int:
        """Equally many in each."""
        return self.memories // self.banks


class ScaleResult(TypedDict):
    """What one run has measured."""

    memories: int
    banks: int
    fill_per_s: float
    """Memories stored per second, past the API if precomputed."""
    first_recall_ms: Percentiles
    """On the server and without embedding: a bank's first recall, which loads its index."""
    arms: dict[str, Latency]
    """By choice of arms; banks are in memory."""
    resident_mib: float | None
    """Memory of the service at the end, without the database; of a service started here."""


def scale(  # noqa: PLR0913 — one parameter per option
    *,
    memories: Annotated[int, typer.Option(min=1, help="In all banks together.")] = 100_000,
    banks: Annotated[int, typer.Option(min=1, help="Over which they are spread.")] = 1,
    out: OutOption,
    arms: ArmChoicesOption = _DEFAULT_CHOICES,
    queries: Annotated[int, typer.Option(min=1, help="Timed questions per choice.")] = 300,
    k: Annotated[int, typer.Option(min=1, max=200, help="Hits per question.")] = 10,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    seed: SeedOption = 0,
    precomputed: PrecomputedOption = False,
    keep: KeepOption = False,
) -> None:
    """Store generated memories and time recalls among them, one client, stage by stage."""
    refuse_useless_keep(url, keep=keep)
    if precomputed and url is not None:
        raise typer.BadParameter(
            "writes to the database of a service started here: leave out --url.",
            param_hint="--precomputed",
        )
    if banks > memories:
        raise typer.BadParameter("there are fewer memories than banks.", param_hint="--banks")
    choices = {choice: parse_arms(choice) for choice in arms}
    wanted = Scale(
        memories=memories,
        banks=banks,
        queries=queries,
        k=k,
        seed=seed,
        is_precomputed=precomputed,
    )
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        described = service.describe()
        result = _measure(service, wanted, choices)
    settings = describe_run(
        command="scale",
        arms=list(choices),
        queries=queries,
        k=k,
        seed=seed,
        precomputed=precomputed,
        service=described,
    )
    write_results(out, {"scale": result, "settings": settings})
    console.print(_table_of(result))
    console.print(
        f"stored {result['fill_per_s']:.0f} per second;"
        f" first recall of a bank {result['first_recall_ms']['p50']:.0f} ms (p50)"
    )


def _measure(service: MeasuredService, wanted: Scale, choices: dict[str, Arms]) -> ScaleResult:
    texts = TextSource(read_vocabulary(), wanted.seed)
    banks = make_banks(service, "scale", wanted.banks)
    total = wanted.memories_per_bank * wanted.banks
    vectors = None
    if wanted.is_precomputed:
        vectors = prepare_vectors(service, banks[0], total, wanted.seed)
    stock = Stock(texts=texts, vectors=vectors)
    fill_per_s = store(service, banks, wanted.memories_per_bank, stock)
    asked = draw(banks, texts.questions(wanted.queries), wanted.seed)
    first = _first_recalls(asked, wanted.k)
    latencies = {}
    for choice, arms in choices.items():
        with progress(f"ask: {choice}", len(asked)) as advance:
            latencies[choice] = time_recalls(asked, k=wanted.k, arms=arms, on_asked=advance)
    return ScaleResult(
        memories=total,
        banks=wanted.banks,
        fill_per_s=fill_per_s,
        first_recall_ms=first,
        arms=latencies,
        resident_mib=None if service.own is None else service.own.resident_mib(),
    )


def _first_recalls(asked: Sequence[tuple[Bank, str]], k: int) -> Percentiles:
    """Ask each bank once: afterwards all of them are in memory."""
    first = {bank.reference: (bank, question) for bank, question in asked}
    with progress("first recalls", len(first)) as advance:
        times = []
        for bank, question in first.values():
            times.append(time_recall(bank, question, k=k, arms="all").without_embedding_ms)
            advance(1)
    return percentiles(times)


def _table_of(result: ScaleResult) -> Table:
    table = Table("arms", "ms", "p50", "p95")
    for choice, latency in result["arms"].items():
        rows = {
            "server without embedding": latency["without_embedding_ms"],
            "server, embedding for free": latency["with_free_embedding_ms"],
            **latency["stages_ms"],
            **{f"arm {arm}": times for arm, times in latency["arms_ms"].items()},
            "HTTP": latency["http_ms"],
        }
        for name, times in rows.items():
            table.add_row(choice, name, *(f"{times[p] or 0:.2f}" for p in ("p50", "p95")))
        table.add_section()
    return table
