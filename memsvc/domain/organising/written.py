"""Summaries and portraits that a model writes: what it is given at once, and what of it is kept.

A model sees numbered pieces of text and answers in sentences that name the pieces they rest on. A
sentence without a piece, without a word of its pieces, or past its bounds is dropped by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.languages import recognise_language
from memsvc.domain.organising.keywords import content_stems
from memsvc.domain.organising.portraits import PortraitLine
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.summarising import (
    Said,
    Summary,
    SummaryBounds,
    SummaryLine,
    SummarySoFar,
    heading,
    heading_over,
)
from memsvc.domain.tokens import is_characterwise

PORTION_CHARACTERS = 12_000
"""Of the texts of one prompt, some 3,000 to 4,000 tokens."""
MOST_PORTIONS = 8
"""Prompts for one document at most; of a larger group the latest are read."""
MOST_PIECE_CHARACTERS = 2_000
MOST_SENTENCE_CHARACTERS = 300
MOST_LINE_CHARACTERS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something that a model reads: a memory, or what it has written of some."""

    text: str
    speaker: str | None
    day: date
    evidence: tuple[MemoryId, ...]
    """The memories that stand behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSentence:
    """A sentence as a model has written it."""

    text: str
    sources: tuple[int, ...]
    """Numbers of pieces, from 1."""
    topic: Topic | None = None
    """Of a line of a portrait."""


def pieces_of(said: Iterable[Said]) -> list[Piece]:
    """Return memories as pieces; of a long one its beginning."""
    return [
        Piece(
            text=" ".join(each.text.split())[:MOST_PIECE_CHARACTERS],
            speaker=each.speaker,
            day=each.occurred_at.date(),
            evidence=(each.memory_id,),
        )
        for each in said
        if each.text.strip()
    ]


def pieces_so_far(so_far: SummarySoFar) -> list[Piece]:
    """Return the lines of a summary so far as pieces."""
    return [
        Piece(text=each.text, speaker=each.speaker, day=each.day, evidence=each.evidence)
        for each in so_far.lines
    ]


def portions(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces in their order, in portions that fit one prompt each: the latest ones."""
    found: list[list[Piece]] = []
    size = PORTION_CHARACTERS
    for piece in pieces:
        if size + len(piece.text) > PORTION_CHARACTERS:
            found.append([])
            size = 0
        found[-1].append(piece)
        size += len(piece.text)
    return found[-MOST_PORTIONS:]


def held(written: Iterable[WrittenSentence], pieces: Sequence[Piece]) -> list[Piece]:
    """Return the sentences that rest on pieces, as pieces themselves; the others are dropped."""
    kept = []
    for sentence in written:
        text = " ".join(sentence.text.split())
        sources = [
            pieces[no - 1] for no in dict.fromkeys(sentence.sources) if 0 < no <= len(pieces)
        ]
        if not sources or not 0 < len(text) <= MOST_SENTENCE_CHARACTERS:
            continue
        if not _rests_on(text, sources):
            continue
        evidence = dict.fromkeys(each for piece in sources for each in piece.evidence)
        kept.append(
            Piece(
                text=text,
                speaker=None,
                day=max(each.day for each in sources),
                evidence=tuple(evidence),
            )
        )
    return kept


def held_lines(written: Iterable[WrittenSentence], pieces: Sequence[Piece]) -> list[PortraitLine]:
    """Return the lines of a portrait that rest on pieces, each with three memories at most."""
    return [
        PortraitLine(
            topic=sentence.topic,
            text=piece.text.rstrip("."),
            said_on=piece.day,
            evidence=piece.evidence[-3:],
        )
        for sentence in written
        if sentence.topic is not None
        for piece in held([sentence], pieces)
        if len(piece.text) <= MOST_LINE_CHARACTERS
    ]


def written_summary(
    first: str, sentences: Sequence[Piece], bounds: SummaryBounds
) -> Summary | None:
    """Return the summary of sentences within its bounds; ``None`` where none is left.

    Its ``first`` line is ours: when and who. The budget holds whatever the model has written.
    """
    chosen: list[Piece] = []
    left = bounds.characters
    for sentence in sentences[: bounds.sentences]:
        if len(sentence.text) <= left:
            chosen.append(sentence)
            left -= len(sentence.text)
    if not chosen:
        return None
    lines = [
        SummaryLine(text=each.text, speaker=None, day=each.day, evidence=each.evidence)
        for each in chosen
    ]
    return Summary(heading=first, lines=lines)


def heading_of_summaries(said: Sequence[Said]) -> str:
    """Return the first line of a summary of summaries: when, and of how many."""
    first = heading([replace(each, speaker=None) for each in said])
    return heading_over(first, len(said))


def _rests_on(text: str, sources: Sequence[Piece]) -> bool:
    """Tell whether a sentence has a telling word of its sources, or of their speakers."""
    said = " ".join(f"{each.speaker or ''} {each.text}" for each in sources)
    language = recognise_language(said)
    if any(map(is_characterwise, text)):
        return bool({each for each in text if is_characterwise(each)} & set(said))
    return bool(set(content_stems(text, language)) & set(content_stems(said, language)))
