"""A service that answers from a script, and the bodies that a real one would send."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from inspect import isawaitable
from typing import Any, Final

import httpx2
from memsvc_client import AsyncBank, AsyncClient

TIME: Final = "2026-03-01T09:30:00Z"
BANK_ID: Final = "018f0000-0000-7000-8000-000000000001"
MEMORY_ID: Final = "018f0000-0000-7000-8000-000000000002"
EPISODE_ID: Final = "018f0000-0000-7000-8000-000000000003"
JOB_ID: Final = "018f0000-0000-7000-8000-000000000004"

Json = dict[str, Any]

BANK: Final[Json] = {
    "id": BANK_ID,
    "name": "ada",
    "description": None,
    "language": "auto",
    "fact_policy": "supersede",
    "arms_off": [],
    "metadata": {"team": "blue"},
    "state": "active",
    "embedding_model": {"id": "sha256:1", "dimension": 384},
    "memory_count": 2,
    "created_at": TIME,
    "updated_at": TIME,
}
WRITTEN: Final[Json] = {"id": MEMORY_ID, "version": 1, "external_id": None, "status": "created"}
EPISODE: Final[Json] = {
    "id": EPISODE_ID,
    "source": "session-1",
    "kind": "conversation",
    "title": None,
    "session_id": None,
    "user_id": None,
    "agent_id": None,
    "occurred_at": TIME,
    "recorded_at": TIME,
    "metadata": {},
}
EPISODE_RESULT: Final[Json] = {
    "episode": EPISODE,
    "memories": [WRITTEN],
    "embedded": True,
    "jobs": [],
}
MEMORY: Final[Json] = {
    "id": MEMORY_ID,
    "bank_id": BANK_ID,
    "kind": "turn",
    "state": "active",
    "text": "I moved to Porto.",
    "speaker": "Ada",
    "source": "session-1",
    "external_id": None,
    "episode_id": EPISODE_ID,
    "seq": 0,
    "user_id": None,
    "agent_id": None,
    "session_id": None,
    "metadata": {},
    "occurred_at": TIME,
    "recorded_at": TIME,
    "updated_at": TIME,
    "version": 1,
    "embedded": True,
    "expires_at": None,
    "pinned": False,
}
RECALL: Final[Json] = {
    "hits": [
        {
            "memory": MEMORY,
            "score": 0.9,
            "parts": {"dense": {"rank": 1, "score": 0.7, "contribution": 0.9}},
            "arms": ["dense"],
            "tokens": 5,
        }
    ],
    "arms": {
        "dense": {"status": "ok", "reason": None, "candidates": 1, "took_ms": 1.5},
        "lexical": {"status": "skipped", "reason": "not asked", "candidates": 0, "took_ms": 0.0},
    },
    "total_tokens": 5,
    "budget_tokens": None,
    "dropped": None,
    "took_ms": {"embed": 5.0, "search": 1.0, "fetch": 0.5, "total": 6.5},
    "index": {"backend": "exact"},
}
JOB: Final[Json] = {
    "id": JOB_ID,
    "kind": "bank.delete",
    "state": "queued",
    "reason": None,
    "progress": None,
    "bank_id": BANK_ID,
    "attempts": 0,
    "created_at": TIME,
    "started_at": None,
    "finished_at": None,
}
VERSION: Final[Json] = {
    "version": 1,
    "text": "I moved to Porto.",
    "speaker": "Ada",
    "occurred_at": TIME,
    "operation": "create",
    "actor": "key:1",
    "reason": None,
    "content_hash": "00",
    "recorded_at": TIME,
}


def answer(body: object, status: int = 200, **headers: str) -> httpx2.Response:
    """Return an answer with a JSON body; ``retry_after="1"`` becomes ``Retry-After: 1``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=body, headers=named)


def page(*items: Json, next_cursor: str | None = None) -> httpx2.Response:
    """Return a page of a listing."""
    has_more = next_cursor is not None
    return answer({"items": items, "has_more": has_more, "next_cursor": next_cursor})


def problem(status: int, code: str, **members: object) -> httpx2.Response:
    """Return an RFC 9457 answer."""
    body = {
        "type": f"urn:memsvc:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": f"About {code}.",
        "code": code,
        **members,
    }
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/problem+json"}
    return httpx2.Response(status, content=content, headers=headers)


class StubService:
    """Gives the scripted answers in order, raises what is scripted as an error, keeps requests."""

    def __init__(self, *script: httpx2.Response | Exception) -> None:
        self.script = list(script)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        assert self.script, f"no answer is left for {request.method} {request.url}"
        scripted = self.script.pop(0)
        if isinstance(scripted, Exception):
            raise scripted
        return scripted

    @property
    def transport(self) -> httpx2.MockTransport:
        """A transport that leads here, for a sync or an async client."""
        return httpx2.MockTransport(self)

    @property
    def body(self) -> Json:
        """The JSON body of the last request."""
        parsed: Json = json.loads(self.requests[-1].content)
        return parsed


class Blocking:
    """An async client or bank with blocking methods, so that one test serves both kinds."""

    def __init__(self, twin: AsyncClient | AsyncBank, run: Callable[[Any], Any]) -> None:
        self._twin = twin
        self._run = run

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, getattr(self._twin, name))

    def _call(self, method: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        result = method(*args, **kwargs)
        if isinstance(result, AsyncBank):
            return Blocking(result, self._run)
        if isinstance(result, AsyncIterator):
            return self._items(result)
        return self._run(result) if isawaitable(result) else result

    def _items(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._run(anext(items))
            except StopAsyncIteration:
                return


def run_on(runner: asyncio.Runner) -> Callable[[Awaitable[Any]], Any]:
    """Return a function that runs an awaitable of any sort to its end."""

    async def finish(awaitable: Awaitable[Any]) -> Any:
        return await awaitable

    return lambda awaitable: runner.run(finish(awaitable))
