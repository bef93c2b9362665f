"""Operations: what was done to a bank in one go, with enough kept to undo it.

An operation is a list of effects. Each says what one aspect of one thing was before and is after,
so that undoing sets every ``before`` again where ``after`` still stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json, Metadata

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
    LINK = "link"
    """A link from the memory: ``{"type", "to_id", "weight", "reason"}``, or ``None``."""
    VALIDITY = "validity"
    """Since when and until when a fact holds: ``{"valid_from", "valid_to"}`` as ISO times."""
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
