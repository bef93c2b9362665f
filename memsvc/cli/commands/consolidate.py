"""`memsvc consolidate`: organise a bank now, stage by stage."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, ConsolidationPlan, Job

    from memsvc.cli.consolidating import Consolidated

_POLL_S = 0.25


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
    from memsvc.cli.consolidating import show_consolidated, show_plan
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json, print_record

    if dry_run:
        print_record(
            ask(url, lambda client: client.bank(bank).consolidation()),
            as_json=as_json,
            show=lambda plan: show_plan(plan, stages),
        )
        return

    async def run(client: "AsyncClient") -> "Consolidated":
        return await _run(client, bank, stages, retry=retry, wait=wait)

    done = ask(url, run, works=wait)
    if as_json:
        print_json(done.to_json())
    else:
        show_consolidated(done)
    if wait and done.job.state != "succeeded":
        why = done.job.reason or "no reason given"
        raise CommandError(
            f"The job {done.job.id} is {done.job.state}: {why} Run the command again to go on."
        )


async def _run(
    client: "AsyncClient", name: str, stages: list[str] | None, *, retry: bool, wait: bool
) -> "Consolidated":
    from memsvc.cli.consolidating import Consolidated, JobProgress

    bank = client.bank(name)
    job: Job = await bank.consolidate(stages=stages or None, retry_set_aside=retry)
    before = dict(job.counts)
    with JobProgress(shown=wait) as progress:
        while wait and job.is_open and job.state != "waiting_provider":
            progress.show(job)
            await asyncio.sleep(_POLL_S)
            job = await client.get_job(job.id)
        progress.show(job)
    plan: ConsolidationPlan = await bank.consolidation()
    return Consolidated(job=job, before=before, took_s=progress.took_s, plan=plan)
