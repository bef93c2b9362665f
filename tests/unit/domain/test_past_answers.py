"""Past answers judged by a policy, each at its own instant."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.recorded_recalls import RecallId, RecordedHit, RecordedRecall
from memsvc.domain.retention.past_answers import PastAnswers, poorer_answers
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.sweep import FateReason, SweepItem, plan_sweep

STORED = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, GONE = (MemoryId(UUID(int=no)) for no in (1, 2, 3))
POLICY = RetentionPolicy()  # c = 5 days, threshold 0.05: S = 1 fades after 14.98 days


def item(memory_id: MemoryId, *, pinned: bool = False) -> SweepItem:
    return SweepItem(
        memory_id=memory_id,
        kind=MemoryKind.TURN,
        recorded_at=STORED,
        last_reinforced_at=None,
        strength=1.0,
        pinned=pinned,
    )


def hit(memory_id: MemoryId, strength: float = 1.0, reinforced: int | None = None) -> RecordedHit:
    return RecordedHit(
        memory_id=memory_id,
        score=0.5,
        parts={},
        version=1,
        strength=strength,
        last_reinforced_at=None if reinforced is None else STORED + timedelta(days=reinforced),
    )


def recall(number: int, days: float, *hits: RecordedHit) -> RecordedRecall:
    at = STORED + timedelta(days=days)
    return RecordedRecall(
        id=RecallId(UUID(int=number)),
        bank_id=BankId(UUID(int=1)),
        question="?",
        parameters={},
        settings={},
        model_id="m",
        backend="b",
        mode="ranked",
        arms={},
        took_ms={},
        actor="a",
        asked_for=at,
        recorded_at=at,
        hits=hits,
    )


def judged(*recalls: RecordedRecall, pinned: bool = False) -> PastAnswers:
    items = {each: item(each, pinned=pinned) for each in (ONE, TWO)}
    return poorer_answers(POLICY, recalls, items, {})


def test_an_answer_is_judged_as_of_when_it_was_given() -> None:
    past = judged(recall(1, 14, hit(ONE)), recall(2, 16, hit(ONE)))
    assert [each.recall_id.int for each in past.poorer] == [2]
    [lost] = past.poorer[0].lost
    assert (lost.rank, lost.fate.reason) == (1, FateReason.FADED)


def test_strength_and_clock_are_those_of_then() -> None:
    strong, fresh = hit(ONE, strength=2.0), hit(ONE, reinforced=10)
    assert judged(recall(1, 16, strong), recall(2, 16, fresh)).lost == 0


def test_answers_that_lose_most_come_first() -> None:
    part = recall(1, 16, hit(ONE), hit(TWO, strength=2.0))
    older, newer = recall(2, 16, hit(ONE)), recall(3, 17, hit(ONE))
    past = judged(part, older, newer)
    assert [each.recall_id.int for each in past.poorer] == [3, 2, 1]
    assert (past.answers, past.hits, past.lost, past.without_evidence) == (3, 4, 3, 2)


def test_of_memories_that_are_gone_nothing_is_said() -> None:
    past = judged(recall(1, 16, hit(GONE), hit(ONE, strength=9.0)))
    assert (past.unknown, past.lost) == (1, 0)


def test_near_misses_are_no_evidence() -> None:
    missed = RecordedHit(memory_id=ONE, score=0.1, parts={}, dropped_for="rank")
    assert judged(recall(1, 16, missed)).hits == 0


def test_what_is_pinned_stays() -> None:
    assert judged(recall(1, 16, hit(ONE)), pinned=True).poorer == []


def test_what_there_is_no_room_for_today_is_lost_whenever_it_was_found() -> None:
    policy = RetentionPolicy(threshold=0, capacity=1)
    items = {each: item(each) for each in (ONE, TWO)}
    plan = plan_sweep(policy, items.values(), STORED + timedelta(days=1))
    answers = [recall(1, 0, hit(ONE), hit(TWO))]
    past = poorer_answers(policy, answers, items, plan.over_capacity)
    assert [each.lost[0].fate.reason for each in past.poorer] == [FateReason.OVER_CAPACITY]
    assert past.lost == 1
