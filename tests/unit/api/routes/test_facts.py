from datetime import UTC, datetime

import httpx2
import pytest

from memsvc.domain.paging import PageRequest
from memsvc.services.facts import FactQuery
from tests.unit.api.answers import FACT, FACT_ID, MEMORY_ID
from tests.unit.api.script import Script

AT = "/v1/banks/ada/graph/facts"
RENDERED = {
    "id": str(FACT_ID),
    "memory_id": str(MEMORY_ID),
    "subject": "ada",
    "predicate": "lives in",
    "object": "lisbon",
    "denies": False,
    "valid_from": "2024-05-07T12:00:00Z",
    "valid_to": "2024-06-06T12:00:00Z",
    "superseded_by": str(FACT.superseded_by),
    "said_at": "2024-05-07T12:00:00Z",
    "rule": "residence.state",
}


async def test_what_holds_now_is_listed(api: httpx2.AsyncClient, script: Script) -> None:
    body = (await api.get(f"{AT}?limit=1")).json()

    assert (body["items"], body["has_more"]) == ([RENDERED], True)
    assert script.last_arguments[2:] == (FactQuery(), PageRequest(limit=1))


async def test_a_listing_is_narrowed(api: httpx2.AsyncClient, script: Script) -> None:
    narrowing = {
        "subject": "Ada",
        "entity": "Lisbon",
        "predicate": "lives in",
        "as_of": "2024-05-07T14:00:00+02:00",
    }
    await api.get(AT, params=narrowing)

    asked = script.last_arguments[2]
    noon = datetime(2024, 5, 7, 12, tzinfo=UTC)
    assert asked == FactQuery(subject="Ada", entity="Lisbon", predicate="lives in", as_of=noon)


async def test_everything_is_listed_where_that_is_asked_for(
    api: httpx2.AsyncClient, script: Script
) -> None:
    await api.get(f"{AT}?all=true")

    assert script.last_arguments[2] == FactQuery(every=True)


@pytest.mark.parametrize(
    "query",
    [
        "all=true&as_of=2024-05-07T12:00:00Z",
        "as_of=2024-05-07T12:00:00",
        "as_of=1715083200",
        "as_of=0001-01-01T00:00:00%2B05:00",
        "subject=",
        "state=active",
    ],
)
async def test_what_makes_no_sense_is_refused(api: httpx2.AsyncClient, query: str) -> None:
    answer = await api.get(f"{AT}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
