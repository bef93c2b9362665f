"""Operations: what was done to a bank in one go, with enough kept to undo it.

An operation is a list of effects. Each says what one aspect of one thing was before and is after,
so that undoing sets every ``before`` again where ``after`` still stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import NewLink
from memsvc.domain.memory import Json, MemoryState, Metadata

OperationId = NewType("OperationId", UUID)


class OperationKind(StrEnum):
    """What sort of change an operation is."""

    ANNOTATE = "annotate"
    """Keywords, tags and context of memories, or the caller's metadata and pin."""
    LINK = "link"
    EVOLVE = "evolve"
    """New annotations of older memories, because a newer one bears on them."""
    INSERT = "insert"
    """New memories made from others: thoughts, summaries."""
    MERGE = "merge"
    SUPERSEDE = "supersede"
    ARCHIVE = "archive"
    RESTORE = "restore"
    SWEEP = "sweep"
    RETRACT = "retract"
    REINFORCE = "reinforce"
    """Strengths of memories, after feedback or because a recall returned them."""
    GIVE = "give"
    """Facts and entities of memories that somebody else has read from them."""
    UNDO = "undo"


class OperationState(StrEnum):
    """Whether the effects of an operation stand."""

    APPLIED = "applied"
    UNDONE = "undone"


class Aspect(StrEnum):
    """Which part of its target an effect changed, and what ``before`` and ``after`` hold."""

    STATE = "state"
    """State of a memory: its name. ``before`` is ``None`` for one that the operation made."""
    ANNOTATIONS = "annotations"
    """Number of the annotations of a memory that hold, or ``None`` for none."""
    METADATA = "metadata"
    """The caller's metadata of a memory."""
    PINNED = "pinned"
    STRENGTH = "strength"
    """Of a memory: ``{"strength", "last_reinforced_at"}``, the latter an ISO time or ``None``."""
    LINK = "link"
    """A link from the memory: ``{"type", "to_id", "weight", "reason"}``, or ``None``."""
    VALIDITY = "validity"
    """Until when a fact holds, and what ended it: ``{"valid_to", "superseded_by"}`` or nulls."""
    GIVEN = "given"
    """Which given set of an origin holds of a memory: ``{"origin", "number"}``, or no number."""
    ENTITY = "entity"
    """Which entity another one is now: its id, or ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One aspect of one thing, before and after an operation."""

    aspect: Aspect
    target_id: UUID
    """A memory; a fact for ``validity``, an entity for ``entity``."""
    before: Json
    after: Json

    @property
    def key(self) -> tuple[Aspect, UUID, str]:
        """What it changed: two effects of one key follow one another."""
        value = self.after or self.before
        named = ""
        if self.aspect is Aspect.LINK and isinstance(value, Mapping):
            named = f"{value['type']} {value['to_id']}"
        elif self.aspect is Aspect.GIVEN and isinstance(value, Mapping):
            named = str(value["origin"])
        return self.aspect, self.target_id, named

    @property
    def inverse(self) -> "Effect":
        """The effect that takes this one back."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperation:
    """An operation to record in the transaction that carries it out."""

    kind: OperationKind
    effects: Sequence[Effect]
    reason: str | None = None
    details: Metadata | None = None
    """Parameters and counts; never memory text."""
    undoes: OperationId | None = None


def state_effect(memory_id: MemoryId, before: str | None, after: str) -> Effect:
    """Return the effect of moving a memory, or of making it (``before`` is ``None``)."""
    return Effect(aspect=Aspect.STATE, target_id=memory_id, before=before, after=after)


def link_effect(link: NewLink, *, is_added: bool) -> Effect:
    """Return the effect of adding a link, or of removing it."""
    value = {
        "type": link.type.value,
        "to_id": str(link.to_id),
        "weight": link.weight,
        "reason": link.reason,
    }
    before, after = (None, value) if is_added else (value, None)
    return Effect(aspect=Aspect.LINK, target_id=link.from_id, before=before, after=after)


def compacted(effects: Iterable[Effect]) -> list[Effect]:
    """Return one effect for each thing changed, from its first value to its last.

    What ends as it began is left out.
    """
    kept: dict[tuple[Aspect, UUID, str], Effect] = {}
    for effect in effects:
        first = kept.get(effect.key)
        kept[effect.key] = effect if first is None else replace(effect, before=first.before)
    return [each for each in kept.values() if each.before != each.after]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation as it was recorded, and whether it stands."""

    id: OperationId
    bank_id: BankId
    kind: OperationKind
    state: OperationState
    actor: str
    reason: str | None
    effect_count: int
    details: Metadata | None
    undoes: OperationId | None
    """The operation that it took back."""
    undone_by: OperationId | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationListing:
    """What a listing of operations is restricted to."""

    kind: OperationKind | None = None
    memory_id: MemoryId | None = None
    """Only those that changed this memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why an effect cannot be taken back."""

    effect: Effect
    reason: str
    """In words, without memory text."""
    operation_id: OperationId | None = None
    """The later operation that changed it, where it was one."""


def state_after_undo(effect: Effect) -> MemoryState:
    """Return which state a memory gets when the effect on its state is taken back.

    What an operation made is archived, not erased: undoing that brings it back as it was.
    """
    if effect.before is None:
        return MemoryState.ARCHIVED
    return MemoryState(str(effect.before))
