"""A service in a dictionary: it stores what the client sends and recalls it by shared words."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

import httpx2

from tests.unit.memsvc_client.stub_service import (
    BANK,
    EPISODE,
    JOB,
    MEMORY,
    RECALL,
    WRITTEN,
    Json,
    answer,
    page,
)

_PART = RECALL["hits"][0]["parts"]["dense"]


class TinyService:
    """Keeps every request; ``memories`` are those of all banks, by bank."""

    def __init__(self) -> None:
        self.memories: dict[str, list[Json]] = {}
        self.deleted: list[str] = []
        self.recalls: list[Json] = []
        self.given: list[Json] = []

    @property
    def transport(self) -> httpx2.MockTransport:
        """A transport that leads here."""
        return httpx2.MockTransport(self)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        routes: dict[str, Callable[[str, Json], httpx2.Response]] = {
            r"POST /v1/banks": self._create,
            r"POST /v1/banks/([^/]+)/episodes:batch": self._add_episodes,
            r"POST /v1/banks/([^/]+)/memories:batch": self._add_memories,
            r"POST /v1/banks/([^/]+)/recall": self._recall,
            r"POST /v1/banks/([^/]+)/graph/facts": self._give,
            r"DELETE /v1/banks/([^/]+)": self._delete,
            r"GET /v1/jobs": lambda _, __: page(),
        }
        called = f"{request.method} {request.url.path}"
        body = json.loads(request.content) if request.content else {}
        for pattern, route in routes.items():
            if match := re.fullmatch(pattern, called):
                return route("".join(match.groups()), body)
        raise AssertionError(f"nothing answers {called}")

    def _create(self, _: str, body: Json) -> httpx2.Response:
        assert body["name"] not in self.memories
        self.memories[body["name"]] = []
        return answer(BANK | {"name": body["name"]}, 201)

    def _add_episodes(self, bank: str, body: Json) -> httpx2.Response:
        results = [
            {
                "episode": EPISODE | {"source": episode["source"]},
                "memories": self._store(bank, episode["messages"], episode),
            }
            for episode in body["episodes"]
        ]
        return answer({"results": results, "embedded": True, "jobs": []}, 201)

    def _add_memories(self, bank: str, body: Json) -> httpx2.Response:
        results = self._store(bank, body["memories"], {})
        return answer({"results": results, "embedded": True, "jobs": []}, 201)

    def _store(self, bank: str, items: Iterable[Json], episode: Json) -> list[Json]:
        written = []
        for item in items:
            memory = MEMORY | {
                "id": str(uuid4()),
                "text": item["text"],
                "external_id": item["external_id"],
                "session_id": episode.get("session_id"),
            }
            self.memories[bank].append(memory)
            written.append(WRITTEN | {"id": memory["id"], "external_id": item["external_id"]})
        return written

    def _recall(self, bank: str, body: Json) -> httpx2.Response:
        self.recalls.append({"bank": bank} | body)
        asked = words(body["query"])
        ranked = sorted(
            self.memories[bank],
            key=lambda memory: (-len(asked & words(memory["text"])), memory["external_id"]),
        )
        hits = [hit_of(memory) for memory in ranked[: body["k"]]]
        return answer(RECALL | {"hits": hits})

    def _give(self, bank: str, body: Json) -> httpx2.Response:
        self.given.append({"bank": bank} | body)
        gave = {"changed": 1, "unchanged": 0, "facts": 1, "entities": 2, "ended": 0}
        return answer(gave | {"operation_id": str(uuid4())})

    def _delete(self, bank: str, _: Json) -> httpx2.Response:
        del self.memories[bank]
        self.deleted.append(bank)
        return answer(JOB, 202)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def hit_of(memory: Json) -> Json:
    """Return a hit as the service answers it."""
    return {
        "memory": memory,
        "score": 0.5,
        "parts": {"dense": _PART},
        "arms": ["dense"],
        "tokens": 3,
    }


def memory(**members: Any) -> Json:
    """Return a memory with these members."""
    return MEMORY | {"id": str(UUID(int=1))} | members
