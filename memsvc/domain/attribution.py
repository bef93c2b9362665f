"""How well what rules derive from a text is attributed to whom it is about.

Each case labels whom what may be said of: by name, the passage that says it. Whatever else facts
and portraits are given of the text is wrong, and so is what a passage says of somebody else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from memsvc.domain.facts.extraction import claims_of, normal_form
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.organising.portraits import own_words
from memsvc.domain.organising.self_statements import self_statements
from memsvc.domain.organising.summarising import Said

OF_ONESELF = "self"
"""The class of plain statements about oneself."""
_SAID_AT = datetime(2024, 3, 4, 9, tzinfo=UTC)
_LEADING = re.compile("^(?:the|our) ")
_DISLIKES = ("dislikes ", "不喜欢")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionCase:
    """A text, who says it, and whom what of it may be attributed to."""

    number: int
    language: str
    group: str
    """What sort of text it is: ``self``, ``quoted``, ``question``, …"""
    speaker: str
    text: str
    about: Mapping[str, str]
    """By name, the passage that says something of this one."""
    denied: Mapping[str, str]
    """By name, the passage that says of this one that something is not so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """Something that the rules say of somebody."""

    subject: str
    """In normal form."""
    text: str
    """What is said, in words."""
    value: str
    """The words of it that come from the text."""
    denies: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionFigures:
    """Counts of one group of cases, and what follows from them."""

    name: str
    cases: int
    covered: int
    """Cases of which something right is derived."""
    derived: int
    wrong: int

    @property
    def wrong_rate(self) -> float | None:
        """Share of what is derived that is attributed wrongly; ``None`` without any."""
        return self.wrong / self.derived if self.derived else None

    @property
    def coverage(self) -> float:
        """Share of the cases of which something right is derived."""
        return self.covered / self.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionEvaluation:
    """The figures of a labelled set."""

    all: AttributionFigures
    by_group: Sequence[AttributionFigures]
    by_language: Sequence[AttributionFigures]
    """Of plain statements about oneself alone: what there is to be covered."""
    mistakes: Sequence[tuple[AttributionCase, Derived]]


def derived_of(case: AttributionCase) -> list[Derived]:
    """Return what facts and the speaker's portrait would say after the text."""
    return [*_facts(case), *_portrait(case)]


def is_right(case: AttributionCase, derived: Derived) -> bool:
    """Tell whether a label lets it be said of its subject."""
    labels = [*case.about.items(), *(case.denied.items() if derived.denies else ())]
    subject = normal_form(derived.subject)
    return any(
        _LEADING.sub("", normal_form(name)) == subject and _stands(derived, case, passage)
        for name, passage in labels
    )


def evaluate_attribution(cases: Sequence[AttributionCase]) -> AttributionEvaluation:
    """Derive from every case and count."""
    judged = {
        case.number: [(each, is_right(case, each)) for each in derived_of(case)] for case in cases
    }

    def figures(name: str, some: Iterable[AttributionCase]) -> AttributionFigures:
        found = [judged[each.number] for each in some]
        return AttributionFigures(
            name=name,
            cases=len(found),
            covered=sum(any(right for _, right in each) for each in found),
            derived=sum(map(len, found)),
            wrong=sum(not right for each in found for _, right in each),
        )

    groups = dict.fromkeys(each.group for each in cases)
    languages = dict.fromkeys(each.language for each in cases if each.group == OF_ONESELF)
    return AttributionEvaluation(
        all=figures("all", cases),
        by_group=[figures(name, (c for c in cases if c.group == name)) for name in groups],
        by_language=[
            figures(name, (c for c in cases if c.language == name and c.group == OF_ONESELF))
            for name in languages
        ],
        mistakes=[
            (case, each) for case in cases for each, right in judged[case.number] if not right
        ],
    )


def _facts(case: AttributionCase) -> Iterator[Derived]:
    for claim in claims_of(case.text, _SAID_AT, case.speaker):
        said = "no longer " * claim.denies + claim.predicate
        yield Derived(
            subject=claim.subject,
            text=f"{claim.subject} {said} {claim.object or '-'}",
            value=claim.object or "",
            denies=claim.denies,
        )


def _portrait(case: AttributionCase) -> Iterator[Derived]:
    said = Said(
        memory_id=MemoryId(UUID(int=case.number)),
        text=case.text,
        speaker=case.speaker,
        occurred_at=_SAID_AT,
    )
    for own in own_words("", [said]):
        for each in self_statements(own.text):
            yield Derived(
                subject=normal_form(case.speaker),
                text=f"{case.speaker} {each.text}",
                value=normal_form(each.text),
                denies=not each.holds or each.text.startswith(_DISLIKES),
            )


def _stands(derived: Derived, case: AttributionCase, passage: str) -> bool:
    """Tell whether the words that come from the text come from the passage."""
    text, within = normal_form(case.text), normal_form(passage)
    return all(word in within for word in derived.value.split() if word in text)
