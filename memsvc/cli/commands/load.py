"""`memsvc load`: remember a whole file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Create, Url, Zone

if TYPE_CHECKING:
    from memsvc.cli.batching import LoadPlan
    from memsvc.cli.loading import Contents, Outcome


def load(  # noqa: PLR0913 — a command's options
    path: Annotated[Path, typer.Argument(metavar="PATH", help="File or folder.", exists=True)],
    *,
    file_format: Annotated[
        str,
        typer.Option("--format", metavar="messages|sessions|passages", help="What it holds."),
    ],
    bank: Annotated[str, typer.Option("--bank", metavar="NAME", help="Where to.")],
    by_conversation: Annotated[
        bool,
        typer.Option(
            "--bank-per-conversation", help="A bank NAME.CONVERSATION for each conversation."
        ),
    ] = False,
    create: Create = False,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Name of the feed of messages or passages; else the file's."),
    ] = None,
    zone: Zone = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=1000, help="Messages or passages a request.")
    ] = 200,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first so many lines.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check it.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Remember a file: messages, the sessions of conversations, or passages.

    Times that name no zone are in --timezone, else in UTC. Ids of the file make it repeatable:
    after an interruption the same command goes on, and what is there already stays as it is.
    """
    from zoneinfo import ZoneInfo

    from memsvc.cli.batching import Format, LoadPlan
    from memsvc.cli.loading import survey

    if file_format not in tuple(Format):
        raise typer.BadParameter(f"there is no format {file_format!r}", param_hint="--format")
    if by_conversation and file_format != Format.SESSIONS:
        raise typer.BadParameter("only sessions have conversations", param_hint="--format")
    plan = LoadPlan(
        path=path,
        format=Format(file_format),
        zone=ZoneInfo(zone or "UTC"),
        source=source or path.name.partition(".")[0],
        batch=batch,
        limit=limit,
        by_conversation=by_conversation,
    )
    contents = survey(plan)
    if dry_run:
        _show_contents(contents, as_json=as_json)
    else:
        outcome = _load(plan, contents, bank=bank, create=create, url=url)
        _show_outcome(outcome, as_json=as_json)


def _load(
    plan: "LoadPlan", contents: "Contents", *, bank: str, create: bool, url: str | None
) -> "Outcome":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from memsvc.cli.connection import ask
    from memsvc.cli.loading import Loader
    from memsvc.cli.output import notes

    console = notes()
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task(str(plan.format), total=contents.items, rate=0.0)

        def advance(count: int) -> None:
            progress.update(task, advance=count, rate=progress.tasks[0].speed or 0.0)

        return ask(
            url,
            lambda client: Loader(client=client, bank=bank, create=create, advance=advance).load(
                plan
            ),
        )


def _show_contents(contents: "Contents", *, as_json: bool) -> None:
    from memsvc.cli.output import moment, print_fields, print_json

    if as_json:
        print_json(contents.as_json())
        return
    print_fields(
        (
            ("items", str(contents.items)),
            ("conversations", str(len(contents.conversations))),
            ("first", moment(contents.first)),
            ("last", moment(contents.last)),
        )
    )


def _show_outcome(outcome: "Outcome", *, as_json: bool) -> None:
    from memsvc.cli.output import note, print_json

    if as_json:
        print_json(outcome.as_json())
        return
    statuses = ", ".join(f"{number} {status}" for status, number in outcome.statuses.items())
    banks = f"{len(outcome.banks)} banks" if len(outcome.banks) > 1 else "".join(outcome.banks)
    typer.echo(
        f"{outcome.items} in {banks}: {statuses or 'nothing to do'};"
        f" {outcome.seconds:.1f} s, {outcome.per_second:.0f} a second."
    )
    if not outcome.embedded:
        note("The embedding model is away: found by their words now, by meaning when it is back.")
