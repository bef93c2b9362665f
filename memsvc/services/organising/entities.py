"""The stage of consolidating that keeps entities and resolves which of them are one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from memsvc.domain.content import titled_text
from memsvc.domain.graph.entities import Seen, placed
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import extract_entities, shown_names
from memsvc.domain.graph.resolution import RULES
from memsvc.domain.graph.sorts import sort_of
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Progress
from memsvc.domain.memory import MemoryState
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.compare_entities import compare_entities
from memsvc.services.organising.stage import leave, scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.store.entities import NamingMemory
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityStage:
    """Reads the names of each text once, and whenever something else is given of it."""

    store: Store
    page: int = 200
    courtesy: Courtesy = field(default_factory=Courtesy)

    @property
    def name(self) -> str:
        """What callers call it."""
        return "entities"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories it would read, and entities compare, now."""
        unread = await tx.entities.count_unread(bank_id)
        return unread + await tx.entities.count_uncompared(bank_id, RULES)

    async def run(self, context: JobContext) -> None:
        """Read and compare page after page; what is done is marked, so that a job goes on there."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            total = await self.todo(tx, scope.bank_id)
        done = 0
        for step in (self._read_page, self._compare_page):
            while some := await step(context):
                done += some
                await context.report_progress(Progress(done=done, total=max(total, done)))

    async def _read_page(self, context: JobContext) -> int:
        """Return of how many memories the names were read."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            memories = await tx.entities.unread(scope.bank_id, self.page)
        if memories:
            names = await asyncio.to_thread(_read_all, memories)
            await self._write(context, lambda tx: _apply(tx, scope.bank_id, names))
        return len(memories)

    async def _compare_page(self, context: JobContext) -> int:
        """Return how many entities were held against others."""
        bank_id, job_id = scope_of(context.job).bank_id, str(context.job.id)
        compared = 0

        async def work(tx: WriteTransaction) -> Mapping[str, int]:
            nonlocal compared
            changed = await tx.entities.uncompared(bank_id, RULES, self.page)
            compared = len(changed)
            if not changed:
                return {}
            return await compare_entities(tx, bank_id, changed, job_id)

        await self._write(context, work)
        return compared

    async def _write(
        self, context: JobContext, work: Callable[[WriteTransaction], Awaitable[Mapping[str, int]]]
    ) -> None:
        """Do a page in a transaction that holds the job and the bank's entities."""
        await self.courtesy.turn()
        scope = scope_of(context.job)
        async with self.store.write(scope.tenant_id) as tx:
            if is_ours := await tx.jobs.hold(context.job):
                await tx.banks.lock(scope.bank_id)  # one that is being deleted gets nothing more
                await tx.entities.lock(scope.bank_id)
                await tx.jobs.count(context.job, await work(tx))
        if not is_ours:
            await leave(context, AttemptLostError())


_Names = Sequence[tuple[NamingMemory, Mapping[EntityForm, str]]]


def _read_all(memories: Sequence[NamingMemory]) -> _Names:
    found = []
    for each in memories:
        text = titled_text(each.text, each.title)
        shown = shown_names(text, each.speaker)
        mentioned = extract_entities(text, each.speaker).mentions
        found.append((each, {form: shown.get(form, form) for form in mentioned}))
    return found


async def _apply(tx: WriteTransaction, bank_id: BankId, names: _Names) -> Mapping[str, int]:
    """Keep the entities of what is as it was read."""
    now = await tx.organising.lock(bank_id, [memory.memory_id for memory, _ in names])
    standing = [
        (memory, shown)
        for memory, shown in names
        if memory.memory_id in now
        and now[memory.memory_id].version == memory.version
        and now[memory.memory_id].state is MemoryState.ACTIVE
    ]
    versions = {memory.memory_id: memory.version for memory, _ in standing}
    # Read again under the lock: something else may have been given meanwhile.
    given = await tx.entities.given(bank_id, versions)
    seen = [each for memory, shown in standing for each in _seen(memory.memory_id, shown, given)]
    known = await tx.entities.of_forms(bank_id, {each.form for each in seen})
    found = placed(known, seen)
    added = await tx.entities.add(bank_id, found.new)
    for entity_id, type_ in found.typed:
        sort = sort_of(type_)
        assert sort is not None  # noqa: S101 — as ``placed`` says
        await tx.entities.set_type(bank_id, entity_id, sort, type_)
    nameless = await tx.entities.nameless(bank_id, {each.form for each in seen})
    await tx.entities.name_anew(bank_id, [each for each in seen if each.form in nameless])
    await tx.entities.mark_read(bank_id, versions)
    return {"entities": len(added)}


def _seen(
    memory_id: MemoryId,
    shown: Mapping[EntityForm, str],
    given: Mapping[MemoryId, Mapping[EntityForm, tuple[str, frozenset[str]]]],
) -> list[Seen]:
    """Return the names of a memory; one that is given with a type is not counted without too."""
    of_given = given.get(memory_id, {})
    found = [
        Seen(form=form, type=type_, name=shown.get(form, name), memory_id=memory_id)
        for form, (name, types) in of_given.items()
        for type_ in (*sorted(types), *([] if types else [None]))
    ]
    return found + [
        Seen(form=form, type=None, name=name, memory_id=memory_id)
        for form, name in shown.items()
        if form not in of_given
    ]
