"""What a policy would have taken from answers that were given: looked at, never carried out.

Each hit is judged at the instant of its answer with the strength and the clock that it had then.
What a capacity takes depends on everything else that is there: it is what a sweep of today would
take.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.recorded_recalls import RecallId, RecordedHit, RecordedRecall
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.sweep import Fate, SweepItem, fate_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHit:
    """A hit that would not have been there."""

    rank: int
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class PoorerAnswer:
    """An answer that would have lacked hits."""

    recall_id: RecallId
    question: str
    now: datetime
    hits: int
    lost: Sequence[LostHit]
    """By rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswers:
    """What a policy would have done to the answers of the past."""

    answers: int
    """How many were looked at."""
    hits: int
    unknown: int
    """Hits of memories that are gone: nothing can be said of them."""
    poorer: Sequence[PoorerAnswer]
    """Those that would have lost most of their hits first, newest first among equals."""

    @property
    def lost(self) -> int:
        """How many hits would not have been there."""
        return sum(len(each.lost) for each in self.poorer)

    @property
    def without_evidence(self) -> int:
        """How many answers would have lost every hit."""
        return sum(len(each.lost) == each.hits for each in self.poorer)


def poorer_answers(
    policy: RetentionPolicy,
    recalls: Iterable[RecordedRecall],
    items: Mapping[MemoryId, SweepItem],
    over_capacity: Mapping[MemoryId, Fate],
) -> PastAnswers:
    """Judge ranked answers by a policy; ``items`` are their memories as they are today.

    ``over_capacity`` are those of the bank for which the policy has no room today.
    """
    answers = hits = unknown = 0
    poorer: list[PoorerAnswer] = []
    for recall in recalls:
        shown = [hit for hit in recall.hits if hit.dropped_for is None]
        answers += 1
        hits += len(shown)
        unknown += sum(hit.memory_id not in items for hit in shown)
        lost = [
            LostHit(rank=rank, fate=fate)
            for rank, hit in enumerate(shown, start=1)
            if (item := items.get(hit.memory_id)) is not None
            and (
                fate := fate_of(policy, _as_then(item, hit), recall.asked_for)
                or over_capacity.get(hit.memory_id)
            )
            is not None
        ]
        if lost:
            poorer.append(
                PoorerAnswer(
                    recall_id=recall.id,
                    question=recall.question,
                    now=recall.asked_for,
                    hits=len(shown),
                    lost=lost,
                )
            )
    poorer.sort(key=lambda each: (-len(each.lost) / each.hits, -each.now.timestamp()))
    return PastAnswers(answers=answers, hits=hits, unknown=unknown, poorer=poorer)


def _as_then(item: SweepItem, hit: RecordedHit) -> SweepItem:
    strength = item.strength if hit.strength is None else hit.strength
    return replace(item, strength=strength, last_reinforced_at=hit.last_reinforced_at)
