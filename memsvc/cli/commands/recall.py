"""`memsvc recall`: ask a bank."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

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
    SessionId,
    Sift,
    Times,
    Url,
    UserId,
    Zone,
    grain_of,
    json_object,
    mode_of,
    time,
    time_use_of,
    walk_mode_of,
)

if TYPE_CHECKING:
    from memsvc_client import Filter

_ALL_SPEAKERS = "Only what this one said; may be repeated."


def recall(  # noqa: PLR0913 — a command's options
    bank: Bank,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to look for.")],
    *,
    k: Annotated[
        int | None,
        typer.Option("-k", min=1, max=200, help="How many memories at most; 10 unless given."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="ranked|auto",
            help="auto: everything, as it happened, if it fits --budget and -k is not given.",
        ),
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            "--arm",
            help="Only this arm: dense, lexical, episode, contiguity, links, graph; repeatable.",
        ),
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Tokens of all memories together.")
    ] = None,
    neighbours: Annotated[
        int,
        typer.Option(
            "--neighbours", min=0, max=50, help="Memories linked to these, shown beside them."
        ),
    ] = 0,
    turns_before: Annotated[
        int,
        typer.Option(
            "--turns-before", min=0, max=10, help="Also show what stands before each hit."
        ),
    ] = 0,
    turns_after: Annotated[
        int,
        typer.Option("--turns-after", min=0, max=10, help="Also show what stands after each hit."),
    ] = 0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each arm did and what was left out.")
    ] = False,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only of this kind; may be repeated.")
    ] = None,
    speakers: Annotated[list[str] | None, typer.Option("--speaker", help=_ALL_SPEAKERS)] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", help="In this state instead of active; may be repeated."),
    ] = None,
    user: UserId = None,
    agent: AgentId = None,
    session: SessionId = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Only from this episode or feed.")
    ] = None,
    after: Annotated[
        datetime | None,
        typer.Option("--after", parser=time, metavar="TIME", help="Happened then or later."),
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option("--before", parser=time, metavar="TIME", help="Happened before then."),
    ] = None,
    where: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--where",
            parser=json_object,
            metavar="JSON",
            help='Condition on metadata, such as {"key": "lang", "op": "eq", "value": "de"}.',
        ),
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option(
            "--now",
            parser=time,
            metavar="TIME",
            help="Leave out what has expired then; else now.",
        ),
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
    walk: Annotated[
        str | None,
        typer.Option(
            "--walk",
            metavar="hits|entities|facts|episodes",
            help="How the graph arm looks for memories; as the service is set by default.",
        ),
    ] = None,
    answerable: Answerable = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Recall the memories that bear on a question, best first."""
    from memsvc_client import Condition, Filter

    from memsvc.cli.answers import show_recall
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    narrowing = Filter(
        kinds=kinds or None,
        speakers=speakers or None,
        states=states or None,
        user_id=user,
        agent_id=agent,
        session_id=session,
        source=source,
        occurred_after=after,
        occurred_before=before,
        metadata=None if where is None else Condition(where),
    )
    answered_by = mode_of(mode)
    read_times, walk_mode = time_use_of(times), walk_mode_of(walk)
    wanted_grain = grain_of(grain)
    found = ask(
        url,
        lambda client: client.bank(bank).recall(
            question,
            k=k,
            mode=answered_by,
            filter=_if_any(narrowing),
            arms=arms or None,
            budget_tokens=budget,
            now=now,
            as_of=as_of,
            known_at=known_at,
            timezone=zone,
            times=read_times,
            walk=walk_mode,
            neighbours=neighbours or None,
            neighbours_before=turns_before or None,
            neighbours_after=turns_after or None,
            explain=explain,
            grain=wanted_grain,
            diversity=diversity,
            rewrite=rewrite or None,
            iterate=iterate or None,
            rerank=rerank or None,
            sift=sift or None,
            answerable=answerable or None,
        ),
    )
    print_record(found, as_json=as_json, show=lambda each: show_recall(each, explain=explain))


def _if_any(narrowing: "Filter") -> "Filter | None":
    return narrowing if narrowing.to_json() else None
