"""`memsvc jobs`: the background work."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Url

if TYPE_CHECKING:
    from memsvc_client import Job

app = typer.Typer(help="Jobs: the background work.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@app.command("list")
def list_jobs(
    *,
    state: Annotated[
        str | None, typer.Option("--state", help="Only those in this state, such as failed.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only those of this kind, such as bank.delete.")
    ] = None,
    bank: Annotated[
        str | None, typer.Option("--bank", metavar="BANK", help="Only those of this bank.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(
        url,
        lambda client: collect(client.jobs(state=state, kind=kind, bank=bank), limit=limit),
    )
    print_records(found, as_json=as_json, show=_show_jobs)


@app.command()
def show(job: JobId, url: Url = None, as_json: AsJson = False) -> None:
    """Show a job."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.get_job(job))
    print_record(found, as_json=as_json, show=_show_job)


@app.command()
def retry(job: JobId, url: Url = None, as_json: AsJson = False) -> None:
    """Start a job again that failed, was cancelled, or waits."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    queued = ask(url, lambda client: client.retry_job(job))
    print_record(queued, as_json=as_json, show=_show_job)


@app.command()
def cancel(job: JobId, url: Url = None, as_json: AsJson = False) -> None:
    """Give up a job that may stop midway: a re-embedding, organising, consolidating."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    cancelled = ask(url, lambda client: client.cancel_job(job))
    print_record(cancelled, as_json=as_json, show=_show_job)


def _show_jobs(jobs: Sequence["Job"]) -> None:
    from memsvc.cli.output import moment, print_table

    columns = ("id", "kind", "state", "progress", "attempts", "created", "reason")
    print_table(
        columns,
        (
            (
                str(job.id),
                job.kind,
                job.state,
                _progress(job),
                str(job.attempts),
                moment(job.created_at),
                job.reason,
            )
            for job in jobs
        ),
    )


def _show_job(job: "Job") -> None:
    from memsvc.cli.output import moment, print_fields

    print_fields(
        (
            ("id", str(job.id)),
            ("kind", job.kind),
            ("stages", ", ".join(job.stages) or None),
            ("state", job.state),
            ("reason", job.reason),
            ("progress", _progress(job)),
            ("done", ", ".join(f"{number} {name}" for name, number in job.counts.items())),
            ("bank", None if job.bank_id is None else str(job.bank_id)),
            ("attempts", str(job.attempts)),
            ("created", moment(job.created_at)),
            ("started", moment(job.started_at)),
            ("finished", moment(job.finished_at)),
        )
    )


def _progress(job: "Job") -> str | None:
    return None if job.progress is None else f"{job.progress.done} of {job.progress.total}"
