"""Memories made stronger or weaker by how they were used."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId, MemoryId, TenantId
from memsvc.domain.memory import Json
from memsvc.domain.operations import NewOperation, OperationId, OperationKind, compacted
from memsvc.domain.recorded_recalls import RecallId
from memsvc.domain.retention.policy import Reinforce, reinforcing
from memsvc.domain.retention.reinforcement import (
    Cause,
    Reinforcement,
    Strength,
    strength_effect,
)
from memsvc.errors import MemoryNotFoundError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction

_JUDGED = (Cause.HELPED, Cause.MISLED)
_RECALL = "recall"
"""The actor of what is reinforced because it was returned."""
_MOST_KNOWN = 10_000
"""Banks whose policy is remembered."""


class FeedbackStatus(StrEnum):
    """What feedback did to a memory."""

    APPLIED = "applied"
    ALREADY_GIVEN = "already_given"
    """The memory was judged before in this session, one way or the other: that stands."""
    KEPT = "kept"
    """Noted; by the bank's policy nothing changes strengths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeedback:
    """Which memories of an answer were of use, and which led astray."""

    recall_id: RecallId
    """Of the answer; it need not have been recorded."""
    helped: Sequence[MemoryId]
    misled: Sequence[MemoryId]
    """None of ``helped``."""
    session_id: str | None = None
    """In which each memory counts once; without one, the answer stands for it."""

    @property
    def causes(self) -> Mapping[MemoryId, Cause]:
        """The judgement on each memory."""
        return dict.fromkeys(self.helped, Cause.HELPED) | dict.fromkeys(self.misled, Cause.MISLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMemory:
    """What became of the feedback about one memory."""

    memory_id: MemoryId
    cause: Cause
    status: FeedbackStatus
    strength: float
    """S, as it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven:
    """What became of feedback."""

    bank_id: BankId
    recall_id: UUID
    operation_id: OperationId | None
    """Undoes it; ``None`` if it changed nothing."""
    memories: Sequence[JudgedMemory]


class Feedback:
    """What callers say of answers."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._once = Once(
            store=store, result=TypeAdapter(FeedbackGiven), bank_of=lambda given: given.bank_id
        )

    async def give(
        self,
        caller: Caller,
        bank: BankReference,
        feedback: NewFeedback,
        key: RequestKey | None = None,
    ) -> Outcome[FeedbackGiven]:
        """Make what helped stronger and what misled weaker, once per memory and session.

        Raises ``MemoryNotFoundError``, and changes nothing, if a memory is not of this bank.
        """

        async def work(tx: WriteTransaction) -> FeedbackGiven:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            return await self._give(tx, bank_id, caller.actor, feedback)

        return await self._once.run(caller, key, work)

    async def _give(
        self, tx: WriteTransaction, bank_id: BankId, actor: str, feedback: NewFeedback
    ) -> FeedbackGiven:
        causes = feedback.causes
        occasion = feedback.session_id or str(feedback.recall_id)
        before = await tx.reinforcements.lock(bank_id, causes)
        if missing := [each for each in causes if each not in before]:
            raise MemoryNotFoundError(memories=[str(each) for each in missing])
        policy = reinforcing(await tx.retention.policy(bank_id))
        done = await _reinforce(
            tx,
            bank_id,
            actor,
            _Use(
                causes=causes,
                before=before,
                rivals=_JUDGED,
                occasion=occasion,
                recall_id=feedback.recall_id,
                now=self._clock.now(),
                changes=policy is not Reinforce.NONE,
            ),
        )
        kept = FeedbackStatus.KEPT if policy is Reinforce.NONE else FeedbackStatus.APPLIED
        return FeedbackGiven(
            bank_id=bank_id,
            recall_id=feedback.recall_id,
            operation_id=done.operation_id,
            memories=[
                JudgedMemory(
                    memory_id=each,
                    cause=cause,
                    status=kept if each in done.counted else FeedbackStatus.ALREADY_GIVEN,
                    strength=round(done.strengths.get(each, before[each]).strength, 3),
                )
                for each, cause in causes.items()
            ],
        )


class ReinforceReturned:
    """Makes stronger what recalls returned, in banks whose policy wants that."""

    def __init__(self, store: Store, clock: Clock, *, policy_for_s: float = 30.0) -> None:
        """Look a bank's policy up again after ``policy_for_s`` seconds."""
        self._store = store
        self._clock = clock
        self._policy_for_s = policy_for_s
        self._wanted: dict[BankId, tuple[float, bool]] = {}

    async def __call__(
        self, tenant_id: TenantId, bank_id: BankId, memory_ids: Iterable[MemoryId]
    ) -> None:
        """Reinforce each memory unless it was, for being returned, within the same hour (UTC)."""
        if not await self._is_wanted(tenant_id, bank_id):
            return
        now = self._clock.now()
        async with self._store.write(tenant_id) as tx:
            # A bank that is being removed gets nothing new.
            await tx.banks.lock(bank_id)
            if reinforcing(await tx.retention.policy(bank_id)) is not Reinforce.RETURNED:
                return
            before = await tx.reinforcements.lock(bank_id, memory_ids)
            use = _Use(
                causes=dict.fromkeys(before, Cause.RETURNED),
                before=before,
                rivals=(Cause.RETURNED,),
                occasion=f"{now.astimezone(UTC):%Y-%m-%dT%HZ}",
                recall_id=None,
                now=now,
                changes=True,
            )
            await _reinforce(tx, bank_id, _RECALL, use)

    async def _is_wanted(self, tenant_id: TenantId, bank_id: BankId) -> bool:
        until, wanted = self._wanted.get(bank_id, (0.0, False))
        if time.monotonic() < until:
            return wanted
        if len(self._wanted) >= _MOST_KNOWN:
            self._wanted.clear()
        async with self._store.read(tenant_id) as tx:
            policy = reinforcing(await tx.retention.policy(bank_id))
        wanted = policy is Reinforce.RETURNED
        self._wanted[bank_id] = (time.monotonic() + self._policy_for_s, wanted)
        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """How locked memories were used on an occasion."""

    causes: Mapping[MemoryId, Cause]
    before: Mapping[MemoryId, Strength]
    rivals: Sequence[Cause]
    """One of these, once an occasion."""
    occasion: str
    recall_id: RecallId | None
    now: datetime
    changes: bool
    """Whether it changes strengths, or is only kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What came of it."""

    operation_id: OperationId | None
    counted: Collection[MemoryId]
    """Those that had not been used in this way on the occasion before."""
    strengths: Mapping[MemoryId, Strength]
    """Where they changed."""


async def _reinforce(tx: WriteTransaction, bank_id: BankId, actor: str, use: _Use) -> _Done:
    """Change the strengths of locked memories in one operation, and append why."""
    earlier = await tx.reinforcements.counted(bank_id, use.causes, use.occasion, use.rivals)
    fresh = {each: cause for each, cause in use.causes.items() if each not in earlier}
    if not fresh:
        return _Done(operation_id=None, counted=frozenset(), strengths={})
    after: dict[MemoryId, Strength] = {}
    if use.changes:
        after = {each: use.before[each].after(cause, use.now) for each, cause in fresh.items()}
    effects = compacted(strength_effect(each, use.before[each], new) for each, new in after.items())
    details: dict[str, Json] = {
        cause.value: count for cause, count in Counter(fresh.values()).items()
    }
    if use.recall_id is not None:
        details["recall"] = str(use.recall_id)
    operation_id = None
    if effects:
        recalled = {each for each, cause in fresh.items() if cause is not Cause.MISLED}
        await tx.reinforcements.set_strengths(bank_id, effects, recalled)
        operation = NewOperation(kind=OperationKind.REINFORCE, effects=effects, details=details)
        operation_id = await tx.operations.record(bank_id, actor, operation)
    added = [
        Reinforcement(
            memory_id=each,
            occasion=use.occasion,
            cause=cause,
            recall_id=use.recall_id,
            operation_id=operation_id,
        )
        for each, cause in fresh.items()
    ]
    await tx.reinforcements.add(bank_id, actor, added)
    event = AuditEvent(operation="memory.reinforce", details=details)
    await tx.audit.record(bank_id, actor, [event])
    return _Done(operation_id=operation_id, counted=fresh.keys(), strengths=after)
