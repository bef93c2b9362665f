"""`memsvc summaries`: what sessions, days and all of them come down to."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memsvc_client import AsyncClient, Summary


def summaries(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only those of session, day or all.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only this user's.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only this session's.")] = None,
    state: Annotated[
        str, typer.Option("--state", help="active, or superseded for former ones.")
    ] = "active",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List summaries, newest first; `memsvc consolidate` makes and renews them."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_json

    async def read(client: "AsyncClient") -> "Sequence[Summary]":
        listed = client.bank(bank).summaries(
            kind=kind, state=state, user_id=user, session_id=session
        )
        return await collect(listed, limit=limit)

    found = ask(url, read)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    _show(found)


def _show(found: "Sequence[Summary]") -> None:
    from memsvc.cli.output import note, print_table

    print_table(
        ("kind", "of", "covers", "up to date", "memory", "text"),
        (
            (
                each.kind,
                " ".join(filter(None, (each.user_id, each.session_id))),
                f"{each.covers_from.date()} to {each.covers_to.date()}",
                "no" if each.stale else "yes",
                str(each.memory_id),
                each.text,
            )
            for each in found
        ),
    )
    if any(each.stale for each in found):
        note("`memsvc consolidate BANK --stage summarise` renews those that are not up to date.")
