"""The memory organises itself: nobody asks, and thoughts, facts and merges come about."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from memsvc_client import AsyncBank, AsyncClient, Job, Memory, Operation

from memsvc.domain.jobs import JobKind, Progress
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.automatic import AutomaticStages
from memsvc.services.organising.consolidate import Consolidate, Stage
from memsvc.services.organising.dedupe import DedupeStage
from memsvc.services.organising.entities import EntityStage
from memsvc.services.organising.facts import FactStage
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.summarise import summarise_stage
from memsvc.services.organising.think import ThinkStage
from memsvc.setting_groups.organising import StageName
from memsvc.settings import OrganiseSettings
from memsvc.store.pgvector_index import PgVectorIndex
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.organising import organise_handler
from tests.fixtures.serving import AT_ONCE, ON_DEMAND, serving
from tests.integration.promises.test_published_defects import context_of

JANUARY, JUNE = (datetime(2024, month, 1, tzinfo=UTC) for month in (1, 6))
SAID_TWICE = "The octopus at the reef is called Otto."
QUIET = timedelta(minutes=1)

Look = Callable[..., AutomaticStages]


class StoppedError(Exception):
    """The worker is gone."""


class LaterClock:
    """A clock that can be put on."""

    def __init__(self) -> None:
        self.later = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.later


@pytest.fixture
def clock() -> LaterClock:
    return LaterClock()


@pytest.fixture
def looking(database: Database, embedder: HashingEmbedder, clock: LaterClock) -> Look:
    """What looks for banks that are due, as the worker does each minute."""
    store, exact = database.store, PgVectorIndex(database.engine)
    every: Sequence[Stage] = [
        organise_handler(store, database.engine, embedder).stage,
        DedupeStage(store=store, index=exact, exact=exact),
        FactStage(store=store),
        ThinkStage(store=store, clock=clock),
        summarise_stage(store, clock),
    ]

    def build(*names: StageName) -> AutomaticStages:
        return AutomaticStages(
            store=store,
            tenant_id=DEFAULT_TENANT,
            clock=clock,
            stages=[each for each in every if each.name in names],
            quiet=QUIET,
        )

    return build


async def jobs(client: AsyncClient, state: str | None = None) -> list[Job]:
    return [each async for each in client.jobs(kind="bank.stage", state=state)]


async def stages_queued(client: AsyncClient) -> list[str]:
    return [name for each in await jobs(client, "queued") for name in each.stages][::-1]


async def kept(bank: AsyncBank, kind: str) -> list[Memory]:
    return [each async for each in bank.memories(kind=kind, state="active")]


async def operations(bank: AsyncBank, kind: str) -> list[Operation]:
    return [each async for each in bank.operations(kind=kind)]


async def say(bank: AsyncBank, text: str, at: datetime = JANUARY, **more: str) -> Memory:
    written = await bank.add_memory(text, speaker="Ann", occurred_at=at, create=True, **more)  # type: ignore[arg-type]
    return await bank.get(written.id)


async def test_what_is_remembered_becomes_thoughts_and_facts_without_anybody_asking(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, AT_ONCE) as (client, _):
        bank = client.bank("ann")
        lisbon = await say(bank, "I live in Lisbon.")
        await client.wait_for_jobs("ann", timeout_s=60)
        assert [each.text for each in await kept(bank, "thought")] == ["Ann lives in Lisbon."]

        await say(bank, "I live in Porto.", JUNE)
        await client.wait_for_jobs("ann", timeout_s=60)

        assert [each.text for each in await kept(bank, "thought")] == ["Ann lives in Porto."]
        [fact] = [each async for each in bank.facts()]
        assert (fact.predicate, fact.object) == ("lives in", "porto")
        assert (await bank.get(lisbon.id)).state == "superseded"
        done = [each.counts async for each in client.jobs(kind="memories.organise")]
        assert sum(each.get("thoughts_made", 0) for each in done) == 2
        assert sum(each.get("facts", 0) for each in done) == 2


async def test_what_came_about_by_itself_is_undone_as_what_was_asked_for_and_stays_undone(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, AT_ONCE) as (client, _):
        bank = client.bank("ann")
        lisbon = await say(bank, "I live in Lisbon.")
        await client.wait_for_jobs("ann", timeout_s=60)
        await say(bank, "I live in Porto.", JUNE)
        await client.wait_for_jobs("ann", timeout_s=60)
        ended = {each.actor: each for each in await operations(bank, "supersede")}

        for operation in ended.values():
            await bank.undo(operation.id)
        await say(bank, "Otto is an octopus.")
        await client.wait_for_jobs("ann", timeout_s=60)

        assert ended.keys() == {"facts", "think"}
        assert (await bank.get(lisbon.id)).state == "active"
        thoughts = sorted(each.text for each in await kept(bank, "thought"))
        assert thoughts == ["Ann lives in Lisbon.", "Ann lives in Porto."]


async def test_a_quiet_bank_is_looked_at_as_a_whole_once_and_again_when_it_changes(
    client: AsyncClient, looking: Look, clock: LaterClock
) -> None:
    bank, due = client.bank("ann"), looking("dedupe", "facts")
    await say(bank, SAID_TWICE)

    await due.where_quiet()
    assert await jobs(client) == []  # somebody may go on writing

    clock.later = QUIET
    await due.where_quiet()
    assert await stages_queued(client) == ["dedupe", "facts"]

    for job in await jobs(client):
        await client.cancel_job(job.id)
    await due.where_quiet()
    assert await stages_queued(client) == []

    await say(bank, "Otto has three hearts.")
    clock.later = 2 * QUIET
    await due.where_quiet()
    assert await stages_queued(client) == ["dedupe", "facts"]


async def test_a_bank_that_is_never_quiet_has_its_turn_hourly_and_each_stage_waits_once(
    client: AsyncClient, looking: Look
) -> None:
    await say(client.bank("ann"), SAID_TWICE)
    due, elsewhere = looking("dedupe", "facts"), looking("dedupe", "facts")

    await due.everywhere()
    await elsewhere.everywhere()  # another worker
    await due.everywhere()

    assert await stages_queued(client) == ["dedupe", "facts"]


@pytest.mark.parametrize("name", ["dedupe", "facts", "entities", "think", "summarise"])
async def test_every_stage_steps_aside_while_somebody_is_answered(
    client: AsyncClient, database: Database, name: str
) -> None:
    await say(client.bank("ann"), "I live in Lisbon.", session_id="one")
    courtesy, clock = Courtesy(most_wait_s=60.0), SystemClock()
    store, exact = database.store, PgVectorIndex(database.engine)
    every: Sequence[Stage] = [
        DedupeStage(store=store, index=exact, exact=exact, courtesy=courtesy),
        FactStage(store=store, courtesy=courtesy),
        EntityStage(store=store, courtesy=courtesy),
        ThinkStage(store=store, clock=clock, courtesy=courtesy),
        summarise_stage(store, clock, courtesy=courtesy),
    ]
    [stage] = [each for each in every if each.name == name]
    context = await context_of(database, "ann", JobKind.STAGE)

    async def todo() -> int:
        async with store.read(DEFAULT_TENANT) as tx:
            return await stage.todo(tx, scope_of(context.job).bank_id)

    with courtesy.answering():
        running = asyncio.create_task(stage.run(context))
        await asyncio.sleep(0.3)
        assert await todo() == 1
    await running
    assert await todo() == 0


async def test_nothing_is_queued_where_nothing_is_to_be_done_or_somebody_has_asked_for_it(
    client: AsyncClient, database: Database, looking: Look
) -> None:
    due = looking("facts")
    await say(client.bank("idle"), SAID_TWICE)
    await FactStage(store=database.store).run(
        await context_of(database, "idle", JobKind.CONSOLIDATE)
    )
    await say(client.bank("asked"), SAID_TWICE)
    await client.bank("asked").consolidate(stages=["facts"])

    await due.everywhere()

    assert await jobs(client) == []


async def test_rules_think_only_about_what_no_window_is_still_to_look_at(
    client: AsyncClient, looking: Look
) -> None:
    bank = client.bank("ann")
    await say(bank, "I live in Lisbon.")

    await looking("organise", "think").everywhere()

    assert [each.kind async for each in client.jobs()] == ["memories.organise"]


async def test_duplicates_are_merged_once_a_bank_is_quiet_and_undoing_holds(
    database: Database, embedder: HashingEmbedder, looking: Look, clock: LaterClock
) -> None:
    async with serving(database, embedder, AT_ONCE) as (client, _):
        bank, due = client.bank("ann"), looking("dedupe")
        for source in ("one", "two"):
            await say(bank, SAID_TWICE, source=source)
        await client.wait_for_jobs("ann", timeout_s=60)
        clock.later = QUIET
        await due.where_quiet()
        await client.wait_for_jobs("ann", timeout_s=60)

        [merge] = await operations(bank, "merge")
        assert merge.details is not None
        job = await client.get_job(str(merge.details["job"]))
        assert (job.kind, job.stages, job.state) == ("bank.stage", ("dedupe",), "succeeded")
        assert job.counts["merged"] == 1

        await bank.undo(merge.id)
        clock.later = 2 * QUIET
        await due.where_quiet()
        await client.wait_for_jobs("ann", timeout_s=60)
        assert len(await operations(bank, "merge")) == 1
        assert [each.text for each in await kept(bank, "observation")] == [SAID_TWICE] * 2


async def test_a_worker_looks_each_minute_where_it_is_quiet(
    client: AsyncClient, database: Database, embedder: HashingEmbedder
) -> None:
    for source in ("one", "two"):
        await say(client.bank("ann"), SAID_TWICE, source=source)
    settings = AT_ONCE.model_copy(update={"quiet_s": 0.0, "stages": ("dedupe",)})
    async with asyncio.timeout(100), serving(database, embedder, settings) as (serving_client, _):
        bank = serving_client.bank("ann")
        while not await operations(bank, "merge"):  # noqa: ASYNC110 — nothing tells
            await asyncio.sleep(0.2)
        await serving_client.wait_for_jobs("ann", timeout_s=30)

    assert [job.stages for job in await jobs(client)] == [("dedupe",)]


async def test_a_stage_that_was_stopped_or_run_twice_does_everything_once(
    client: AsyncClient, database: Database
) -> None:
    bank = client.bank("ann")
    for text in (SAID_TWICE, "Rex is a brown dog from Porto."):
        for source in ("one", "two"):
            await say(bank, text, source=source)
    exact = PgVectorIndex(database.engine)
    run = Consolidate([DedupeStage(store=database.store, index=exact, exact=exact, page=1)])
    stopped, again, more = [
        await context_of(database, "ann", JobKind.STAGE, {"stages": ["dedupe"]}) for _ in range(3)
    ]

    async def stop(_: Progress) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        await run(replace(stopped, report_progress=stop))
    await run(again)
    await run(more)

    assert len(await operations(bank, "merge")) == 2
    counted = [(await client.get_job(each.job.id)).counts for each in (stopped, again, more)]
    assert [each.get("merged") for each in counted] == [1, 1, None]


async def test_a_stage_that_was_turned_off_while_its_job_waited_is_left_alone(
    client: AsyncClient, database: Database
) -> None:
    await say(client.bank("ann"), "I live in Lisbon.")
    context = await context_of(database, "ann", JobKind.STAGE, {"stages": ["facts"]})

    await Consolidate([ThinkStage(store=database.store, clock=SystemClock())])(context)

    assert [each async for each in client.bank("ann").facts()] == []


@pytest.mark.parametrize("off", [ON_DEMAND, AT_ONCE.model_copy(update={"stages": ()})])
async def test_nothing_happens_by_itself_where_that_is_off(
    database: Database, embedder: HashingEmbedder, off: OrganiseSettings
) -> None:
    async with serving(database, embedder, off) as (client, application):
        await say(client.bank("ann"), "I live in Lisbon.")

        assert [each async for each in client.jobs()] == []
        assert application.settings.organise.by_themselves(has_model=True) == frozenset()


async def test_only_the_stages_that_are_named_run_by_themselves(
    database: Database, embedder: HashingEmbedder
) -> None:
    only = AT_ONCE.model_copy(update={"stages": ("organise", "facts")})
    async with serving(database, embedder, only) as (client, _):
        bank = client.bank("ann")
        await say(bank, "I live in Lisbon.")
        await client.wait_for_jobs("ann", timeout_s=60)

        assert [each.object async for each in bank.facts()] == ["lisbon"]
        assert await kept(bank, "thought") == []


async def test_a_bank_says_of_every_stage_that_settings_can_name_what_there_is_to_do(
    client: AsyncClient,
) -> None:
    await client.create_bank("ann")
    plan = await client.bank("ann").consolidation()
    assert tuple(each.name for each in plan.stages) == get_args(StageName)
    assert not any(each.by_itself for each in plan.stages)  # tests have it off


async def test_a_bank_says_which_stages_run_by_themselves(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, AT_ONCE) as (client, _):
        await client.create_bank("ann")
        plan = await client.bank("ann").consolidation()

    asked_for = {each.name for each in plan.stages if not each.by_itself}
    assert asked_for == {"summarise", "portray"}
