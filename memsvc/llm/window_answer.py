"""The form of a model's answer about a window of memories, and what is made of it."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from memsvc.domain.organising.extraction import (
    Annotations,
    ExtractedEntity,
    ExtractedFact,
    ExtractedItem,
    ExtractedThought,
    Extraction,
    ProposedEvolution,
    ProposedLink,
)


class _Part(BaseModel):
    """Unknown members are left out, not refused: they harm nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EntityAnswer(_Part):
    """Something named."""

    name: str
    kind: str = "thing"


class FactAnswer(_Part):
    """A statement; dates are when it holds."""

    subject: str
    relation: str
    object: str
    valid_from: date | None = None
    valid_to: date | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0

    def to_fact(self) -> ExtractedFact:
        """Return it as organising knows it."""
        return ExtractedFact(
            subject=self.subject,
            relation=self.relation,
            object=self.object,
            valid_from=_midnight(self.valid_from),
            valid_to=_midnight(self.valid_to),
            confidence=self.confidence,
        )


class AnnotationsAnswer(_Part):
    """What is said about a memory beside its text."""

    keywords: list[str] = []
    tags: list[str] = []
    context: str = ""

    def to_annotations(self) -> Annotations:
        """Return them as organising knows them."""
        return Annotations(
            keywords=tuple(self.keywords), tags=tuple(self.tags), context=self.context
        )


class ItemAnswer(AnnotationsAnswer):
    """What was found in one item."""

    handle: int
    entities: list[EntityAnswer] = []
    facts: list[FactAnswer] = []


class ThoughtAnswer(_Part):
    """A conclusion."""

    text: str
    sources: list[int]
    fact: FactAnswer | None = None


class LinkAnswer(_Part):
    """Two memories that bear on each other."""

    from_handle: int
    to_handle: int
    reason: str = ""


class EvolutionAnswer(AnnotationsAnswer):
    """New annotations of a neighbour."""

    handle: int
    because_of: int


class WindowAnswer(_Part):
    """Everything found in a window."""

    items: list[ItemAnswer]
    thoughts: list[ThoughtAnswer] = []
    links: list[LinkAnswer] = []
    evolutions: list[EvolutionAnswer] = []

    def to_extraction(self) -> Extraction:
        """Return the answer as organising knows it; handles and bounds are checked there."""
        return Extraction(
            items=[
                ExtractedItem(
                    handle=item.handle,
                    annotations=item.to_annotations(),
                    entities=tuple(
                        ExtractedEntity(name=each.name, kind=each.kind) for each in item.entities
                    ),
                    facts=tuple(each.to_fact() for each in item.facts),
                )
                for item in self.items
            ],
            thoughts=[
                ExtractedThought(
                    text=each.text,
                    sources=tuple(each.sources),
                    fact=None if each.fact is None else each.fact.to_fact(),
                )
                for each in self.thoughts
            ],
            links=[
                ProposedLink(
                    from_handle=each.from_handle, to_handle=each.to_handle, reason=each.reason
                )
                for each in self.links
            ],
            evolutions=[
                ProposedEvolution(
                    handle=each.handle,
                    because_of=each.because_of,
                    annotations=each.to_annotations(),
                )
                for each in self.evolutions
            ],
        )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
