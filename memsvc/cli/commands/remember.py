"""`memsvc remember`: write down single texts."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import (
    AgentId,
    AsJson,
    Bank,
    Create,
    Metadata,
    SessionId,
    Url,
    UserId,
    Zone,
    time,
)

if TYPE_CHECKING:
    from memsvc_client import BatchResult


def remember(  # noqa: PLR0913 — a command's options
    bank: Bank,
    texts: Annotated[
        list[str],
        typer.Argument(metavar="TEXT…", help="What to remember; - reads standard input."),
    ],
    *,
    speaker: Annotated[str | None, typer.Option("--speaker", help="Who said it.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", parser=time, metavar="TIME", help="When it happened; else now."),
    ] = None,
    zone: Zone = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="What it is; else an observation.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Name of the feed it comes from.")
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            "--external-id", metavar="ID", help="Your own id; the same id, a new version."
        ),
    ] = None,
    user: UserId = None,
    agent: AgentId = None,
    session: SessionId = None,
    metadata: Metadata = None,
    create: Create = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Remember texts, each as one memory; they can be recalled when this returns."""
    from memsvc_client import NewMemory

    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    if external_id is not None and len(texts) > 1:
        raise typer.BadParameter("an --external-id names one text")
    memories = [
        NewMemory(
            text=text,
            kind=kind,
            speaker=speaker,
            source=source,
            external_id=external_id,
            occurred_at=at,
            timezone=zone,
            user_id=user,
            agent_id=agent,
            session_id=session,
            metadata=metadata,
        )
        for text in _read(texts)
    ]
    written = ask(url, lambda client: client.bank(bank).add_memories(memories, create=create))
    print_record(written, as_json=as_json, show=_show)


def _read(texts: Sequence[str]) -> list[str]:
    return [sys.stdin.read().strip() if text == "-" else text for text in texts]


def _show(written: "BatchResult") -> None:
    from memsvc.cli.output import note

    for each in written.results:
        typer.echo(f"{each.status}  {each.id}  version {each.version}")
    if not written.embedded:
        note("The embedding model is away: found by their words now, by meaning when it is back.")
