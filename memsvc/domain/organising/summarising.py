"""Summaries made of a conversation's own sentences: those that say most of what it is about.

A sentence counts by the telling words it has that no chosen sentence had yet, each weighed by how
often the conversation comes back to it: greedy coverage, as in H. Lin & J. Bilmes, "A class of
submodular functions for document summarization" (ACL 2011), §4. Nothing is drawn by chance.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.languages import recognise_language
from memsvc.domain.organising.keywords import content_stems

_SENTENCE = re.compile(r".+?(?:[.!?\u2026]+(?=\s|$)|[\u3002\uff01\uff1f]+|\n|$)", re.DOTALL)
_QUESTION = ("?", "\uff1f")
_LONGEST_SENTENCE = 300
_NAME_BONUS = 0.5
_OPENING_BONUS = 0.25
_QUESTION_SHARE = 0.5
_ELLIPSIS = "\u2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A memory to summarise, in the place where it was said."""

    memory_id: MemoryId
    text: str
    speaker: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryBounds:
    """How long a summary may become."""

    sentences: int = 6
    characters: int = 900
    """Of the sentences, speakers included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """A sentence of a summary."""

    text: str
    speaker: str | None
    """Of whom it repeats the words."""
    day: date
    evidence: tuple[MemoryId, ...]

    @property
    def shown(self) -> str:
        """The line as it stands in the text."""
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A text, and what it rests on."""

    heading: str
    lines: Sequence[SummaryLine]

    @property
    def text(self) -> str:
        """The whole of it: when and who, then line by line."""
        return "\n".join([self.heading, *(each.shown for each in self.lines)])

    @property
    def evidence(self) -> tuple[MemoryId, ...]:
        """The memories that its lines rest on, in their order."""
        return tuple(dict.fromkeys(each for line in self.lines for each in line.evidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarySoFar:
    """A summary that is to be carried on with what was said since."""

    lines: Sequence[SummaryLine]
    heading: str
    """Of all that was said, then and since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    line: SummaryLine
    stems: frozenset[str]
    bonus: float

    @property
    def share(self) -> float:
        return _QUESTION_SHARE if self.line.text.endswith(_QUESTION) else 1.0


def summarise(
    said: Sequence[Said],
    bounds: SummaryBounds | None = None,
    so_far: SummarySoFar | None = None,
) -> Summary | None:
    """Return the summary of what was said, in the order given; ``None`` if it has no text.

    Its first line says when and who; every other one is a sentence with its speaker. Of a summary
    so far, its lines are chosen from beside what was said since: nothing else of what they repeat.
    """
    limits = bounds or SummaryBounds()
    before = () if so_far is None else so_far.lines
    sentences = _sentences(said, before)
    if not sentences:
        return None
    return Summary(
        heading=heading(said) if so_far is None else so_far.heading,
        lines=[sentences[each].line for each in _chosen(sentences, limits)],
    )


def summarise_summaries(
    said: Sequence[Said],
    bounds: SummaryBounds | None = None,
    so_far: SummarySoFar | None = None,
) -> Summary | None:
    """Return the summary of summaries, in the order given; ``None`` if they have no text.

    Its first line says when, and of how many; every other one is a line of theirs, or of the
    summary so far.
    """
    bodies = [replace(each, text=body_of(each.text), speaker=None) for each in said]
    summary = summarise([each for each in bodies if each.text.strip()], bounds, so_far)
    if summary is None or so_far is not None:
        return summary
    return replace(summary, heading=heading_over(summary.heading, len(said)))


def body_of(text: str) -> str:
    """Return a summary without its first line, which says when and who."""
    return text.partition("\n")[2]


def _chosen(sentences: Sequence[_Sentence], limits: SummaryBounds) -> list[int]:
    """Return the places of the sentences to keep; at least one, cut to size beforehand."""
    weights = _weights(sentences)
    covered: set[str] = set()
    chosen: list[int] = []
    left = limits.characters
    places = set(range(len(sentences)))
    while places and len(chosen) < limits.sentences:
        best = max(places, key=lambda each: (_gain(sentences[each], weights, covered), -each))
        if chosen and _gain(sentences[best], weights, covered) <= 0.0:
            break
        places.remove(best)
        if chosen and len(sentences[best].line.shown) > left:
            continue
        chosen.append(best)
        covered |= sentences[best].stems
        left -= len(sentences[best].line.shown)
    return sorted(chosen)


def _gain(sentence: _Sentence, weights: Mapping[str, float], covered: set[str]) -> float:
    new = sentence.stems - covered
    if not new:
        return 0.0
    # math.fsum: a set has no order, and the sum of floats must not depend on it.
    told = math.fsum(weights[each] for each in new) / math.sqrt(len(sentence.stems))
    return sentence.share * (told + sentence.bonus)


def _weights(sentences: Sequence[_Sentence]) -> Mapping[str, float]:
    counts = Counter(stem for each in sentences for stem in each.stems)
    return {stem: math.log1p(count) for stem, count in counts.items()}


def _sentences(said: Sequence[Said], before: Sequence[SummaryLine]) -> list[_Sentence]:
    """Return the lines of a summary so far, then every sentence of what was said."""
    texts = [*(each.text for each in before), *(each.text for each in said)]
    language = recognise_language(" ".join(texts))
    lines = [*before, *(line for each in said for line in _lines_of(each))]
    opening = said[0].memory_id if said and not before else None
    return [
        _Sentence(
            line=line,
            stems=frozenset(content_stems(line.text, language)),
            bonus=_bonus(line.text) + (_OPENING_BONUS if opening in line.evidence else 0.0),
        )
        for line in lines
    ]


def _bonus(text: str) -> float:
    return _NAME_BONUS * min(len(extract_entities(text).mentions), 2)


def _lines_of(said: Said) -> list[SummaryLine]:
    texts = [_cut(" ".join(each.group().split())) for each in _SENTENCE.finditer(said.text)]
    return [
        SummaryLine(
            text=text,
            speaker=said.speaker,
            day=said.occurred_at.date(),
            evidence=(said.memory_id,),
        )
        for text in texts
        if text
    ]


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_SENTENCE:
        return text
    return text[: _LONGEST_SENTENCE - 1].rstrip() + _ELLIPSIS


def heading(said: Sequence[Said]) -> str:
    """Return the first line of a summary: when, and who."""
    days = [each.occurred_at.date() for each in said]
    speakers = list(dict.fromkeys(each.speaker for each in said if each.speaker))
    return heading_of(min(days), max(days), speakers)


def heading_of(first: date, last: date, speakers: Sequence[str]) -> str:
    """Return the first line of a summary of these days, and of these speakers in their order."""
    when = f"{first}" if first == last else f"{first} to {last}"
    if not speakers:
        return when
    shown = ", ".join(speakers[:_SHOWN_SPEAKERS])
    return f"{when}, {shown}{' and others' if len(speakers) > _SHOWN_SPEAKERS else ''}"


def heading_over(when: str, count: int) -> str:
    """Return the first line of a summary of so many summaries."""
    return f"{when}, out of {count} summaries"


_SHOWN_SPEAKERS = 5
