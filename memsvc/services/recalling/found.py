"""What a recall asks and what it has found, between its stages."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from memsvc.domain.asked_speaker import AskedSpeaker
from memsvc.domain.fusion import Arm, Fused
from memsvc.domain.grains import Unit
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ResolvedBank
from memsvc.domain.times.asked_order import AskedOrder
from memsvc.domain.times.asked_times import AskedTime, are_days
from memsvc.domain.times.elapsed import AskedElapsed
from memsvc.domain.times.tellings import Told
from memsvc.domain.widening import AskedRank
from memsvc.services.recalling.answerable import Candidates
from memsvc.services.recalling.arms import ArmOutcome, Day
from memsvc.services.recalling.recalled import Dropped, Hit, RecallQuery, Walk
from memsvc.services.recalling.second_hop import Hop

FOLDED = "folded"
"""Why a candidate is no hit where a better one stands for its event or episode."""
SIFTED = "sifted"
"""Why a candidate is no hit where a model said that it does not bear on the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query with what had to be looked up to ask it."""

    query: RecallQuery
    bank: ResolvedBank
    now: datetime
    allowed: Sequence[MemoryId] | None
    spans: Sequence[AskedTime]
    """Times that what is found is weighed by."""
    named: Sequence[AskedTime] = ()
    """Times that it names, among them that of an event which it tells of."""
    order: AskedOrder | None = None
    elapsed: AskedElapsed | None = None
    event: Told | None = None
    """Who tells of the event that it names, where that was looked for."""
    asked_speaker: AskedSpeaker = AskedSpeaker.OPEN
    day: Day | None = None

    @property
    def names_days(self) -> bool:
        """Whether the times that the question names are days in full, with their year."""
        return are_days(self.spans)

    @property
    def weighs_speakers(self) -> bool:
        """Whether it matters who said what was found."""
        return self.bank.may_hold_replies and self.asked_speaker is not AskedSpeaker.ASSISTANT


def asking(question: Question, text: str) -> Question:
    """Return another question of the same bank, filter and time."""
    return replace(question, query=replace(question.query, text=text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Candidates in order, those of them that may be shown, and how the arms fared."""

    fused: Sequence[Fused]
    visible: Mapping[MemoryId, Memory]
    arms: Mapping[Arm, ArmOutcome]
    hops: Mapping[MemoryId, Hop]
    walk: Walk | None = None
    factors: Mapping[MemoryId, Mapping[str, float]] = field(default_factory=dict)
    """What scores were multiplied by, by reason; none for what kept its score."""

    asked: Mapping[MemoryId, Sequence[AskedRank]] = field(default_factory=dict)
    """Which of several questions found it, where there were several."""
    relevance: Mapping[MemoryId, float] = field(default_factory=dict)
    """What a cross-encoder made of those it read, 0 to 1."""
    event: Told | None = None
    """Who tells of the event that the question names, if it names one."""

    units: Mapping[MemoryId, Unit] = field(default_factory=dict)
    """What a candidate stands for, where that is more than itself."""
    folded: frozenset[MemoryId] = frozenset()
    """For which another candidate stands."""
    sifted: frozenset[MemoryId] = frozenset()
    """What would be a hit, but a model said that it does not bear on the question."""

    def weighed(self, factors: Mapping[MemoryId, float], reason: str) -> "Found":
        """Return the candidates in the order of their scores times ``factors``; 1 if not given."""
        told = {each: dict(self.factors.get(each, {})) for each in self.factors.keys() | factors}
        for memory_id, factor in factors.items():
            told[memory_id][reason] = factor
        order = [
            replace(each, score=each.score * factors.get(each.memory_id, 1.0))
            for each in self.fused
        ]
        return replace(self, fused=_in_order(order), factors=told)

    def raised(self, others: Sequence[Fused], share: float, reason: str) -> "Found":
        """Return the candidates with ``share`` of another ranking's scores where those are more."""
        own = {each.memory_id: each.score for each in self.fused}
        more = {
            each.memory_id: replace(each, score=each.score * share)
            for each in others
            if each.score * share > own.get(each.memory_id, 0.0)
        }
        kept = [each for each in self.fused if each.memory_id not in more]
        return replace(
            self,
            fused=_in_order([*kept, *more.values()]),
            # What is told of a score is told of the ranking that it comes from.
            hops={each: hop for each, hop in self.hops.items() if each not in more},
            factors={**self.factors, **{each: {reason: share} for each in more}},
        )

    def best(self, most: int) -> "Found":
        """Return the ``most`` best of the candidates."""
        return replace(self, fused=self.fused[:most])

    def shown(self) -> list[Fused]:
        """Return the candidates that may be shown by themselves, best first."""
        return [each for each in self.fused if self._is_shown(each.memory_id)]

    def _is_shown(self, memory_id: MemoryId) -> bool:
        return memory_id in self.visible and memory_id not in self.folded

    def hits(self, k: int) -> list[Fused]:
        """Return the ``k`` best that may be shown, without what was sifted out of them."""
        return [each for each in self.shown()[:k] if each.memory_id not in self.sifted]

    def fell_short(self, question: Question) -> bool:
        """Tell whether some of the best may not be shown though nothing said so beforehand."""
        top = self.fused[: question.query.k]
        return question.allowed is None and any(each.memory_id not in self.visible for each in top)


def _in_order(candidates: Iterable[Fused]) -> list[Fused]:
    """Return candidates best first, equal ones by id."""
    return sorted(candidates, key=lambda each: (-each.score, each.memory_id))


AskAgain: TypeAlias = Callable[[str], Awaitable[Found]]
"""Asks another question of the same bank, filter and time; raises ``UnavailableError``."""


def judged(question: Question, found: Found, asked_at: float) -> Candidates:
    """Return what is judged to say whether the question is answered."""
    return Candidates(
        text=question.query.text,
        bank=question.bank,
        memories=[found.visible[each.memory_id] for each in found.shown()],
        arms=found.arms,
        asked_at=asked_at,
        beside=() if question.day is None else question.day.held,
    )


def explain_dropped(found: Found, hits: Sequence[Hit], k: int) -> list[Dropped]:
    """Return candidates just past the hits, each with the first reason that kept it out."""
    kept = {hit.memory.id for hit in hits}
    dropped: list[Dropped] = []
    place = 0
    for each in found.fused:
        if len(dropped) == k:
            break
        place += each.memory_id in found.visible and each.memory_id not in found.folded
        if each.memory_id in kept:
            continue
        reason = _why_dropped(found, each.memory_id, is_among_best=place <= k)
        dropped.append(Dropped(memory_id=each.memory_id, reason=reason, score=each.score))
    return dropped


def sifted_out(found: Found) -> list[Dropped]:
    """Return the candidates that a model left out, best first."""
    return [
        Dropped(memory_id=each.memory_id, reason=SIFTED, score=each.score)
        for each in found.fused
        if each.memory_id in found.sifted
    ]


def _why_dropped(found: Found, memory_id: MemoryId, *, is_among_best: bool) -> str:
    if memory_id not in found.visible:
        return "not_visible"
    if memory_id in found.folded:
        return FOLDED
    if memory_id in found.sifted:
        return SIFTED
    return "budget" if is_among_best else "rank"
