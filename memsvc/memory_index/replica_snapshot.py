"""When one replica's snapshot is read and written."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from memsvc.domain.index_states import SnapshotState
from memsvc.domain.memory import BankScope
from memsvc.errors import UnavailableError
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.snapshot_folder import SnapshotLabels
from memsvc.memory_index.snapshots import Resumed, Snapshots
from memsvc.ports import FeedRequest, IndexFeed, Watermark

_log = structlog.get_logger(__name__)


_ANSWER_S = 30.0
"""How long writing waits to hear whether it may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPolicy:
    """Where snapshots are kept, and of what."""

    snapshots: Snapshots
    min_memories: int
    """Smaller banks have none."""
    after_changes: int
    """A snapshot is written anew after so many."""


class ReplicaSnapshot:
    """Reads the snapshot of one replica when it loads and writes it beside the searches."""

    def __init__(
        self, policy: SnapshotPolicy, feed: IndexFeed, scope: BankScope, request: FeedRequest
    ) -> None:
        self._policy = policy
        self._feed = feed
        self._scope = scope
        self._request = request
        self._labels: SnapshotLabels | None = None
        self._unsaved = 0
        self._saving: asyncio.Task[None] | None = None

    async def resume(self, new_contents: Callable[[], BankContents]) -> Resumed | None:
        """Return what is on disk, if it serves; what is saved later belongs to this database."""
        source = await self._feed.source()
        labels = self._policy.snapshots.labels(self._scope, self._request, source)
        self._labels = labels
        resumed = await asyncio.to_thread(self._policy.snapshots.resume, labels, new_contents())
        self._unsaved = 0 if resumed is not None else self._policy.after_changes
        return resumed

    async def read(self, new_contents: Callable[[], BankContents]) -> Resumed | None:
        """Return what a restart would find, ``None`` for nothing; the state stays as it is."""
        if self._saving is not None:
            await self._saving
        if self._labels is None:
            return None
        return await asyncio.to_thread(self._policy.snapshots.resume, self._labels, new_contents())

    async def saved(self) -> SnapshotState | None:
        """Return when the snapshot was written and how large it is, ``None`` without one."""
        if self._labels is None:
            return None
        return await asyncio.to_thread(self._policy.snapshots.state, self._labels)

    async def discard(self) -> None:
        """Remove the snapshot, which the feed can no longer bring up to date."""
        self._unsaved = self._policy.after_changes
        if self._labels is not None:
            await asyncio.to_thread(self._policy.snapshots.discard, self._labels)

    def note(self, contents: BankContents, watermark: Watermark, changes: int) -> None:
        """Note how far the contents have come; write them in the background when it is time."""
        self._unsaved += changes
        is_idle = self._saving is None or self._saving.done()
        if is_idle and self._unsaved >= self._policy.after_changes:
            self._saving = asyncio.create_task(self._save(contents, watermark))

    async def finish(self, contents: BankContents, watermark: Watermark) -> None:
        """Write what has not been written; the service is about to stop."""
        if self._saving is not None:
            await self._saving
        if self._unsaved:
            await self._save(contents, watermark)

    async def _save(self, contents: BankContents, watermark: Watermark) -> None:
        if self._labels is None or len(contents) < self._policy.min_memories:
            return
        unsaved, self._unsaved = self._unsaved, 0
        save = self._policy.snapshots.save
        bank_id = self._labels.bank
        loop = asyncio.get_running_loop()

        def may_write() -> bool:
            # What an erasure has cut off may hold what was erased: see ``ChangeWriter.cut``.
            followed = self._feed.is_followed(self._scope, watermark)
            return asyncio.run_coroutine_threadsafe(followed, loop).result(_ANSWER_S)

        try:
            is_written = await asyncio.to_thread(save, self._labels, contents, watermark, may_write)
        except (OSError, UnavailableError) as error:
            # The next start loads from the database: nothing is lost but time.
            self._unsaved += unsaved
            _log.warning("snapshot.failed", bank_id=bank_id, reason=type(error).__name__)
            return
        if is_written:
            _log.info("snapshot.saved", bank_id=bank_id, memories=len(contents))
