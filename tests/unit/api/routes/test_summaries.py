"""Summaries and editions of portraits, as the API renders them."""

import httpx2

from memsvc.domain.memory import MemoryState
from memsvc.domain.organising.summary_listing import SummaryKind, SummaryListing
from tests.unit.api.answers import MEMORY_ID
from tests.unit.api.script import Script


async def test_a_summary_says_what_it_covers(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get("/v1/banks/ada/summaries?kind=day&user_id=u&state=superseded")

    [summary] = answer.json()["items"]
    assert summary == {
        "memory_id": str(MEMORY_ID),
        "kind": "session",
        "state": "active",
        "user_id": "u",
        "agent_id": None,
        "session_id": None,
        "text": "Ada moved to Lisbon.",
        "covers_from": "2024-05-07T12:00:00Z",
        "covers_to": "2024-05-07T13:00:00Z",
        "sources": 2,
        "stale": True,
        "made_by": None,
        "made_at": "2024-05-07T12:00:00Z",
    }
    assert script.last_arguments[2] == SummaryListing(
        kind=SummaryKind.DAY, state=MemoryState.SUPERSEDED, user_id="u"
    )


async def test_editions_are_those_of_the_user_in_the_path(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.get("/v1/banks/ada/portraits/org%2Fann/versions?limit=3")

    assert [each["number"] for each in answer.json()["items"]] == [1]
    assert script.last_use_case == "portraits.versions"
    assert script.last_arguments[2] == "org/ann"
