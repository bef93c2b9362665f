"""`memsvc bank reembed` and `memsvc bank models`: the embedding models of banks."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, BankModels, Job

_POLL_S = 0.5


def reembed(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A name of the service's settings, or a model's name or id."),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Back to the model before, while it is kept.")
    ] = False,
    least_overlap: Annotated[
        float | None,
        typer.Option(
            "--least-overlap",
            min=0,
            max=1,
            help="Share of the nearest ten both models must find on sampled texts.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show progress.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Move a bank to another embedding model while it is written to and asked.

    It answers by its present model until every memory has vectors of the new one and the two
    agree. Stop it with `memsvc jobs cancel`; go on, or again, with the same command.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_record

    if (model is None) is not rollback:
        raise typer.BadParameter("give either --model or --rollback")

    async def run(client: "AsyncClient") -> "Job":
        job = await client.reembed_bank(
            bank, model=model, rollback=rollback, least_overlap=least_overlap
        )
        while wait and job.is_open:
            _announce(job)
            await asyncio.sleep(_POLL_S)
            job = await client.get_job(job.id)
        return job

    job = ask(url, run, works=wait)
    print_record(job, as_json=as_json, show=_show_move)
    if wait and job.state != "succeeded":
        raise CommandError(f"The job {job.id} is {job.state}: {job.reason or 'no reason given'}")


def models(bank: Bank, url: Url = None, as_json: AsJson = False) -> None:
    """List the embedding models that a bank has vectors of, and how they compare."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    print_record(ask(url, lambda client: client.bank_models(bank)), as_json=as_json, show=_show)


def _announce(job: "Job") -> None:
    if job.progress is not None:
        typer.echo(f"{job.state} {job.progress.done} of {job.progress.total}", err=True)


def _show_move(job: "Job") -> None:
    typer.echo(f"The move to another model (job {job.id}) is {job.state}.")


def _show(found: "BankModels") -> None:
    from memsvc.cli.output import compact_json, moment, print_table

    print_table(
        ("model", "dimensions", "state", "since", "report"),
        (
            (
                each.id,
                str(each.dimension),
                each.state,
                moment(each.retired_at or each.created_at),
                None if each.report is None else compact_json(dict(each.report)),
            )
            for each in found.items
        ),
    )
