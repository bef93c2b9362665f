"""A bank moves to another embedding model while it is written to and asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application, build_application
from memsvc.domain.bank_models import ModelState
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import Job, JobState
from memsvc.errors import (
    IllegalTransitionError,
    InvalidRequestError,
    ReembeddingUnderWayError,
)
from memsvc.ports import Matrix
from memsvc.services.commands import BankReference, Caller, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.services.reembedding import ReembedCommand
from memsvc.services.tidy import Tidy
from memsvc.settings import IndexSettings, OrganiseSettings, ReembedSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.jobs import in_state, until

BANK = BankReference(value="diary", create=True)
CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
WORDS = (
    *("river", "stone", "lamp", "bread", "winter", "garden"),
    *("copper", "letter", "island", "violin", "harbour", "meadow"),
)


class Gate(HashingEmbedder):
    """The encoder moved to; runs something of the test's before its first batch."""

    def __init__(self, *, dimension: int) -> None:
        super().__init__(dimension=dimension)
        self.meanwhile = self._nothing
        self.batches = 0

    async def _nothing(self) -> None:
        pass

    async def embed_documents(
        self, texts: Sequence[str], *, in_background: bool = False
    ) -> list[Matrix]:
        self.batches += 1
        if self.batches == 1:
            await self.meanwhile()
        return await super().embed_documents(texts, in_background=in_background)


@dataclass
class World:
    """A service with two encoders and a worker, and a bank of notes."""

    database: Database
    app: Application
    old: HashingEmbedder
    new: Gate

    async def remember(self, *texts: str) -> None:
        items = [NewMemory(text=each, external_id=f"{hash(each)}") for each in texts]
        await self.app.remember.items(CALLER, BANK, items)

    async def ask(self, question: str, k: int = 3) -> Recalled:
        query = RecallQuery(text=question, k=k, arms=frozenset({Arm.DENSE}))
        return await self.app.recall(CALLER, BANK, query)

    async def move(self, command: ReembedCommand) -> JobId:
        return (await self.app.reembedding.start(CALLER, BANK, command)).value.id

    async def moved(self, command: ReembedCommand, state: JobState = JobState.SUCCEEDED) -> Job:
        job_id = await self.move(command)
        runner = WorkerRunner(self.app.work)
        runner.start()
        try:
            return await in_state(self.database, job_id, state)
        finally:
            await runner.stop()

    async def states(self) -> dict[str, ModelState]:
        models = await self.app.reembedding.models(CALLER, BANK)
        return {each.model_id: each.state for each in models}

    async def vectors(self, model_id: str) -> int:
        statement = text("SELECT count(*) FROM embeddings WHERE model_id = :model")
        engine = create_engine(normalise_url(self.database.urls.superuser_url), poolclass=NullPool)
        with engine.connect() as connection:
            return int(connection.scalar(statement, {"model": model_id}) or 0)


def texts(count: int) -> list[str]:
    size = len(WORDS)
    return [
        f"{WORDS[n % size]} {WORDS[n // size % size]} {WORDS[(n * 5 + 1) % size]} number{n}"
        for n in range(count)
    ]


def application(
    database: Database,
    default: HashingEmbedder,
    new: HashingEmbedder | None = None,
    *,
    backend: Literal["exact", "pgvector"] = "pgvector",
) -> Application:
    named = {} if new is None else {"new": new}
    return build_application(
        Settings(
            index=IndexSettings(backend=backend),
            # Annotated views are vectors too, and would come when they like.
            organise=OrganiseSettings(automatic=False),
        ),
        normalise_url(database.url),
        database.engine,
        Embedders(default=default, named=named),
    )


@pytest.fixture
async def world(database: Database) -> World:
    old, new = HashingEmbedder(dimension=256), Gate(dimension=384)
    world = World(database=database, app=application(database, old, new), old=old, new=new)
    await world.remember(*texts(150))
    return world


TO_NEW = ReembedCommand(model="new")


async def test_the_bank_is_served_by_the_new_model_and_says_how_far_they_agree(
    world: World,
) -> None:
    job = await world.moved(TO_NEW)
    assert job.progress is not None
    assert (job.progress.done, job.progress.total) == (150, 150)
    assert await world.states() == {
        world.new.model.id: ModelState.SERVING,
        world.old.model.id: ModelState.RETIRED,
    }
    serving = (await world.app.reembedding.models(CALLER, BANK))[0]
    assert serving.report is not None
    assert serving.report["samples"] == 50
    assert serving.report["vectors"] == 150
    assert 0.2 <= float(str(serving.report["overlap_at_10"])) <= 1
    assert serving.report["found_itself_building"] == 1
    assert (await world.app.banks.get(CALLER, BANK)).dimension == 384
    answer = await world.ask("river number0 stone")
    assert answer.hits[0].memory.text.startswith("river river")


async def test_writes_go_on_and_are_found_before_and_after(world: World) -> None:
    async def meanwhile() -> None:
        await world.remember("a lighthouse seen while moving")
        assert (await world.states())[world.new.model.id] is ModelState.BUILDING
        # Still the serving model's answer, and the write is in it.
        answer = await world.ask("lighthouse moving")
        assert answer.hits[0].memory.text == "a lighthouse seen while moving"
        # The second text has vectors of both models from its write.
        assert await world.vectors(world.new.model.id) == 1

    world.new.meanwhile = meanwhile
    await world.moved(TO_NEW)
    answer = await world.ask("lighthouse moving")
    assert answer.hits[0].memory.text == "a lighthouse seen while moving"
    assert await world.vectors(world.new.model.id) == 151
    await world.remember("a windmill after it")
    assert (await world.ask("a windmill after it")).hits[0].memory.text == "a windmill after it"
    assert await world.vectors(world.old.model.id) == 151


async def test_a_memory_changed_while_its_old_text_was_embedded_gets_the_new_texts_vectors(
    world: World,
) -> None:
    async def meanwhile() -> None:
        item = NewMemory(text="entirely rewritten saffron", external_id=f"{hash(texts(1)[0])}")
        await world.app.remember.items(CALLER, BANK, [item])

    world.new.meanwhile = meanwhile
    await world.moved(TO_NEW)
    assert (await world.ask("saffron rewritten")).hits[0].memory.version == 2


async def test_a_rollback_returns_to_the_old_model_with_what_was_written_since(
    world: World,
) -> None:
    await world.moved(TO_NEW)
    await world.remember("a windmill after it")
    await world.moved(ReembedCommand(rollback=True))
    assert await world.states() == {
        world.old.model.id: ModelState.SERVING,
        world.new.model.id: ModelState.RETIRED,
    }
    assert (await world.ask("a windmill after it")).hits[0].memory.text == "a windmill after it"
    assert await world.vectors(world.old.model.id) == 151


async def test_an_index_that_held_the_old_model_sees_what_the_rollback_added(
    world: World,
) -> None:
    world.app = application(world.database, world.old, world.new, backend="exact")
    await world.ask("river")  # the old model is in memory now, and stays there
    await world.moved(TO_NEW)
    await world.ask("river")
    await world.remember("a windmill after it")
    await world.moved(ReembedCommand(rollback=True))
    assert (await world.ask("a windmill after it")).hits[0].memory.text == "a windmill after it"


async def test_models_that_do_not_agree_leave_the_bank_as_it_was(world: World) -> None:
    command = ReembedCommand(model="new", least_overlap=1.0)
    job = await world.moved(command, JobState.NEEDS_REVIEW)
    assert job.reason is not None
    assert "stays with its model" in job.reason
    assert (await world.states())[world.old.model.id] is ModelState.SERVING
    building = (await world.app.reembedding.models(CALLER, BANK))[1]
    assert building.report is not None
    assert (await world.ask("river")).arms[Arm.DENSE].status == "ok"


async def test_a_stopped_move_goes_on_where_it_was(world: World) -> None:
    world.new.down = True
    job_id = (await world.moved(TO_NEW, JobState.WAITING_PROVIDER)).id
    world.new.down = False
    await world.remember("one more, with both models")
    assert await world.vectors(world.new.model.id) == 1
    await world.app.jobs.retry(CALLER, job_id)
    runner = WorkerRunner(world.app.work)
    runner.start()
    await in_state(world.database, job_id, JobState.SUCCEEDED)
    await runner.stop()
    assert await world.vectors(world.new.model.id) == 151


async def test_a_cancelled_move_changes_nothing_and_is_given_up_by_tidying(world: World) -> None:
    job_ids: list[JobId] = []

    async def meanwhile() -> None:
        await world.app.jobs.cancel(CALLER, job_ids[0])

    world.new.meanwhile = meanwhile
    job_ids.append(await world.move(TO_NEW))
    runner = WorkerRunner(world.app.work)
    runner.start()
    await in_state(world.database, job_ids[0], JobState.CANCELLED)
    await runner.stop()
    assert world.new.batches == 1
    assert (await world.states())[world.old.model.id] is ModelState.SERVING
    tidy = Tidy(
        world.database.store, DEFAULT_TENANT, SystemClock(), keep_retired=timedelta(seconds=0)
    )
    await tidy()
    await tidy()
    assert world.new.model.id not in await world.states()
    assert await world.vectors(world.new.model.id) == 0


async def test_retired_vectors_go_once_their_time_is_over(world: World) -> None:
    await world.moved(TO_NEW)
    await Tidy(world.database.store, DEFAULT_TENANT, SystemClock())()
    assert await world.vectors(world.old.model.id) == 150
    await Tidy(
        world.database.store, DEFAULT_TENANT, SystemClock(), keep_retired=timedelta(seconds=0)
    )()
    assert await world.vectors(world.old.model.id) == 0
    assert await world.vectors(world.new.model.id) == 150
    with pytest.raises(InvalidRequestError, match="no retired model"):
        await world.move(ReembedCommand(rollback=True))


async def test_what_waited_for_vectors_is_embedded_by_the_move(world: World) -> None:
    world.old.down = True
    await world.remember("written while the old model was away")
    world.old.down = False
    await world.moved(TO_NEW)
    answer = await world.ask("away model written")
    assert answer.hits[0].memory.text == "written while the old model was away"
    assert answer.hits[0].memory.embedded


async def test_a_second_move_is_refused_while_one_is_open(world: World) -> None:
    await world.move(TO_NEW)
    with pytest.raises(ReembeddingUnderWayError):
        await world.move(TO_NEW)


async def test_only_what_can_be_given_up_can_be_cancelled(world: World) -> None:
    job = (await world.app.banks.delete(CALLER, BANK)).value
    with pytest.raises(IllegalTransitionError, match=r"bank\.delete"):
        await world.app.jobs.cancel(CALLER, job.id)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (ReembedCommand(model="unheard"), "configured are: default, new"),
        (ReembedCommand(model="default"), "served by this model already"),
        (ReembedCommand(rollback=True), "no retired model"),
        (ReembedCommand(), "Name a model"),
        (ReembedCommand(model="new", rollback=True), "Name a model"),
    ],
)
async def test_a_move_that_makes_no_sense_is_refused_with_what_would(
    world: World, command: ReembedCommand, message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        await world.move(command)


async def test_a_bank_of_a_model_that_is_not_the_default_is_served_by_its_own(
    world: World,
) -> None:
    await world.moved(TO_NEW)
    fresh = application(world.database, world.old, world.new)
    answer = await fresh.recall(
        CALLER, BANK, RecallQuery(text="river number0 stone", arms=frozenset({Arm.DENSE}))
    )
    assert answer.arms[Arm.DENSE].status == "ok"
    without = application(world.database, world.old)
    both = await without.recall(CALLER, BANK, RecallQuery(text="river number0 stone"))
    assert both.arms[Arm.DENSE].status == "skipped"
    assert both.hits


async def test_a_bank_deleted_while_it_moves_is_gone(world: World) -> None:
    async def meanwhile() -> None:
        await world.app.banks.delete(CALLER, BANK)

    world.new.meanwhile = meanwhile
    job_id = await world.move(TO_NEW)
    runner = WorkerRunner(world.app.work)
    runner.start()
    await in_state(world.database, job_id, JobState.CANCELLED)

    async def all_gone() -> bool:
        return not await world.vectors(world.old.model.id)

    await until(all_gone)
    await runner.stop()
    assert await world.vectors(world.new.model.id) == 0


@pytest.mark.parametrize("dimension", [3_072, 4_096])
@pytest.mark.parametrize("backend", ["pgvector", "exact", "faiss_cpu"])
async def test_long_vectors_are_written_and_recalled(
    database: Database, dimension: int, backend: str
) -> None:
    if backend == "faiss_cpu":
        pytest.importorskip("faiss")
    settings = Settings(index=IndexSettings(backend=backend), reembed=ReembedSettings())
    app = build_application(
        settings,
        normalise_url(database.url),
        database.engine,
        Embedders(default=HashingEmbedder(dimension=dimension)),
    )
    bank = BankReference(value=f"long-{uuid4().hex}", create=True)
    await app.remember.items(CALLER, bank, [NewMemory(text=each) for each in texts(20)])
    query = RecallQuery(text=texts(20)[7], k=1, arms=frozenset({Arm.DENSE}))
    answer = await app.recall(CALLER, bank, query)
    assert [hit.memory.text for hit in answer.hits] == [texts(20)[7]]
