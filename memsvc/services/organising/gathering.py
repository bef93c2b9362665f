"""Gathering what a window is decided by: its texts, its neighbours, the bank's own measures."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from memsvc.domain.content import indexed_text
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.domain.organising.extraction import Annotations, Window, WindowItem
from memsvc.domain.organising.linking import NearPair, calibrated_cosine, reason_of
from memsvc.domain.organising.statistics import TermStatistics
from memsvc.ports import MemoryIndex
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.neighbours import Neighbours, WantedNeighbours
from memsvc.settings import OrganiseSettings
from memsvc.store.organising import NoteSource
from memsvc.store.transactions import Store

_SAMPLED_VECTORS = 200
_SAMPLED_TEXTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMeasures:
    """What holds for every window of one run over a bank."""

    bank: ResolvedBank
    statistics: TermStatistics
    least_cosine: float

    @property
    def scope(self) -> BankScope:
        """The bank's scope."""
        return self.bank.scope


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredWindow:
    """A window with what its handles stand for."""

    measures: BankMeasures
    window: Window
    items: Mapping[int, NoteSource]
    """By handle."""
    neighbours: Mapping[int, NoteSource]
    """Those shown, by handle."""
    annotations: Mapping[MemoryId, Annotations]
    """What holds of the neighbours shown."""
    near: Mapping[MemoryId, NoteSource]
    """Every memory that resembles an item, shown or not."""
    pairs: Sequence[NearPair]
    reasons: Mapping[tuple[MemoryId, MemoryId], str]
    """Why the pairs are near, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Reads in short transactions, and asks the index between them."""

    store: Store
    index: MemoryIndex
    exact: MemoryIndex
    """Where the index cannot answer."""
    settings: OrganiseSettings
    courtesy: Courtesy = field(default_factory=Courtesy)

    async def measure(self, scope: BankScope) -> BankMeasures:
        """Return how rare terms are in the bank, and from which cosine on its texts are near."""
        async with self.store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            terms = await tx.organising.sample_terms(scope.bank_id, _SAMPLED_TEXTS)
            vectors = await tx.organising.sample_vectors(
                scope.bank_id, bank.model_id, _SAMPLED_VECTORS
            )
        least = calibrated_cosine(vectors, otherwise=self.settings.least_cosine)
        return BankMeasures(bank=bank, statistics=terms, least_cosine=least)

    async def __call__(
        self, measures: BankMeasures, sources: Sequence[NoteSource]
    ) -> GatheredWindow:
        """Return the window of these memories, which are of one user; neighbours are of the same.

        Raises ``UnavailableError`` without any index.
        """
        scope, bank = measures.scope, measures.bank
        ids = [each.memory_id for each in sources]
        async with self.store.read(scope.tenant_id) as tx:
            vectors = await tx.organising.vectors(scope.bank_id, bank.model_id, ids)
        wanted = WantedNeighbours(
            bank=bank,
            user_id=sources[0].user_id,
            most=self.settings.neighbours,
            least_cosine=measures.least_cosine,
        )
        pairs = await self._neighbours(wanted, vectors)
        others = {pair.other for pair in pairs} - set(ids)
        async with self.store.read(scope.tenant_id) as tx:
            found = await tx.organising.sources(scope.bank_id, others)
            shown = self._shown(pairs, found)
            annotated = await tx.annotations.holding(
                scope.bank_id, [each.memory_id for each in shown]
            )
        items = dict(enumerate(sources, start=1))
        neighbours = dict(enumerate(shown, start=len(items) + 1))
        annotations = {memory_id: version.annotations for memory_id, version in annotated.items()}
        window = Window(
            items=[as_window_item(each, handle) for handle, each in items.items()],
            neighbours=[
                as_window_item(each, handle, annotations.get(each.memory_id))
                for handle, each in neighbours.items()
            ],
            statistics=measures.statistics,
            near=_near_handles(pairs, {**items, **neighbours}),
        )
        near = {**found, **{each.memory_id: each for each in sources}}
        known = [pair for pair in pairs if pair.other in near]
        return GatheredWindow(
            measures=measures,
            window=window,
            items=items,
            neighbours=neighbours,
            annotations=annotations,
            near=near,
            pairs=known,
            reasons=await _reasons(known, near),
        )

    @property
    def _neighbours(self) -> Neighbours:
        return Neighbours(
            store=self.store, index=self.index, exact=self.exact, courtesy=self.courtesy
        )

    def _shown(
        self, pairs: Sequence[NearPair], found: Mapping[MemoryId, NoteSource]
    ) -> list[NoteSource]:
        """Return the nearest of the neighbours outside the window, as many as are shown."""
        best: dict[MemoryId, float] = {}
        for pair in pairs:
            if pair.other in found:
                best[pair.other] = max(pair.cosine, best.get(pair.other, -1.0))
        ranked = sorted(best, key=lambda each: (-best[each], each))
        return [found[each] for each in ranked[: self.settings.shown_neighbours]]


def _near_handles(
    pairs: Sequence[NearPair], window: Mapping[int, NoteSource]
) -> frozenset[tuple[int, int]]:
    handles = {source.memory_id: handle for handle, source in window.items()}
    return frozenset(
        (handles[pair.note], handles[pair.other])
        for pair in pairs
        if pair.note in handles and pair.other in handles
    )


async def _reasons(
    pairs: Sequence[NearPair], near: Mapping[MemoryId, NoteSource]
) -> dict[tuple[MemoryId, MemoryId], str]:
    """Return why the pairs are near; before the transaction, and letting requests through."""
    reasons = {}
    for pair in pairs:
        one, other = as_window_item(near[pair.note]), as_window_item(near[pair.other])
        reasons[pair.note, pair.other] = reason_of(one, other)
        await asyncio.sleep(0)
    return reasons


def as_window_item(
    source: NoteSource, handle: int = 0, annotations: Annotations | None = None
) -> WindowItem:
    """Return a memory as an extractor sees it."""
    return WindowItem(
        handle=handle,
        text=indexed_text(source.text, speaker=None, title=source.title),
        speaker=source.speaker,
        occurred_at=source.occurred_at,
        language=source.language,
        annotations=annotations,
    )
