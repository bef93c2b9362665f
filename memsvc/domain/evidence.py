"""Evidence: which words of a memory bear what was made of it, found anew from its present text.

A text does not change within a version, so nothing has to be kept: what the rules have read is
read once more, and what a model or a caller has said is held against the text by stems, as
grounding does (decision 51). What neither finds has no evidence, and that is the check.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memsvc.domain.context.echoes import Span, own_text
from memsvc.domain.facts.extraction import normal_form, read_claims, sentence_spans
from memsvc.domain.facts.settling import Fact
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.languages import recognise_language
from memsvc.domain.memory import Memory
from memsvc.domain.organising.grounding import OF_ITSELF, telling_stems
from memsvc.domain.organising.keywords import word_stems
from memsvc.domain.thoughts.records import Thought
from memsvc.domain.thoughts.thinking import FoundThought, read_thoughts

_BY_RULES = "rules/"
"""Of any version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words of a memory: ``[start, end)``, in characters of its text at a version."""

    memory_id: MemoryId
    version: int
    start: int
    end: int


def evidence_of_fact(fact: Fact, memory: Memory) -> list[Evidence]:
    """Return the words of its memory that bear a fact; none if its text does not bear it.

    Of what was given: where its subject and its object stand; either may be who speaks.
    """
    claim = fact.claim
    if fact.origin is None:
        read = read_claims(memory.text, memory.occurred_at, memory.speaker)
        said = (claim.slot, claim.object, claim.denies)
        spans = [span for each, span in read if (each.slot, each.object, each.denies) == said]
    else:
        spans = _given(claim.subject, claim.object, memory)
    return [_evidence(memory, each) for each in dict.fromkeys(spans)]


def evidence_of_thought(thought: Thought, sources: Sequence[Memory]) -> list[Evidence]:
    """Return the words of its sources that bear a thought; none if they do not bear it.

    A list is borne by what the rules read if that has all of its words. What rules did not make
    takes a third of its telling words from the sentences that share most with it, one a source.
    """
    read = [
        (found, _evidence(source, span))
        for source in sources
        for found, span in read_thoughts(
            source.text, source.occurred_at, source.speaker, source.keys.user_id
        )
    ]
    if thought.is_list:
        borne = _listed(thought, read)
    else:
        borne = [evidence for found, evidence in read if _is_same(found, thought)]
    if borne or thought.made_by.startswith(_BY_RULES):
        return borne
    return _shared(thought, sources)


def _is_same(found: FoundThought, thought: Thought) -> bool:
    one, other = found.claim, thought.claim
    if one is None or other is None:
        return found.text.casefold() == thought.text.casefold()
    return (one.slot, one.object, one.denies) == (other.slot, other.object, other.denies)


def _listed(thought: Thought, read: Sequence[tuple[FoundThought, Evidence]]) -> list[Evidence]:
    language = recognise_language(thought.text)
    whole = word_stems(thought.text, language)
    parts = [(word_stems(found.text, language), evidence) for found, evidence in read]
    within = [(stems, evidence) for stems, evidence in parts if stems <= whole]
    is_whole = whole == frozenset[str]().union(*(stems for stems, _ in within))
    return list(dict.fromkeys(evidence for _, evidence in within)) if is_whole else []


def _given(subject: str, value: str | None, memory: Memory) -> list[Span]:
    """Return where both ends of a given fact stand: half of the words of each, at least."""
    language = recognise_language(memory.text)
    speakers = {normal_form(each) for each in (memory.speaker, memory.keys.user_id) if each}
    found = []
    for name in (subject, value):
        said = word_stems(name or "", language)
        place = next(
            (span for stems, span in _sentences(memory) if 2 * len(said & stems) >= len(said)), None
        )
        if place is not None:
            found.append(place)
        elif name not in speakers:
            return []
    return found


def _shared(thought: Thought, sources: Sequence[Memory]) -> list[Evidence]:
    language = recognise_language(thought.text)
    names = [each.speaker for each in sources if each.speaker]
    said = telling_stems(thought.text, language) - word_stems(" ".join(names), language)
    shared: set[str] = set()
    found = []
    for source in sources:
        stems, span = max(
            _sentences(source), key=lambda each: len(each[0] & said), default=(frozenset(), (0, 0))
        )
        if stems & said:
            shared |= stems & said
            found.append(_evidence(source, span))
    return found if len(shared) >= max(1, math.ceil(len(said) * OF_ITSELF)) else []


def _sentences(memory: Memory) -> Iterator[tuple[frozenset[str], Span]]:
    """Yield the words of each sentence outside of contexts that came back, and where it stands."""
    language = recognise_language(memory.text)
    own = own_text(memory.text)
    for start, end in sentence_spans(own.text):
        yield word_stems(own.text[start:end], language), own.span(start, end)


def _evidence(memory: Memory, span: Span) -> Evidence:
    return Evidence(memory_id=memory.id, version=memory.version, start=span[0], end=span[1])
