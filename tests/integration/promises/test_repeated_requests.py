"""Every route that changes something does it once for a key, however many ask at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from memsvc.api.app import create_app
from memsvc.bootstrap import build_application
from memsvc.services.embedders import Embedders
from memsvc.settings import ApiSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.jobs import until
from tests.fixtures.serving import ON_DEMAND

AT_ONCE = 4
ANN, BOB = "Ann gave Bob a book about chess.", "Bob gave Ann a book about chess."
"""What only a person can tell apart."""
FIGURES = {
    "area_under_roc": 0.9,
    "calibration_error": 0.04,
    "answerable_refused": 0.05,
    "unanswerable_caught": 0.5,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One request: what its path names, and its body."""

    path: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True)
class World:
    """A bank of two memories, and what it takes to prepare a change of it."""

    http: AsyncClient
    bank: str
    ids: tuple[str, str]
    work: Callable[[], Awaitable[None]]
    """Does every job that waits."""

    async def post(self, path: str, body: Any = None) -> dict[str, Any]:
        """Ask for something of the bank that is to be there before."""
        answer = await self.http.post(f"/v1/banks/{self.bank}{path}", json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def first(self, listing: str) -> str:
        """Return the id of what a listing of the bank begins with."""
        answer = await self.http.get(f"/v1/banks/{self.bank}/{listing}")
        return str(answer.json()["items"][0]["id"])

    async def job(self) -> str:
        """Return the id of a job that waits."""
        return str((await self.post("/consolidate", {}))["id"])

    async def cancelled_job(self) -> str:
        """Return the id of a job that was given up."""
        job = await self.job()
        answer = await self.http.post(f"/v1/jobs/{job}:cancel")
        assert answer.is_success
        return job

    async def thought(self, tail: str) -> str:
        """Return the id of a thought about Ann."""
        triple = {"head": "Ann", "relation": "likes", "tail": tail}
        body = {"text": f"Ann likes {tail}.", "source_ids": [self.ids[0]], "triple": triple}
        made = await self.post("/thoughts", body)
        return str(made["memory"]["id"])

    async def review(self) -> str:
        """Return the id of a pair that a person is asked about."""
        await self.post("/consolidate", {"stages": ["dedupe"]})
        await self.work()
        return await self.first("reviews")


Prepare = Callable[[World], Awaitable[Change]]


def of_bank(body: Any = None) -> Prepare:
    async def prepare(world: World) -> Change:
        return Change(path={"bank": world.bank}, body=body)

    return prepare


def of_memory(body: Any = None) -> Prepare:
    async def prepare(world: World) -> Change:
        return Change(path={"bank": world.bank, "memory_id": world.ids[0]}, body=body)

    return prepare


async def archived(world: World) -> Change:
    await world.post(f"/memories/{world.ids[0]}:archive")
    return await of_memory()(world)


async def operation(world: World) -> Change:
    await world.post(f"/memories/{world.ids[0]}:archive")
    found = await world.first("operations")
    return Change(path={"bank": world.bank, "operation_id": found})


async def waiting_job(world: World) -> Change:
    return Change(path={"job_id": await world.job()})


async def cancelled_job(world: World) -> Change:
    return Change(path={"job_id": await world.cancelled_job()})


async def review(world: World) -> Change:
    return Change(path={"bank": world.bank, "review_id": await world.review()})


async def feedback(world: World) -> Change:
    answer = await world.post("/recall", {"query": "chess"})
    path = {"bank": world.bank, "recall_id": str(answer["id"])}
    return Change(path=path, body={"helped": [world.ids[0]]})


async def policy(world: World) -> Change:
    path = f"/v1/banks/{world.bank}/retention-policy"
    assert (await world.http.put(path, json={"threshold": 0.1})).is_success
    return await of_bank({})(world)


async def calibration(world: World) -> Change:
    current = (await world.http.get(f"/v1/banks/{world.bank}/calibration")).json()["current"]
    body = {"slope": 0.5, "intercept": -1.0, "threshold": 0.25, "stamp": current}
    body |= {"source": "golden", "answerable": 80, "unanswerable": 20}
    body |= {"before": FIGURES, "after": FIGURES}
    return await of_bank(body)(world)


async def calibrated(world: World) -> Change:
    change = await calibration(world)
    path = f"/v1/banks/{world.bank}/calibration"
    assert (await world.http.put(path, json=change.body)).is_success
    return await of_bank()(world)


async def new_thought(world: World) -> Change:
    return await of_bank({"text": "Ann plays chess.", "source_ids": [world.ids[0]]})(world)


async def two_thoughts(world: World) -> Change:
    ids = [await world.thought(tail) for tail in ("chess", "books")]
    return await of_bank({"memory_ids": ids})(world)


async def one_thought(world: World) -> Change:
    path = {"bank": world.bank, "memory_id": await world.thought("chess")}
    return Change(path=path, body={"reason": "obsolete"})


async def given_facts(world: World) -> Change:
    fact = {"subject": "Ann", "predicate": "knows", "object": "Bob", "memory_id": world.ids[0]}
    return await of_bank({"facts": [fact]})(world)


async def made_bank(world: World) -> Change:
    return Change(path={}, body={"name": f"{world.bank}.made"})


TALK = {"source": "talk", "messages": [{"text": "Hello.", "speaker": "Ann"}]}
CHANGES: Mapping[str, Prepare] = {
    "create_bank": made_bank,
    "update_bank": of_bank({"description": "Ann's"}),
    "delete_bank": of_bank(),
    "reembed_bank": of_bank({"model": "other"}),
    "set_calibration": calibration,
    "clear_calibration": calibrated,
    "consolidate_bank": of_bank({"stages": ["organise"]}),
    "add_episode": of_bank(TALK),
    "add_episodes": of_bank({"episodes": [TALK]}),
    "erase_memories": of_bank({"user_id": "ann"}),
    "give_facts": given_facts,
    "rebuild_graph": of_bank(),
    "retry_job": cancelled_job,
    "cancel_job": waiting_job,
    "add_memory": of_bank({"text": "Once."}),
    "add_memories": of_bank({"memories": [{"text": "Once."}]}),
    "update_memory": of_memory({"pinned": True}),
    "archive_memory": of_memory(),
    "restore_memory": archived,
    "give_feedback": feedback,
    "set_retention_policy": of_bank({"threshold": 0.1}),
    "clear_retention_policy": policy,
    "prune_bank": policy,
    "accept_review": review,
    "reject_review": review,
    "think": of_bank({}),
    "insert_thought": new_thought,
    "merge_thoughts": two_thoughts,
    "forget_thought": one_thought,
    "undo_operation": operation,
}
MOVES_ON = frozenset({"erase_memories"})
"""A repeated request gets the erasure as it stands by then, not the first answer."""


@dataclass(frozen=True)
class Served:
    """The application over HTTP, and its worker when it is wanted."""

    http: AsyncClient
    work: Callable[[], Awaitable[None]]
    routes: Mapping[str, tuple[str, str]]
    """Method and path of every operation that takes a key, by its name."""


@pytest.fixture
async def served(database: Database) -> AsyncIterator[Served]:
    """A service with two encoders; jobs wait until they are asked for."""
    application = build_application(
        Settings(organise=ON_DEMAND),
        normalise_url(database.url),
        database.engine,
        Embedders(default=HashingEmbedder(), named={"other": HashingEmbedder(dimension=32)}),
    )
    app = create_app(application, ApiSettings())
    routes = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    }
    async with AsyncClient(base_url=LOCAL, transport=ASGITransport(app)) as http:

        async def is_idle() -> bool:
            answers = [await http.get(f"/v1/jobs?state={each}") for each in ("queued", "running")]
            return not any(each.json()["items"] for each in answers)

        async def work() -> None:
            runner = WorkerRunner(application.work)
            runner.start()
            try:
                await until(is_idle)
            finally:
                await runner.stop()

        yield Served(http=http, work=work, routes=routes)


async def world_of(served: Served, name: str) -> World:
    """Make a bank for one change."""
    path = f"/v1/banks/{name}/memories?create=true"
    written = [
        await served.http.post(path, json={"text": text, "user_id": "ann"}) for text in (ANN, BOB)
    ]
    first, second = (str(each.json()["id"]) for each in written)
    return World(http=served.http, bank=name, ids=(first, second), work=served.work)


async def test_every_change_is_made_once_for_a_key_and_the_others_get_its_answer(
    served: Served,
) -> None:
    assert set(CHANGES) == set(served.routes), "each has its request here"
    found = {}
    for name, prepare in CHANGES.items():
        world = await world_of(served, name.replace("_", "-"))
        change = await prepare(world)
        method, template = served.routes[name]
        request = (method, template.format(**change.path), change.body)
        headers = {"Idempotency-Key": f"key-of-{name}"}
        asked = (_ask(served.http, *request, headers) for _ in range(AT_ONCE))
        answers = [*await asyncio.gather(*asked), await _ask(served.http, *request, headers)]
        found[name] = _faults(answers, moves_on=name in MOVES_ON)

    assert {name: faults for name, faults in found.items() if faults} == {}


async def _ask(
    http: AsyncClient, method: str, path: str, body: Any, headers: Mapping[str, str]
) -> Response:
    return await http.request(method, path, json=body, headers=headers)


def _faults(answers: list[Response], *, moves_on: bool) -> list[str]:
    """Return what is wrong with the answers to one request that was sent several times."""
    first = answers[0]
    faults = [each.text for each in answers if not each.is_success][:1]
    if {each.status_code for each in answers} != {first.status_code}:
        faults.append(f"statuses {[each.status_code for each in answers]}")
    if not moves_on and {each.content for each in answers} != {first.content}:
        faults.append("other answers")
    made = [each for each in answers if "Idempotent-Replay" not in each.headers]
    if len(made) != 1:
        faults.append(f"made {len(made)} times")
    return faults
