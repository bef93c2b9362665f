"""Filters of recall: what a caller may restrict candidates to, as plain records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json, MemoryKind, MemoryState, ScopeKeys


class Comparison(StrEnum):
    """How a metadata value is compared; ``contains`` is substring or list membership."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    EXISTS = "exists"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCondition:
    """Compare the metadata value at the dotted path ``key``."""

    key: str
    op: Comparison
    value: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Every condition holds (true when empty)."""

    conditions: Sequence["Condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one condition holds (false when empty)."""

    conditions: Sequence["Condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The condition does not hold; a missing key counts as not holding."""

    condition: "Condition"


Condition: TypeAlias = KeyCondition | AllOf | AnyOf | Not

ACTIVE_ONLY = (MemoryState.ACTIVE,)
INACTIVE_SHOWN = (MemoryState.SUPERSEDED, MemoryState.ARCHIVED, MemoryState.MERGED)
"""What may have been active at another time, and is shown then; the others stay hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFilter:
    """What recall may return; every given field narrows it further."""

    kinds: Sequence[MemoryKind] = ()
    speakers: Sequence[str] = ()
    keys: ScopeKeys = field(default_factory=ScopeKeys)
    source: str | None = None
    occurred_after: datetime | None = None
    """Inclusive."""
    occurred_before: datetime | None = None
    """Exclusive."""
    states: Sequence[MemoryState] = ACTIVE_ONLY
    metadata: Condition | None = None
    as_of: datetime | None = None
    """Only what had happened or held by then; what ended later is found again."""
    known_at: datetime | None = None
    """Only what was recorded by then, in the words that it had."""
    held: Sequence[MemoryId] | None = None
    """Those not active now that may be shown; ``None``: any, where ``states`` has them."""
    hidden: Sequence[MemoryId] = ()
    """Active ones that may not be shown."""

    @property
    def is_trivial(self) -> bool:
        """Whether it allows just what the indexes hold: every active memory."""
        return self == RecallFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryListing:
    """What a listing is restricted to."""

    kind: MemoryKind | None = None
    state: MemoryState | None = None
    speaker: str | None = None
    session_id: str | None = None
    source: str | None = None
