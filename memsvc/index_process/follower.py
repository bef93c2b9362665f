"""Keeps the held partitions in step with PostgreSQL, in rounds."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.index_process.partitions import HeldPartition, Partitions, reconciled
from memsvc.index_process.snapshots import Snapshots
from memsvc.ports import Watermark
from memsvc.store.shared_feed import Change, ModelOfBank, SharedFeed

_log = structlog.get_logger(__name__)

_BATCH = 5_000
"""Changes applied in one round: bounds its memory, and how long a new bank waits."""
_LOADED_AT_ONCE = 4
"""Banks: one waits for PostgreSQL while another's vectors are put into the index."""
_COUNTED = 1_000_000
"""So many waiting changes are counted; more would take longer to count than to tell apart."""
_ALL_MARKED_EVERY_S = 5.0
"""A partition that nothing happened to may say it is complete up to a transaction so long past:
whoever reads its mark finds no change of its bank since. Marks of thousands would be made in each
round otherwise."""
_LISTED_EVERY_S = 1.0
"""How long a bank that was made or deleted may go unnoticed; recall asks PostgreSQL meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the index is, after a round."""

    source: str
    horizon: int
    behind: int
    """Changes that were committed and not applied when the round began, up to a million."""
    behind_s: float
    """Age of the oldest of them."""
    held_back: int
    """Changes applied above the horizon: it grows while a foreign transaction stays open."""
    partitions: int
    vectors: int


class Follower:
    """Applies what is committed. One round at a time; what it holds may be searched meanwhile."""

    def __init__(self, feed: SharedFeed, partitions: Partitions, snapshots: Snapshots) -> None:
        """Hold nothing until the first round."""
        self._feed = feed
        self._partitions = partitions
        self._snapshots = snapshots
        self._source = ""
        self._horizon = 0
        self._applied: dict[int, Change] = {}
        self._listed_at = self._marked_at = float("-inf")
        self._models: dict[BankId, list[str]] = {}

    async def advance(self) -> Progress:
        """Apply what is committed and not applied, one batch; load new banks, drop deleted ones.

        A failure leaves every partition searchable, with marks that claim no more than is there.
        """
        if not self._source:
            await self._begin()
        batch = await self._feed.changes(self._horizon, self._applied, _BATCH)
        if batch.source != self._source:
            _log.warning("index.source_changed", source=batch.source)
            await self._begin()
            batch = await self._feed.changes(self._horizon, self._applied, _BATCH)
        behind = len(batch.changes)
        if not batch.is_complete:
            behind = await self._feed.count(self._horizon, self._applied, _COUNTED)
        await self._apply(batch.changes)
        self._applied.update((change.seq, change) for change in batch.changes)
        if batch.is_complete:
            self._horizon = max(self._horizon, batch.horizon)
            self._applied = {s: c for s, c in self._applied.items() if c.xid >= self._horizon}
        self._mark({change.bank_id for change in batch.changes})
        if any(change.bank_id not in self._models for change in batch.changes) or (
            time.monotonic() - self._listed_at > _LISTED_EVERY_S
        ):
            await self._follow_banks()
        return Progress(
            source=self._source,
            horizon=self._horizon,
            behind=behind,
            behind_s=batch.oldest_s,
            held_back=len(self._applied),
            partitions=len(self._partitions),
            vectors=self._partitions.vectors,
        )

    async def save(self) -> int:
        """Write what has changed since the last time; return how many files."""
        return await asyncio.to_thread(self._snapshots.save, self._partitions)

    async def _begin(self) -> None:
        """Start from the present: what a snapshot holds is compared with PostgreSQL's listing."""
        for held in self._partitions:
            self._partitions.drop(held)
        self._horizon, self._source = await self._feed.horizon()
        self._applied.clear()
        await self._follow_banks()

    async def _follow_banks(self) -> None:
        banks = await self._feed.banks()
        self._listed_at = time.monotonic()
        wanted = {(bank.bank_id, bank.model_id) for bank in banks}
        for held in self._partitions:
            if (held.bank.bank_id, held.bank.model_id) not in wanted:
                self._partitions.drop(held)
        await asyncio.to_thread(self._snapshots.prune, banks)
        models: defaultdict[BankId, list[str]] = defaultdict(list)
        lacking: list[ModelOfBank] = []
        for bank in banks:
            models[bank.bank_id].append(bank.model_id)
            held_bank = self._partitions.get(bank.bank_id, bank.model_id)
            if held_bank is not None and _is_outdated(held_bank, bank):
                self._partitions.drop(held_bank)
                held_bank = None
            if held_bank is None:
                lacking.append(bank)
        await self._load_all(lacking)
        self._models = dict(models)

    async def _load_all(self, banks: Sequence[ModelOfBank]) -> None:
        """Load the banks, some at once; what fails is raised when the others are done."""
        gate = asyncio.Semaphore(_LOADED_AT_ONCE)

        async def load(bank: ModelOfBank) -> None:
            async with gate:
                await self._load(bank)

        outcomes = await asyncio.gather(*map(load, banks), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _load(self, bank: ModelOfBank) -> None:
        """Fill a partition: from its snapshot file where there is one, the rest from PostgreSQL."""
        started = time.perf_counter()
        # Read first: what commits after it is in the rows already, or comes as a change.
        horizon, source = await self._feed.horizon()
        index = self._partitions.index_of(bank)
        restored = await asyncio.to_thread(self._snapshots.restore, bank, index, source)
        listing = await self._feed.listing(bank)
        held, missing = await asyncio.to_thread(reconciled, bank, index, listing)
        async for ids, vectors in self._feed.vectors(bank, missing):
            kept = vectors.any(axis=1)  # indexes refuse a vector without direction
            await asyncio.to_thread(index.add, bank.partition, ids[kept], vectors[kept])
        held.mark(Watermark(horizon=horizon, trimmed_below=bank.trimmed_below, source=source))
        self._partitions.put(held)
        _log.info(
            "bank.loaded",
            bank_id=str(bank.bank_id),
            from_snapshot=restored,
            read=len(missing),
            vectors=len(listing),
            seconds=time.perf_counter() - started,
        )

    async def _apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        current = await self._feed.current(changes)
        touched: defaultdict[BankId, set[MemoryId]] = defaultdict(set)
        for change in changes:
            touched[change.bank_id].add(change.memory_id)
        for bank_id, memories in touched.items():
            for held in self._held_of(bank_id):
                rows = current.get((bank_id, held.bank.model_id))
                await asyncio.to_thread(held.replace, memories, rows)

    def _held_of(self, bank_id: BankId) -> list[HeldPartition]:
        return self._partitions.of_bank(bank_id, self._models.get(bank_id, ()))

    def _mark(self, changed: Collection[BankId]) -> None:
        """Say how far partitions are complete: those of changed banks, and now and then all."""
        if time.monotonic() - self._marked_at > _ALL_MARKED_EVERY_S:
            wanted = list(self._partitions)
            self._marked_at = time.monotonic()
        else:
            wanted = [held for bank_id in changed for held in self._held_of(bank_id)]
        applied: defaultdict[BankId, set[tuple[int, int]]] = defaultdict(set)
        for change in self._applied.values():
            applied[change.bank_id].add((change.xid, change.seq))
        for held in wanted:
            # A bank loaded since is complete up to its own horizon, which may be further.
            horizon = max(self._horizon, held.watermark.horizon)
            above = frozenset(c for c in applied.get(held.bank.bank_id, ()) if c[0] >= horizon)
            watermark = Watermark(
                horizon=horizon,
                trimmed_below=held.watermark.trimmed_below,
                applied=above,
                source=held.watermark.source,
            )
            if watermark != held.watermark:
                held.mark(watermark)


def _is_outdated(held: HeldPartition, bank: ModelOfBank) -> bool:
    """Tell whether changes are lost to the log, or the bank is to be loaded under a new number."""
    watermark = held.watermark
    is_cut = bank.trimmed_below > max(watermark.horizon, watermark.trimmed_below)
    return is_cut or held.bank.partition != bank.partition
