"""Memories made stronger or weaker by how they were used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Json
from memsvc.domain.operations import NewOperation, OperationId, OperationKind, compacted
from memsvc.domain.recorded_recalls import RecallId
from memsvc.domain.retention.reinforcement import (
    Cause,
    Reinforcement,
    strength_effect,
)
from memsvc.errors import MemoryNotFoundError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction

_JUDGED = (Cause.HELPED, Cause.MISLED)


class FeedbackStatus(StrEnum):
    """What feedback did to a memory."""

    APPLIED = "applied"
    ALREADY_GIVEN = "already_given"
    """The memory was judged before in this session, one way or the other: that stands."""


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
        counted = await tx.reinforcements.counted(bank_id, causes, occasion, _JUDGED)
        fresh = {each: cause for each, cause in causes.items() if each not in counted}
        now = self._clock.now()
        after = {each: before[each].after(cause, now) for each, cause in fresh.items()}
        effects = compacted(strength_effect(each, before[each], after[each]) for each in fresh)
        details: dict[str, Json] = {
            "recall": str(feedback.recall_id),
            "helped": sum(cause is Cause.HELPED for cause in fresh.values()),
            "misled": sum(cause is Cause.MISLED for cause in fresh.values()),
        }
        operation_id = None
        if effects:
            await tx.reinforcements.set_strengths(bank_id, effects)
            operation = NewOperation(kind=OperationKind.REINFORCE, effects=effects, details=details)
            operation_id = await tx.operations.record(bank_id, actor, operation)
        if fresh:
            added = [
                Reinforcement(
                    memory_id=each,
                    occasion=occasion,
                    cause=cause,
                    recall_id=feedback.recall_id,
                    operation_id=operation_id,
                )
                for each, cause in fresh.items()
            ]
            await tx.reinforcements.add(bank_id, actor, added)
            await tx.audit.record(
                bank_id, actor, [AuditEvent(operation="recall.feedback", details=details)]
            )
        return FeedbackGiven(
            bank_id=bank_id,
            recall_id=feedback.recall_id,
            operation_id=operation_id,
            memories=[
                JudgedMemory(
                    memory_id=each,
                    cause=cause,
                    status=(
                        FeedbackStatus.APPLIED if each in fresh else FeedbackStatus.ALREADY_GIVEN
                    ),
                    strength=round((after.get(each) or before[each]).strength, 3),
                )
                for each, cause in causes.items()
            ],
        )
