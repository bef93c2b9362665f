"""Organising a bank by rules: what comes of it, once, whatever goes wrong meanwhile."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.jobs import JobKind, JobState
from memsvc.domain.operations import OperationKind
from memsvc.domain.organising.extraction import (
    Annotations,
    Extraction,
    ProposedEvolution,
    ProposedLink,
    Window,
)
from memsvc.domain.organising.notes import NewAnnotations
from memsvc.domain.organising.rules import extract_by_rules
from memsvc.domain.paging import PageRequest
from memsvc.errors import NeedsReviewError, ProviderUnavailableError
from memsvc.services.commands import BankReference
from memsvc.services.memories import Memories
from memsvc.services.operations import Operations
from memsvc.services.organising.rule_extractor import RuleExtractor
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.organising import Organiser, ScriptedExtractor
from tests.integration.services.organising.reading import (
    holding,
    links_of,
    notes_of,
    operations_of,
    versions_of,
)

BANK = BankReference(value="notes")
CLIMBING = "I went climbing with Maria in Lisbon."
AGAIN = "Maria and I want to go climbing in Lisbon again."
BREAD = "My grandmother bakes rye bread every Sunday."


async def test_notes_links_and_counts_come_of_a_conversation(organiser: Organiser) -> None:
    first, bread, again = await organiser.write(CLIMBING, BREAD, AGAIN)

    job = await organiser.run(organiser.handler(least_cosine=0.6))

    assert job.state is JobState.SUCCEEDED
    assert job.counts == {"windows": 1, "annotated": 3, "linked": 1, "views": 3}
    said = await holding(organiser, bread)
    assert said is not None
    assert "food" in said.annotations.tags
    [link] = await links_of(organiser, [first, bread, again])
    assert (link.from_id, link.to_id) == (again, first)
    assert link.reason is not None
    assert link.reason.startswith("shares: ")
    assert "Lisbon" in link.reason


async def test_what_is_organised_is_not_organised_again(organiser: Organiser) -> None:
    ids = await organiser.write(CLIMBING, AGAIN)
    await organiser.run()

    again = await organiser.run()

    assert again.counts == {}
    assert [len(await versions_of(organiser, each)) for each in ids] == [1, 1]


async def test_older_notes_evolve_and_nothing_follows_from_it(organiser: Organiser) -> None:
    [old] = await organiser.write("I plan a climbing trip near Lisbon.", source="monday")
    await organiser.run()

    [new] = await organiser.write("My budget for climbing in Lisbon: forty euro.", source="t")
    job = await organiser.run()

    first, second = await versions_of(organiser, old)
    assert second.because_of == new
    assert second.annotations.keywords[: len(first.annotations.keywords)] == (
        first.annotations.keywords
    )
    assert (job.counts["evolved"], (await notes_of(organiser)).waiting) == (1, 0)
    assert (await organiser.run()).counts == {}


async def test_everything_organising_did_can_be_undone(organiser: Organiser) -> None:
    [old] = await organiser.write("I plan a climbing trip near Lisbon.", source="monday")
    await organiser.run()
    before = await holding(organiser, old)
    [new] = await organiser.write("My budget for climbing in Lisbon: forty euro.", source="t")
    await organiser.run()
    operations = Operations(organiser.database.store)
    caller = organiser.service.caller

    for kind in (OperationKind.EVOLVE, OperationKind.LINK, OperationKind.ANNOTATE):
        newest = (await operations_of(organiser, kind))[0]
        assert newest.details is not None
        assert newest.details["made_by"] == "rules/1"
        await operations.undo(caller, BANK, newest.id)

    assert await holding(organiser, old) == before
    assert await holding(organiser, new) is None
    assert await links_of(organiser, [old, new]) == []
    assert len(await versions_of(organiser, old)) == 2  # history only grows


async def test_four_workers_at_one_bank_lose_no_link_and_make_no_duplicate(
    organiser: Organiser,
) -> None:
    texts = [f"{name} and I go climbing in Lisbon on day {no}." for no, name in enumerate("ABCDEF")]
    ids = [
        each
        for no in range(4)
        for each in await organiser.write(*(f"{text} Week {no}." for text in texts), source=f"{no}")
    ]
    jobs = [await organiser.add_job() for _ in range(4)]
    handlers = [organiser.handler(window_items=3) for _ in range(4)]

    done = await asyncio.gather(
        *(organiser.run(handler, job) for handler, job in zip(handlers, jobs, strict=True))
    )

    assert {job.state for job in done} <= {JobState.SUCCEEDED, JobState.QUEUED}
    while (await notes_of(organiser)).waiting:  # a lost race for rows is tried again
        await organiser.run(organiser.handler(window_items=3))
    assert [await versions_of(organiser, each) for each in ids].count([]) == 0
    annotate = await operations_of(organiser, OperationKind.ANNOTATE)
    assert sum(each.effect_count for each in annotate) == len(ids)
    links = await links_of(organiser, ids)
    made = await operations_of(organiser, OperationKind.LINK)
    assert len(links) == sum(each.effect_count for each in made)
    assert len({(link.from_id, link.to_id) for link in links}) == len(links)
    assert len(links) >= len(ids) - 1


async def test_a_window_without_an_answer_is_set_aside_and_blocks_no_other(
    organiser: Organiser,
) -> None:
    def answer(window: Window) -> Extraction:
        if any("bread" in each.text for each in window.items):
            raise NeedsReviewError("The answer was no JSON, twice.")
        return extract_by_rules(window)

    bread = await organiser.write(BREAD, source="a")
    climbing = await organiser.write(CLIMBING, source="b")
    job = await organiser.run(organiser.handler(ScriptedExtractor(answer=answer)))

    assert (job.state, job.counts["set_aside"]) == (JobState.SUCCEEDED, 1)
    assert await holding(organiser, climbing[0]) is not None
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.jobs.list(PageRequest(limit=10), state=JobState.NEEDS_REVIEW)
    [waiting] = page.items
    assert waiting.kind is JobKind.ORGANISE
    assert waiting.reason == "The answer was no JSON, twice."
    assert waiting.payload == {"memory_ids": [str(bread[0])]}

    async with organiser.database.store.write(DEFAULT_TENANT) as writing:
        queued = await writing.jobs.retry(waiting.id)
    retried = await organiser.run(job=queued)

    assert retried.state is JobState.SUCCEEDED
    assert await holding(organiser, bread[0]) is not None
    assert (await notes_of(organiser)).set_aside == 0


async def test_a_defect_sets_its_window_aside_without_telling_what_was_said(
    organiser: Organiser,
) -> None:
    def answer(window: Window) -> Extraction:
        raise KeyError(window.items[0].text)

    await organiser.write("My secret is 42.")
    job = await organiser.run(organiser.handler(ScriptedExtractor(answer=answer)))

    assert job.state is JobState.SUCCEEDED
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        [waiting] = (await tx.jobs.list(PageRequest(limit=10), state=JobState.NEEDS_REVIEW)).items
    assert waiting.reason == "KeyError; the worker's log says where."


async def test_a_provider_that_is_away_is_waited_for(organiser: Organiser) -> None:
    def away(_: Window) -> Extraction:
        raise ProviderUnavailableError

    [memory] = await organiser.write(CLIMBING)
    job = await organiser.run(organiser.handler(ScriptedExtractor(answer=away)))

    assert job.state is JobState.WAITING_PROVIDER
    notes = await notes_of(organiser)
    assert (notes.waiting, notes.set_aside) == (1, 0)
    await organiser.run()
    assert await holding(organiser, memory) is not None


async def test_a_neighbour_that_changed_meanwhile_is_read_afresh_once(
    organiser: Organiser,
) -> None:
    [old] = await organiser.write("I plan a climbing trip near Lisbon.", source="monday")
    await organiser.run()
    extractor = ScriptedExtractor(answer=_evolve_all)
    await organiser.write("The climbing wall in Lisbon.", source="t")

    job = await organiser.run(organiser.handler(_Interrupted(extractor, organiser, old, 1)))

    assert job.state is JobState.SUCCEEDED
    assert len(extractor.asked) == 2
    assert [each.annotations.tags for each in await versions_of(organiser, old)][-1] == (
        "meanwhile",
        "evolved",
    )


async def test_a_neighbour_that_goes_on_changing_is_left_alone(organiser: Organiser) -> None:
    [old] = await organiser.write("I plan a climbing trip near Lisbon.", source="monday")
    await organiser.run()
    extractor = ScriptedExtractor(answer=_evolve_all)
    [new] = await organiser.write("The climbing wall in Lisbon.", source="t")

    job = await organiser.run(organiser.handler(_Interrupted(extractor, organiser, old, 9)))

    assert (job.state, len(extractor.asked)) == (JobState.SUCCEEDED, 2)
    assert "evolved" not in job.counts
    assert await holding(organiser, new) is not None


async def test_a_text_that_changes_while_it_is_organised_waits_for_the_next_time(
    organiser: Organiser,
) -> None:
    [memory] = await organiser.write(CLIMBING)
    extractor = _Rewriting(organiser)

    await organiser.run(organiser.handler(extractor))

    assert await versions_of(organiser, memory) == []
    assert (await notes_of(organiser)).waiting == 1
    await organiser.run()
    said = await holding(organiser, memory)
    assert said is not None
    assert said.version == 2


async def test_links_that_an_extractor_names_come_with_its_reasons(organiser: Organiser) -> None:
    ids = await organiser.write(CLIMBING, BREAD)

    def answer(window: Window) -> Extraction:
        link = ProposedLink(from_handle=1, to_handle=2, reason="both are Ann's Sundays")
        return replace(extract_by_rules(window), links=[link])

    await organiser.run(organiser.handler(ScriptedExtractor(answer=answer)))

    [link] = await links_of(organiser, ids)
    assert link.reason == "both are Ann's Sundays"


async def test_an_archived_memory_is_neither_organised_nor_linked(organiser: Organiser) -> None:
    gone, stays = await organiser.write(CLIMBING, AGAIN)
    await Memories(organiser.database.store).archive(organiser.service.caller, BANK, gone)

    await organiser.run()

    assert await holding(organiser, gone) is None
    assert await holding(organiser, stays) is not None
    assert await links_of(organiser, [gone, stays]) == []


@pytest.mark.parametrize("shown", [0, 2])
async def test_a_window_evolves_no_more_than_it_may(organiser: Organiser, shown: int) -> None:
    await organiser.write(*(f"Climbing in Lisbon, tour {no}." for no in range(5)), source="old")
    await organiser.run()
    await organiser.write("A climbing tour in Lisbon.", source="new")
    extractor = ScriptedExtractor(answer=_evolve_all)

    job = await organiser.run(organiser.handler(extractor, evolutions_per_window=shown))

    assert job.counts.get("evolved", 0) == shown


@dataclass
class _Interrupted:
    """Lets somebody else annotate a neighbour while the extractor thinks."""

    inner: ScriptedExtractor
    organiser: Organiser
    neighbour: MemoryId
    times: int
    name: str = "interrupted/1"

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:
        if self.times:
            self.times -= 1
            async with self.organiser.database.store.write(tenant_id) as tx:
                meanwhile = NewAnnotations(
                    memory_id=self.neighbour,
                    version=1,
                    annotations=Annotations(tags=("meanwhile",)),
                    made_by="test",
                )
                await tx.annotations.add(self.organiser.scope.bank_id, [meanwhile])
        return await self.inner.extract(tenant_id, window)


@dataclass
class _Rewriting:
    """Lets the caller send another text while the extractor thinks."""

    organiser: Organiser
    name: str = "rewriting/1"

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:
        await self.organiser.write("I went swimming with Maria in Lisbon.")
        return await RuleExtractor().extract(tenant_id, window)


def _evolve_all(window: Window) -> Extraction:
    """Give every neighbour one more tag, because of the first item."""
    changes = [
        ProposedEvolution(
            handle=each.handle, because_of=1, annotations=Annotations(tags=("evolved",))
        )
        for each in window.neighbours
    ]
    return replace(extract_by_rules(window), evolutions=changes)
