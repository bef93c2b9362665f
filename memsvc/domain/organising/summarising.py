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
from datetime import datetime

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
class Summary:
    """A text, and what it rests on."""

    text: str
    evidence: Sequence[MemoryId]
    """The memories whose sentences it repeats, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    said: Said
    text: str
    stems: frozenset[str]
    bonus: float
    share: float

    @property
    def line(self) -> str:
        return f"{self.said.speaker}: {self.text}" if self.said.speaker else self.text


def summarise(said: Sequence[Said], bounds: SummaryBounds | None = None) -> Summary | None:
    """Return the summary of what was said, in the order given; ``None`` if it has no text.

    Its first line says when and who; every other one is a sentence with its speaker.
    """
    limits = bounds or SummaryBounds()
    sentences = _sentences(said)
    if not sentences:
        return None
    chosen = _chosen(sentences, limits)
    lines = [heading(said), *(sentences[each].line for each in chosen)]
    evidence = dict.fromkeys(sentences[each].said.memory_id for each in chosen)
    return Summary(text="\n".join(lines), evidence=tuple(evidence))


def summarise_summaries(
    said: Sequence[Said], bounds: SummaryBounds | None = None
) -> Summary | None:
    """Return the summary of summaries, in the order given; ``None`` if they have no text.

    Its first line says when, and of how many; every other one is a line of theirs.
    """
    bodies = [replace(each, text=each.text.partition("\n")[2], speaker=None) for each in said]
    summary = summarise([each for each in bodies if each.text.strip()], bounds)
    if summary is None:
        return None
    first, _, lines = summary.text.partition("\n")
    return replace(summary, text=f"{first}, out of {len(said)} summaries\n{lines}")


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
        if chosen and len(sentences[best].line) > left:
            continue
        chosen.append(best)
        covered |= sentences[best].stems
        left -= len(sentences[best].line)
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


def _sentences(said: Sequence[Said]) -> list[_Sentence]:
    language = recognise_language(" ".join(each.text for each in said))
    found = []
    for no, each in enumerate(said):
        for match in _SENTENCE.finditer(each.text):
            text = _cut(" ".join(match.group().split()))
            if not text:
                continue
            names = len(extract_entities(text).mentions)
            found.append(
                _Sentence(
                    said=each,
                    text=text,
                    stems=frozenset(content_stems(text, language)),
                    bonus=_NAME_BONUS * min(names, 2) + (_OPENING_BONUS if no == 0 else 0.0),
                    share=_QUESTION_SHARE if text.endswith(_QUESTION) else 1.0,
                )
            )
    return found


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_SENTENCE:
        return text
    return text[: _LONGEST_SENTENCE - 1].rstrip() + _ELLIPSIS


def heading(said: Sequence[Said]) -> str:
    """Return the first line of a summary: when, and who."""
    days = sorted({each.occurred_at.date().isoformat() for each in said})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    speakers = list(dict.fromkeys(each.speaker for each in said if each.speaker))
    if not speakers:
        return when
    shown = ", ".join(speakers[:_SHOWN_SPEAKERS])
    return f"{when}, {shown}{' and others' if len(speakers) > _SHOWN_SPEAKERS else ''}"


_SHOWN_SPEAKERS = 5
