"""Which of several memories tells of what a question is about: by its words, else by its score.

A ranking brings much that only resembles the question; the first or the latest of that would be
chance. What has most of the question's words is about it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.irregular_verbs import base_form
from memsvc.domain.languages import recognise_language, stem
from memsvc.domain.lexical import question_tokens
from memsvc.domain.stop_words import function_words
from memsvc.domain.times.asked_order import Order
from memsvc.domain.times.moments import Moment

RELEVANT = 0.6
"""Share of the best score from which a memory bears on a question."""
TOLD = 0.5
"""Share of a question's words that a memory must have to be taken for the telling of it."""
_NEARLY_MOST = 0.8
"""Share of the most words that any has, from which a memory tells of the same."""


class ToldBy(StrEnum):
    """Why a memory is taken for the telling of what a question is about."""

    WORDS = "words"
    """It has most of the question's words."""
    SCORE = "score"
    """None has them; it is among those whose scores come near the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A candidate with what its place in time is read from."""

    score: float
    occurred_at: datetime
    text: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The place of a memory among the candidates, and why it is the one."""

    place: int
    told_by: ToldBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A memory that tells when something happened."""

    memory_id: MemoryId
    moment: Moment
    told_by: ToldBy


def key_words(text: str) -> frozenset[str]:
    """Return the stems of a text's words, without function words."""
    tokens = question_tokens(text)
    # A few words do not tell their language for sure.
    languages = {recognise_language(text), "en"}
    return _stems(set(tokens) - function_words(tokens, languages))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which candidates, by their places, are about what a question asks, and how that is known."""

    places: Sequence[int]
    told_by: ToldBy

    def best(self) -> Telling | None:
        """Return the best of them."""
        return self._telling(self.places[0]) if self.places else None

    def end(self, candidates: Sequence[Placed], order: Order) -> Telling | None:
        """Return the earliest or the latest of them."""
        if not self.places:
            return None
        pick = max if order is Order.LATEST else min
        return self._telling(pick(self.places, key=lambda place: candidates[place].occurred_at))

    def _telling(self, place: int) -> Telling:
        return Telling(place=place, told_by=self.told_by)


def about(words: frozenset[str], candidates: Sequence[Placed]) -> About:
    """Return the candidates that have nearly the most ``words``, else those scored about best."""
    # Whoever says "I" does not say their own name.
    shares = _shares(words, [f"{each.speaker or ''} {each.text}" for each in candidates])
    most = max(shares, default=0.0)
    if most >= TOLD:
        least = max(TOLD, most * _NEARLY_MOST)
        places = [place for place, share in enumerate(shares) if share >= least]
        return About(places=places, told_by=ToldBy.WORDS)
    best = max((each.score for each in candidates), default=0.0)
    places = [place for place, each in enumerate(candidates) if 0 < each.score >= RELEVANT * best]
    return About(places=places, told_by=ToldBy.SCORE)


def event_in(words: frozenset[str], candidates: Sequence[Placed]) -> Telling | None:
    """Return the candidate that has most ``words`` of an event, half of them at least.

    Speakers do not count: who says something is no sign that they met, as in "after meeting Ada".
    """
    shares = _shares(words, [each.text for each in candidates])
    most = max(shares, default=0.0)
    return None if most < TOLD else Telling(place=shares.index(most), told_by=ToldBy.WORDS)


def _shares(words: frozenset[str], texts: Sequence[str]) -> list[float]:
    if not words:
        return [0.0] * len(texts)
    return [len(words.intersection(_stems(question_tokens(text)))) / len(words) for text in texts]


def _stems(tokens: Iterable[str]) -> frozenset[str]:
    # Compared are stems of both sides, whatever their language: as good as their spelling at least.
    return frozenset(stem(base_form(token), "en") for token in tokens)
