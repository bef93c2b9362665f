"""The running check: some answers of the index are compared with exact ones when nobody waits.

A difference is a miss only if nothing was written meanwhile. To know what was committed when a
question came in, a recall would have to wait for one more statement. Instead snapshots are taken
beside it, and one from before the question serves. If the bank has changed since that, or there is
none yet, both are asked again between two looks at the change log.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_recall import recall_at_k
from memsvc.domain.memory import BankScope
from memsvc.errors import MemsvcError
from memsvc.ports import Candidate, DenseQuery, MemoryIndex
from memsvc.services.beside import running_beside
from memsvc.services.recall_report import RecallReport
from memsvc.settings import IndexSettings
from memsvc.store.exact_answers import ExactAnswer, ExactAnswers, Moment
from memsvc.store.transactions import assert_no_transaction
from memsvc.telemetry import INDEX_CHECKS

_log = structlog.get_logger(__name__)

_MOST_ALLOWED = 1_000
"""Ids of a filter that are kept with an answer."""
_ATTEMPTS = 3
"""So often both are asked again when somebody writes in between."""
_REST = 20
"""A check is followed by a pause this many times as long: exact answers of large banks take the
database a twentieth of one core."""
_GRACE_S = 1.0
"""How long the end of the process waits for a check under way."""


class CheckOutcome(StrEnum):
    """What became of a sampled answer."""

    COMPARED = "compared"
    EMPTY = "empty"
    """There is nothing to be found."""
    WRITTEN = "written"
    """The bank was written to each time that both were asked."""
    FILTERED = "filtered"
    """The filter lets through more than is kept."""
    QUEUE_FULL = "queue_full"
    LATE = "late"
    """It took too long."""
    UNAVAILABLE = "unavailable"
    """PostgreSQL or the index could not answer."""
    FAILED = "failed"
    """A defect; the log has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    scope: BankScope
    query: DenseQuery
    found: Sequence[MemoryId]
    """The best of the answer, as many as are compared."""
    moment: Moment | None
    """Everything committed then is covered by the answer."""


class IndexCheck:
    """Samples answers, and compares them one at a time."""

    def __init__(
        self,
        index: MemoryIndex,
        exact: ExactAnswers,
        settings: IndexSettings,
        *,
        generator: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Draw from ``generator``; ``clock`` is the one of ``DenseQuery.asked_at``, in seconds."""
        self._index = index
        self._exact = exact
        self._settings = settings
        # What is drawn is no secret.
        self._generator = generator or random.Random()  # noqa: S311
        self._clock = clock
        self._report = RecallReport(index.backend, settings, clock)
        self._waiting: deque[_Sample] = deque()
        self._moments: deque[tuple[float, Moment]] = deque(maxlen=2)
        self._asked_last: BankScope | None = None

    @property
    def report(self) -> RecallReport:
        """What the comparisons have shown since the process started."""
        return self._report

    def offer(self, scope: BankScope, query: DenseQuery, found: Sequence[Candidate]) -> None:
        """Perhaps keep an answer of the index, to be compared later; returns at once."""
        settings = self._settings
        if settings.check_share == 0 or query.k < 1:
            return
        self._asked_last = scope
        if self._generator.random() >= settings.check_share:
            return
        if query.allowed is not None and len(query.allowed) > _MOST_ALLOWED:
            self._count(CheckOutcome.FILTERED)
        elif len(self._waiting) >= settings.check_queue:
            self._count(CheckOutcome.QUEUE_FULL)
        else:
            best = [each.memory_id for each in found[: settings.check_k]]
            moment = self._moment_before(query.asked_at)
            sample = _Sample(scope=scope, query=query, found=best, moment=moment)
            self._waiting.append(sample)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Compare beside whatever else the event loop does; at the end, let a check finish."""
        if self._settings.check_share == 0:
            yield
            return
        try:
            async with running_beside(self._run, "memsvc index check", grace_s=_GRACE_S):
                yield
        finally:
            self._report.conclude(early=True)

    async def step(self) -> None:
        """Note what is committed by now, if anybody has asked since, and compare one answer."""
        assert_no_transaction("A check of the index")
        await self._note_moment()
        if self._waiting:
            self._count(await self._outcome(self._waiting.popleft()))
        self._report.conclude()

    async def _run(self, stop: asyncio.Event) -> None:
        pause_s = self._settings.check_interval_s
        while not await _is_set_within(stop, pause_s):
            started = self._clock()
            try:
                await self.step()
            except Exception:  # noqa: BLE001 — one defect must not end all further checks
                _log.exception("index_check.failed")
            took_s = self._clock() - started
            pause_s = max(self._settings.check_interval_s, _REST * took_s)

    async def _note_moment(self) -> None:
        """An older moment is as good but for more that may have been written since."""
        scope, self._asked_last = self._asked_last, None
        if scope is None:
            return
        with suppress(MemsvcError, TimeoutError):
            async with asyncio.timeout(self._settings.check_timeout_s):
                moment = await self._exact.moment(scope)
            # Where a log is cut concerns one bank, and this moment serves all.
            self._moments.append((self._clock(), replace(moment, trimmed_below=0)))

    def _moment_before(self, asked_at: float | None) -> Moment | None:
        if asked_at is None:
            return None
        before = (moment for at, moment in reversed(self._moments) if at <= asked_at)
        return next(before, None)

    async def _outcome(self, sample: _Sample) -> CheckOutcome:
        try:
            async with asyncio.timeout(self._settings.check_timeout_s):
                return await self._check(sample)
        except TimeoutError:
            return CheckOutcome.LATE
        except MemsvcError as error:
            _log.info("index_check.skipped", code=error.code)
            return CheckOutcome.UNAVAILABLE
        except Exception:  # noqa: BLE001 — one defect must not end all further checks
            _log.exception("index_check.failed", bank_id=str(sample.scope.bank_id))
            return CheckOutcome.FAILED

    async def _check(self, sample: _Sample) -> CheckOutcome:
        scope, found = sample.scope, sample.found
        if sample.moment is not None:
            exact = await self._exactly(sample, found, sample.moment)
            if not exact.has_changed:
                return self._compared(scope, exact)
        for _ in range(_ATTEMPTS):
            moment = await self._exact.moment(scope)
            again = await self._index.search(scope, replace(sample.query, asked_at=None, tell=None))
            found = [each.memory_id for each in again[: self._settings.check_k]]
            exact = await self._exactly(sample, found, moment)
            if not exact.has_changed:
                return self._compared(scope, exact)
        return CheckOutcome.WRITTEN

    async def _exactly(
        self, sample: _Sample, found: Sequence[MemoryId], since: Moment
    ) -> ExactAnswer:
        query = replace(sample.query, k=min(sample.query.k, self._settings.check_k))
        return await self._exact.answer(sample.scope, query, found, since)

    def _compared(self, scope: BankScope, exact: ExactAnswer) -> CheckOutcome:
        if not exact.best:
            return CheckOutcome.EMPTY
        best = [each.score for each in exact.best]
        self._report.add(recall_at_k(best, list(exact.scores.values())), scope.bank_id)
        return CheckOutcome.COMPARED

    def _count(self, outcome: CheckOutcome) -> None:
        INDEX_CHECKS.labels(index=self._index.backend, outcome=outcome).inc()


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
