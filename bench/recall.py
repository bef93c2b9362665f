"""``python -m bench recall``: what a recall takes as a whole, by stage, alone and under load."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer
from memsvc_client import Bank
from rich.table import Table

from bench.cpu_times import wait_until_quiet
from bench.errors import BenchError
from bench.load import Call, ask_together, ask_until_loaded
from bench.loading import write_corpus
from bench.options import (
    ApiKeyOption,
    Arms,
    ArmsOption,
    KeepOption,
    OutOption,
    SeedOption,
    UrlOption,
    parse_arms,
    refuse_useless_keep,
)
from bench.peers.comparison import Comparison, compare
from bench.peers.running import PEERS
from bench.progress import console, progress
from bench.recall_rows import Question, RecallRow, RowPlan, measure_row
from bench.results import describe_run, write_results
from bench.service import MeasuredService, ServiceOptions, measured_service
from bench.stored import Stock, draw, make_banks, prepare_vectors, store
from bench.texts import TextSource, read_vocabulary
from memsvc.cli.evaluation.corpora import count_memories
from memsvc.cli.evaluation.sets import EvaluationSet, read_set

_NAMES_PER_TURN = 2.0
_PRACTICE = 64
"""Questions asked before those that count: approximate structures learn from them."""
_ASKED_PER_ROW = 300

MemoriesOption = Annotated[
    list[int],
    typer.Option("--memories", min=1, help="In all banks together; several sizes may be given."),
]
ClientsOption = Annotated[
    list[int],
    typer.Option("--clients", min=1, max=256, help="Asking at a time; several may be given."),
]
DataOption = Annotated[
    str,
    typer.Option(
        help="`generated`, or the folder of an evaluation set: its conversations are stored among"
        " the generated memories, and its questions are asked, whose answers are known."
    ),
]
EmbedOption = Annotated[
    bool,
    typer.Option("--embed", help="Encode generated texts too: hours, not minutes."),
]


PeersOption = Annotated[
    list[str],
    typer.Option("--peer", help="Another library, measured beside ours in this process's way."),
]
PeerMemoriesOption = Annotated[
    int | None,
    typer.Option(min=100, help="Memories of that comparison; as many as above unless given."),
]
PeerDataOption = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="A set for its recall@10, as LoCoMo."),
]
PeerBudgetOption = Annotated[
    float,
    typer.Option(min=1, help="Seconds that adding with given vectors may take each library."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallPlan:
    """What is stored and how it is asked."""

    memories: Sequence[int]
    """Ascending."""
    banks: int
    clients: Sequence[int]
    arms: Arms
    queries: int
    runs: int
    k: int
    seed: int
    data: EvaluationSet | None
    """``None`` for generated memories alone."""
    embeds: bool

    @property
    def set_size(self) -> int:
        """How many of the memories are the evaluation set's."""
        corpora = () if self.data is None else self.data.corpora.values()
        return sum(count_memories(corpus) for corpus in corpora)


def recall(  # noqa: PLR0913 — one parameter per option
    *,
    memories: MemoriesOption = [100_000],  # noqa: B006 — read, never changed
    banks: Annotated[int, typer.Option(min=1, help="Over which they are spread.")] = 1,
    clients: ClientsOption = [1, 8],  # noqa: B006 — read, never changed
    out: OutOption,
    data: DataOption = "generated",
    arms: ArmsOption = "all",
    queries: Annotated[int, typer.Option(min=1, help="Asked in each run.")] = _ASKED_PER_ROW,
    runs: Annotated[int, typer.Option(min=1, help="A row tells their medians.")] = 3,
    k: Annotated[int, typer.Option(min=1, max=200, help="Hits per question.")] = 10,
    embed: EmbedOption = False,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    seed: SeedOption = 0,
    keep: KeepOption = False,
    peer: PeersOption = [],  # noqa: B006 — read, never changed
    peer_memories: PeerMemoriesOption = None,
    peer_data: PeerDataOption = None,
    peer_budget: PeerBudgetOption = 1800.0,
) -> None:
    """Time whole recalls through HTTP, alone and under load, by stage and by processor time."""
    refuse_useless_keep(url, keep=keep)
    if unknown := [each for each in peer if each not in PEERS]:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: give some of {', '.join(PEERS)}.", param_hint="--peer"
        )
    plan = RecallPlan(
        memories=sorted(set(memories)),
        banks=banks,
        clients=sorted(set(clients)),
        arms=parse_arms(arms),
        queries=queries,
        runs=runs,
        k=k,
        seed=seed,
        data=None if data == "generated" else _read_data(Path(data)),
        # Only a database that we have started can be written to past the API.
        embeds=embed or url is not None,
    )
    _refuse_too_few(plan)
    settings: dict[str, object] = {}
    rows: list[RecallRow] = []
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        settings = describe_run(
            command="recall",
            load_average=os.getloadavg(),
            data="generated" if plan.data is None else plan.data.name,
            arms=plan.arms,
            queries=queries,
            runs=runs,
            k=k,
            seed=seed,
            precomputed=not plan.embeds,
            service=service.describe(),
        )
        for row in _measure(service, plan):
            rows.append(row)
            write_results(out, {"rows": rows, "peers": [], "settings": settings})
    console.print(_table_of(rows))
    if peer:
        found = compare(
            peer,
            Comparison(
                memories=peer_memories or plan.memories[-1],
                queries=queries,
                seed=seed,
                data=peer_data,
                add_budget_s=peer_budget,
            ),
        )
        write_results(out, {"rows": rows, **found, "settings": settings})


def _read_data(folder: Path) -> EvaluationSet:
    if not folder.is_dir():
        raise typer.BadParameter("give `generated` or the folder of a set.", param_hint="--data")
    return read_set(folder)


def _refuse_too_few(plan: RecallPlan) -> None:
    least = max(plan.banks, plan.set_size)
    if plan.memories[0] < least:
        raise typer.BadParameter(f"it takes {least} at least.", param_hint="--memories")


@dataclass(slots=True)
class _Stocked:
    """The banks, and what is in them by now."""

    banks: Sequence[Bank]
    stock: Stock
    asked_of: dict[str, Bank] = field(default_factory=dict)
    """The bank of each conversation of the evaluation set."""
    held: int = 0


def _measure(service: MeasuredService, plan: RecallPlan) -> Iterator[RecallRow]:
    """Fill the banks to one size after the other, and measure each with every number of clients."""
    stocked = _stock(service, plan)
    for size in plan.memories:
        more = (size - stocked.held) // plan.banks
        if more:
            stored_per_s = store(service, stocked.banks, more, stocked.stock)
            stocked.held += more * plan.banks
            console.print(f"stored {stored_per_s:.0f} per second")
        questions = _questions(stocked, plan)
        _warm_up(service, stocked.banks, questions)
        for clients in plan.clients:
            row = RowPlan(
                name=f"{stocked.held:,} memories, {plan.banks} banks, {clients} clients",
                memories=stocked.held,
                banks=plan.banks,
                clients=clients,
                runs=plan.runs,
            )
            with progress(f"ask: {row.name}", plan.runs * len(questions)) as advance:
                yield measure_row(service, row, questions, advance)


def _stock(service: MeasuredService, plan: RecallPlan) -> _Stocked:
    """Make the banks, with the evaluation set's conversations in them, one after the other."""
    banks = make_banks(service, "recall", plan.banks)
    texts = TextSource(read_vocabulary(), plan.seed, names=_NAMES_PER_TURN)
    vectors = None
    if not plan.embeds:
        vectors = prepare_vectors(service, banks[0], plan.memories[-1], plan.seed)
    stocked = _Stocked(banks=banks, stock=Stock(texts=texts, vectors=vectors))
    if plan.data is not None:
        with progress("store the set", plan.set_size) as advance:
            for (name, corpus), bank in zip(plan.data.corpora.items(), cycle(banks), strict=False):
                stocked.held += write_corpus(bank, corpus, advance)
                stocked.asked_of[name] = bank
        for bank in banks:
            service.client.wait_for_jobs(bank.reference, timeout_s=3600.0)
    return stocked


def _questions(stocked: _Stocked, plan: RecallPlan) -> list[Question]:
    """Return the questions of a run, the same ones for every number of clients."""
    options = {"k": plan.k, "arms": plan.arms}
    if plan.data is None:
        asked = draw(stocked.banks, stocked.stock.texts.questions(plan.queries), plan.seed)
        return [Question(call=Call.of(str(b.reference), text, **options)) for b, text in asked]
    known = [each for each in plan.data.questions if each.gold]
    if not known:
        raise BenchError(f"{plan.data.name} has no question whose answer is known.")
    return [
        Question(
            call=Call.of(
                str(stocked.asked_of[each.corpus].reference),
                each.text,
                **options,
                **({} if each.asked_at is None else {"now": each.asked_at.isoformat()}),
            ),
            unit=each.unit,
            gold=each.gold,
        )
        for each in islice(cycle(known), plan.queries)
    ]


def _warm_up(
    service: MeasuredService, banks: Sequence[Bank], questions: Sequence[Question]
) -> None:
    """Have every bank loaded, its structures built and measured, and nothing going on."""
    asked = [each.call for each in questions]
    first = {call.bank: call for call in asked}.values()
    console.print(f"Loading {len(banks)} banks …")
    ask_until_loaded(service.url, [*first], api_key=service.api_key)
    ask_together(service.url, asked[:_PRACTICE], clients=1, api_key=service.api_key)
    if service.own is not None and not wait_until_quiet(service.own):
        console.print("The service did not come to rest: other work is in the figures.")
    ask_together(service.url, asked[:_PRACTICE], clients=2, api_key=service.api_key)


def _table_of(rows: Sequence[RecallRow]) -> Table:
    table = Table("memories", "clients", "p50 ms", "p95 ms", "per s", "cpu ms", "lag p99 ms")
    for row in rows:
        cpu = row["cpu_ms"]
        spent = [cpu["service"], cpu["database"], cpu["load"]]
        table.add_row(
            f"{row['memories']:,}",
            str(row["clients"]),
            f"{row['p50_ms']:.1f}",
            f"{row['p95_ms']:.1f}",
            f"{row['qps']:.1f}",
            " + ".join("?" if each is None else f"{each:.1f}" for each in spent),
            "?" if (lag := row["loop_lag_ms"]["p99"]) is None else f"{lag:.1f}",
        )
    return table
