"""Progress of long work, on standard error."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from memsvc_client import AsyncClient, Job
from memsvc_client.call import Reference
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from memsvc.cli.output import note, notes

_POLL_S = 0.2


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes how much is done, and of how much; shown on a terminal only."""
    console = notes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance


@contextmanager
def telling_if_stopped(job: Job) -> Iterator[None]:
    """Say how it goes on with a job when the command is stopped while it waits for it."""
    try:
        yield
    except asyncio.CancelledError:
        note(
            f"Stopped waiting; the job {job.id} goes on wherever a worker runs, from where it is."
            " `memsvc jobs show` says how far it is, and the same command goes on with it."
        )
        raise


async def followed(
    client: AsyncClient, job_id: Reference, advance: Callable[[int, int], None]
) -> Job:
    """Return the job once it no longer goes on by itself; tell ``advance`` how far it is."""
    job = await client.get_job(job_id)
    with telling_if_stopped(job):
        while True:
            if job.progress is not None:
                advance(job.progress.done, job.progress.total)
            if not job.is_open:
                return job
            await asyncio.sleep(_POLL_S)
            job = await client.get_job(job_id)
