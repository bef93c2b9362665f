"""What callers ask of the write path: plain records, already validated at the edge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memsvc.domain.identifiers import BankId, JobId, TenantId
from memsvc.domain.memory import (
    Bank,
    Episode,
    EpisodeKind,
    FactPolicy,
    MemoryKind,
    Metadata,
    ScopeKeys,
    Written,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: the tenant comes from the credential, never from the request."""

    tenant_id: TenantId
    actor: str
    """Recorded in versions and audit events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """An Idempotency-Key with what it is bound to."""

    route: str
    """Method and path of the call, so that one key may serve two routes."""
    key: str
    body_hash: str
    """SHA-256 of the request body, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReference:
    """How a caller names a bank: by name or by id."""

    value: str
    create: bool = False
    """Make the bank if there is none of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One thing somebody said, or one item of a feed."""

    text: str
    speaker: str | None = None
    occurred_at: datetime | None = None
    external_id: str | None = None
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A text to be stored in passages."""

    text: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEpisode:
    """A source with its messages, or with one document; exactly one of them is given."""

    kind: EpisodeKind
    source: str | None = None
    title: str | None = None
    keys: ScopeKeys = field(default_factory=ScopeKeys)
    occurred_at: datetime | None = None
    metadata: Metadata = field(default_factory=dict)
    messages: Sequence[NewMessage] = ()
    document: NewDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMemory:
    """One verbatim item."""

    text: str
    kind: MemoryKind = MemoryKind.OBSERVATION
    speaker: str | None = None
    source: str = ""
    external_id: str | None = None
    occurred_at: datetime | None = None
    keys: ScopeKeys = field(default_factory=ScopeKeys)
    metadata: Metadata = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeWritten:
    """What became of one episode."""

    episode: Episode
    memories: Sequence[Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The answer to a write, given after its one transaction has committed."""

    bank_id: BankId
    episodes: Sequence[EpisodeWritten]
    """In the order of the request; empty for verbatim items."""
    memories: Sequence[Written]
    """Every memory written, in the order of the request."""
    embedded: bool
    """Whether every vector is stored already; if not, jobs will add them."""
    jobs: Sequence[JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBank:
    """A bank to create."""

    name: str
    description: str | None = None
    language: str = "auto"
    metadata: Metadata = field(default_factory=dict)
    fact_policy: FactPolicy = FactPolicy.SUPERSEDE
    exist_ok: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCreated:
    """A bank, and whether it is new."""

    bank: Bank
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPatch:
    """Fields of a memory that callers may change."""

    metadata: Metadata | None = None
    """A JSON merge patch (RFC 7396): ``null`` removes a key."""
    pinned: bool | None = None
