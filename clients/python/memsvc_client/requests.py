"""What callers send: the bodies of requests, and their keyword forms.

The keyword forms (``…Fields``) let a method take a body's members as keyword arguments without
repeating them; the members mean what the body of the same name says.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self, TypedDict

from pydantic import Field, model_validator

from memsvc_client.errors import NaiveTimestampError
from memsvc_client.filters import Filter
from memsvc_client.records import Body, Metadata


class NewBank(Body):
    """A bank to create."""

    name: str
    """``[a-z0-9._-]{1,128}``, unique per tenant."""
    description: str | None = None
    language: str | None = None
    """ISO 639-1 code of its texts; the service's default ``auto`` recognises each text's."""
    metadata: Metadata | None = None
    fact_policy: Literal["supersede", "append_only", "fuse"] | None = None
    """What becomes of a fact when another holds later in its place; superseded unless given."""
    exist_ok: bool | None = None
    """Answer the bank of this name if there is one, instead of refusing."""


class BankChange(Body):
    """Members of a bank to change; what is not given stays."""

    description: str | None = None
    language: str | None = None
    metadata: Metadata | None = None
    """Replaces all that there is."""
    fact_policy: Literal["supersede", "append_only", "fuse"] | None = None
    """Takes hold when facts are settled next, by consolidating."""
    arms_off: Sequence[str] | None = None
    """Arms that recalls shall not ask unless they name them; none of them: an empty list."""


class Reembedding(Body):
    """Which embedding model a bank is to move to: ``model``, or the one before."""

    model: str | None = None
    rollback: bool = False
    least_overlap: float | None = None


class BankFields(TypedDict, total=False):
    """What ``NewBank``, without its name, and ``BankChange`` have in common, as keywords."""

    description: str | None
    language: str | None
    metadata: Metadata | None
    fact_policy: Literal["supersede", "append_only", "fuse"] | None


class BankChangeFields(BankFields, total=False):
    """Keyword form of ``BankChange``."""

    arms_off: Sequence[str] | None


class Message(Body):
    """One thing somebody said, or one item of a feed."""

    text: str
    speaker: str | None = None
    occurred_at: datetime | None = None
    """Without a zone only inside an episode that names its ``timezone``."""
    external_id: str | None = None
    """The caller's own id, unique per bank and source: the same id with other text is a new
    version of the same memory."""
    metadata: Metadata | None = None


class Document(Body):
    """A text that the service stores in passages."""

    text: str
    external_id: str | None = None
    """The caller's own id, unique per bank and source."""


class Episode(Body):
    """A source with its messages, or with one document; exactly one of them is given."""

    messages: Annotated[Sequence[Message], Field(min_length=1)] | None = None
    document: Document | None = None
    source: str | None = None
    """Its name, unique per bank."""
    kind: Literal["conversation", "document"] | None = None
    title: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    occurred_at: datetime | None = None
    """When it happened, for messages that do not say; the default is when it is recorded."""
    timezone: str | None = None
    """IANA name of the zone of every time here that has none of its own."""
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        if (self.messages is None) == (self.document is None):
            raise ValueError("give messages or a document, exactly one of them")
        return self

    @model_validator(mode="after")
    def _has_zones(self) -> Self:
        times = [self.occurred_at, *(message.occurred_at for message in self.messages or ())]
        refuse_naive(times, self.timezone)
        return self


class EpisodeFields(TypedDict, total=False):
    """Keyword form of ``Episode`` without its content."""

    source: str | None
    kind: Literal["conversation", "document"] | None
    title: str | None
    session_id: str | None
    user_id: str | None
    agent_id: str | None
    occurred_at: datetime | None
    timezone: str | None
    metadata: Metadata | None


class NewMemory(Body):
    """One verbatim item."""

    text: str
    kind: str | None = None
    """See ``MemoryKind``; the service's default is an observation."""
    speaker: str | None = None
    source: str | None = None
    """Name of the feed it comes from."""
    external_id: str | None = None
    """The caller's own id, unique per bank and source: the same id with other text is a new
    version of the same memory."""
    occurred_at: datetime | None = None
    """When it happened; the default is when it is recorded."""
    timezone: str | None = None
    """IANA name of the zone of the times here that have none of their own."""
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    metadata: Metadata | None = None
    expires_at: datetime | None = None
    """When it stops being recalled."""

    @model_validator(mode="after")
    def _has_zones(self) -> Self:
        refuse_naive([self.occurred_at, self.expires_at], self.timezone)
        return self


class MemoryFields(TypedDict, total=False):
    """Keyword form of ``NewMemory`` without its text."""

    kind: str | None
    speaker: str | None
    source: str | None
    external_id: str | None
    occurred_at: datetime | None
    timezone: str | None
    user_id: str | None
    agent_id: str | None
    session_id: str | None
    metadata: Metadata | None
    expires_at: datetime | None


class MemoryChange(Body):
    """Members of a memory that can change without a new version; what is not given stays."""

    metadata: Metadata | None = None
    """A merge patch (RFC 7396): ``None`` removes a key."""
    pinned: bool | None = None
    """A pinned memory never fades."""


class RecallQuery(Body):
    """A question to a bank."""

    query: str
    k: int | None = None
    """How many hits at most: 1 to 200, 10 unless given. With it, ``auto`` ranks."""
    mode: Literal["ranked", "auto"] | None = None
    """``auto``: everything, as it happened, if it fits ``budget_tokens``; ranked unless given."""
    filter: Filter | None = None
    arms: Literal["all"] | Sequence[str] | None = None
    """Which candidate generators take part: all unless given, else of ``dense``, ``lexical``,
    ``episode``, ``contiguity``, ``links`` and ``graph``."""
    budget_tokens: int | None = None
    """How many tokens all hits may have together."""
    now: datetime | None = None
    """Decides which memories have expired; the service's clock unless given."""
    as_of: datetime | None = None
    """What was true then: what happened or held by then, also if it was superseded later."""
    known_at: datetime | None = None
    """What was known then, as it was: nothing recorded later counts."""
    timezone: str | None = None
    """IANA name of the zone of the times here and in the filter, if these have none."""
    times: Literal["ignore", "boost", "filter"] | None = None
    """What to make of times that the question names; boosted unless given."""
    walk: Literal["hits", "entities", "facts", "episodes"] | None = None
    """How the graph arm looks for memories; as the service is set unless given."""
    neighbours: int | None = None
    """How many memories linked to the hits come beside them: 0 to 50, none unless given."""
    neighbours_before: int | None = None
    """How many memories directly before each hit in its session: 0 to 10, none unless given."""
    neighbours_after: int | None = None
    explain: bool | None = None
    """Also answer what was dropped, and why."""
    grain: Literal["memory", "event", "episode", "auto"] | None = None
    """What a hit stands for: a memory unless given; ``auto`` lets the question choose."""
    diversity: float | None = None
    """Share of its score that a near-duplicate of a better hit loses; the service's default unless
    given."""
    rewrite: bool | None = None
    """Have a language model add queries and clues; refused where the service has none."""
    iterate: bool | None = None
    """Have a language model search on in rounds; refused where the service has none."""
    rerank: bool | None = None
    """Have a cross-encoder read the best candidates; refused where the service has none."""
    sift: bool | None = None
    """Have a language model leave out hits that do not bear on the question; refused where the
    service has none."""
    answerable: bool | None = None
    """Also judge whether what was found answers the question."""
    record: bool | None = None
    """Whether to record the recall; a share of them is unless given."""
    reinforce: bool | None = None
    """``False``: being a hit is no use, whatever the bank's policy."""

    @model_validator(mode="after")
    def _has_zones(self) -> Self:
        bounds = self.filter or Filter()
        times = [self.now, self.as_of, self.known_at]
        refuse_naive([*times, bounds.occurred_after, bounds.occurred_before], self.timezone)
        return self


class RecallFields(TypedDict, total=False):
    """Keyword form of ``RecallQuery`` without its query."""

    k: int | None
    mode: Literal["ranked", "auto"] | None
    filter: Filter | None
    arms: Literal["all"] | Sequence[str] | None
    budget_tokens: int | None
    now: datetime | None
    as_of: datetime | None
    known_at: datetime | None
    timezone: str | None
    times: Literal["ignore", "boost", "filter"] | None
    walk: Literal["hits", "entities", "facts", "episodes"] | None
    neighbours: int | None
    neighbours_before: int | None
    neighbours_after: int | None
    explain: bool | None
    grain: Literal["memory", "event", "episode", "auto"] | None
    diversity: float | None
    rewrite: bool | None
    iterate: bool | None
    rerank: bool | None
    sift: bool | None
    answerable: bool | None
    record: bool | None
    reinforce: bool | None


class MemoryListing(TypedDict, total=False):
    """Which memories of a bank to list; every key that is given narrows it further."""

    kind: str | None
    state: str | None
    speaker: str | None
    session_id: str | None
    source: str | None


def refuse_naive(times: Sequence[datetime | None], timezone: str | None) -> None:
    """Raise ``NaiveTimestampError`` for a time without a zone where none is named."""
    naive = [time for time in times if time is not None and time.utcoffset() is None]
    if naive and timezone is None:
        raise NaiveTimestampError(
            f"{naive[0].isoformat()} has no time zone; give it one, or name the zone in `timezone`"
        )
