"""Events, as the API renders them."""

import httpx2

from memsvc.domain.paging import PageRequest
from tests.unit.api.answers import EPISODE_ID, MEMORY_ID
from tests.unit.api.script import Script


async def test_an_event_says_why_it_begins_there(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get("/v1/banks/ada/events?source=org%2Ftalk&limit=3")

    assert answer.json()["items"] == [
        {
            "episode_id": str(EPISODE_ID),
            "user_id": "u",
            "session_id": None,
            "first": 3,
            "last": 5,
            "memory_ids": [str(MEMORY_ID)],
            "begin": "surprise",
            "at": 4,
            "surprise": 0.75,
            "threshold": 0.5,
        }
    ]
    assert script.last_arguments[2:] == ("org/talk", PageRequest(limit=3))


async def test_an_episode_must_be_named(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/v1/banks/ada/events")).status_code == 422
