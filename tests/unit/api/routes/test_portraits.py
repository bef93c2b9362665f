import httpx2

from memsvc.errors import PortraitNotFoundError
from tests.unit.api.answers import MEMORY_ID
from tests.unit.api.script import Script


async def test_a_portrait_is_shown_line_by_line_with_its_evidence(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.get("/v1/banks/ada/portraits/u")

    assert answer.json() == {
        "user_id": "u",
        "text": "Ada moved to Lisbon.",
        "lines": [
            {
                "topic": "residence",
                "text": "lives in Lisbon",
                "said_on": "2024-05-07",
                "evidence": [str(MEMORY_ID)],
            }
        ],
        "memory_id": str(MEMORY_ID),
        "former_id": None,
        "editions": 1,
        "latest_source_at": "2024-05-07T12:00:00Z",
        "made_at": "2024-05-07T12:00:00Z",
    }
    assert script.last_arguments[2] == "u"


async def test_any_text_may_be_a_users_id(api: httpx2.AsyncClient, script: Script) -> None:
    await api.get("/v1/banks/ada/portraits/org%2Fann%20%3F")

    assert script.last_arguments[2] == "org/ann ?"


async def test_a_user_without_a_portrait_is_not_found(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = PortraitNotFoundError()

    answer = await api.get("/v1/banks/ada/portraits/u")

    assert (answer.status_code, answer.json()["code"]) == (404, "portrait_not_found")
