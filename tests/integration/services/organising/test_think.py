"""Thoughts through the whole service: made, confirmed, forgotten, merged, undone, retired."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    IllegalTransitionError,
    InvalidRequestError,
    Job,
    Memory,
    Triple,
)

from memsvc.bootstrap import Application
from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.filters import MemoryListing
from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import JobKind
from memsvc.domain.memory import MemoryKind
from memsvc.domain.organising.extraction import (
    ExtractedFact,
    ExtractedThought,
    Extraction,
    Window,
)
from memsvc.domain.organising.rules import extract_by_rules
from memsvc.domain.paging import PageRequest
from memsvc.services.embed_pending import EmbedPending
from memsvc.services.embedders import Embedders
from memsvc.services.organising.applying_thoughts import ApplyThoughts
from memsvc.services.organising.think import Think, ThinkStage
from memsvc.services.run_job import JobHandler, RunJob
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.organising import Organiser, ScriptedExtractor
from tests.fixtures.serving import ON_DEMAND, serving


@dataclass(frozen=True)
class Thinker:
    """A bank, and what runs its jobs here and now."""

    client: AsyncClient
    run: RunJob

    @property
    def bank(self) -> AsyncBank:
        return self.client.bank("ann")

    async def think(self, *steps: str) -> Job:
        job = await self.bank.thoughts.think(steps=steps or None)
        embeddings = self.client.jobs(state="queued", kind="memories.embed")
        for each in [*[each async for each in embeddings], job]:
            delivery = Delivery(job_id=JobId(each.id), tenant_id=DEFAULT_TENANT, after_attempts=0)
            await self.run(delivery)
        return await self.client.get_job(job.id)


@pytest.fixture
async def thinker(
    application: Application, client: AsyncClient, database: Database, embedder: HashingEmbedder
) -> Thinker:
    assert application.thoughts is not None
    store = database.store
    stage = ThinkStage(store=store, clock=SystemClock(), page=1)  # as many pages as there can be
    handlers: dict[JobKind, JobHandler] = {
        JobKind.THINK: Think(stage=stage),
        JobKind.EMBED_PENDING: EmbedPending(store, Embedders(default=embedder)),
    }
    await client.create_bank("ann")
    return Thinker(client=client, run=RunJob(store, handlers, RetryPolicy()))


@pytest.fixture
def bank(thinker: Thinker) -> AsyncBank:
    return thinker.bank


async def say(bank: AsyncBank, text: str, month: int = 1, **fields: str) -> UUID:
    at = datetime(2024, month, 1, tzinfo=UTC)
    fields = {"speaker": "Ann", **fields}
    return (await bank.add_memory(text, occurred_at=at, **fields)).id  # type: ignore[arg-type]


async def thoughts(bank: AsyncBank, state: str | None = "active") -> list[Memory]:
    return [each async for each in bank.memories(kind="thought", state=state)]


async def texts(bank: AsyncBank, state: str = "active") -> list[str]:
    return sorted(each.text for each in await thoughts(bank, state))


async def test_thoughts_name_the_speaker_rest_on_their_sources_and_are_made_once(
    thinker: Thinker, bank: AsyncBank
) -> None:
    source = await say(
        bank, "I live in Lisbon. It rains. My dentist is Clara Lopes.", session_id="s"
    )
    await say(bank, "You live in Rome.", speaker="assistant")

    job = await thinker.think()
    again = await thinker.think()

    assert await texts(bank) == ["Ann lives in Lisbon.", "Ann's dentist is Clara Lopes."]
    assert (job.counts["read"], job.counts["thoughts_made"], again.counts) == (2, 2, {})
    [lives, _] = await thoughts(bank)
    [link] = (await bank.get(lives.id)).links
    assert (link.memory_id, link.type, link.direction) == (source, "derived_from", "out")
    assert (lives.source, lives.session_id) == ("memsvc:thoughts", "s")
    [*_, made] = [each async for each in bank.operations(kind="insert")]
    assert made.details == {"job": str(job.id), "made_by": "rules/2"}
    hits = (await bank.recall("Ann lives in Lisbon")).hits
    assert lives.id in {hit.memory.id for hit in hits}


async def test_what_is_said_again_confirms_and_a_later_contradiction_forgets(
    thinker: Thinker, bank: AsyncBank
) -> None:
    await say(bank, "I live in Lisbon.", 1)
    for month in (2, 3):
        await say(bank, "I live in Lisbon!", month)
    job = await thinker.think()
    assert job.counts["thoughts_confirmed"] == 2
    [lisbon] = await thoughts(bank)
    assert len((await bank.get(lisbon.id)).links) == 3

    porto = await say(bank, "I moved to Porto.", 6)
    job = await thinker.think()

    assert await texts(bank) == ["Ann lives in Porto."]
    told = [each.details async for each in bank.operations(kind="supersede")]
    assert {each["reason"] for each in told if each} == {"redundant", "contradicted"}
    assert "porto" not in str(told).lower()

    await bank.archive(porto)  # its thought goes with it, and what that had ended holds again
    await thinker.think()
    assert await texts(bank) == ["Ann lives in Lisbon."]
    await bank.restore(porto)
    await thinker.think()
    assert await texts(bank) == ["Ann lives in Porto."]

    # From then on each saying counts by itself: what is dated between them ends the earlier ones.
    assert await texts(bank, "superseded") == ["Ann lives in Lisbon."] * 3
    await say(bank, "I live in Rome.", 1)
    await thinker.think()
    assert await texts(bank) == ["Ann lives in Porto."]
    assert len(await texts(bank, "superseded")) == 4


async def test_a_forgetting_that_was_undone_is_not_repeated(
    thinker: Thinker, bank: AsyncBank
) -> None:
    await say(bank, "I live in Lisbon.", 1)
    await say(bank, "I moved to Porto.", 6)
    await thinker.think()
    [operation] = [each async for each in bank.operations(kind="supersede")]
    await bank.undo(operation.id)
    await say(bank, "I like tea.", 7)
    await thinker.think()
    assert await texts(bank) == ["Ann likes tea.", "Ann lives in Lisbon.", "Ann lives in Porto."]


async def test_thoughts_that_begin_alike_become_one_and_undoing_has_them_all_again(
    thinker: Thinker, bank: AsyncBank
) -> None:
    tea = await say(bank, "I like tea.", 1)
    await say(bank, "I like chess.", 2)
    await thinker.think()
    before = {each.id: each for each in await thoughts(bank, "merged")}
    assert await texts(bank) == ["Ann likes tea, chess."]
    [merged] = await thoughts(bank)
    links = (await bank.get(merged.id)).links
    assert {(each.type, each.direction) for each in links} == {
        ("merged_into", "in"),
        ("derived_from", "out"),
    }
    assert {each.memory_id for each in links if each.type == "merged_into"} == before.keys()

    await say(bank, "I hate chess.", 3)  # one part is contradicted: the list falls apart
    await thinker.think()
    assert await texts(bank) == ["Ann dislikes chess.", "Ann likes tea."]

    await say(bank, "I like the sea air.", 4)
    await say(bank, "I like books.", 4)
    await thinker.think()
    assert "Ann likes tea, books." in await texts(bank)

    await bank.archive(tea)  # a source goes, and what was merged without it stays
    await thinker.think()
    assert await texts(bank) == ["Ann dislikes chess.", "Ann likes books."]


async def test_what_is_contradicted_is_forgotten_before_anything_is_merged(
    thinker: Thinker, bank: AsyncBank
) -> None:
    for month, text in enumerate(("I like tea.", "I like chess.", "I hate chess."), start=1):
        await say(bank, text, month)
    await thinker.think("insert")

    job = await thinker.think("merge")

    assert job.counts["thoughts_forgotten"] == 1
    assert await texts(bank) == ["Ann dislikes chess.", "Ann likes tea."]


async def test_undoing_a_merge_restores_everything_and_it_is_not_merged_again(
    thinker: Thinker, bank: AsyncBank
) -> None:
    for text in ("I like tea.", "I like chess."):
        await say(bank, text)
    await thinker.think("insert", "forget")
    before = {each.id: (await bank.get(each.id)).links for each in await thoughts(bank)}
    await thinker.think("merge")
    [operation] = [each async for each in bank.operations(kind="merge")]

    await bank.undo(operation.id)
    await thinker.think()

    after = {each.id: (await bank.get(each.id)).links for each in await thoughts(bank)}
    assert after == before
    assert len(before) == 2


async def test_nobodys_thoughts_end_or_join_another_users(
    thinker: Thinker, bank: AsyncBank
) -> None:
    await say(bank, "I live in Lisbon. I like tea.", 1, user_id="ann")
    await say(bank, "I moved to Porto. I like chess.", 6, user_id="eve")
    await thinker.think()
    owners = {(each.user_id, each.text) for each in await thoughts(bank)}
    assert owners == {
        ("ann", "Ann lives in Lisbon."),
        ("ann", "Ann likes tea."),
        ("eve", "Ann lives in Porto."),
        ("eve", "Ann likes chess."),
    }


async def test_erasing_a_source_erases_what_was_thought_from_it_and_the_rest_is_thought_again(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        await client.create_bank("ann")
        bank = client.bank("ann")
        first = await say(bank, "I like tea.", 1)
        await say(bank, "I like tea!", 2)
        await say(bank, "I like chess.", 3)
        await bank.consolidate(stages=["think"])
        await client.wait_for_jobs("ann", timeout_s=30)
        assert await texts(bank) == ["Ann likes tea, chess."]

        erasure = await bank.erase(memory_ids=[first])
        await client.wait_for_jobs("ann", timeout_s=30)
        assert (await bank.erasure(erasure.id)).state == "complete"
        assert await texts(bank) == ["Ann likes chess."]

        await bank.consolidate(stages=["think"])
        await client.wait_for_jobs("ann", timeout_s=30)
        assert await texts(bank) == ["Ann likes tea, chess."]
        for state in ("active", "merged"):
            for each in await thoughts(bank, state):
                links = (await bank.get(each.id)).links
                assert first not in {link.memory_id for link in links}


async def test_a_text_that_says_otherwise_takes_its_thought_back(
    thinker: Thinker, bank: AsyncBank
) -> None:
    await say(bank, "I live in Lisbon.", external_id="note")
    await thinker.think()
    await say(bank, "It rains in Lisbon.", external_id="note")
    job = await thinker.think()
    assert (await texts(bank), await texts(bank, "archived")) == ([], ["Ann lives in Lisbon."])
    assert job.counts["thoughts_retired"] == 1


async def test_thoughts_by_hand_are_inserted_forgotten_and_merged_as_operations(
    thinker: Thinker, bank: AsyncBank
) -> None:
    source = await say(bank, "The sea frightens me.")
    other = await say(bank, "I never learnt to swim.")
    fear = await bank.thoughts.insert(
        "Ann is afraid of water.",
        [source, other],
        triple=Triple(head="Ann", relation="fears", tail="water"),
    )
    swim = await bank.thoughts.insert(
        "Ann cannot swim.", [other], triple=Triple(head="ann", relation="can", tail="not swim")
    )

    both = await bank.thoughts.merge([fear.memory.id, swim.memory.id])
    assert both.memory.text == "Ann is afraid of water; cannot swim."
    with pytest.raises(IllegalTransitionError):
        await bank.thoughts.forget(fear.memory.id, "obsolete")
    await bank.undo(both.operation_id)

    gone = await bank.thoughts.forget(swim.memory.id, "redundant", by_id=fear.memory.id)
    assert gone.memory.state == "archived"
    assert (await bank.operation(gone.operation_id)).actor == "api"
    await thinker.think()
    assert await texts(bank) == ["Ann is afraid of water."]
    await bank.undo(gone.operation_id)
    assert await texts(bank) == ["Ann cannot swim.", "Ann is afraid of water."]

    await bank.archive(source)  # a conclusion falls with any of its premises
    await thinker.think()
    assert await texts(bank) == ["Ann cannot swim."]
    with pytest.raises(InvalidRequestError):
        await bank.thoughts.forget(other, "obsolete")
    with pytest.raises(InvalidRequestError):
        await bank.thoughts.insert("More.", [swim.memory.id])


async def test_conclusions_that_say_the_same_are_found_by_their_group(
    thinker: Thinker, bank: AsyncBank
) -> None:
    source = await say(bank, "The sea frightens me.")
    old = await bank.thoughts.insert("Ann is afraid of water.", [source])
    new = await bank.thoughts.insert("ann is afraid of water", [source])
    await bank.thoughts.insert("Ann is not afraid of water.", [source])
    job = await thinker.think("forget")

    assert job.counts["thoughts_forgotten"] == 1
    assert (await bank.get(old.memory.id)).state == "superseded"
    assert (await bank.get(new.memory.id)).state == "active"
    await bank.archive(new.memory.id)
    await thinker.think("forget")
    assert (await bank.get(old.memory.id)).state == "active"


async def test_a_models_thoughts_come_with_its_window_and_stay_with_one_user(
    organiser: Organiser,
) -> None:
    fear = ExtractedFact(subject="Ann", relation="fears", object="water")
    everybody = ExtractedFact(subject="the user", relation="likes", object="boats")

    def answer(window: Window) -> Extraction:
        said = [
            ExtractedThought(text="Ann is afraid of water.", sources=(1, 2), fact=fear),
            ExtractedThought(text="The user likes boats.", sources=(1,), fact=everybody),
            ExtractedThought(text="Everything is known.", sources=(9,)),
        ]
        return replace(extract_by_rules(window), thoughts=said)

    ids = await organiser.write("The sea frightens me. I like tea.", "I never learnt to swim.")
    handler = organiser.handler(
        ScriptedExtractor(answer=answer), more=[ApplyThoughts(clock=SystemClock())]
    )
    job = await organiser.run(handler)

    assert (job.counts["thoughts_made"], job.counts["rejected"]) == (2, 1)
    bank_id = organiser.scope.bank_id
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        listing = MemoryListing(kind=MemoryKind.THOUGHT)
        page = await tx.memories.list(bank_id, listing, PageRequest(limit=10))
        made = sorted(page.items, key=lambda each: each.text)
        kept = await tx.thoughts.fetch(bank_id, [each.id for each in made])
        links = await tx.links.touching(bank_id, [made[0].id], limit=10)
        assert await tx.thoughts.unread(bank_id, 10) == []  # no rules over what a model has read
    assert {each.link.to_id for each in links} == set(ids)
    assert [kept[each.id].head for each in made] == ["ann", None]
    assert kept[made[0].id].needs_all
