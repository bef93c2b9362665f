"""Portraits: what a user says of themselves, the latest of what contradicts itself.

Each line rests on what the user said themselves, and names it. Nothing is inferred and nothing
drawn by chance: equal statements give equal portraits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.self_statements import SelfStatement, self_statements
from memsvc.domain.organising.summarising import Said
from memsvc.domain.speakers import ASSISTANTS, USERS, folded

Count = Callable[[Sequence[str]], Sequence[int]]
"""Tokens of each text."""

_KEPT_EVIDENCE = 3
_LONGEST_NAME = 80
_HEADINGS = {
    Topic.NAME: "Name",
    Topic.WORK: "Work",
    Topic.RESIDENCE: "Residence",
    Topic.RELATIONS: "Relations",
    Topic.PREFERENCES: "Preferences",
    Topic.POSSESSIONS: "Possessions",
    Topic.PLANS: "Plans",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitBounds:
    """How long a portrait may become."""

    tokens: int = 320
    """Of the whole text."""
    lines: int = 8
    """Of one topic; the latest stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitLine:
    """One statement that holds, and what it rests on."""

    topic: Topic
    text: str
    """Without a subject: "lives in Lisbon"."""
    said_on: date
    """When it was last said, in UTC."""
    evidence: Sequence[MemoryId]
    """The memories that say it, at most three, the latest last."""

    def to_json(self) -> Mapping[str, Json]:
        """Return it as it stands in a document's metadata."""
        return {
            "topic": self.topic.value,
            "text": self.text,
            "said_on": self.said_on.isoformat(),
            "evidence": [str(each) for each in self.evidence],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What a user says of themselves."""

    text: str
    lines: Sequence[PortraitLine]
    """By topic, the latest first."""

    @property
    def evidence(self) -> Sequence[MemoryId]:
        """Every memory that a line rests on, once."""
        return tuple(dict.fromkeys(each for line in self.lines for each in line.evidence))


def portray(
    user_id: str, said: Sequence[Said], count: Count, bounds: PortraitBounds | None = None
) -> Portrait:
    """Return the portrait of a user after what their memories say, oldest first.

    Only the user's own words count (``own_words``). A portrait without lines has a text that says
    so.
    """
    lines = _by_turns(_holding(own_words(user_id, said)), (bounds or PortraitBounds()).lines)
    return bounded_portrait(user_id, lines, count, bounds)


def bounded_portrait(
    user_id: str,
    lines: Sequence[PortraitLine],
    count: Count,
    bounds: PortraitBounds | None = None,
) -> Portrait:
    """Return the portrait of the first lines that fit, as many of a topic as there may be."""
    limits = bounds or PortraitBounds()
    name = " ".join(user_id.split())[:_LONGEST_NAME]
    (frame,) = count([_rendered(name, [])])
    costs = count([f"{_HEADINGS[each.topic]}: {_shown(each)}; " for each in lines])
    chosen: list[PortraitLine] = []
    left = limits.tokens - frame
    for line, cost in zip(lines, costs, strict=True):
        is_full = sum(each.topic is line.topic for each in chosen) == limits.lines
        if cost <= left and not is_full:
            chosen.append(line)
            left -= cost
    # Tokens of parts need not add up to those of the whole: what counts is the text as it leaves.
    while chosen and count([_rendered(name, chosen)])[0] > limits.tokens:
        chosen.pop()
    return Portrait(text=_rendered(name, chosen), lines=_in_order(chosen))


def own_words(user_id: str, said: Sequence[Said]) -> list[Said]:
    """Return what the user says themselves among the memories that are kept as theirs.

    That is what has no speaker, and what the speaker of the user's id says, or a "user". Where
    there is neither of these two speakers, it is who speaks alone but for an assistant.
    """
    speakers = {folded(each.speaker) for each in said if each.speaker} - ASSISTANTS
    known = speakers & (USERS | {folded(user_id)})
    if not known and len(speakers) == 1:
        known = speakers
    return [each for each in said if not each.speaker or folded(each.speaker) in known]


def lines_of(stored: Json) -> list[PortraitLine]:
    """Return the lines that a document's metadata hold; what is not a line is left out."""
    if not isinstance(stored, Sequence) or isinstance(stored, str):
        return []
    return [line for each in stored if (line := _line_of(each)) is not None]


def _line_of(stored: Json) -> PortraitLine | None:
    try:
        if not isinstance(stored, Mapping) or not isinstance(stored["evidence"], Sequence):
            return None
        return PortraitLine(
            topic=Topic(str(stored["topic"])),
            text=str(stored["text"]),
            said_on=date.fromisoformat(str(stored["said_on"])),
            evidence=tuple(MemoryId(UUID(str(each))) for each in stored["evidence"]),
        )
    except (KeyError, ValueError):
        return None


def _holding(said: Sequence[Said]) -> list[PortraitLine]:
    """Return the lines that hold in the end: in each slot the latest, in the order last said."""
    slots: dict[str, tuple[SelfStatement, PortraitLine]] = {}
    for each in said:
        for statement in self_statements(each.text):
            if not statement.holds:
                slots = {slot: kept for slot, kept in slots.items() if not statement.ends(kept[0])}
                continue
            slot = f"{statement.topic} {statement.slot}"
            former = slots.pop(slot, None)
            line = PortraitLine(
                topic=statement.topic,
                text=statement.text,
                said_on=each.occurred_at.date(),
                evidence=(each.memory_id,),
            )
            if former is not None and former[0].value == statement.value:
                seen = dict.fromkeys((*former[1].evidence, each.memory_id))
                line = replace(line, evidence=tuple(seen)[-_KEPT_EVIDENCE:])
            slots[slot] = (statement, line)  # after all others: it is the latest
    return [line for _, line in slots.values()]


def _by_turns(lines: Sequence[PortraitLine], most: int) -> list[PortraitLine]:
    """Return the lines most wanted first: the latest of every topic, then the next of every one."""
    topics = [[each for each in reversed(lines) if each.topic is topic][:most] for topic in Topic]
    return [each for row in zip_longest(*topics) for each in row if each is not None]


def _in_order(lines: Sequence[PortraitLine]) -> tuple[PortraitLine, ...]:
    return tuple(each for topic in Topic for each in lines if each.topic is topic)


def _rendered(name: str, lines: Sequence[PortraitLine]) -> str:
    if not lines:
        return f"{name} has said nothing of themselves yet."
    return "\n".join([f"What {name} says of themselves:", *_topic_lines(lines)])


def _topic_lines(lines: Sequence[PortraitLine]) -> Iterator[str]:
    for topic in Topic:
        if shown := [_shown(each) for each in lines if each.topic is topic]:
            yield f"{_HEADINGS[topic]}: {'; '.join(shown)}"


def _shown(line: PortraitLine) -> str:
    return f"{line.text} ({line.said_on.isoformat()})"
