"""Consolidating, annotations and links, as the API renders them."""

import httpx2

from memsvc.services.commands import BankReference
from memsvc.services.organising.consolidate import ConsolidateCommand
from tests.unit.api.answers import JOB_ID, MEMORY_ID, NEIGHBOUR_ID
from tests.unit.api.script import Script


async def test_the_plan_says_what_there_is_to_do(api: httpx2.AsyncClient) -> None:
    answer = (await api.get("/v1/banks/ada/consolidation")).json()

    assert answer["stages"] == [{"name": "organise", "todo": 7, "by_itself": True}]
    assert (answer["notes"]["set_aside"], answer["job"]) == (1, None)


async def test_consolidating_answers_with_its_job(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"stages": ["organise"], "retry_set_aside": True}

    answer = await api.post("/v1/banks/ada/consolidate", json=body)

    assert (answer.status_code, answer.json()["id"]) == (202, str(JOB_ID))
    assert script.last_arguments[1:3] == (
        BankReference(value="ada"),
        ConsolidateCommand(stages=["organise"], retry_set_aside=True),
    )


async def test_an_empty_list_of_stages_is_refused(api: httpx2.AsyncClient, script: Script) -> None:
    assert (await api.post("/v1/banks/ada/consolidate", json={"stages": []})).status_code == 422
    assert script.calls == []


async def test_a_memory_is_shown_with_annotations_and_links(api: httpx2.AsyncClient) -> None:
    answer = (await api.get(f"/v1/banks/ada/memories/{MEMORY_ID}")).json()

    assert answer["annotations"]["keywords"] == ["Lisbon"]
    assert [(each["memory_id"], each["direction"]) for each in answer["links"]] == [
        (str(NEIGHBOUR_ID), "in")
    ]
    assert answer["evidence"] == [
        {"memory_id": str(MEMORY_ID), "version": 1, "start": 3, "end": 20}
    ]


async def test_annotations_are_listed_version_by_version(api: httpx2.AsyncClient) -> None:
    page = (await api.get(f"/v1/banks/ada/memories/{MEMORY_ID}/annotations")).json()

    assert [each["number"] for each in page["items"]] == [2]
    assert page["next_cursor"] == "next"


async def test_neighbours_say_by_which_link_they_came(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/v1/banks/ada/recall", json={"query": "home?", "neighbours": 3})

    [neighbour] = answer.json()["neighbours"]
    assert neighbour["via"] == {
        "hit": str(MEMORY_ID),
        "type": "related",
        "weight": 0.5,
        "reason": "shares: Lisbon",
    }
