"""Defects of Think-in-Memory and MemoryBank, and failures of all such systems, not to be here.

Numbers as in docs/defects.md, which says where the others are tested.
"""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from memsvc_client import AsyncClient, NewMemory

from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.memory import Metadata
from memsvc.domain.thoughts.hashing import NO_GROUP
from memsvc.services.embed_pending import EmbedPending
from memsvc.services.embedders import Embedders
from memsvc.services.organising.redundant_thoughts import read_page
from memsvc.services.organising.summarise import session_summaries
from memsvc.services.run_job import JobContext
from memsvc.services.thinking import Scene
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

MAY = datetime(2023, 5, 8, 12, tzinfo=UTC)


async def context_of(
    database: Database, bank: str, kind: JobKind, payload: Metadata | None = None
) -> JobContext:
    """Begin a job of the bank, for a stage that is run here and now."""

    async def report(_: Progress) -> None: ...

    async def never() -> bool:
        return False

    async with database.store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve(bank)).scope.bank_id
        job = await tx.jobs.add(NewJob(kind=kind, bank_id=bank_id, payload=payload))
        started = await tx.jobs.start(
            Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0)
        )
    assert started is not None
    return JobContext(job=started, report_progress=report, is_cancelled=never)


async def test_tim_2_and_4_groups_are_drawn_anew_and_nothing_is_found_by_them_alone(
    client: AsyncClient, database: Database, embedder: HashingEmbedder
) -> None:
    await client.create_bank("ann")
    bank = client.bank("ann")
    source = (await bank.add_memory("The sea frightens me.")).id
    grouped = await bank.thoughts.insert("Ann is afraid of water.", [source])
    embed = EmbedPending(database.store, Embedders(default=embedder))
    await embed(await context_of(database, "ann", JobKind.EMBED_PENDING))
    ungrouped = await bank.thoughts.insert("Ann never swims.", [source])

    async with database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.banks.resolve("ann")
        page = await read_page(tx, found, 10)
        moved = await read_page(tx, replace(found, model_id="another encoder"), 10)
    assert [each.memory_id for each in page.thoughts] == [grouped.memory.id]
    assert page.projection.group(page.vectors[page.thoughts[0].memory_id]) != NO_GROUP
    scene = Scene(bank=found, actor="test", now=MAY, details={})
    async with database.store.write(DEFAULT_TENANT) as tx:
        await page.keep_groups(tx, scene)
        again = await read_page(tx, found, 10)  # type: ignore[arg-type]
        afresh = await read_page(tx, replace(found, model_id="another encoder"), 10)  # type: ignore[arg-type]

    assert (len(again.thoughts), len(moved.thoughts), len(afresh.thoughts)) == (0, 1, 1)
    hits = (await bank.recall("Ann swims", arms=["lexical"])).hits
    assert ungrouped.memory.id in {hit.memory.id for hit in hits}


async def test_memorybank_5_what_names_look_like_says_nothing_of_the_day(
    client: AsyncClient,
) -> None:
    bank = client.bank("ann")
    written = await bank.add_memory(
        "It rained.",
        create=True,
        session_id="ann_2020-01-01_3",
        user_id="a_b_c",
        external_id="2019_12_31",
        occurred_at=MAY,
    )
    shown = await bank.get(written.id)
    assert (shown.occurred_at, shown.session_id) == (MAY, "ann_2020-01-01_3")


async def test_memorybank_6_and_11_a_summary_grows_stronger_and_is_embedded_as_it_reads(
    client: AsyncClient, database: Database, embedder: HashingEmbedder
) -> None:
    await client.create_bank("ann")
    bank = client.bank("ann")
    await bank.add_memory("The octopus lives at the reef.", session_id="one", occurred_at=MAY)
    stage = session_summaries(database.store, SystemClock())
    await stage.run(await context_of(database, "ann", JobKind.CONSOLIDATE))
    embed = EmbedPending(database.store, Embedders(default=embedder))
    await embed(await context_of(database, "ann", JobKind.EMBED_PENDING))
    [summary] = [each async for each in bank.memories(kind="summary")]

    answer = await bank.recall("octopus at the reef", record=False)
    assert answer.id is not None
    await bank.feedback(answer.id, helped=[summary.id])

    assert (await bank.get(summary.id)).strength == 2.0
    async with database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.banks.resolve("ann")
        held = await tx.organising.vectors(found.scope.bank_id, found.model_id, [summary.id])  # type: ignore[list-item]
    [matrix] = await embedder.embed_documents([summary.text])
    np.testing.assert_allclose(next(iter(held.values())), matrix[0], atol=1e-6)


async def test_failure_9_one_by_one_is_the_same_as_all_at_once(client: AsyncClient) -> None:
    texts = ["Ann swims in Lisbon.", "Bob bakes rye bread.", "Rye grows slowly.", "Ann bakes."]
    for text in texts:
        await client.bank("single").add_memory(text, create=True, occurred_at=MAY)
    batch = [NewMemory(text=text, occurred_at=MAY) for text in texts]
    await client.bank("batch").add_memories(batch, create=True)

    answers = [
        (await client.bank(name).recall("Who bakes rye bread?", k=4)).hits
        for name in ("single", "batch")
    ]
    one, other = ([(hit.memory.text, hit.score) for hit in hits] for hits in answers)
    assert one == other
    assert len(one) == len(texts)
