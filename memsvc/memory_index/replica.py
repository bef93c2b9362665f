"""One bank in memory, brought up to date before every search."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_checks import Holder, Mismatch, Verification
from memsvc.domain.index_states import SnapshotState, VectorState
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.activity import Activity
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.fresh_bank import FreshBank, pages_of, read_expected
from memsvc.memory_index.fresh_runs import FreshRuns
from memsvc.memory_index.offload import run_sized
from memsvc.memory_index.replica_snapshot import ReplicaSnapshot
from memsvc.memory_index.verification import compare
from memsvc.ports import FeedRequest, IndexChanges, IndexFeed, Watermark

_log = structlog.get_logger(__name__)

_ROWS_PER_CHANGE = 50
"""Applying one change takes as long as searching this many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedBank:
    """Which bank is followed, through what, and which of its data."""

    feed: IndexFeed
    scope: BankScope
    request: FeedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    contents: BankContents
    watermark: Watermark
    as_of: float
    """When the catching up that led here began, on the clock of ``time.monotonic``."""


class Replica:
    """Follows one bank.

    A search gets the contents after a catching up that began no earlier than itself, so it covers
    every write that was committed before: nothing is awaited but the feed.
    """

    def __init__(
        self,
        bank: FollowedBank,
        new_contents: Callable[[], BankContents],
        activity: Activity,
        snapshot: ReplicaSnapshot | None = None,
    ) -> None:
        """Hold nothing until it is first asked; ``None`` keeps no snapshot."""
        self._bank = bank
        self._new_contents = new_contents
        self._activity = activity
        self._snapshot = snapshot
        self._held: _Held | None = None
        self._runs = FreshRuns(self._advance)

    @property
    def nbytes(self) -> int:
        """Bytes held; vectors themselves are counted by the spaces they are in."""
        return 0 if self._held is None else self._held.contents.nbytes

    async def contents(self, asked_at: float | None = None) -> BankContents:
        """Return the bank's contents, complete up to ``asked_at``, by default up to this call.

        Whoever asks several indexes for one question gives them the same instant, and they share
        one catching up.
        """
        held = self._held
        if asked_at is not None and held is not None and held.as_of >= asked_at:
            return held.contents
        return await self._runs.join()

    async def save(self) -> None:
        """Write the snapshot, if there is to be one and anything has changed since the last."""
        if self._snapshot is not None and (held := self._held) is not None:
            await self._snapshot.finish(held.contents, held.watermark)

    async def verify(self) -> Verification:
        """Compare what is held, here and in the snapshot, with the feed.

        No write that comes meanwhile is a mismatch: the copy is brought up to the state compared
        with, and a difference then counts only if no change of its memory has followed. Searches
        wait while the two are laid side by side.
        """
        await self.contents()
        fresh = await read_expected(self._bank.feed, self._bank.scope, self._bank.request)
        await self.contents()
        compared = [Holder.MEMORY]
        async with self._runs.turn:
            moving = await self._changed_since(fresh.watermark)
            if (held := self._held) is None or moving is None:
                raise IndexUnavailableError("The bank changes too fast to be compared; try again.")
            found = await asyncio.to_thread(
                compare, Holder.MEMORY, held.contents, fresh.memories, moving
            )
        in_snapshot = await self._verify_snapshot(fresh)
        if in_snapshot is not None:
            compared.append(Holder.SNAPSHOT)
            found += in_snapshot
        return Verification(
            compared=compared,
            memories=len(fresh.memories),
            vectors=sum(len(each.vectors) for each in fresh.memories.values()),
            mismatches=found,
            in_motion=len(moving),
        )

    def vector_state(self) -> VectorState | None:
        """Return how the vectors are searched now, ``None`` where none are held."""
        held = self._held
        if held is None or held.contents.vectors is None:
            return None
        return held.contents.vectors.state()

    async def snapshot_state(self) -> SnapshotState | None:
        """Return what there is of a snapshot, if any is kept."""
        return None if self._snapshot is None else await self._snapshot.saved()

    async def _verify_snapshot(self, fresh: FreshBank) -> list[Mismatch] | None:
        """Resume beside the searches as a restart would; ``None`` where it would load instead."""
        if self._snapshot is None:
            return None
        resumed = await self._snapshot.read(self._new_contents)
        if resumed is None:
            return None
        bank = self._bank
        changes = await bank.feed.changes_since(bank.scope, resumed.watermark, bank.request)
        moving = await self._changed_since(fresh.watermark)
        if changes.must_reload or moving is None:
            return None
        await asyncio.to_thread(_apply, resumed.contents, changes)
        return await asyncio.to_thread(
            compare, Holder.SNAPSHOT, resumed.contents, fresh.memories, moving
        )

    async def _changed_since(self, watermark: Watermark) -> set[MemoryId] | None:
        """Return the memories that have changed, ``None`` if they are too many to tell."""
        bank = self._bank
        changes = await bank.feed.changes_since(bank.scope, watermark, bank.request)
        if changes.must_reload:
            return None
        return {entry.memory_id for entry in changes.upserts} | set(changes.removals)

    async def rebuild(self) -> int:
        """Load the bank afresh and then let it take the old one's place; return its memories.

        Searches go on in the old one until then. Its snapshot goes too: it may be as wrong.
        """
        as_of = time.monotonic()
        started = time.perf_counter()
        contents, watermark = await self._filled()
        async with self._runs.turn:
            if self._snapshot is not None:
                await self._snapshot.discard()
            self._hold(contents, watermark, as_of, 0)
        self._activity.loaded(time.perf_counter() - started)
        return len(contents)

    def release(self) -> None:
        """Let go of what is held; searches that have it already go on in it."""
        self._held = None

    async def _advance(self) -> BankContents:
        """Catch up, or load the bank if that is not possible."""
        as_of = time.monotonic()
        if (held := self._held) is not None:
            bank = self._bank
            changes = await bank.feed.changes_since(bank.scope, held.watermark, bank.request)
            if not changes.must_reload:
                return await self._catch_up(held.contents, changes, as_of)
        self._held = None
        if (resumed := await self._resume(as_of)) is not None:
            return resumed
        return await self._load(as_of)

    async def _catch_up(
        self, contents: BankContents, changes: IndexChanges, as_of: float
    ) -> BankContents:
        number = len(changes.upserts) + len(changes.removals)
        if number:
            try:
                rows = len(contents) + _ROWS_PER_CHANGE * number
                await run_sized(rows, _apply, contents, changes)
            except BaseException:
                self._held = None  # It may be half changed: the next search loads it afresh.
                raise
        self._hold(contents, changes.watermark, as_of, number)
        self._activity.caught_up(number, changes.lag_s)
        return contents

    async def _resume(self, as_of: float) -> BankContents | None:
        """Take the snapshot and what has changed since it, or return ``None``."""
        if self._snapshot is None:
            return None
        started = time.perf_counter()
        resumed = await self._snapshot.resume(self._new_contents)
        if resumed is None:
            return None
        bank = self._bank
        changes = await bank.feed.changes_since(bank.scope, resumed.watermark, bank.request)
        if changes.must_reload:
            _log.info("snapshot.outdated", bank_id=str(bank.scope.bank_id))
            await self._snapshot.discard()
            return None
        await asyncio.to_thread(_apply, resumed.contents, changes)
        number = len(changes.upserts) + len(changes.removals)
        self._hold(resumed.contents, changes.watermark, as_of, number)
        seconds = time.perf_counter() - started
        self._activity.resumed(seconds)
        _log.info("replica.resumed", bank_id=str(bank.scope.bank_id), seconds=seconds)
        return resumed.contents

    def _hold(
        self, contents: BankContents, watermark: Watermark, as_of: float, changes: int
    ) -> None:
        self._held = _Held(contents=contents, watermark=watermark, as_of=as_of)
        if self._snapshot is not None:
            self._snapshot.note(contents, watermark, changes)

    async def _load(self, as_of: float) -> BankContents:
        started = time.perf_counter()
        contents, watermark = await self._filled()
        self._hold(contents, watermark, as_of, 0)
        seconds = time.perf_counter() - started
        self._activity.loaded(seconds)
        bank_id = str(self._bank.scope.bank_id)
        _log.info("replica.loaded", bank_id=bank_id, memories=len(contents), seconds=seconds)
        return contents

    async def _filled(self) -> tuple[BankContents, Watermark]:
        contents, watermark = self._new_contents(), Watermark(horizon=0)
        bank = self._bank
        async with aclosing(pages_of(bank.feed, bank.scope, bank.request)) as pages:
            async for reached, entries in pages:
                await asyncio.to_thread(contents.apply, entries)
                watermark = reached
        await asyncio.to_thread(contents.compact)
        return contents, watermark


def _apply(contents: BankContents, changes: IndexChanges) -> None:
    contents.apply(changes.upserts, changes.removals)
    contents.prepare()
