"""Bodies of the episode routes."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import (
    DocumentText,
    Key,
    MessageText,
    MetadataBody,
    Name,
    RequestModel,
    ResponseModel,
)
from memsvc.api.schemas.memories import EmbeddedField, StartedJobs, WrittenResponse
from memsvc.api.schemas.times import RequestZone, Timestamp, UtcTime, ZoneName
from memsvc.domain.memory import Episode, EpisodeKind, ScopeKeys
from memsvc.services.commands import (
    EpisodeWritten,
    NewDocument,
    NewEpisode,
    NewMessage,
    Remembered,
)


class MessageBody(RequestModel):
    """One thing somebody said, or one item of a feed."""

    text: MessageText
    speaker: Name | None = None
    occurred_at: Annotated[
        Timestamp | None, Field(description="By default the episode's, else when it is recorded.")
    ] = None
    external_id: Annotated[
        Key | None, Field(description="Your own id, unique per bank and source.")
    ] = None
    metadata: MetadataBody = Field(default_factory=dict)

    def to_command(self, zone: RequestZone, position: int) -> NewMessage:
        """Return the command for the use case; raises ``NaiveTimestampError``."""
        return NewMessage(
            text=self.text,
            speaker=self.speaker,
            occurred_at=zone.instant(self.occurred_at, "messages", position, "occurred_at"),
            external_id=self.external_id,
            metadata=self.metadata,
        )


class DocumentBody(RequestModel):
    """A text to be stored in passages."""

    text: DocumentText
    external_id: Annotated[
        Key | None, Field(description="Your own id, unique per bank and source.")
    ] = None

    def to_command(self) -> NewDocument:
        """Return the command for the use case."""
        return NewDocument(text=self.text, external_id=self.external_id)


class AddEpisodeRequest(RequestModel):
    """A source with its `messages`, or with one `document`: exactly one of the two."""

    source: Annotated[
        Key | None, Field(description="Name of the source, unique per bank; made if absent.")
    ] = None
    kind: Annotated[
        EpisodeKind | None, Field(description="By default what the content suggests.")
    ] = None
    title: Name | None = None
    session_id: Name | None = None
    user_id: Name | None = None
    agent_id: Name | None = None
    timezone: ZoneName | None = None
    occurred_at: Timestamp | None = None
    metadata: MetadataBody = Field(default_factory=dict)
    messages: (
        Annotated[list[MessageBody], Field(min_length=1, max_length=limits.MESSAGES_PER_CALL)]
        | None
    ) = None
    document: DocumentBody | None = None

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        if (self.messages is None) == (self.document is None):
            raise ValueError("needs exactly one of `messages` and `document`")
        return self

    def to_command(self, *location: str | int) -> NewEpisode:
        """Return the command for the use case; raises ``NaiveTimestampError``."""
        zone = RequestZone(self.timezone, *location)
        fitting = EpisodeKind.CONVERSATION if self.document is None else EpisodeKind.DOCUMENT
        return NewEpisode(
            kind=self.kind or fitting,
            source=self.source,
            title=self.title,
            keys=ScopeKeys(
                user_id=self.user_id, agent_id=self.agent_id, session_id=self.session_id
            ),
            occurred_at=zone.instant(self.occurred_at, "occurred_at"),
            metadata=self.metadata,
            messages=[each.to_command(zone, at) for at, each in enumerate(self.messages or ())],
            document=None if self.document is None else self.document.to_command(),
        )


class AddEpisodesRequest(RequestModel):
    """Episodes, written in one transaction."""

    episodes: Annotated[
        list[AddEpisodeRequest],
        Field(
            min_length=1,
            max_length=limits.EPISODES_PER_CALL,
            description=f"With at most {limits.MESSAGES_PER_CALL} messages in all.",
        ),
    ]

    @model_validator(mode="after")
    def _messages_within_limit(self) -> Self:
        if sum(len(each.messages or ()) for each in self.episodes) > limits.MESSAGES_PER_CALL:
            raise ValueError(f"must not hold more than {limits.MESSAGES_PER_CALL} messages in all")
        return self

    def to_commands(self) -> list[NewEpisode]:
        """Return the commands for the use case; raises ``NaiveTimestampError``."""
        return [each.to_command("episodes", at) for at, each in enumerate(self.episodes)]


class EpisodeResponse(ResponseModel):
    """A source: a conversation session or a document."""

    id: UUID
    source: str
    kind: EpisodeKind
    title: str | None
    session_id: str | None
    user_id: str | None
    agent_id: str | None
    occurred_at: UtcTime
    recorded_at: UtcTime
    metadata: dict[str, Any]

    @classmethod
    def of(cls, episode: Episode) -> Self:
        """Render an episode."""
        return cls(
            id=episode.id,
            source=episode.source,
            kind=episode.kind,
            title=episode.title,
            session_id=episode.keys.session_id,
            user_id=episode.keys.user_id,
            agent_id=episode.keys.agent_id,
            occurred_at=episode.occurred_at,
            recorded_at=episode.recorded_at,
            metadata=dict(episode.metadata),
        )


class EpisodeWrittenResponse(ResponseModel):
    """What became of one episode."""

    episode: EpisodeResponse
    memories: Annotated[
        list[WrittenResponse], Field(description="In the order of messages or passages.")
    ]

    @classmethod
    def of(cls, written: EpisodeWritten) -> Self:
        """Render what became of one episode."""
        return cls(
            episode=EpisodeResponse.of(written.episode),
            memories=[WrittenResponse.of(each) for each in written.memories],
        )


class AddEpisodeResponse(EpisodeWrittenResponse):
    """The answer to a write, given after its transaction has committed."""

    embedded: EmbeddedField
    jobs: StartedJobs

    @classmethod
    def of_remembered(cls, remembered: Remembered) -> Self:
        """Render the write of a single episode."""
        [written] = remembered.episodes
        return cls(
            episode=EpisodeResponse.of(written.episode),
            memories=[WrittenResponse.of(each) for each in written.memories],
            embedded=remembered.embedded,
            jobs=list(remembered.jobs),
        )


class AddEpisodesResponse(ResponseModel):
    """What became of each episode, in the order of the request."""

    results: list[EpisodeWrittenResponse]
    embedded: EmbeddedField
    jobs: StartedJobs

    @classmethod
    def of(cls, remembered: Remembered) -> Self:
        """Render the write of several episodes."""
        return cls(
            results=[EpisodeWrittenResponse.of(each) for each in remembered.episodes],
            embedded=remembered.embedded,
            jobs=list(remembered.jobs),
        )
