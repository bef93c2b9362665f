"""`memsvc think`: make, forget and merge thoughts of a bank."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, Job

    from memsvc.cli.consolidating import Consolidated

_STAGE = ["think"]


def think(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    steps: Annotated[
        list[str] | None,
        typer.Option("--step", help="Only this of insert, forget, merge; may be repeated."),
    ] = None,
    memories: Annotated[
        list[str] | None,
        typer.Option("--memory", help="Make thoughts of this memory only; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how much there is to look at.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show progress.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make thoughts of what a bank remembers, forget what is contradicted, merge what lists.

    Each is an operation: `memsvc operations` shows and undoes it. The thoughts themselves:
    `memsvc memory list BANK --kind thought`.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.consolidating import show_outcome, show_plan, watched
    from memsvc.cli.output import print_record

    if dry_run:
        print_record(
            ask(url, lambda client: client.bank(bank).consolidation()),
            as_json=as_json,
            show=lambda plan: show_plan(plan, _STAGE),
        )
        return

    async def run(client: "AsyncClient") -> "Consolidated":
        job: Job = await client.bank(bank).thoughts.think(
            steps=steps or None, memory_ids=memories or None
        )
        return await watched(client, bank, job, wait=wait)

    show_outcome(ask(url, run, works=wait), as_json=as_json, wait=wait)
