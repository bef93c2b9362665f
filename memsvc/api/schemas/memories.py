"""Bodies of the memory routes."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StrictBool

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import (
    Key,
    MessageText,
    MetadataBody,
    Name,
    RequestModel,
    ResponseModel,
)
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import RequestZone, Timestamp, UtcTime, ZoneName
from memsvc.domain.memory import (
    Memory,
    MemoryKind,
    MemoryState,
    MemoryVersion,
    ScopeKeys,
    WriteStatus,
    Written,
)
from memsvc.services.commands import MemoryPatch, NewMemory, Remembered


class AddMemoryRequest(RequestModel):
    """One verbatim item."""

    text: MessageText
    kind: MemoryKind = MemoryKind.OBSERVATION
    speaker: Name | None = None
    source: Annotated[
        Key | None, Field(description="Feed it comes from; `external_id` is unique in it.")
    ] = None
    external_id: Annotated[
        Key | None,
        Field(
            description="Your own id: written again with the same content it is the same memory, "
            "with other content a new version."
        ),
    ] = None
    occurred_at: Annotated[
        Timestamp | None, Field(description="When it happened; by default when it is recorded.")
    ] = None
    timezone: ZoneName | None = None
    user_id: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None
    metadata: MetadataBody = Field(default_factory=dict)
    expires_at: Timestamp | None = None

    def to_command(self, *location: str | int) -> NewMemory:
        """Return the command for the use case; raises ``NaiveTimestampError``."""
        zone = RequestZone(self.timezone, *location)
        return NewMemory(
            text=self.text,
            kind=self.kind,
            speaker=self.speaker,
            source=self.source or "",
            external_id=self.external_id,
            occurred_at=zone.instant(self.occurred_at, "occurred_at"),
            keys=ScopeKeys(
                user_id=self.user_id, agent_id=self.agent_id, session_id=self.session_id
            ),
            metadata=self.metadata,
            expires_at=zone.instant(self.expires_at, "expires_at"),
        )


class AddMemoriesRequest(RequestModel):
    """Verbatim items, written in one transaction."""

    memories: Annotated[
        list[AddMemoryRequest],
        Field(min_length=1, max_length=limits.MEMORIES_PER_CALL),
    ]

    def to_commands(self) -> list[NewMemory]:
        """Return the commands for the use case; raises ``NaiveTimestampError``."""
        return [each.to_command("memories", at) for at, each in enumerate(self.memories)]


class UpdateMemoryRequest(RequestModel):
    """What to change; a field that is absent or null stays as it is."""

    metadata: Annotated[
        MetadataBody | None,
        Field(description="JSON merge patch (RFC 7396): a member that is null is removed."),
    ] = None
    pinned: Annotated[StrictBool | None, Field(description="A pinned memory never fades.")] = None

    def to_command(self) -> MemoryPatch:
        """Return the command for the use case."""
        return MemoryPatch(metadata=self.metadata, pinned=self.pinned)


class WrittenResponse(ResponseModel):
    """What one write did."""

    id: UUID
    version: int
    external_id: str | None
    status: WriteStatus

    @classmethod
    def of(cls, written: Written) -> Self:
        """Render what one write did."""
        return cls(
            id=written.id,
            version=written.version,
            external_id=written.external_id,
            status=written.status,
        )


EmbeddedField = Annotated[
    bool,
    Field(
        description="Whether every vector is stored. If not, the embedder was away: the text is "
        "recallable by its words at once, by meaning once the jobs have run."
    ),
]
StartedJobs = Annotated[list[UUID], Field(description="Jobs this write has started.")]


class AddMemoryResponse(WrittenResponse):
    """What became of one verbatim item."""

    embedded: EmbeddedField
    jobs: StartedJobs

    @classmethod
    def of_remembered(cls, remembered: Remembered) -> Self:
        """Render the write of a single item."""
        [written] = remembered.memories
        return cls(
            id=written.id,
            version=written.version,
            external_id=written.external_id,
            status=written.status,
            embedded=remembered.embedded,
            jobs=list(remembered.jobs),
        )


class AddMemoriesResponse(ResponseModel):
    """What became of each item, in the order of the request."""

    results: list[WrittenResponse]
    embedded: EmbeddedField
    jobs: StartedJobs

    @classmethod
    def of(cls, remembered: Remembered) -> Self:
        """Render the write of several items."""
        return cls(
            results=[WrittenResponse.of(each) for each in remembered.memories],
            embedded=remembered.embedded,
            jobs=list(remembered.jobs),
        )


class MemoryResponse(ResponseModel):
    """A memory at its current version."""

    id: UUID
    bank_id: UUID
    kind: MemoryKind
    state: MemoryState
    text: str
    speaker: str | None
    source: str
    external_id: str | None
    episode_id: UUID | None
    seq: Annotated[int, Field(description="Position inside its episode, from 0.")]
    user_id: str | None
    agent_id: str | None
    session_id: str | None
    metadata: dict[str, Any]
    occurred_at: Annotated[UtcTime, Field(description="When it happened.")]
    recorded_at: Annotated[UtcTime, Field(description="When the service learnt it.")]
    updated_at: UtcTime
    version: int
    embedded: Annotated[bool, Field(description="Whether its current version has vectors yet.")]
    expires_at: UtcTime | None
    pinned: bool
    strength: Annotated[float, Field(description="S of the forgetting curve; 1 at first.")]
    last_reinforced_at: UtcTime | None
    recall_count: Annotated[
        int,
        Field(
            description="On how many occasions a recall made it stronger: because it helped, or"
            " was returned where the policy counts that. Undoing takes nothing off it."
        ),
    ]

    @classmethod
    def of(cls, memory: Memory) -> Self:
        """Render a memory."""
        return cls(
            id=memory.id,
            bank_id=memory.bank_id,
            kind=memory.kind,
            state=memory.state,
            text=memory.text,
            speaker=memory.speaker,
            source=memory.source,
            external_id=memory.external_id,
            episode_id=memory.episode_id,
            seq=memory.seq,
            user_id=memory.keys.user_id,
            agent_id=memory.keys.agent_id,
            session_id=memory.keys.session_id,
            metadata=dict(memory.metadata),
            occurred_at=memory.occurred_at,
            recorded_at=memory.recorded_at,
            updated_at=memory.updated_at,
            version=memory.version,
            embedded=memory.embedded,
            expires_at=memory.expires_at,
            pinned=memory.pinned,
            strength=memory.strength,
            last_reinforced_at=memory.last_reinforced_at,
            recall_count=memory.recall_count,
        )


class MemoryPage(PageResponse[MemoryResponse]):
    """Memories, oldest record first."""


class MemoryVersionResponse(ResponseModel):
    """One immutable version of a memory's content, and how it came about."""

    version: int
    text: str
    speaker: str | None
    occurred_at: UtcTime
    operation: str
    actor: str
    reason: str | None
    content_hash: str
    recorded_at: UtcTime

    @classmethod
    def of(cls, version: MemoryVersion) -> Self:
        """Render a version."""
        return cls(
            version=version.version,
            text=version.text,
            speaker=version.speaker,
            occurred_at=version.occurred_at,
            operation=version.operation,
            actor=version.actor,
            reason=version.reason,
            content_hash=version.content_hash,
            recorded_at=version.recorded_at,
        )


class MemoryVersionPage(PageResponse[MemoryVersionResponse]):
    """Versions of one memory, first to last."""
