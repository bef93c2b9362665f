from datetime import UTC, datetime

import httpx2
import pytest

from memsvc.domain.paging import PageRequest
from memsvc.services.facts import FactQuery
from memsvc.services.giving import SourceReference
from tests.unit.api.answers import FACT, FACT_ID, MEMORY_ID, OPERATION_ID
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
    "evidence": [{"memory_id": str(MEMORY_ID), "version": 1, "start": 3, "end": 20}],
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
        "known_at=2024-05-07T12:00:00",
        "as_of=0001-01-01T00:00:00%2B05:00",
        "subject=",
        "state=active",
    ],
)
async def test_what_makes_no_sense_is_refused(api: httpx2.AsyncClient, query: str) -> None:
    answer = await api.get(f"{AT}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_given_facts_reach_the_use_case_as_they_are_meant(
    api: httpx2.AsyncClient, script: Script
) -> None:
    fact = {"external_id": "m1", "source": "chat", "subject": " Ada  L. ", "predicate": "knows"}
    body = {"facts": [fact | {"object": "Bo", "object_type": "Person"}], "origin": "gpt"}
    answer = await api.post(AT, json=body, headers={"Idempotency-Key": "k"})

    assert answer.json()["operation_id"] == str(OPERATION_ID)
    given = script.last_arguments[2]
    [(reference, told)] = given.facts
    assert reference == SourceReference(source="chat", external_id="m1")
    assert (told.subject.name, told.object.type, given.replaces) == ("Ada L.", "person", False)
    assert script.last_key is not None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, []),
        ({"memories": [{"external_id": "m1"}]}, []),
        ({"facts": [{"subject": "a", "predicate": "b", "object": "c"}]}, ["facts", 0]),
        ({"entities": [{"external_id": "m1", "name": "?"}]}, ["entities", 0, "name"]),
        ({"entities": [{"external_id": "m1", "name": "a"}], "origin": "model"}, ["origin"]),
    ],
)
async def test_what_cannot_be_given_is_refused_by_its_place(
    api: httpx2.AsyncClient, body: dict[str, object], place: list[object]
) -> None:
    answer = await api.post(AT, json=body)

    assert answer.status_code == 422
    assert [each["loc"] for each in answer.json()["errors"]] == [["body", *place]]
