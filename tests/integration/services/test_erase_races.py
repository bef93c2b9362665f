"""Erasing somebody who is writing, or whose memories are being organised, meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from memsvc.domain.erasure import ErasureState, SearchReport
from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.jobs import JobState
from memsvc.domain.memory import BankScope, ScopeKeys
from memsvc.domain.organising.extraction import Extraction, Window
from memsvc.domain.organising.rules import extract_by_rules
from memsvc.errors import ErasureIncompleteError
from memsvc.services.commands import BankReference, NewMemory
from tests.fixtures.organising import Organiser
from tests.fixtures.services import Service
from tests.integration.services.test_erase import ANN, BANK, Eraser, dumped, write

NOTES = BankReference(value="notes")
CLIMBING = "Maria went climbing in Lisbon."


class WritingMeanwhile:
    """Copies whose dropping, between removing and searching, gives somebody time to write."""

    def __init__(self, writes: Callable[[], Awaitable[object]], times: int) -> None:
        self.writes = writes
        self.left = times

    async def drop(self, _scope: BankScope) -> None:
        if self.left:
            self.left -= 1
            await self.writes()

    async def search(self, _scope: BankScope, _memory_ids: Sequence[UUID]) -> SearchReport:
        return SearchReport(searched={}, leftovers={}, pending={}, unsearched=[])


class ErasingMeanwhile:
    """An extractor that takes so long that an erasure is carried out before it answers."""

    name = "slow/1"

    def __init__(self, erase: Callable[[], Awaitable[object]]) -> None:
        self.erase = erase
        self.asked: list[Window] = []

    async def extract(self, _tenant_id: TenantId, window: Window) -> Extraction:
        self.asked.append(window)
        if len(self.asked) == 1:
            await self.erase()
        return extract_by_rules(window)


@pytest.fixture
def eraser(service: Service, tmp_path: Path) -> Eraser:
    return Eraser(service, tmp_path)


def named(service: Service, memory_id: MemoryId) -> set[str]:
    """The tables with a row that names the memory."""
    return {
        table
        for table, lines in dumped(service).items()
        if any(str(memory_id) in line for line in lines)
    }


async def test_what_its_subject_writes_before_the_search_is_erased_too(
    service: Service, eraser: Eraser
) -> None:
    (first,) = await write(service, "ann-7f3c", "one secret of ann")
    later: list[MemoryId] = []

    async def writes() -> None:
        later.extend(await write(service, "ann-7f3c", "another secret of ann"))

    eraser.copies = WritingMeanwhile(writes, times=2)
    done = await eraser.erase(ANN)

    assert (done.state, done.memory_count) == (ErasureState.COMPLETE, 3)
    assert len(later) == 2
    for each in (first, *later):
        assert named(service, each) <= {"public.index_changes"}


async def test_a_subject_that_never_stops_writing_is_not_called_erased(
    service: Service, eraser: Eraser
) -> None:
    await write(service, "ann-7f3c", "secret 0 of ann")
    number = iter(range(1, 100))
    eraser.copies = WritingMeanwhile(
        lambda: write(service, "ann-7f3c", f"secret {next(number)} of ann"), times=3
    )
    erasure_id, context, _ = await eraser.start(ANN)

    with pytest.raises(ErasureIncompleteError, match=r"memories\.user_id"):
        await eraser.run(context)
    found = await eraser.use.get(service.caller, BANK, erasure_id)
    assert found.state is ErasureState.INCOMPLETE

    await eraser.run(context)
    done = await eraser.use.get(service.caller, BANK, erasure_id)
    assert (done.state, done.memory_count) == (ErasureState.COMPLETE, 4)


async def test_organising_leaves_no_trace_of_what_is_erased_meanwhile(
    organiser: Organiser, eraser: Eraser
) -> None:
    service = organiser.service
    theirs = await service.remember_items(
        "notes", NewMemory(text=CLIMBING, keys=ScopeKeys(user_id="ann-7f3c"))
    )
    (gone,) = [each.id for each in theirs.memories]
    (kept,) = await organiser.write("Maria goes climbing in Lisbon again and again.")
    extractor = ErasingMeanwhile(lambda: eraser.erase(ANN, NOTES))

    job = await organiser.run(organiser.handler(extractor))

    assert CLIMBING in {each.text for window in extractor.asked for each in window.items}
    assert job.state is JobState.SUCCEEDED
    assert named(service, gone) <= {"public.index_changes"}
    assert "public.annotations" in named(service, kept)
