"""The stage of consolidating that keeps entities and resolves which of them are one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.content import titled_text
from memsvc.domain.graph.entities import Seen, placed
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import extract_entities, shown_names
from memsvc.domain.graph.resolution import block_of
from memsvc.domain.graph.resolving import resolve
from memsvc.domain.graph.sorts import sort_of
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Progress
from memsvc.domain.memory import MemoryState
from memsvc.services.entity_merging import merge_entities_within
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.store.entities import NamingMemory
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_ACTOR = "entities"
_MOST_QUESTIONS = 50
"""Of one page: a person's time is dear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityStage:
    """Reads the names of each text once, and whenever something else is given of it."""

    store: Store
    page: int = 200

    @property
    def name(self) -> str:
        """What callers call it."""
        return "entities"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories it would read now."""
        return await tx.entities.count_unread(bank_id)

    async def run(self, context: JobContext) -> None:
        """Read page after page; what is read is marked, so that a stopped job goes on there."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            total = await tx.entities.count_unread(scope.bank_id)
        done = 0
        while True:
            async with self.store.read(scope.tenant_id) as tx:
                memories = await tx.entities.unread(scope.bank_id, self.page)
            if not memories:
                return
            names = await asyncio.to_thread(_read_all, memories)
            async with self.store.write(scope.tenant_id) as tx:
                is_ours = await tx.jobs.hold(context.job)
                if is_ours:
                    counts = await _apply(tx, scope.bank_id, names, str(context.job.id))
                    await tx.jobs.count(context.job, counts)
            done += len(memories)
            await context.report_progress(Progress(done=done, total=max(total, done)))
            if not is_ours:
                raise AttemptLostError


_Names = Sequence[tuple[NamingMemory, Mapping[EntityForm, str]]]


def _read_all(memories: Sequence[NamingMemory]) -> _Names:
    found = []
    for each in memories:
        text = titled_text(each.text, each.title)
        shown = shown_names(text, each.speaker)
        mentioned = extract_entities(text, each.speaker).mentions
        found.append((each, {form: shown.get(form, form) for form in mentioned}))
    return found


async def _apply(
    tx: WriteTransaction, bank_id: BankId, names: _Names, job_id: str
) -> Mapping[str, int]:
    """Keep the entities of what is as it was read, and resolve the new ones."""
    await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
    await tx.entities.lock(bank_id)
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
    candidates = await tx.entities.of_blocks(bank_id, {block_of(each.form) for each in added})
    ids = [each.id for each in candidates]
    settled = await tx.entities.undone(bank_id, ids) | await tx.entity_reviews.asked(bank_id, ids)
    resolved = resolve(added, candidates, settled)
    for each in resolved.merges:
        await merge_entities_within(
            tx,
            bank_id,
            _ACTOR,
            kept=each.kept,
            gone=each.gone,
            score=each.match.score,
            evidence=each.match.evidence,
            details={"job": job_id},
        )
    asked = resolved.questions[:_MOST_QUESTIONS]
    pairs = {(one.id, other.id): (reason.score, reason.evidence) for one, other, reason in asked}
    await tx.entity_reviews.propose(bank_id, pairs)
    return {
        "entities": len(added),
        "entities_merged": len(resolved.merges),
        "for_review": len(asked),
    }


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
