"""The life of an index process: follow, report, save, until asked to stop."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from memsvc.errors import DatabaseUnavailableError
from memsvc.index_process.follower import Follower, Progress
from memsvc.store.announcements import Listener
from memsvc.store.followers import Follower as Registration
from memsvc.store.followers import Followers
from memsvc.telemetry import (
    FOLLOWER_HELD_BACK,
    FOLLOWER_LAG_CHANGES,
    FOLLOWER_LAG_SECONDS,
    FOLLOWER_VECTORS,
)

_log = structlog.get_logger(__name__)

_BEAT_EVERY_S = 20.0
_STATUS_EVERY_S = 1.0
_PAUSE_AFTER_FAILURE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How often what is done."""

    poll_s: float
    """While no announcements are heard."""
    poll_listening_s: float
    """While they are: covers those that are lost."""
    save_every_s: float


class IndexProcess:
    """Runs a follower, registered with the database so that its changes are kept for it."""

    def __init__(
        self,
        follower: Follower,
        registry: tuple[Followers, Registration],
        listener: Listener,
        timing: Timing,
        status_file: Path | None = None,
    ) -> None:
        """Do nothing until it runs."""
        self._follower = follower
        self._followers, self._registration = registry
        self._listener = listener
        self._timing = timing
        self._status_file = status_file
        self._beaten_at = self._reported_at = float("-inf")
        self._saved_at = time.monotonic()

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Follow until ``stop`` is set; ``on_ready`` is called when every bank is held.

        The database may go away and come back. At the end, what has changed is saved.
        """
        listening = asyncio.create_task(self._listener.run(), name="memsvc listener")
        try:
            await self._follow(stop, on_ready)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await self._end()

    async def _follow(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        is_ready = False
        while not stop.is_set():
            self._listener.heard.clear()  # what is committed after this is heard, or read now
            try:
                progress = await self._round()
            except DatabaseUnavailableError as error:
                if not is_ready:
                    raise
                _log.warning("index.database_away", code=error.code)
                await _pause(stop, _PAUSE_AFTER_FAILURE_S)
                continue
            if not is_ready and not progress.behind:
                is_ready = True
                on_ready()
            if not progress.behind:
                await self._rest(stop)

    async def _round(self) -> Progress:
        progress = await self._follower.advance()
        self._report(progress)
        now = time.monotonic()
        if now - self._beaten_at > _BEAT_EVERY_S:
            await self._followers.beat(
                self._registration, source=progress.source, horizon=progress.horizon
            )
            self._beaten_at = now
        if now - self._saved_at > self._timing.save_every_s:
            await self._save()
        return progress

    async def _rest(self, stop: asyncio.Event) -> None:
        """Wait for an announcement, the next poll or the end."""
        listener, timing = self._listener, self._timing
        waiting = [asyncio.ensure_future(each.wait()) for each in (stop, listener.heard)]
        limit_s = timing.poll_listening_s if listener.is_hearing else timing.poll_s
        try:
            await asyncio.wait(waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _save(self) -> None:
        try:
            files = await self._follower.save()
        except OSError as error:
            _log.error("snapshot.save_failed", reason=str(error))
        else:
            _log.info("snapshot.saved", files=files)
        self._saved_at = time.monotonic()

    async def _end(self) -> None:
        await self._save()
        with suppress(DatabaseUnavailableError):  # its registration expires then
            await self._followers.leave(self._registration)
        if self._status_file is not None:
            self._status_file.unlink(missing_ok=True)

    def _report(self, progress: Progress) -> None:
        FOLLOWER_LAG_CHANGES.set(progress.behind)
        FOLLOWER_LAG_SECONDS.set(progress.behind_s)
        FOLLOWER_HELD_BACK.set(progress.held_back)
        FOLLOWER_VECTORS.set(progress.vectors)
        now = time.monotonic()
        if self._status_file is None or now - self._reported_at < _STATUS_EVERY_S:
            return
        self._reported_at = now
        fresh = self._status_file.with_name(f".{self._status_file.name}.new")
        fresh.write_text(json.dumps(asdict(progress)), encoding="utf-8")
        fresh.replace(self._status_file)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
