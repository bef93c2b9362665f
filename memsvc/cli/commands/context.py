"""`memsvc context`: what to put into a prompt before a question."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import (
    AgentId,
    Answerable,
    AsJson,
    AsOf,
    Bank,
    Diversity,
    Grain,
    Iterate,
    KnownAt,
    Rerank,
    Rewrite,
    Sift,
    Times,
    Url,
    UserId,
    Zone,
    grain_of,
    mode_of,
    time,
    time_use_of,
)

if TYPE_CHECKING:
    from memsvc_client import Context


def context(  # noqa: PLR0913 — a command's options
    bank: Bank,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What is to be answered.")],
    *,
    budget: Annotated[
        int, typer.Option("--budget", min=1, help="Tokens of the whole text at most.")
    ] = 2000,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="auto|ranked",
            help="auto, unless given: everything, as it happened, if it fits.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many hits at most.")] = 20,
    neighbours: Annotated[
        int, typer.Option("--neighbours", min=0, max=10, help="Before and after each hit.")
    ] = 2,
    session: Annotated[
        str | None,
        typer.Option("--session", metavar="ID", help="Also show this session's latest turns."),
    ] = None,
    recent: Annotated[
        int, typer.Option("--recent", min=0, max=200, help="How many of its turns.")
    ] = 6,
    user: UserId = None,
    agent: AgentId = None,
    now: Annotated[
        datetime | None,
        typer.Option("--now", parser=time, metavar="TIME", help="Answer as of then; else now."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    zone: Zone = None,
    times: Times = None,
    grain: Grain = None,
    diversity: Diversity = None,
    rewrite: Rewrite = False,
    iterate: Iterate = False,
    rerank: Rerank = False,
    sift: Sift = False,
    answerable: Answerable = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print what a model should read before it answers a question: a block for its prompt."""
    from memsvc_client import Filter

    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    answered_by, read_times = mode_of(mode), time_use_of(times)
    wanted_grain = grain_of(grain)
    is_narrowed = user is not None or agent is not None
    composed = ask(
        url,
        lambda client: client.bank(bank).context(
            question,
            budget_tokens=budget,
            mode=answered_by,
            k=k,
            neighbours=neighbours,
            session_id=session,
            recent=recent,
            filter=Filter(user_id=user, agent_id=agent) if is_narrowed else None,
            now=now,
            as_of=as_of,
            known_at=known_at,
            timezone=zone,
            times=read_times,
            grain=wanted_grain,
            diversity=diversity,
            rewrite=rewrite or None,
            iterate=iterate or None,
            rerank=rerank or None,
            sift=sift or None,
            answerable=answerable or None,
        ),
    )
    print_record(composed, as_json=as_json, show=_show)


def _show(composed: "Context") -> None:
    """Print the text alone, so that it can be piped; what it cost goes to the error stream."""
    from memsvc.cli.answers import (
        answerable_line,
        elapsed_line,
        grain_line,
        model_calls_line,
        stage_failures,
    )
    from memsvc.cli.output import note, safe

    typer.echo(safe(composed.text))
    left_out = f", {composed.left_out} left out" if composed.left_out else ""
    note(
        f"{composed.mode}: {len(composed.citations)} memories{left_out};"
        f" {composed.total_tokens} of {composed.budget_tokens} tokens ({composed.tokenizer}),"
        f" {composed.took_ms.get('total', 0.0):.0f} ms"
    )
    if composed.model_calls.calls:
        note(model_calls_line(composed.model_calls))
    if composed.grain is not None:
        note(grain_line(composed.grain))
    if composed.elapsed is not None:
        note(elapsed_line(composed.elapsed))
    if composed.answerable is not None:
        note(answerable_line(composed.answerable))
    for arm, report in composed.arms.items():
        if report.status == "failed":
            note(f"The {arm} arm failed: {report.reason or 'no reason given'}")
    for line in stage_failures(composed):
        note(line)
