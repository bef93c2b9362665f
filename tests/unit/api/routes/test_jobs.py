import httpx2
import pytest

from memsvc.domain.jobs import JobKind, JobListing, JobState
from memsvc.domain.paging import PageRequest
from tests.unit.api.answers import BANK_ID, JOB_ID
from tests.unit.api.script import Script

RENDERED: dict[str, object] = {
    "id": str(JOB_ID),
    "kind": "memories.embed",
    "state": "running",
    "reason": None,
    "progress": {"done": 1, "total": 2},
    "counts": {},
    "stages": [],
    "bank_id": str(BANK_ID),
    "attempts": 1,
    "created_at": "2024-05-07T12:00:00Z",
    "started_at": "2024-05-07T12:00:00Z",
    "finished_at": None,
}


async def test_jobs_are_listed_as_restricted(api: httpx2.AsyncClient, script: Script) -> None:
    params = {"state": "failed", "kind": "bank.delete", "bank": "ada", "cursor": "c"}

    answer = await api.get("/v1/jobs", params=params)

    assert answer.json() == {"items": [RENDERED], "has_more": True, "next_cursor": "next"}
    assert script.last_arguments[1:] == (
        JobListing(state=JobState.FAILED, kind=JobKind.DELETE_BANK, bank="ada"),
        PageRequest(cursor="c"),
    )


@pytest.mark.parametrize("query", ["state=lost", "kind=tidy", "who=me", "bank="])
async def test_a_restriction_that_is_not_known_is_refused(
    api: httpx2.AsyncClient, script: Script, query: str
) -> None:
    assert (await api.get(f"/v1/jobs?{query}")).status_code == 422
    assert script.calls == []


async def test_a_job_is_read_without_its_payload(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get(f"/v1/jobs/{JOB_ID}")

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[1] == JOB_ID


async def test_a_job_is_retried(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"/v1/jobs/{JOB_ID}:retry")

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[1] == JOB_ID


async def test_a_job_is_cancelled(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"/v1/jobs/{JOB_ID}:cancel")

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[1] == JOB_ID
