import httpx2
import pytest

from memsvc.domain.paging import PageRequest
from memsvc.domain.reviews import ReviewState
from memsvc.errors import ReviewDecidedError, ReviewOutdatedError
from tests.unit.api.answers import MEMORY_ID, REVIEW, REVIEW_ID
from tests.unit.api.script import Script

AT = f"/v1/banks/ada/reviews/{REVIEW_ID}"
RENDERED = {
    "id": str(REVIEW_ID),
    "state": "open",
    "kind": "memories",
    "names": None,
    "memory_ids": [str(MEMORY_ID), str(REVIEW.pair.other_id)],
    "score": 0.84,
    "evidence": {"cosine": 0.91},
    "operation_id": None,
    "decided_by": None,
    "decided_at": None,
    "recorded_at": "2024-05-07T12:00:00Z",
}


async def test_the_open_pairs_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get("/v1/banks/ada/reviews?limit=5")

    assert answer.json()["items"] == [RENDERED]
    assert script.last_arguments[2:] == (ReviewState.OPEN, PageRequest(limit=5, cursor=None))


@pytest.mark.parametrize("decision", ["accept", "reject"])
async def test_a_pair_is_decided_about_once_for_a_key(
    api: httpx2.AsyncClient, script: Script, decision: str
) -> None:
    answer = await api.post(f"{AT}/{decision}", headers={"Idempotency-Key": "k1"})

    assert answer.json() == RENDERED
    assert script.last_use_case == f"reviews.{decision}"
    assert script.last_arguments[2] == REVIEW_ID
    assert script.last_arguments[3].key == "k1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReviewDecidedError(state="accepted", operation=None), "review_decided"),
        (ReviewOutdatedError(), "review_outdated"),
    ],
)
async def test_what_can_no_longer_be_decided_is_a_conflict(
    api: httpx2.AsyncClient, script: Script, error: Exception, code: str
) -> None:
    script.error = error

    answer = await api.post(f"{AT}/accept")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
