"""An index server that lags, however far and whatever it lacks, never shows in an answer."""

import asyncio
import random
from dataclasses import dataclass

import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexBehindError, IndexNotLoadedError, IndexUnavailableError
from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.remote import RemoteMemoryIndex
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Candidate, DenseQuery
from memsvc.services.commands import BankReference, NewMemory
from memsvc.settings import IndexSettings
from memsvc.store.overlay import OverlayReads
from tests.fixtures.services import Service
from tests.integration.memory_index.frozen_server import FrozenServer, remote_index

BANK = "ann"
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


@dataclass(frozen=True, kw_only=True)
class Lagging:
    """A bank, the server that lags, and the index that asks it."""

    service: Service
    scope: BankScope
    server: FrozenServer
    reads: OverlayReads
    index: RemoteMemoryIndex
    exact: LocalMemoryIndex

    async def write(self, *items: NewMemory) -> list[MemoryId]:
        written = await self.service.remember_items(BANK, *items)
        return [each.id for each in written.memories]

    async def query(self, text: str, k: int = 5, **given: object) -> DenseQuery:
        embedder = self.service.embedder
        vector = await embedder.embed_query(text)
        return DenseQuery(vector=vector, model_id=embedder.model.id, k=k, **given)  # type: ignore[arg-type]

    async def found(self, text: str, k: int = 5) -> list[MemoryId]:
        found = await self.index.search(self.scope, await self.query(text, k))
        return [each.memory_id for each in found]

    async def archive(self, memory_id: MemoryId) -> None:
        service = self.service
        await service.memories.archive(service.caller, BankReference(value=BANK), memory_id)


@pytest.fixture
async def lagging(service: Service) -> Lagging:
    """An empty bank that the server has loaded."""
    scope = await service.create_bank(BANK)
    model = service.embedder.model
    server = FrozenServer(service.feed, model.id, model.dimension)
    await server.follow(scope)
    reads = OverlayReads(service.database.engine)
    replicas = BankReplicas(service.feed, IndexSettings(backend="exact"), model_id=model.id)
    return Lagging(
        service=service,
        scope=scope,
        server=server,
        reads=reads,
        index=remote_index(server, reads),
        exact=LocalMemoryIndex(replicas),
    )


async def test_a_write_the_server_has_not_heard_of_is_found(lagging: Lagging) -> None:
    [written] = await lagging.write(NewMemory(text="alpha beta"))

    assert await lagging.found("alpha beta") == [written]


async def test_what_was_archived_or_replaced_since_is_not_shown(lagging: Lagging) -> None:
    first, second = await lagging.write(
        NewMemory(text="alpha", external_id="a"), NewMemory(text="alpha beta", external_id="b")
    )
    await lagging.server.follow(lagging.scope)
    await lagging.archive(first)
    await lagging.write(NewMemory(text="kappa", external_id="b"))

    [only] = await lagging.index.search(lagging.scope, await lagging.query("alpha"))
    assert only.memory_id == second
    assert only.score == pytest.approx(0.0, abs=0.3), "scored by its new text"


async def test_k_is_honoured_when_most_of_what_the_server_finds_is_gone(lagging: Lagging) -> None:
    near = await lagging.write(*(NewMemory(text="alpha") for _ in range(60)))
    far = await lagging.write(*(NewMemory(text=f"alpha beta {no}") for no in range(5)))
    await lagging.server.follow(lagging.scope)
    for each in near:
        await lagging.archive(each)

    assert sorted(await lagging.found("alpha", k=5)) == sorted(far)


async def test_allowed_memories_alone_are_ranked_new_ones_too(lagging: Lagging) -> None:
    old = await lagging.write(*(NewMemory(text=f"alpha {no}") for no in range(4)))
    await lagging.server.follow(lagging.scope)
    new = await lagging.write(*(NewMemory(text=f"alpha beta {no}") for no in range(4)))

    query = await lagging.query("alpha", k=10, allowed=[old[1], new[2]])
    found = await lagging.index.search(lagging.scope, query)

    assert {each.memory_id for each in found} == {old[1], new[2]}


async def test_too_many_changes_are_waited_for_and_then_given_up(lagging: Lagging) -> None:
    await lagging.write(*(NewMemory(text=f"alpha {no}") for no in range(6)))

    hasty = remote_index(lagging.server, lagging.reads, most_changes=5)
    query = await lagging.query("alpha", k=3)
    with pytest.raises(IndexBehindError):
        await hasty.search(lagging.scope, query)

    told: list[str] = []
    patient = remote_index(lagging.server, lagging.reads, most_changes=5, wait_s=30)
    lagging.server.was_asked.clear()
    query = await lagging.query("alpha", k=3, tell=told.append)
    waiting = asyncio.create_task(patient.search(lagging.scope, query))
    await asyncio.to_thread(lagging.server.was_asked.wait)
    await lagging.server.follow(lagging.scope)

    assert len(await waiting) == 3
    assert told == ["waited for server to catch up"]


async def test_a_server_that_is_away_is_named_and_returns_by_itself(lagging: Lagging) -> None:
    [written] = await lagging.write(NewMemory(text="alpha"))
    lagging.server.is_down = True
    with pytest.raises(IndexUnavailableError):
        await lagging.found("alpha")

    lagging.server.is_down = False
    assert await lagging.found("alpha") == [written]


async def test_a_bank_the_server_has_not_loaded_is_said_to_be_so(lagging: Lagging) -> None:
    partition = lagging.server.partitions[lagging.scope]
    lagging.server.indexes[partition].set_mark(partition, b"")
    with pytest.raises(IndexNotLoadedError):
        await lagging.found("alpha")

    lagging.server.partitions.clear()
    with pytest.raises(IndexNotLoadedError):
        await lagging.found("alpha")


async def test_a_mark_older_than_the_log_makes_the_bank_count_as_not_loaded(
    lagging: Lagging,
) -> None:
    await lagging.write(NewMemory(text="alpha"))
    service, clock = lagging.service, lagging.service.banks._clock
    async with service.database.store.write(lagging.scope.tenant_id) as tx:
        assert await tx.changes.trim(lagging.scope.bank_id, clock.now()) == 1

    with pytest.raises(IndexNotLoadedError):
        await lagging.found("alpha")


@pytest.mark.parametrize("seed", range(6))
async def test_answers_are_those_of_an_exact_index_whatever_the_server_missed(
    lagging: Lagging, seed: int
) -> None:
    chance = random.Random(seed)
    known: list[MemoryId] = []
    for _ in range(60):
        match chance.choices(["write", "archive", "follow", "ask"], [5, 2, 1, 4])[0]:
            case "write":
                written = await lagging.write(*_drawn(chance))
                known = [*dict.fromkeys([*known, *written])]
            case "archive" if known:
                await lagging.archive(known.pop(chance.randrange(len(known))))
            case "follow":
                await lagging.server.follow(lagging.scope)
            case _:
                await _assert_agreement(lagging, chance, known)
    await _assert_agreement(lagging, chance, known)


def _drawn(chance: random.Random) -> list[NewMemory]:
    numbers = chance.sample(range(40), chance.randint(1, 3))
    return [
        NewMemory(
            text=" ".join(chance.choices(WORDS, k=chance.randint(1, 4))),
            external_id=f"x{number}" if number < 25 else None,
        )
        for number in numbers
    ]


async def _assert_agreement(lagging: Lagging, chance: random.Random, known: list[MemoryId]) -> None:
    allowed = None
    if known and chance.random() < 0.3:
        allowed = list(set(chance.sample(known, chance.randint(1, len(known)))))
    text = " ".join(chance.choices(WORDS, k=2))
    query = await lagging.query(text, k=chance.choice([1, 3, 10]), allowed=allowed)

    mine = await lagging.index.search(lagging.scope, query)
    truth = await lagging.exact.search(lagging.scope, query)
    assert _plain(mine) == _plain(truth)


def _plain(found: list[Candidate]) -> list[tuple[MemoryId, float]]:
    return [(each.memory_id, each.score) for each in found]
