"""Storing what was decided about a window: a list of small appliers in one transaction.

Whoever finds more in a window (entities, facts, thoughts) adds an applier: it gets the transaction
and the window, in which every memory is locked and every item as it was read, stores its own part
and returns what it has done, by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Json, MemoryState
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
)
from memsvc.domain.organising.evolving import evolved
from memsvc.domain.organising.extraction import Annotations, Extraction
from memsvc.domain.organising.linking import LinkBounds, NearPair, choose_links
from memsvc.domain.organising.notes import NewAnnotations
from memsvc.services.organising.gathering import GatheredWindow
from memsvc.services.organising.views import Views
from memsvc.settings import OrganiseSettings
from memsvc.store.audit import AuditEvent
from memsvc.store.embeddings import ANNOTATED_VIEW, VectorsToAdd
from memsvc.store.organising import LockedNote, NoteSource
from memsvc.store.transactions import WriteTransaction

ACTOR = "organise"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowToApply:
    """A window whose memories are locked, with what of its extraction still stands."""

    gathered: GatheredWindow
    extraction: Extraction
    """Of items that are unchanged only."""
    locked: Mapping[MemoryId, LockedNote]
    made_by: str
    details: Mapping[str, Json]
    """For the operations: which job it was."""

    @property
    def bank_id(self) -> BankId:
        """The bank's id."""
        return self.gathered.measures.scope.bank_id

    def source_of(self, handle: int) -> NoteSource:
        """Return the memory behind a handle of the window."""
        items, neighbours = self.gathered.items, self.gathered.neighbours
        return items[handle] if handle in items else neighbours[handle]

    def is_unchanged(self, source: NoteSource) -> bool:
        """Whether text and annotations are as they were read, and the memory is still active."""
        now = self.locked.get(source.memory_id)
        return (
            now is not None
            and now.state is MemoryState.ACTIVE
            and (now.version, now.annotation) == (source.version, source.annotation)
        )


class Applier(Protocol):
    """Stores one part of what was found."""

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Store it and return what was done, by name, for the job's counts."""
        ...


class ApplyAnnotations:
    """Stores the first annotations of each item."""

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Store them and record the operation."""
        new = [
            NewAnnotations(
                memory_id=source.memory_id,
                version=source.version,
                annotations=item.annotations,
                made_by=window.made_by,
            )
            for item in window.extraction.items
            for source in (window.source_of(item.handle),)
        ]
        await _annotate(tx, window, new, OperationKind.ANNOTATE)
        return {"annotated": len(new)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyLinks:
    """Links the items to what is near them, and to what the extractor names."""

    settings: OrganiseSettings

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Replace the links that earlier texts of the items had begun by those of the present."""
        items = [window.source_of(each.handle) for each in window.extraction.items]
        bank_id = window.bank_id
        rewritten = [each.memory_id for each in items if each.version > 1]
        removed = await tx.links.remove_begun(bank_id, rewritten, LinkType.RELATED)
        pairs = self._pairs(window, {each.memory_id for each in items})
        ends = {end for pair in pairs for end in (pair.note, pair.other)}
        degrees = await tx.links.degrees(bank_id, ends, LinkType.RELATED) if ends else {}
        bounds = LinkBounds(
            least_cosine=window.gathered.measures.least_cosine,
            per_note=self.settings.links_per_note,
            degree=self.settings.most_links,
        )
        chosen = choose_links(pairs, self._reasons(window, pairs), degrees, bounds)
        wanted = [
            NewLink(
                from_id=each.from_id,
                to_id=each.to_id,
                type=LinkType.RELATED,
                weight=each.weight,
                reason=each.reason,
            )
            for each in chosen
        ]
        added = await tx.links.add(bank_id, wanted)
        effects = [link_effect(each, is_added=False) for each in removed]
        effects += [link_effect(each, is_added=True) for each in added]
        await _record(tx, window, OperationKind.LINK, effects)
        return {"linked": len(added), "unlinked": len(removed)}

    def _pairs(self, window: WindowToApply, items: set[MemoryId]) -> list[NearPair]:
        """Return the near pairs of the items, then those that the extractor alone has named."""
        near = {(pair.note, pair.other): pair for pair in window.gathered.pairs}
        for link in window.extraction.links:
            one, other = (window.source_of(each) for each in (link.from_handle, link.to_handle))
            if one.memory_id not in items:
                one, other = other, one
            pair = (one.memory_id, other.memory_id)
            least = window.gathered.measures.least_cosine
            near.setdefault(pair, NearPair(note=pair[0], other=pair[1], cosine=least))
        return [
            pair
            for pair in near.values()
            if pair.note in items
            and all(self._stands(window, each) for each in (pair.note, pair.other))
        ]

    @staticmethod
    def _stands(window: WindowToApply, memory_id: MemoryId) -> bool:
        now = window.locked.get(memory_id)
        source = window.gathered.near.get(memory_id)
        return (
            now is not None
            and source is not None
            and now.state is MemoryState.ACTIVE
            and now.version == source.version
        )

    @staticmethod
    def _reasons(
        window: WindowToApply, pairs: Sequence[NearPair]
    ) -> dict[tuple[MemoryId, MemoryId], str]:
        told = {
            frozenset(
                (
                    window.source_of(link.from_handle).memory_id,
                    window.source_of(link.to_handle).memory_id,
                )
            ): link.reason
            for link in window.extraction.links
            if link.reason
        }
        reasons = dict(window.gathered.reasons)
        for pair in pairs:
            reason = told.get(frozenset((pair.note, pair.other)))
            if reason is not None:
                reasons[pair.note, pair.other] = reason
        return reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyEvolutions:
    """Gives older memories new annotations; their texts stay, and nothing follows from it."""

    settings: OrganiseSettings

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Append versions to neighbours that are as they were read; the others are left alone."""
        known = {each.handle for each in window.extraction.items}
        new: list[NewAnnotations] = []
        for change in window.extraction.evolutions:
            source = window.source_of(change.handle)
            before = window.gathered.annotations.get(source.memory_id, Annotations())
            after = evolved(before, change.annotations)
            if after == before or change.because_of not in known:
                continue
            if not window.is_unchanged(source) or len(new) == self.settings.evolutions_per_window:
                continue
            new.append(
                NewAnnotations(
                    memory_id=source.memory_id,
                    version=source.version,
                    annotations=after,
                    made_by=window.made_by,
                    because_of=window.source_of(change.because_of).memory_id,
                )
            )
        await _annotate(tx, window, new, OperationKind.EVOLVE)
        return {"evolved": len(new)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyViews:
    """Stores the vectors of annotated texts where they are asked for; comes after annotations."""

    vectors: Mapping[str, Views]
    """By model."""

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Store the vectors of those memories whose annotations hold as they were embedded."""
        stored: set[MemoryId] = set()
        for model_id, views in self.vectors.items():
            stored.update(await store_views(tx, window.bank_id, model_id, views))
        await tx.changes.record(window.bank_id, sorted(stored))
        return {"views": len(stored)}


async def store_views(
    tx: WriteTransaction, bank_id: BankId, model_id: str, views: Views
) -> list[MemoryId]:
    """Store vectors of annotated texts that are still annotated so; return whose they are.

    The caller has locked the memories, and records that they are searched otherwise now.
    """
    holding = await tx.annotations.holding(bank_id, list(views))
    items = [
        VectorsToAdd(memory_id=each, version=holding[each].version, vectors=matrix)
        for each, (annotations, matrix) in views.items()
        if each in holding and holding[each].annotations == annotations
    ]
    ids = [each.memory_id for each in items]
    await tx.embeddings.remove_view(bank_id, ids, ANNOTATED_VIEW, model_id=model_id)
    await tx.embeddings.add(bank_id, model_id, items, view=ANNOTATED_VIEW)
    return ids


async def _annotate(
    tx: WriteTransaction,
    window: WindowToApply,
    new: Sequence[NewAnnotations],
    kind: OperationKind,
) -> None:
    if not new:
        return
    bank_id = window.bank_id
    numbers = await tx.annotations.add(bank_id, new)
    outdated = await tx.embeddings.remove_view(bank_id, list(numbers), ANNOTATED_VIEW)
    await tx.changes.record(bank_id, outdated)
    effects = [
        Effect(
            aspect=Aspect.ANNOTATIONS,
            target_id=memory_id,
            before=window.locked[memory_id].annotation,
            after=number,
        )
        for memory_id, number in numbers.items()
    ]
    await _record(tx, window, kind, effects)
    events = [
        AuditEvent(
            operation=f"memory.{kind}",
            memory_id=each.memory_id,
            before_version=each.version,
            after_version=each.version,
            details={"annotation": numbers[each.memory_id]},
        )
        for each in new
    ]
    await tx.audit.record(window.bank_id, ACTOR, events)


async def _record(
    tx: WriteTransaction, window: WindowToApply, kind: OperationKind, effects: Sequence[Effect]
) -> None:
    if not effects:
        return
    details = {"made_by": window.made_by, **window.details}
    operation = NewOperation(kind=kind, effects=effects, details=details)
    await tx.operations.record(window.bank_id, ACTOR, operation)
