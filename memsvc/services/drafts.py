"""From what callers send to what will be stored: one draft per memory, nothing looked up yet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.chunking import split_document
from memsvc.domain.content import content_hash, indexed_text, lexical_text
from memsvc.domain.identifiers import EpisodeId, uuid7
from memsvc.domain.memory import Episode, MemoryKind, Metadata, ScopeKeys
from memsvc.errors import InvalidRequestError
from memsvc.services.commands import NewDocument, NewEpisode, NewMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A memory to be: what the caller said, with defaults filled in."""

    kind: MemoryKind
    text: str
    speaker: str | None
    title: str | None
    source: str
    external_id: str | None
    occurred_at: datetime
    keys: ScopeKeys
    metadata: Metadata
    expires_at: datetime | None
    content_hash: str
    episode_no: int | None = None
    """Which episode of the request it belongs to."""

    @property
    def indexed_text(self) -> str:
        """What the encoder sees."""
        return indexed_text(self.text, speaker=self.speaker, title=self.title)

    @property
    def lexical_text(self) -> str:
        """What the analyzer sees."""
        return lexical_text(self.text, speaker=self.speaker, title=self.title)

    @property
    def item(self) -> tuple[str, str] | None:
        """Source and external id, if the caller gave one."""
        return None if self.external_id is None else (self.source, self.external_id)


def draft_episode(new: NewEpisode, recorded_at: datetime) -> Episode:
    """Return the episode a request describes, as it would be stored if it is new."""
    episode_id = EpisodeId(uuid7(recorded_at))
    first = next((each.occurred_at for each in new.messages if each.occurred_at), None)
    return Episode(
        id=episode_id,
        source=new.source or str(episode_id),
        kind=new.kind,
        title=new.title,
        keys=new.keys,
        metadata=new.metadata,
        occurred_at=new.occurred_at or first or recorded_at,
        recorded_at=recorded_at,
    )


def drafts_of_episode(
    new: NewEpisode, episode: Episode, episode_no: int, recorded_at: datetime
) -> list[Draft]:
    """Return a draft per message, or per passage of the document."""
    if new.document is not None:
        return _passages(new, new.document, episode, episode_no)
    return [
        Draft(
            kind=MemoryKind.TURN,
            text=message.text,
            speaker=message.speaker,
            title=None,
            source=episode.source,
            external_id=message.external_id,
            occurred_at=message.occurred_at or new.occurred_at or recorded_at,
            keys=new.keys,
            metadata=message.metadata,
            expires_at=None,
            content_hash=content_hash(message.text, message.speaker, message.occurred_at),
            episode_no=episode_no,
        )
        for message in new.messages
    ]


def _passages(
    new: NewEpisode, document: NewDocument, episode: Episode, episode_no: int
) -> list[Draft]:
    return [
        Draft(
            kind=MemoryKind.PASSAGE,
            text=passage,
            speaker=None,
            title=episode.title,
            source=episode.source,
            # A document sent again replaces its passages one by one, by position.
            external_id=None
            if document.external_id is None
            else passage_id(document.external_id, no),
            occurred_at=episode.occurred_at,
            keys=new.keys,
            metadata={},
            expires_at=None,
            content_hash=content_hash(passage, None, new.occurred_at),
            episode_no=episode_no,
        )
        for no, passage in enumerate(split_document(document.text))
    ]


def passage_id(document_id: str, no: int) -> str:
    """Return the external id of a document's passage at this position, from 0."""
    return f"{passage_prefix(document_id)}{no}"


def passage_prefix(document_id: str) -> str:
    """Return what the external ids of a document's passages begin with."""
    return f"{document_id}#"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocument:
    """A document that carries the caller's own id, and how many passages it has now."""

    source: str
    external_id: str
    passage_count: int


def sent_documents(
    new: Sequence[NewEpisode], episodes: Sequence[Episode], drafts: Sequence[Draft]
) -> list[SentDocument]:
    """Return the documents of a request that may have been sent before."""
    counts = Counter(draft.episode_no for draft in drafts)
    return [
        SentDocument(
            source=episode.source,
            external_id=each.document.external_id,
            passage_count=counts[no],
        )
        for no, (each, episode) in enumerate(zip(new, episodes, strict=True))
        if each.document is not None and each.document.external_id is not None
    ]


def draft_item(new: NewMemory, recorded_at: datetime) -> Draft:
    """Return the draft of a verbatim item."""
    return Draft(
        kind=new.kind,
        text=new.text,
        speaker=new.speaker,
        title=None,
        source=new.source,
        external_id=new.external_id,
        occurred_at=new.occurred_at or recorded_at,
        keys=new.keys,
        metadata=new.metadata,
        expires_at=new.expires_at,
        content_hash=content_hash(new.text, new.speaker, new.occurred_at, new.expires_at),
    )


def refuse_repeated_items(drafts: Sequence[Draft]) -> None:
    """Raise ``InvalidRequestError`` if one request names an item twice: their order is unclear."""
    counts = Counter(draft.item for draft in drafts if draft.item is not None)
    repeated = sorted(item for item, count in counts.items() if count > 1)
    if repeated:
        raise InvalidRequestError(
            "An external_id stands more than once in this request; send its versions one after"
            " the other.",
            external_ids=[external_id for _, external_id in repeated[:10]],
        )


def refuse_repeated_sources(episodes: Sequence[Episode]) -> None:
    """Raise ``InvalidRequestError`` if one request continues a source twice."""
    counts = Counter(episode.source for episode in episodes)
    repeated = sorted(source for source, count in counts.items() if count > 1)
    if repeated:
        raise InvalidRequestError(
            "A source stands more than once in this request; put its messages into one episode.",
            sources=repeated[:10],
        )
