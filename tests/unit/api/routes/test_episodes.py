from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from memsvc.domain.memory import EpisodeKind, ScopeKeys
from memsvc.services.commands import NewDocument, NewEpisode, NewMessage
from tests.unit.api.answers import EPISODE_ID, MEMORY_ID
from tests.unit.api.script import Script

URL = "/v1/banks/ada/episodes"
MESSAGE = {"text": "Hello"}
WRITTEN = {"id": str(MEMORY_ID), "version": 1, "external_id": "m1", "status": "created"}
EPISODE: dict[str, Any] = {
    "id": str(EPISODE_ID),
    "source": "s1",
    "kind": "conversation",
    "title": None,
    "session_id": "s1",
    "user_id": None,
    "agent_id": None,
    "occurred_at": "2024-05-07T12:00:00Z",
    "recorded_at": "2024-05-07T12:00:00Z",
    "metadata": {},
}


async def test_a_conversation_is_remembered(api: httpx2.AsyncClient, script: Script) -> None:
    body = {
        "source": "session-1",
        "title": "Moving",
        "session_id": "s",
        "user_id": "u",
        "agent_id": "a",
        "timezone": "Europe/Vienna",
        "occurred_at": "2024-05-07T15:00:00+02:00",
        "metadata": {"channel": "chat"},
        "messages": [
            {
                "text": " Hello ",
                "speaker": "Ada",
                "occurred_at": "2024-05-07T15:01:00",
                "external_id": "m1",
                "metadata": {"n": 1},
            },
            {"text": "你好"},
        ],
    }

    answer = await api.post(URL, json=body)

    assert answer.status_code == 201
    assert answer.json() == {
        "episode": EPISODE,
        "memories": [WRITTEN],
        "embedded": True,
        "jobs": [],
    }
    assert script.last_arguments[2] == [
        NewEpisode(
            kind=EpisodeKind.CONVERSATION,
            source="session-1",
            title="Moving",
            keys=ScopeKeys(user_id="u", agent_id="a", session_id="s"),
            occurred_at=datetime(2024, 5, 7, 13, tzinfo=UTC),
            metadata={"channel": "chat"},
            messages=[
                NewMessage(
                    text=" Hello ",
                    speaker="Ada",
                    occurred_at=datetime(2024, 5, 7, 13, 1, tzinfo=UTC),
                    external_id="m1",
                    metadata={"n": 1},
                ),
                NewMessage(text="你好"),
            ],
        )
    ]


async def test_a_document_is_remembered(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"document": {"text": "Long text.", "external_id": "d1"}}

    assert (await api.post(URL, json=body)).status_code == 201

    assert script.last_arguments[2] == [
        NewEpisode(
            kind=EpisodeKind.DOCUMENT,
            messages=[],
            document=NewDocument(text="Long text.", external_id="d1"),
        )
    ]


async def test_episodes_are_remembered_in_one_call(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"episodes": [{"messages": [MESSAGE]}, {"document": MESSAGE, "kind": "document"}]}

    answer = await api.post(f"{URL}:batch", json=body)

    assert answer.status_code == 201
    assert answer.json() == {
        "results": [{"episode": EPISODE, "memories": [WRITTEN]}],
        "embedded": True,
        "jobs": [],
    }
    kinds = [episode.kind for episode in script.last_arguments[2]]
    assert kinds == [EpisodeKind.CONVERSATION, EpisodeKind.DOCUMENT]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": [MESSAGE], "document": MESSAGE},
        {"messages": [{"text": "x" * 100_001}]},
        {"messages": [{"text": " \n\t"}]},
        {"messages": [{"text": "a\x00b"}]},
        {"messages": [MESSAGE | {"external_id": "x" * 257}]},
        {"messages": [MESSAGE | {"role": "user"}]},
        {"messages": [MESSAGE] * 2001},
        {"messages": [MESSAGE], "kind": "podcast"},
        {"messages": [MESSAGE], "source": ""},
        {"document": {"text": "x" * 1_000_001}},
        {"messages": [MESSAGE], "timezone": "Mars/Olympus"},
    ],
)
async def test_an_episode_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, body: dict[str, Any]
) -> None:
    answer = await api.post(URL, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert script.calls == []


@pytest.mark.parametrize(
    "episodes",
    [
        [],
        [{"messages": [MESSAGE]}] * 101,
        [{"messages": [MESSAGE] * 1000}, {"messages": [MESSAGE] * 1001}],
    ],
)
async def test_a_batch_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, episodes: list[Any]
) -> None:
    answer = await api.post(f"{URL}:batch", json={"episodes": episodes})

    assert answer.status_code == 422
    assert script.calls == []


async def test_a_batch_of_the_largest_size_is_accepted(api: httpx2.AsyncClient) -> None:
    episodes = [{"messages": [MESSAGE] * 20}] * 100

    assert (await api.post(f"{URL}:batch", json={"episodes": episodes})).status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "location"),
    [
        (URL, {"messages": [MESSAGE], "occurred_at": "2024-05-07"}, ["occurred_at"]),
        (
            URL,
            {"messages": [MESSAGE, MESSAGE | {"occurred_at": "2024-05-07T10:00:00"}]},
            ["messages", 1, "occurred_at"],
        ),
        (
            f"{URL}:batch",
            {
                "episodes": [
                    {"messages": [MESSAGE], "timezone": "UTC", "occurred_at": "2024-05-07"},
                    {"messages": [MESSAGE], "occurred_at": "2024-05-07"},
                ]
            },
            ["episodes", 1, "occurred_at"],
        ),
    ],
)
async def test_a_time_without_a_zone_is_refused_with_its_place(
    api: httpx2.AsyncClient, script: Script, path: str, body: dict[str, Any], location: list[Any]
) -> None:
    answer = await api.post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "naive_timestamp")
    assert answer.json()["errors"][0]["loc"] == ["body", *location]
    assert script.calls == []
