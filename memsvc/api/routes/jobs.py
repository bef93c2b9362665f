"""Jobs: what works in the background, and how it fares."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from memsvc.api.dependencies import CurrentCaller, IdempotencyKey, JobsUseCase
from memsvc.api.documentation import problems
from memsvc.api.schemas.jobs import JobPage, JobResponse
from memsvc.api.schemas.queries import JobsQuery
from memsvc.domain.identifiers import JobId
from memsvc.errors import BankNotFoundError, JobNotFoundError

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


async def _job_id(job_id: Annotated[UUID, Path()]) -> JobId:
    return JobId(job_id)


JobIdPath = Annotated[JobId, Depends(_job_id)]


@router.get("", responses=problems(BankNotFoundError))
async def list_jobs(
    query: Annotated[JobsQuery, Query()], jobs: JobsUseCase, caller: CurrentCaller
) -> JobPage:
    """List jobs, newest first."""
    return JobPage.of(await jobs.list(caller, query.to_listing(), query.to_page()), JobResponse.of)


@router.get("/{job_id}", responses=problems(JobNotFoundError))
async def get_job(job_id: JobIdPath, jobs: JobsUseCase, caller: CurrentCaller) -> JobResponse:
    """Read one job."""
    return JobResponse.of(await jobs.get(caller, job_id))


@router.post("/{job_id}:retry", responses=problems(JobNotFoundError, changes=True))
async def retry_job(
    job_id: JobIdPath, jobs: JobsUseCase, caller: CurrentCaller, idempotency: IdempotencyKey
) -> JobResponse:
    """Queue a job again that failed, waits or was cancelled."""
    outcome = await jobs.retry(caller, job_id, idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))


@router.post("/{job_id}:cancel", responses=problems(JobNotFoundError, changes=True))
async def cancel_job(
    job_id: JobIdPath, jobs: JobsUseCase, caller: CurrentCaller, idempotency: IdempotencyKey
) -> JobResponse:
    """Give up a re-embedding that is not over; the bank stays with its model."""
    outcome = await jobs.cancel(caller, job_id, idempotency.key)
    return JobResponse.of(idempotency.settle(outcome))
