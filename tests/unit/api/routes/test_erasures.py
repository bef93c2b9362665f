import httpx2
import pytest

from memsvc.domain.erasure import Subject, SubjectKind
from memsvc.domain.paging import PageRequest
from memsvc.errors import ErasureNotFoundError
from tests.unit.api.answers import BANK_ID, ERASURE_ID, JOB_ID, MEMORY_ID
from tests.unit.api.script import Script

AT = "/v1/banks/ada/erasures"
RENDERED = {
    "id": str(ERASURE_ID),
    "bank_id": str(BANK_ID),
    "job_id": str(JOB_ID),
    "state": "complete",
    "actor": "api",
    "memories": 2,
    "removed": {"memories": 2},
    "receipt": {"receipt": {"version": 1}, "public_key": "a2V5", "signature": "c2ln"},
    "recorded_at": "2024-05-07T12:00:00Z",
    "finished_at": "2024-05-07T12:00:00Z",
}
SUBJECTS = [
    ({"user_id": "ann"}, Subject(kind=SubjectKind.USER, values=["ann"])),
    ({"session_id": "s1"}, Subject(kind=SubjectKind.SESSION, values=["s1"])),
    (
        {"memory_ids": [str(MEMORY_ID), str(MEMORY_ID)]},
        Subject(kind=SubjectKind.MEMORIES, values=[str(MEMORY_ID)]),
    ),
]


@pytest.mark.parametrize(("body", "subject"), SUBJECTS)
async def test_an_erasure_begins_once_for_a_key(
    api: httpx2.AsyncClient, script: Script, body: dict[str, object], subject: Subject
) -> None:
    answer = await api.post(AT, json=body, headers={"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()) == (202, RENDERED)
    [(begun, arguments), (read, _)] = script.calls
    assert (begun, read) == ("erase.start", "erase.get")
    assert arguments[2] == subject
    assert arguments[3].key == "k1"


async def test_a_dry_run_only_counts(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(AT, json={"user_id": "ann", "dry_run": True})

    assert (answer.status_code, answer.json()) == (200, {"memories": 3})
    assert [name for name, _ in script.calls] == ["erase.preview"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_id": "ann", "session_id": "s1"},
        {"user_id": "ann", "memory_ids": [str(MEMORY_ID)]},
        {"memory_ids": []},
        {"memory_ids": ["x"]},
        {"user_id": " "},
        {"user_id": "ann", "dry_run": "yes"},
    ],
)
async def test_not_exactly_one_subject_erases_nothing(
    api: httpx2.AsyncClient, script: Script, body: dict[str, object]
) -> None:
    answer = await api.post(AT, json=body)

    assert answer.status_code == 422
    assert script.calls == []


async def test_erasures_are_listed_with_their_receipts(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.get(f"{AT}?limit=5")

    assert answer.json() == {"items": [RENDERED], "has_more": False, "next_cursor": None}
    assert script.last_arguments[2] == PageRequest(limit=5, cursor=None)


async def test_an_erasure_is_read(api: httpx2.AsyncClient, script: Script) -> None:
    assert (await api.get(f"{AT}/{ERASURE_ID}")).json() == RENDERED
    assert script.last_arguments[2] == ERASURE_ID


async def test_an_unknown_erasure_is_not_found(api: httpx2.AsyncClient, script: Script) -> None:
    script.error = ErasureNotFoundError()
    answer = await api.get(f"{AT}/{ERASURE_ID}")
    assert (answer.status_code, answer.json()["code"]) == (404, "erasure_not_found")


async def test_the_key_of_receipts_is_told(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/erasures/public-key")
    assert answer.json() == {"algorithm": "Ed25519", "public_key": "a2V5"}
