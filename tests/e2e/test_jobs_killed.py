"""A bank whose workers are killed in every job ends as one whose workers never are."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import ASGITransport
from memsvc_client import AsyncBank, AsyncClient, NewMemory, RetentionPolicy

from memsvc.api.app import create_app
from memsvc.bootstrap import build_application
from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.services.embedders import Embedders
from memsvc.settings import ApiSettings
from memsvc.store.engine import normalise_url
from memsvc.store.roles import DEFAULT_TENANT
from tests.e2e.nurseries import Forks, kill_after, working_nursery
from tests.e2e.working_nursery import SETTINGS, attempt
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

OPEN = {"queued", "running", "waiting_provider"}
START = datetime(2024, 1, 1, tzinfo=UTC)
GUEST = "guest"


@dataclass
class Workers:
    """Does the jobs of a bank, killed once in each of them where there is a nursery."""

    client: AsyncClient
    database: Database
    folder: Path
    took_s: dict[str, float]
    """How long the last job of each kind took that nobody killed."""
    nursery: Forks | None = None
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    kills: Counter[str] = field(default_factory=Counter)

    async def work(self, bank: str) -> None:
        """Do what there is to do, and what comes of it."""
        while jobs := [each async for each in self.client.jobs(bank=bank) if each.state in OPEN]:
            for job in sorted(jobs, key=lambda each: each.id):
                if self.nursery is not None:
                    pause_s = self.chance.random() * self.took_s.get(job.kind, 0.1)
                    self.kills[job.kind] += await asyncio.to_thread(
                        kill_after, self.nursery, str(job.id), pause_s
                    )
                began = time.perf_counter()
                await attempt(self.database.url, self.folder, JobId(job.id))
                if self.nursery is None:
                    self.took_s[job.kind] = time.perf_counter() - began
                done = await self.client.get_job(job.id)
                assert done.state == "succeeded", (job.kind, done.state)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
    """A client of a service that no worker runs beside."""
    application = build_application(
        SETTINGS,
        normalise_url(database.url),
        database.engine,
        Embedders(default=HashingEmbedder()),
    )
    transport = ASGITransport(create_app(application, ApiSettings()))
    async with AsyncClient(LOCAL, transport=transport, max_retries=0) as opened:
        yield opened


def texts(number: int) -> list[str]:
    """A round's texts: people who move, duplicates, statements that repeat."""
    chance = random.Random(number)
    who = chance.choice(["Maria", "Ben", "Ida"])
    where = chance.choice(["Lisbon", "Porto", "Rome"])
    return [
        f"I live in {where}.",
        f"{who} went climbing in {where}, tour {number}.",
        f"{who} went climbing in {where}, tour {number}!",
        f"I moved to {chance.choice(['Paris', 'Oslo'])}.",
        f"My dog {who} is {number + 2} years old.",
    ]


async def write(bank: AsyncBank, number: int) -> None:
    said_at = START + timedelta(days=number)
    said = [NewMemory(text=text, user_id="ann", occurred_at=said_at) for text in texts(number)]
    by_guest = NewMemory(text=f"The guest sang song {number}.", user_id=GUEST, occurred_at=said_at)
    await bank.add_memories([*said, by_guest], create=True)


async def queue_stages(database: Database, bank: str) -> None:
    """Do what a worker does once a bank is quiet."""
    async with database.store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve(bank)).scope.bank_id
        for name in ("dedupe", "facts", "entities", "think"):
            new = NewJob(kind=JobKind.STAGE, bank_id=bank_id, payload={"stages": [name]})
            await tx.jobs.add_once(new)


async def live_round(workers: Workers, bank_name: str, number: int) -> None:
    """Remember, let it organise itself, ask for more, sweep, think once more, erase somebody."""
    bank = workers.client.bank(bank_name)
    await write(bank, number)
    await workers.work(bank_name)
    await queue_stages(workers.database, bank_name)
    await workers.work(bank_name)
    await bank.consolidate()
    await workers.work(bank_name)
    await bank.prune(policy=RetentionPolicy(threshold=0, capacity=3 * number + 3))
    await workers.work(bank_name)
    await bank.thoughts.think()
    await workers.work(bank_name)
    await bank.erase(user_id=GUEST)
    await workers.work(bank_name)


async def shown(bank: AsyncBank) -> Counter[tuple[object, ...]]:
    """Return what is seen of each memory, by its text, however often."""
    details = [await bank.get(each.id) async for each in bank.memories()]
    said: dict[UUID, str] = {each.id: each.text for each in details}
    found: Counter[tuple[object, ...]] = Counter()
    for each in details:
        notes = each.annotations
        annotated = None if notes is None else (tuple(notes.keywords), tuple(notes.tags))
        links = frozenset((link.type, link.direction, said[link.memory_id]) for link in each.links)
        versions = len([one async for one in bank.annotations(each.id)])
        found[each.text, each.state, annotated, links, versions] += 1
    return found


async def facts(bank: AsyncBank) -> Counter[tuple[object, ...]]:
    """Return what is claimed, since when and until when."""
    listed = [each async for each in bank.facts()]
    return Counter(
        (each.subject, each.predicate, each.object, each.valid_from, each.valid_to)
        for each in listed
    )


async def done(bank: AsyncBank) -> Counter[tuple[str, str, str]]:
    """Return the effects of all operations by what sort they are of."""
    found: Counter[tuple[str, str, str]] = Counter()
    async for operation in bank.operations():
        async for effect in bank.effects(operation.id):
            found[operation.kind, operation.state, effect.aspect] += 1
    return found


async def erased(bank: AsyncBank) -> list[tuple[str, int]]:
    """Return how each erasure stands and how many memories it has taken."""
    return [(each.state, each.memories) async for each in bank.erasures()]


@pytest.mark.timeout(3600)
async def test_what_workers_killed_in_every_job_leave_is_what_others_leave(
    client: AsyncClient, database: Database, tmp_path: Path, rounds: int
) -> None:
    took_s: dict[str, float] = {}
    calm = Workers(client=client, database=database, folder=tmp_path, took_s=took_s)
    with working_nursery(database.urls, tmp_path) as nursery:
        killed = replace(calm, nursery=nursery)
        for number in range(rounds):
            await live_round(calm, "calm", number)
            await live_round(killed, "killed", number)

    one, other = client.bank("killed"), client.bank("calm")
    assert await shown(one) == await shown(other)
    assert await facts(one) == await facts(other)
    assert await done(one) == await done(other)
    assert await erased(one) == await erased(other)
    assert [each[0] for each in await erased(one)] == ["complete"] * rounds
    wanted = {"bank.stage", "bank.consolidate", "bank.sweep", "memories.erase"}
    assert wanted <= set(+killed.kills)
