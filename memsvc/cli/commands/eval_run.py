"""`memsvc eval run`: ask questions whose answers are known, and measure what comes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Url, time_use_of

if TYPE_CHECKING:
    from memsvc_client import AsyncClient

    from memsvc.cli.evaluation.asking import AskOptions
    from memsvc.cli.evaluation.golden import GoldenCase
    from memsvc.cli.evaluation.results import EvalResult
    from memsvc.cli.evaluation.sets import EvaluationSet

ArmOption = Annotated[
    list[str] | None,
    typer.Option(
        "--arm",
        help="Only this arm: dense, lexical, episode, contiguity, links, graph; repeatable.",
    ),
]
TimesOption = Annotated[
    str | None,
    typer.Option(
        "--times", metavar="ignore|boost|filter", help="What to make of times a question names."
    ),
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="Questions asked at the same time.")
]
GoldenInsteadOption = Annotated[
    Path | None,
    typer.Option(
        "--golden",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Questions to ask instead of the recorded recalls with feedback.",
    ),
]
NewestRecallsOption = Annotated[
    int, typer.Option("--recalls", min=1, help="How many of the newest to look at.")
]
WithText = Annotated[
    bool, typer.Option("--with-text", help="Write questions and quotations into the file.")
]
OutFile = Annotated[
    Path, typer.Option("--out", metavar="FILE", dir_okay=False, help="Where to write it.")
]


def run(  # noqa: PLR0913 — a command's options
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--set",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Folder with queries.jsonl and sessions.jsonl[.gz] or corpus.jsonl[.gz].",
        ),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(
            "--golden", metavar="FILE", exists=True, dir_okay=False, help="Questions of a bank."
        ),
    ] = None,
    bank: Annotated[
        str | None,
        typer.Option(
            "--bank", metavar="BANK", help="Which to ask. A set is loaded into fresh ones without."
        ),
    ] = None,
    out: OutFile,
    label: Annotated[
        str | None, typer.Option("--label", help="What to call the result in comparisons.")
    ] = None,
    k: Annotated[
        int, typer.Option("-k", min=1, max=100, help="How many places of an answer count.")
    ] = 20,
    arms: ArmOption = None,
    times: TimesOption = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Tokens of all memories together.")
    ] = None,
    context: Annotated[
        int | None,
        typer.Option("--context", min=1, metavar="TOKENS", help="Judge contexts of this size."),
    ] = None,
    depth: Annotated[
        int,
        typer.Option(
            "--depth", min=1, max=200, help="Up to which place a memory counts as retrieved."
        ),
    ] = 100,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="So many questions, drawn with --seed.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds draw equal questions.")] = 0,
    workers: WorkersOption = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the fresh banks of a set.")] = False,
    with_text: WithText = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Ask the questions of a set or a golden file, and tell recall, nDCG, MRR and what failed.

    The bank that is asked stays as it is: nothing is recorded, and being a hit is no use.
    """
    from memsvc.cli.evaluation.asking import AskOptions
    from memsvc.cli.evaluation.results import write_file
    from memsvc.cli.output import note, print_json

    read_times = time_use_of(times)
    if (folder is None) == (golden is None):
        raise typer.BadParameter("give --set or --golden, one of them")
    if golden is not None and bank is None:
        raise typer.BadParameter("a golden file is about a bank: name it", param_hint="--bank")
    if context is not None and (budget is not None or read_times is not None):
        raise typer.BadParameter("goes with neither --budget nor --times", param_hint="--context")
    options = AskOptions(
        k=k,
        arms=arms or "all",
        times=read_times,
        budget_tokens=context or budget,
        context=context is not None,
        depth=depth,
        workers=workers,
        with_text=with_text,
    )
    asked = _read_set(folder, limit, seed) if folder else _read_golden(golden, limit, seed)
    result = _measure(asked, bank, options, label or out.stem, keep=keep, url=url)
    write_file(out, result.model_dump_json(indent=1) + "\n")
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    show_result(result)
    note(f"written to {out}")


def _read_set(folder: Path, limit: int | None, seed: int) -> "EvaluationSet":
    from memsvc.cli.evaluation.sets import read_set

    return read_set(folder, limit=limit, seed=seed)


def _read_golden(path: Path | None, limit: int | None, seed: int) -> "tuple[str, list[GoldenCase]]":
    from memsvc.cli.evaluation.golden import read_golden
    from memsvc.cli.evaluation.sets import drawn

    assert path is not None  # noqa: S101 — checked by the command
    return path.name, list(drawn(read_golden(path), limit, seed))


def _measure(
    asked: "EvaluationSet | tuple[str, list[GoldenCase]]",
    bank: str | None,
    options: "AskOptions",
    label: str,
    *,
    keep: bool,
    url: str | None,
) -> "EvalResult":
    from memsvc.cli.connection import ask
    from memsvc.cli.evaluation.running import Evaluation, Progress
    from memsvc.cli.progress import progress_bar
    from memsvc.system_clock import SystemClock

    with progress_bar("load") as loading, progress_bar("ask") as asking:

        async def work(client: "AsyncClient") -> "EvalResult":
            evaluation = Evaluation(
                client=client,
                clock=SystemClock(),
                options=options,
                label=label,
                progress=Progress(loading=loading, asking=asking),
            )
            if isinstance(asked, tuple):
                return await evaluation.of_golden(*asked, str(bank))
            return await evaluation.of_set(asked, bank, keep=keep)

        # Where no service runs, this process does the jobs of loading.
        return ask(url, work, works=not isinstance(asked, tuple))


def show_result(result: "EvalResult") -> None:
    """Print the figures by category, what failed and the times."""
    from memsvc.cli.evaluation.results import skipped_in
    from memsvc.cli.output import print_table, safe

    figures = result.figures
    columns = [*(f"recall@{k}" for k in figures.recall), f"nDCG@{result.k}", "MRR"]
    rows = [("all", figures), *result.by_category.items()]
    print_table(
        ("category", "n", *columns),
        (
            (
                name,
                str(each.n),
                *(_share(value) for value in each.recall.values()),
                _share(each.ndcg[str(result.k)]),
                _share(each.mrr),
            )
            for name, each in rows
        ),
    )
    expected = sum(len(each.ranks) for each in result.questions)
    missed = sum(result.failures.values())
    told = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in result.failures.items())
    typer.echo(f"Of {expected} expected, {missed} did not come: {told}.")
    if (misled := figures.misled[str(result.k)]) is not None:
        typer.echo(f"Misleading memories came in {misled:.1%} of the questions that name some.")
    for (arm, reason), count in skipped_in(result.questions).most_common():
        typer.echo(safe(f"The {arm} arm had no part in {count} answers: {reason}"))
    waited = result.waited_ms
    if waited.p50 is not None and waited.p95 is not None:
        typer.echo(f"Time: p50 {waited.p50:.1f} ms, p95 {waited.p95:.1f} ms.")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f}"
