"""Recalls as they are followed up beside answering: some are recorded, hits may count as use."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from memsvc.domain.identifiers import BankId, MemoryId, TenantId, uuid7
from memsvc.domain.memory import Json
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.recorded_recalls import (
    RecallId,
    RecordedRecall,
)
from memsvc.errors import BankNotFoundError
from memsvc.ports import Clock
from memsvc.services.beside import running_beside
from memsvc.services.call_tally import tallied
from memsvc.services.commands import BankReference, Caller
from memsvc.services.courtesy import Courtesy
from memsvc.services.recalling.compose_context import ComposeContext, ComposedContext, ContextQuery
from memsvc.services.recalling.pass_through import Mode
from memsvc.services.recalling.recall import Recall
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.services.recalling.recorded_answers import (
    KeptSettings,
    arms_of,
    hits_of,
    written_context,
    written_query,
)
from memsvc.services.reinforcing import ReinforceReturned
from memsvc.settings import RecordingSettings
from memsvc.store.transactions import Store
from memsvc.telemetry import RECORDINGS

_log = structlog.get_logger(__name__)

_MOST_RETURNED = 100_000
"""Hits that wait to be counted as use; what is returned again later counts then."""
_GRACE_S = 5.0
"""How long the end of the process waits for what is queued to be written."""


class RecallLog:
    """Bounded queues of recorded recalls and of hits, and the task that writes them down."""

    def __init__(
        self, store: Store, settings: RecordingSettings, reinforce: ReinforceReturned
    ) -> None:
        self._store = store
        self._reinforce = reinforce
        self._settings = settings
        self._waiting: deque[tuple[TenantId, RecordedRecall]] = deque()
        self._returned: dict[tuple[TenantId, BankId], set[MemoryId]] = {}
        self._returned_count = 0

    def offer(self, tenant_id: TenantId, recall: RecordedRecall) -> bool:
        """Queue a recall to be written; tell whether there was room. Returns at once."""
        if len(self._waiting) >= self._settings.queue:
            RECORDINGS.labels(outcome="queue_full").inc()
            return False
        self._waiting.append((tenant_id, recall))
        return True

    def offer_hits(
        self, tenant_id: TenantId, bank_id: BankId, memory_ids: Sequence[MemoryId]
    ) -> None:
        """Note what a recall returned, in case that makes it stronger. Returns at once."""
        if self._returned_count >= _MOST_RETURNED:
            RECORDINGS.labels(outcome="hits_dropped").inc()
            return
        self._returned_count += len(memory_ids)
        self._returned.setdefault((tenant_id, bank_id), set()).update(memory_ids)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write beside whatever else the event loop does; at the end, write what is left."""
        async with running_beside(self._run, "memsvc recall log", grace_s=_GRACE_S):
            yield

    async def flush(self) -> None:
        """Write everything that is queued; what cannot be written is dropped and counted."""
        returned, self._returned, self._returned_count = self._returned, {}, 0
        for (tenant_id, bank_id), memory_ids in returned.items():
            await self._strengthen(tenant_id, bank_id, memory_ids)
        while self._waiting:
            size = min(len(self._waiting), self._settings.batch)
            batch = [self._waiting.popleft() for _ in range(size)]
            by_bank: dict[tuple[TenantId, BankId], list[RecordedRecall]] = {}
            for tenant_id, recall in batch:
                by_bank.setdefault((tenant_id, recall.bank_id), []).append(recall)
            for (tenant_id, bank_id), recalls in by_bank.items():
                await self._write(tenant_id, bank_id, recalls)

    async def _run(self, stop: asyncio.Event) -> None:
        is_last = False
        while not is_last:
            try:
                await asyncio.wait_for(stop.wait(), self._settings.interval_s)
                is_last = True
            except TimeoutError:
                pass
            await self.flush()

    async def _strengthen(
        self, tenant_id: TenantId, bank_id: BankId, memory_ids: set[MemoryId]
    ) -> None:
        try:
            await self._reinforce(tenant_id, bank_id, memory_ids)
        except BankNotFoundError:
            pass  # it has been removed meanwhile
        except Exception as error:  # noqa: BLE001 — a lost record must not end the recording
            RECORDINGS.labels(outcome="hits_failed").inc()
            _log.warning("recording.hits_failed", bank_id=str(bank_id), error=type(error).__name__)

    async def _write(
        self, tenant_id: TenantId, bank_id: BankId, recalls: Sequence[RecordedRecall]
    ) -> None:
        try:
            async with self._store.write(tenant_id) as tx:
                # A bank that is being removed gets nothing new.
                await tx.banks.lock(bank_id)
                kept = await tx.recall_log.unerased(bank_id, recalls)
                if kept:
                    await tx.recall_log.add(bank_id, kept)
        except Exception as error:  # noqa: BLE001 — a lost record must not end the recording
            RECORDINGS.labels(outcome="failed").inc(len(recalls))
            _log.warning(
                "recording.failed",
                bank_id=str(bank_id),
                recalls=len(recalls),
                error=type(error).__name__,
            )
        else:
            RECORDINGS.labels(outcome="written").inc(len(kept))
            RECORDINGS.labels(outcome="erased").inc(len(recalls) - len(kept))


class Recorder:
    """Gives answers their ids, and takes some of them to be recorded."""

    def __init__(
        self,
        log: RecallLog,
        clock: Clock,
        settings: RecordingSettings,
        kept: KeptSettings,
        *,
        generator: random.Random | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._settings = settings
        self._kept = kept
        # What is drawn is no secret.
        self._generator = generator or random.Random()  # noqa: S311

    def take(
        self,
        caller: Caller,
        query: RecallQuery,
        answer: Recalled,
        context: Mapping[str, Json] | None = None,
    ) -> tuple[RecallId, bool]:
        """Return the id of an answer, and whether it was queued to be kept.

        ``context`` is what a context was asked for beyond its recall.
        """
        now = self._clock.now()
        recall_id = RecallId(uuid7(now))
        wanted = query.record
        if wanted is None:
            wanted = self._generator.random() < self._settings.sample
        if not wanted or answer.bank is None or answer.now is None:
            return recall_id, False
        beyond: dict[str, Json] = {} if context is None else {"context": context}
        record = RecordedRecall(
            id=recall_id,
            bank_id=answer.bank.scope.bank_id,
            question=query.text,
            parameters=written_query(query) | beyond,
            settings=self._kept.of(answer),
            model_id=answer.bank.model_id,
            backend=answer.backend,
            mode=answer.mode.value,
            arms=arms_of(answer),
            took_ms=answer.took_ms,
            actor=caller.actor,
            asked_for=answer.now,
            recorded_at=now,
            hits=hits_of(answer),
        )
        return recall_id, self._log.offer(caller.tenant_id, record)


class LoggedRecall:
    """Recall, with an id for every answer and some of them recorded."""

    def __init__(
        self,
        recall: Recall,
        log: RecallLog,
        recorder: Recorder,
        *,
        courtesy: Courtesy | None = None,
    ) -> None:
        self._recall = recall
        self._courtesy = courtesy or Courtesy()
        self._log = log
        self._recorder = recorder

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Recalled:
        """Answer as ``Recall`` does; ``recorded`` says whether the answer was queued to be kept."""
        with self._courtesy.answering(), tallied() as tally:
            answer = await self._recall(caller, bank, query)
        counts = query.reinforce and answer.mode is Mode.RANKED
        if counts and answer.bank is not None and answer.hits:
            hits = [hit.memory.id for hit in answer.hits]
            self._log.offer_hits(caller.tenant_id, answer.bank.scope.bank_id, hits)
        recall_id, recorded = self._recorder.take(caller, query, answer)
        return replace(answer, id=recall_id, recorded=recorded, model_calls=tally.made())


class LoggedContext:
    """Contexts, with an id for every answer; the recall in some of them is recorded."""

    def __init__(self, compose: ComposeContext, recorder: Recorder, courtesy: Courtesy) -> None:
        self._compose = compose
        self._recorder = recorder
        self._courtesy = courtesy

    async def __call__(
        self, caller: Caller, bank: BankReference, query: ContextQuery
    ) -> ComposedContext:
        """Answer as ``ComposeContext`` does; being shown in a context is no use of a memory."""
        with self._courtesy.answering(), tallied() as tally:
            composed = await self._compose(caller, bank, query)
        recall = composed.recall
        recall_id, recorded = self._recorder.take(
            caller, recall.query, recall.answer, written_context(query)
        )
        return replace(composed, id=recall_id, recorded=recorded, model_calls=tally.made())


class RecordedRecalls:
    """Recorded recalls of a bank, listed and looked into."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self, caller: Caller, bank: BankReference, page: PageRequest
    ) -> Page[RecordedRecall]:
        """Return recorded recalls, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.recall_log.list(found.scope.bank_id, page)

    async def get(self, caller: Caller, bank: BankReference, recall_id: RecallId) -> RecordedRecall:
        """Return a recorded recall; raises ``RecallNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.recall_log.get(found.scope.bank_id, recall_id)
