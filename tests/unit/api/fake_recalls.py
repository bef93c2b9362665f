"""Past recalls, as the routes' tests know them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.recorded_recalls import RecallId, RecordedHit, RecordedRecall
from memsvc.domain.replays import (
    Change,
    Circumstance,
    ComparedMemory,
    PartChange,
    Place,
    Why,
)
from memsvc.domain.retention.past_answers import LostHit, PastAnswers, PoorerAnswer
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.reinforcement import Cause
from memsvc.domain.retention.sweep import Fate, FateReason
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Outcome
from memsvc.services.recalling.replaying import Replayed
from memsvc.services.reinforcing import (
    FeedbackGiven,
    FeedbackStatus,
    JudgedMemory,
    NewFeedback,
)
from tests.unit.api.answers import BANK_ID, MEMORY_ID, OPERATION_ID
from tests.unit.api.script import Script

RECALL_ID = RecallId(UUID(int=9))
MISSED_ID = MemoryId(UUID(int=10))
AT = datetime(2024, 5, 7, 12, tzinfo=UTC)
RECORDED = RecordedRecall(
    id=RECALL_ID,
    bank_id=BANK_ID,
    question="Where does Ada live?",
    parameters={"k": 1},
    settings={"rrf_k": 10},
    model_id="sha256:0",
    backend="faiss_cpu",
    mode="ranked",
    arms={"dense": {"status": "ok", "reason": None}},
    took_ms={"total": 11.0},
    actor="api",
    asked_for=AT,
    recorded_at=AT,
    hits=[
        RecordedHit(memory_id=MEMORY_ID, score=0.5, parts={}, version=1),
        RecordedHit(memory_id=MISSED_ID, score=0.25, parts={}, dropped_for="rank"),
    ],
    helped=[MEMORY_ID],
)
GIVEN = FeedbackGiven(
    bank_id=BANK_ID,
    recall_id=RECALL_ID,
    operation_id=OPERATION_ID,
    memories=[
        JudgedMemory(
            memory_id=MEMORY_ID, cause=Cause.HELPED, status=FeedbackStatus.APPLIED, strength=2.0
        )
    ],
)


REPLAYED = Replayed(
    recall_id=RECALL_ID,
    question="Where does Ada live?",
    now=AT,
    memories=[
        ComparedMemory(
            memory_id=MEMORY_ID,
            change=Change.LOST,
            reasons=[Why.GONE],
            then=Place(rank=1, score=0.5, version=1),
            now=None,
            state=None,
            parts=[PartChange(name="lexical", then=0.5, now=None)],
        )
    ],
    circumstances=[Circumstance(name="arms.dense.status", then="failed", now="ok")],
)


PAST = PastAnswers(
    answers=3,
    hits=9,
    unknown=1,
    poorer=[
        PoorerAnswer(
            recall_id=RECALL_ID,
            question="Where does Ada live?",
            now=AT,
            hits=1,
            lost=[
                LostHit(
                    rank=1,
                    fate=Fate(
                        memory_id=MEMORY_ID,
                        kind=MemoryKind.TURN,
                        reason=FateReason.FADED,
                        retention=0.01,
                        threshold=0.05,
                        age_days=40.0,
                        strength=1.0,
                    ),
                )
            ],
        )
    ],
)


@dataclass(frozen=True, slots=True)
class FakeRecordedRecalls:
    script: Script

    async def list(
        self, caller: Caller, reference: BankReference, page: PageRequest
    ) -> Page[RecordedRecall]:
        found: Page[RecordedRecall] = self.script.play(
            "recalls.list", Page(items=[RECORDED], next_cursor=None), caller, reference, page
        )
        return found

    async def get(
        self, caller: Caller, reference: BankReference, recall_id: RecallId
    ) -> RecordedRecall:
        found: RecordedRecall = self.script.play(
            "recalls.get", RECORDED, caller, reference, recall_id
        )
        return found


@dataclass(frozen=True, slots=True)
class FakeFeedback:
    script: Script

    async def give(
        self,
        caller: Caller,
        reference: BankReference,
        feedback: NewFeedback,
        key: RequestKey | None = None,
    ) -> Outcome[FeedbackGiven]:
        return self.script.change("feedback.give", GIVEN, caller, reference, feedback, key)


@dataclass(frozen=True, slots=True)
class FakeReplay:
    script: Script

    async def __call__(
        self, caller: Caller, reference: BankReference, recall_id: RecallId
    ) -> Replayed:
        found: Replayed = self.script.play("replay", REPLAYED, caller, reference, recall_id)
        return found


@dataclass(frozen=True, slots=True)
class FakeDecayReplay:
    script: Script

    async def __call__(
        self,
        caller: Caller,
        reference: BankReference,
        policy: RetentionPolicy | None,
        recalls: int,
    ) -> PastAnswers:
        found: PastAnswers = self.script.play(
            "decay.replay", PAST, caller, reference, policy, recalls
        )
        return found
