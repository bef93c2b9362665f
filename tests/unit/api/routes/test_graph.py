import httpx2

from memsvc.domain.paging import PageRequest
from memsvc.errors import EntityNotFoundError
from tests.unit.api.answers import JOB_ID, MEMORY, MEMORY_ID
from tests.unit.api.script import Script

AT = "/v1/banks/ada/graph"
LISBON = {
    "name": "lisbon",
    "shown": "Lisbon",
    "type": "city",
    "aliases": ["Lisboa"],
    "memories": 3,
}


async def test_size_is_told(api: httpx2.AsyncClient) -> None:
    assert (await api.get(AT)).json() == {
        "memories": 3,
        "entities": 2,
        "mentions": 4,
        "bytes": 880,
    }


async def test_entities_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    body = (await api.get(f"{AT}/entities?containing=Lis&limit=1")).json()
    assert (body["items"], body["has_more"]) == ([LISBON], True)
    assert script.last_arguments[2:] == ("Lis", PageRequest(limit=1))


async def test_an_entity_is_shown(api: httpx2.AsyncClient, script: Script) -> None:
    body = (await api.get(f"{AT}/entity?name=Lisbon&limit=5")).json()
    assert (body["entity"], body["neighbours"]) == (LISBON, [LISBON])
    assert [each["id"] for each in body["memories"]] == [str(MEMORY_ID)]
    assert script.last_arguments[2:] == ("Lisbon", 5)


async def test_an_unknown_entity_is_not_found(api: httpx2.AsyncClient, script: Script) -> None:
    script.error = EntityNotFoundError(entity="nobody")
    answer = await api.get(f"{AT}/entity?name=nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "entity_not_found")


async def test_a_path_names_the_memories_on_the_way(api: httpx2.AsyncClient) -> None:
    assert (await api.get(f"{AT}/path?start=Lisbon&end=Ada")).json() == {
        "steps": [
            {"name": "lisbon", "memory_id": str(MEMORY_ID)},
            {"name": "ada", "memory_id": None},
        ]
    }


async def test_what_lies_around_a_question_is_shown(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = (await api.get(f"{AT}/around?question=In+Lisbon%3F&memories=5&entities=7")).json()
    told = {"memory_id": str(MEMORY_ID), "score": 0.5, "text": MEMORY.text}
    assert body == {
        "memories": [{**told, "entities": {"lisbon": 2}}],
        "entities": [{**LISBON, "here": 1}],
        "named": ["lisbon"],
        "entities_left_out": 4,
    }
    assert script.last_arguments[2:] == ("In Lisbon?", 5, 7)

    untold = (await api.get(f"{AT}/around?question=q&text=false")).json()
    assert untold["memories"][0]["text"] is None
    assert script.last_arguments[2:] == ("q", 10, 50)
    for refused in ("", "?question=q&memories=51", "?question=q&entities=501"):
        assert (await api.get(f"{AT}/around{refused}")).status_code == 422, refused


async def test_mentions_are_listed(api: httpx2.AsyncClient) -> None:
    body = (await api.get(f"{AT}/mentions")).json()
    assert body["items"] == [
        {"memory_id": str(MEMORY_ID), "entities": {"lisbon": 2}, "subjects": ["lisbon"]}
    ]


async def test_rebuild_answers_its_job(api: httpx2.AsyncClient) -> None:
    answer = await api.post(f"{AT}:rebuild")
    assert (answer.status_code, answer.json()["id"]) == (202, str(JOB_ID))
