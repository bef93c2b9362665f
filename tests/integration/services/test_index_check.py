"""The running check on real PostgreSQL: a lying index is found, an honest one never accused."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from memsvc.bootstrap import Application, build_application
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Candidate, DenseQuery, MemoryIndex
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.index_check import IndexCheck
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import HnswSettings, IndexSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.exact_answers import ExactAnswers
from memsvc.store.hnsw_upkeep import keep_up
from memsvc.store.overlay import OverlayReads
from memsvc.store.pgvector_index import PgVectorIndex
from tests.fixtures.services import Service
from tests.fixtures.vectors import MODEL, clustered, fill_bank
from tests.integration.memory_index.frozen_server import FrozenServer, remote_index

BANK = "ann"
ALWAYS = IndexSettings(backend="exact", check_share=1.0, snapshots=False)
NOTES = [f"{'tea ' * no}ink oak" for no in range(1, 41)]
"""Each nearer to tea than the one before."""


class Wrapped:
    """An index whose answers go through somebody's hands."""

    def __init__(
        self, honest: MemoryIndex, turn: Callable[[list[Candidate]], Awaitable[list[Candidate]]]
    ) -> None:
        self.backend = honest.backend
        self._honest = honest
        self._turn = turn

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        return await self._turn(await self._honest.search(scope, query))

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        await self._honest.refresh(scope, model_id, asked_at)

    async def forget_bank(self, scope: BankScope) -> None:
        await self._honest.forget_bank(scope)


async def without_every_third(found: list[Candidate]) -> list[Candidate]:
    return [each for no, each in enumerate(found) if no % 3]


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What a backend's metrics have gained."""

    compared: float
    recall: float
    written: float

    @staticmethod
    def now(backend: str) -> "Gains":
        def value(name: str, **labels: str) -> float:
            return REGISTRY.get_sample_value(name, {"index": backend} | labels) or 0.0

        return Gains(
            compared=value("memsvc_index_checks_total", outcome="compared"),
            recall=value("memsvc_index_recall_at_k_sum"),
            written=value("memsvc_index_checks_total", outcome="written"),
        )

    def since(self, before: "Gains") -> "Gains":
        return Gains(
            compared=self.compared - before.compared,
            recall=round(self.recall - before.recall, 6),
            written=self.written - before.written,
        )


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A bank of notes, and an index of it under check."""

    service: Service
    scope: BankScope
    index: MemoryIndex
    check: IndexCheck

    async def write(self, *texts: str) -> list[MemoryId]:
        items = [NewMemory(text=each) for each in texts]
        written = await self.service.remember_items(BANK, *items)
        return [each.id for each in written.memories]

    async def archive(self, memory_id: MemoryId) -> None:
        service = self.service
        await service.memories.archive(service.caller, BankReference(value=BANK), memory_id)

    async def ask(
        self, question: str = "tea", allowed: Sequence[MemoryId] | None = None
    ) -> list[Candidate]:
        """Search as a recall does."""
        embedder = self.service.embedder
        query = DenseQuery(
            vector=await embedder.embed_query(question),
            model_id=embedder.model.id,
            k=30,
            allowed=allowed,
            asked_at=self.check._clock(),
        )
        found = await self.index.search(self.scope, query)
        self.check.offer(self.scope, query, found)
        return found

    async def gained(self) -> Gains:
        """Return what one step of the check adds to the metrics."""
        before = Gains.now(self.index.backend)
        await self.check.step()
        return Gains.now(self.index.backend).since(before)


PERFECT = Gains(compared=1, recall=1.0, written=0)
HONEST = ["exact", "faiss_cpu", "pgvector", "server"]


def honest_index(service: Service, backend: str) -> MemoryIndex:
    model = service.embedder.model
    if backend == "pgvector":
        return PgVectorIndex(service.database.engine, ALWAYS.hnsw)
    settings = ALWAYS.model_copy(update={"backend": backend})
    return LocalMemoryIndex(BankReplicas(service.feed, settings, model_id=model.id))


async def checked(service: Service, backend: str, turn: Any = None) -> Checked:
    scope = await service.create_bank(BANK)
    await service.remember_items(BANK, *(NewMemory(text=each) for each in NOTES))
    if backend == "server":
        model = service.embedder.model
        server = FrozenServer(service.feed, model.id, model.dimension)
        await server.follow(scope)
        index: MemoryIndex = remote_index(server, OverlayReads(service.database.engine))
    else:
        index = honest_index(service, backend)
    if turn is not None:
        index = Wrapped(index, turn)
    exact = ExactAnswers(service.database.engine, limit_s=10)
    return Checked(
        service=service, scope=scope, index=index, check=IndexCheck(index, exact, ALWAYS)
    )


@pytest.fixture
async def honest(service: Service) -> Checked:
    """An honest index in memory, with a moment noted."""
    made = await checked(service, "exact")
    await made.ask()
    await made.check.step()
    return made


@pytest.mark.parametrize("backend", HONEST)
async def test_an_honest_index_shows_one_and_no_warning(service: Service, backend: str) -> None:
    made = await checked(service, backend)

    with capture_logs() as logs:
        await made.ask()
        first = await made.gained()
        await made.ask()
        second = await made.gained()
        made.check._report.conclude(early=True)

    assert (first, second) == (PERFECT, PERFECT)
    assert warnings(logs) == []


@pytest.mark.parametrize("backend", HONEST)
async def test_an_index_that_drops_every_third_hit_is_found(service: Service, backend: str) -> None:
    made = await checked(service, backend, without_every_third)

    with capture_logs() as logs:
        for _ in range(2):
            await made.ask()
            gains = await made.gained()
            assert gains.compared == 1
            assert 0.5 <= gains.recall <= 0.7
        made.check._report.conclude(early=True)

    [warning] = warnings(logs)
    assert (warning["index"], warning["checks"]) == (backend, 2)
    assert warning["worst_bank_id"] == str(made.scope.bank_id)
    assert "tea" not in str(warning)


async def test_an_approximate_answer_is_judged_for_what_it_is(service: Service) -> None:
    """The check's figure is the one that a test would measure by itself."""
    database = service.database
    bank = fill_bank(database.urls, "large", clustered(2_000, 32, seed=1))
    hnsw = HnswSettings(from_vectors=100, build_memory_mb=128)
    keep_up(normalise_url(database.urls.owner_url), hnsw)
    with_index = Wrapped(PgVectorIndex(database.engine, hnsw), without_every_third)
    exact = PgVectorIndex(database.engine)
    check = IndexCheck(with_index, ExactAnswers(database.engine, limit_s=10), ALWAYS)
    before, measured = Gains.now("pgvector"), 0.0

    for vector in clustered(10, 32, seed=9):
        query = DenseQuery(vector=vector, model_id=MODEL, k=30, asked_at=check._clock())
        found = await with_index.search(bank.scope, query)
        check.offer(bank.scope, query, found)
        await check.step()
        best = {each.memory_id for each in await exact.search(bank.scope, replace(query, k=10))}
        measured += len(best & {each.memory_id for each in found[:10]}) / 10

    assert 0 < measured < 8
    assert Gains.now("pgvector").since(before) == Gains(
        compared=10, recall=round(measured, 6), written=0
    )


async def test_what_is_written_after_the_answer_is_no_miss(honest: Checked) -> None:
    await honest.ask()
    await honest.write("tea", "tea tea")
    assert await honest.gained() == PERFECT


async def test_what_is_archived_after_the_answer_is_no_miss(honest: Checked) -> None:
    allowed = [each.memory_id for each in await honest.ask()]
    await honest.check.step()
    found = await honest.ask(allowed=allowed)
    for each in found[:5]:
        await honest.archive(each.memory_id)
    assert await honest.gained() == PERFECT


async def test_a_write_that_was_open_while_the_question_came_is_no_miss(honest: Checked) -> None:
    """Its transaction id and its time are older than what was committed before the question."""
    engine = create_engine(
        normalise_url(honest.service.database.urls.superuser_url), poolclass=NullPool
    )
    [late] = await honest.write("tea")
    await honest.archive(late)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE memories SET state = 'active' WHERE memory_id = :id"), {"id": late}
        )
        connection.execute(
            text(
                "INSERT INTO index_changes (bank_id, seq, tenant_id, xid, memory_id, recorded_at)"
                " SELECT bank_id, -1, tenant_id, pg_current_xact_id(), memory_id,"
                " recorded_at - interval '1 day' FROM memories WHERE memory_id = :id"
            ),
            {"id": late},
        )
        await honest.write("oak")  # Others come and go meanwhile.
        await honest.ask()
        await honest.check.step()  # Notes a moment while the write is open.
        found = await honest.ask()
    engine.dispose()

    assert late not in [each.memory_id for each in found]
    assert await honest.gained() == PERFECT
    assert (await honest.ask())[0].memory_id == late


async def test_an_answer_among_endless_writes_is_let_go(service: Service) -> None:
    async def writing(found: list[Candidate]) -> list[Candidate]:
        await made.write("tea")
        return found

    made = await checked(service, "exact", writing)
    await made.ask()
    assert await made.gained() == Gains(compared=0, recall=0.0, written=1)


async def test_a_cut_change_log_counts_as_written(honest: Checked) -> None:
    exact = ExactAnswers(honest.service.database.engine, limit_s=10)
    query = DenseQuery(
        vector=await honest.service.embedder.embed_query("tea"),
        model_id=honest.service.embedder.model.id,
        k=5,
    )
    since = await exact.moment(honest.scope)
    await honest.write("one more")
    tenant = honest.scope.tenant_id
    async with honest.service.database.store.write(tenant) as tx:
        later = honest.service.database.store._clock.now().replace(year=2100)
        assert await tx.changes.trim(honest.scope.bank_id, later) > 0

    cut = await exact.answer(honest.scope, query, [], since)
    now = await exact.moment(honest.scope)
    fresh = await exact.answer(honest.scope, query, [], now)
    unaware = await exact.answer(honest.scope, query, [], replace(now, trimmed_below=0))

    assert cut.has_changed
    assert (fresh.has_changed, unaware.has_changed) == (False, False)


async def test_a_slow_exact_answer_is_given_up(honest: Checked) -> None:
    await honest.write(*(f"note {no}" for no in range(500)))
    before = REGISTRY.get_sample_value(*unavailable()) or 0.0
    honest.check._exact._limit_ms = 1
    honest.check._settings = ALWAYS.model_copy(update={"check_k": 1000})
    lock = create_engine(
        normalise_url(honest.service.database.urls.superuser_url), poolclass=NullPool
    )
    await honest.ask()
    with lock.begin() as connection:
        connection.execute(text("LOCK TABLE embeddings IN ACCESS EXCLUSIVE MODE"))
        await honest.check.step()
    lock.dispose()
    assert REGISTRY.get_sample_value(*unavailable()) == before + 1


def application_of(service: Service, share: float) -> Application:
    settings = Settings(
        index=ALWAYS.model_copy(update={"check_share": share, "check_interval_s": 0.01})
    )
    database = service.database
    return build_application(
        settings, normalise_url(database.url), database.engine, Embedders(default=service.embedder)
    )


async def recall(application: Application, service: Service) -> None:
    await application.recall(service.caller, BankReference(value=BANK), RecallQuery(text="tea"))


async def test_recalls_are_checked_while_the_application_runs(service: Service) -> None:
    await service.remember_items(BANK, *(NewMemory(text=each) for each in NOTES))
    application, before = application_of(service, 1.0), Gains.now("exact")

    async with application.index_check.running():
        await recall(application, service)
        while Gains.now("exact").since(before).compared < 1:  # noqa: ASYNC110 — nothing tells
            await asyncio.sleep(0.01)

    assert Gains.now("exact").since(before) == PERFECT
    assert "memsvc index check" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_at_share_0_nothing_is_checked(service: Service) -> None:
    await service.remember_items(BANK, *(NewMemory(text=each) for each in NOTES))
    application, before = application_of(service, 0.0), Gains.now("exact")

    async with application.index_check.running():
        await recall(application, service)
        await application.index_check.step()
        assert "memsvc index check" not in {task.get_name() for task in asyncio.all_tasks()}

    assert Gains.now("exact").since(before) == Gains(compared=0, recall=0.0, written=0)


async def test_every_backend_says_how_far_it_lagged(service: Service) -> None:
    made = await checked(service, "exact")
    await made.ask()
    await made.write("one", "two", "three")
    await made.ask()
    late = lag("exact")
    await made.ask()

    assert late[0] == 3
    assert late[1] is not None
    assert late[1] > 0
    assert lag("exact") == (0, 0)
    honest_index(service, "pgvector")
    assert lag("pgvector") == (0, 0)


async def test_words_in_memory_do_not_report_for_the_vectors_elsewhere(service: Service) -> None:
    made = await checked(service, "server")
    await made.write("one", "two")
    await made.ask()
    words = BankReplicas(
        service.feed, ALWAYS.model_copy(update={"backend": "server"}), model_id=None
    )
    await words.contents(made.scope)
    await words.contents(made.scope)

    assert lag("server")[0] == 2
    assert lag("words") == (0, 0)


def lag(backend: str) -> tuple[float | None, float | None]:
    labels = {"index": backend}
    return (
        REGISTRY.get_sample_value("memsvc_index_lag_changes", labels),
        REGISTRY.get_sample_value("memsvc_index_lag_seconds", labels),
    )


def unavailable() -> tuple[str, dict[str, str]]:
    return "memsvc_index_checks_total", {"index": "exact", "outcome": "unavailable"}


def warnings(logs: Sequence[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [each for each in logs if each["event"] == "index.recall_low"]
