"""One window from its texts to its stored outcome: gather, extract, decide, apply."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import MemoryState, ResolvedBank
from memsvc.domain.organising.evolving import evolved
from memsvc.domain.organising.extraction import Annotations, Extraction
from memsvc.domain.organising.notes import OrganisingState
from memsvc.domain.organising.validation import Validated, validated
from memsvc.errors import (
    ConfigurationError,
    ConflictError,
    MemsvcError,
    RequestRefusedError,
    UnavailableError,
)
from memsvc.ports import Embedder, Extractor
from memsvc.services.embedders import Embedders
from memsvc.services.organising.applying import Applier, ApplyViews, WindowToApply
from memsvc.services.organising.gathering import BankMeasures, GatheredWindow, Gathering
from memsvc.services.organising.refusals import WindowEnd
from memsvc.services.organising.views import AnnotatedViews
from memsvc.store.organising import LockedNote, NoteSource
from memsvc.store.transactions import Store, WriteTransaction, assert_no_transaction
from memsvc.telemetry import ORGANISING_LAG_SECONDS

_log = structlog.get_logger(__name__)

_STILL_OPEN = frozenset({OrganisingState.WAITING, OrganisingState.SET_ASIDE})
_MISSING = "The answer says nothing about {count} of {all} memories."


class AttemptLostError(Exception):
    """The job was cancelled, or another worker has begun it anew: nothing was stored."""


class _NeighbourChangedError(Exception):
    """An older memory that would evolve has changed since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganiseWindow:
    """Organises one window; whatever happens, its effects are stored once or not at all."""

    store: Store
    gathering: Gathering
    extractor: Extractor
    embedders: Embedders
    appliers: Sequence[Applier]
    """In order, all in one transaction."""
    views: AnnotatedViews

    async def __call__(
        self, job: Job, measures: BankMeasures, sources: Sequence[NoteSource]
    ) -> None:
        """Store what the window says.

        A conflict with somebody who changed a neighbour meanwhile is tried once more, with fresh
        texts. Raises what the extractor raises, and ``AttemptLostError``.
        """
        try:
            await self._attempt(job, measures, sources, strict=True)
        except _NeighbourChangedError:
            _log.info("organise.conflict", bank_id=str(measures.scope.bank_id))
            fresh = await self._read(measures, [each.memory_id for each in sources])
            await self._attempt(job, measures, fresh, strict=False)

    async def or_set_aside(
        self, job: Job, measures: BankMeasures, sources: Sequence[NoteSource]
    ) -> WindowEnd:
        """Store what the window says; what cannot be organised is set aside, with a job to retry.

        Only what keeps every window from being organised is raised.
        """
        end = WindowEnd.SET_ASIDE
        try:
            await self(job, measures, sources)
        except (UnavailableError, ConfigurationError, ConflictError, AttemptLostError):
            raise
        except MemsvcError as error:
            if isinstance(error, RequestRefusedError):
                end = WindowEnd.REFUSED
            await self._set_aside(job, measures, sources, error.message)
        except Exception as error:  # noqa: BLE001 — it becomes a job with a reason
            _log.exception("organise.window_failed", bank_id=str(measures.scope.bank_id))
            told = f"{type(error).__name__}; the worker's log says where."
            await self._set_aside(job, measures, sources, told)
        else:
            end = WindowEnd.ORGANISED
        return end

    async def _attempt(
        self, job: Job, measures: BankMeasures, sources: Sequence[NoteSource], *, strict: bool
    ) -> None:
        if not sources:
            return
        gathered = await self.gathering(measures, sources)
        assert_no_transaction("An extraction")
        answer = await self.extractor.extract(measures.scope.tenant_id, gathered.window)
        checked = validated(gathered.window, answer)
        views = await self._embed_views(gathered, checked.extraction)
        appliers = [*self.appliers, views] if views is not None else self.appliers
        await self.gathering.courtesy.turn()
        async with self.store.write(measures.scope.tenant_id) as tx:
            if not await tx.jobs.hold(job):
                raise AttemptLostError
            lags_s = await self._apply(tx, job, gathered, checked, appliers, strict=strict)
        for lag_s in lags_s:
            ORGANISING_LAG_SECONDS.observe(lag_s)

    async def _apply(
        self,
        tx: WriteTransaction,
        job: Job,
        gathered: GatheredWindow,
        checked: Validated,
        appliers: Sequence[Applier],
        *,
        strict: bool,
    ) -> Sequence[float]:
        """Store it; return how long each text that is organised now had waited."""
        bank_id = gathered.measures.scope.bank_id
        await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
        # Before the memories, as everybody does: an applier may give facts of them.
        await tx.facts.lock(bank_id)
        near = {*gathered.near, *(each.memory_id for each in gathered.neighbours.values())}
        locked = await tx.organising.lock(bank_id, near)
        open_items = {
            handle: source
            for handle, source in gathered.items.items()
            if _is_open(source, locked.get(source.memory_id))
        }
        if not open_items:
            return ()
        window = WindowToApply(
            gathered=gathered,
            extraction=_restricted(checked.extraction, open_items),
            locked=locked,
            made_by=self.extractor.name,
            details={"job": str(job.id)},
        )
        if strict and any(
            not window.is_unchanged(window.source_of(change.handle))
            for change in window.extraction.evolutions
        ):
            raise _NeighbourChangedError
        counts = {"windows": 1}
        for applier in appliers:
            counts |= await applier(tx, window)
        found = [window.source_of(each.handle) for each in window.extraction.items]
        await tx.organising.mark(bank_id, [each.memory_id for each in found], OrganisingState.DONE)
        missing = [open_items[each].memory_id for each in checked.missing if each in open_items]
        if missing:
            reason = _MISSING.format(count=len(missing), all=len(gathered.items))
            counts |= await _set_aside_within(tx, job, missing, reason)
        counts["rejected"] = checked.rejected.total()
        await tx.jobs.count(job, {name: count for name, count in counts.items() if count})
        now = tx.now()
        return [max(0.0, (now - each.recorded_at).total_seconds()) for each in found]

    async def _embed_views(
        self, gathered: GatheredWindow, extraction: Extraction
    ) -> ApplyViews | None:
        """Embed texts with their annotations, as they will be, where that is asked for."""
        if not self.views.is_on:
            return None
        said = {gathered.items[each.handle]: each.annotations for each in extraction.items}
        for change in extraction.evolutions:
            source = gathered.neighbours[change.handle]
            before = gathered.annotations.get(source.memory_id, Annotations())
            said[source] = evolved(before, change.annotations)
        vectors = {
            embedder.model.id: await self.views(embedder, said)
            for embedder in self._encoders(gathered.measures.bank)
        }
        return ApplyViews(vectors=vectors)

    def _encoders(self, bank: ResolvedBank) -> list[Embedder]:
        """Return the encoders of the bank's model, and of the one it is moving to."""
        ids = filter(None, (bank.model_id, bank.building_model_id))
        tenant_id = bank.scope.tenant_id
        found = (self.embedders.of_model(each, tenant_id) for each in ids)
        return [each for each in found if each is not None]

    async def _read(
        self, measures: BankMeasures, memory_ids: Collection[MemoryId]
    ) -> list[NoteSource]:
        async with self.store.read(measures.scope.tenant_id) as tx:
            found = await tx.organising.sources(measures.scope.bank_id, memory_ids)
        return [found[each] for each in memory_ids if each in found]

    async def _set_aside(
        self, job: Job, measures: BankMeasures, sources: Sequence[NoteSource], reason: str
    ) -> None:
        bank_id = measures.scope.bank_id
        async with self.store.write(measures.scope.tenant_id) as tx:
            if not await tx.jobs.hold(job):
                raise AttemptLostError
            locked = await tx.organising.lock(bank_id, [each.memory_id for each in sources])
            failed = [
                each.memory_id for each in sources if _is_open(each, locked.get(each.memory_id))
            ]
            if failed:
                counts = await _set_aside_within(tx, job, failed, reason)
                await tx.jobs.count(job, counts)


async def _set_aside_within(
    tx: WriteTransaction, job: Job, memory_ids: Sequence[MemoryId], reason: str
) -> Mapping[str, int]:
    """Mark memories that cannot be organised, with a job that says why and can be retried."""
    assert job.bank_id is not None  # noqa: S101 — it is the job of a bank
    await tx.organising.mark(job.bank_id, memory_ids, OrganisingState.SET_ASIDE)
    payload = {"memory_ids": [str(each) for each in memory_ids]}
    new = NewJob(kind=JobKind.ORGANISE, bank_id=job.bank_id, payload=payload)
    await tx.jobs.set_aside(new, reason)
    return {"set_aside": len(memory_ids)}


def _is_open(source: NoteSource, now: LockedNote | None) -> bool:
    return (
        now is not None
        and now.organising in _STILL_OPEN
        and now.state is MemoryState.ACTIVE
        and now.version == source.version
    )


def _restricted(extraction: Extraction, open_items: Mapping[int, NoteSource]) -> Extraction:
    """Return the extraction without what it says of items that have changed since."""
    return replace(
        extraction,
        items=[each for each in extraction.items if each.handle in open_items],
        thoughts=[each for each in extraction.thoughts if open_items.keys() >= set(each.sources)],
        links=[
            each
            for each in extraction.links
            if each.from_handle in open_items or each.to_handle in open_items
        ],
        evolutions=[each for each in extraction.evolutions if each.because_of in open_items],
    )
