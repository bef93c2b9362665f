"""What a memory is: kinds, states, legal transitions, and the records others pass around."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from typing_extensions import TypeAliasType

from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId, TenantId

Json = TypeAliasType(
    "Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
)
Metadata: TypeAlias = Mapping[str, Json]
"""The caller's own key-value data; stored and filtered, not interpreted, but for the number
``importance`` where settings say so."""


class MemoryKind(StrEnum):
    """What sort of item a memory is."""

    TURN = "turn"
    PASSAGE = "passage"
    OBSERVATION = "observation"
    NOTE = "note"
    THOUGHT = "thought"
    FACT = "fact"
    SUMMARY = "summary"


class MemoryState(StrEnum):
    """Where a memory stands in its life; only ``active`` ones are recalled by default."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    MERGED = "merged"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    DELETED = "deleted"


class EpisodeKind(StrEnum):
    """What sort of source an episode is."""

    CONVERSATION = "conversation"
    DOCUMENT = "document"


class WriteStatus(StrEnum):
    """What a write did with one item."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    UPDATED = "updated"


class BankState(StrEnum):
    """Whether a bank is in use or waits for its physical removal."""

    ACTIVE = "active"
    DELETING = "deleting"


_S = MemoryState
LEGAL_TRANSITIONS: Mapping[MemoryState, frozenset[MemoryState]] = {
    _S.ACTIVE: frozenset(
        {_S.SUPERSEDED, _S.MERGED, _S.ARCHIVED, _S.QUARANTINED, _S.EXPIRED, _S.DELETED}
    ),
    _S.SUPERSEDED: frozenset({_S.ACTIVE, _S.DELETED}),
    _S.MERGED: frozenset({_S.ACTIVE, _S.DELETED}),
    _S.ARCHIVED: frozenset({_S.ACTIVE, _S.EXPIRED, _S.DELETED}),
    _S.QUARANTINED: frozenset({_S.ACTIVE, _S.DELETED}),
    _S.EXPIRED: frozenset({_S.DELETED}),
    _S.DELETED: frozenset(),
}


def is_legal_transition(before: MemoryState, after: MemoryState) -> bool:
    """Tell whether a memory may go from ``before`` to ``after`` (architecture, "States")."""
    return after in LEGAL_TRANSITIONS[before]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankScope:
    """The bank every statement of a use case is bound to, with the tenant that owns it."""

    tenant_id: TenantId
    bank_id: BankId


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeKeys:
    """Optional keys under a bank: whose memory, which agent's, which session's."""

    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None


class FactPolicy(StrEnum):
    """What becomes of a fact when another holds later in its place."""

    SUPERSEDE = "supersede"
    """It ends, and a memory that says nothing else is superseded."""
    APPEND_ONLY = "append_only"
    """Nothing: both stand beside each other."""
    FUSE = "fuse"
    """It ends, and memories that say nothing else become one that says both with their times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One agent's or user's memory: the unit of policy, embedding model and export."""

    id: BankId
    tenant_id: TenantId
    name: str
    description: str | None
    language: str
    """ISO 639-1 code, or ``auto``: recognised text by text."""
    metadata: Metadata
    state: BankState
    model_id: str
    """Identity of the embedding model whose vectors the bank holds."""
    dimension: int
    memory_count: int
    created_at: datetime
    updated_at: datetime
    fact_policy: FactPolicy = FactPolicy.SUPERSEDE
    arms_off: Sequence[Arm] = ()
    """Arms that recalls do not ask unless they name them."""

    @property
    def scope(self) -> BankScope:
        """The scope of this bank's statements."""
        return BankScope(tenant_id=self.tenant_id, bank_id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankChange:
    """Fields of a bank to change; ``None`` leaves a field as it is."""

    description: str | None = None
    language: str | None = None
    metadata: Metadata | None = None
    fact_policy: FactPolicy | None = None
    arms_off: Sequence[Arm] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedBank:
    """What a use case needs of the bank it works on."""

    scope: BankScope
    name: str
    language: str
    model_id: str
    building_model_id: str | None = None
    """The model that the bank is moving to, while it does."""
    partition_no: int | None = None
    """Where shared indexes hold the vectors of ``model_id``; ``None`` if it was not looked up."""
    arms_off: frozenset[Arm] = frozenset()
    """Arms that recalls do not ask unless they name them."""
    may_hold_replies: bool = True
    """``False`` only where it was looked up whether an assistant speaks in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A source: a conversation session or a document; its ``source`` name is unique per bank."""

    id: EpisodeId
    source: str
    kind: EpisodeKind
    title: str | None
    keys: ScopeKeys
    metadata: Metadata
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A memory at its current version."""

    id: MemoryId
    bank_id: BankId
    kind: MemoryKind
    state: MemoryState
    text: str
    speaker: str | None
    source: str
    """Name of the episode or feed it came from; ``""`` when the caller named none."""
    external_id: str | None
    """The caller's own id, unique per bank and source."""
    episode_id: EpisodeId | None
    seq: int
    """Position inside its episode, from 0."""
    keys: ScopeKeys
    metadata: Metadata
    occurred_at: datetime
    recorded_at: datetime
    updated_at: datetime
    version: int
    embedded: bool
    """Whether its current version has vectors yet."""
    expires_at: datetime | None
    pinned: bool
    strength: float = 1.0
    """S of the forgetting curves: 1 at first, more after each reinforcement."""
    last_reinforced_at: datetime | None = None
    recall_count: int = 0
    """How often it was reinforced by a recall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryVersion:
    """One immutable version of a memory's content, and how it came about."""

    version: int
    text: str
    speaker: str | None
    occurred_at: datetime
    operation: str
    actor: str
    reason: str | None
    content_hash: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one write did: the memory, its version now, and whether anything changed."""

    id: MemoryId
    version: int
    external_id: str | None
    status: WriteStatus
