"""`memsvc consolidate`: organise a bank now, stage by stage."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, Job

    from memsvc.cli.consolidating import Consolidated


def consolidate(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    stages: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Only this stage, such as organise; may be repeated."),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Also what could not be organised before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what there is to do.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show progress.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make linked notes of what a bank remembers.

    Every step is stored as it is done: stop it when you like, and go on with the same command.
    What it does can be looked at and undone with `memsvc operations`.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.consolidating import show_outcome, show_plan, watched
    from memsvc.cli.output import print_record

    if dry_run:
        print_record(
            ask(url, lambda client: client.bank(bank).consolidation()),
            as_json=as_json,
            show=lambda plan: show_plan(plan, stages),
        )
        return

    async def run(client: "AsyncClient") -> "Consolidated":
        job: Job = await client.bank(bank).consolidate(stages=stages or None, retry_set_aside=retry)
        return await watched(client, bank, job, wait=wait)

    show_outcome(ask(url, run, works=wait), as_json=as_json, wait=wait)
