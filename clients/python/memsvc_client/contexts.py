"""Contexts: what to put into a prompt before a question; records and the call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Self, TypedDict, Unpack
from uuid import UUID

from pydantic import model_validator

from memsvc_client.answerable import Answerable
from memsvc_client.asked_times import AskedOrder, AskedTime, Elapsed
from memsvc_client.call import Call, Reference, bank_path
from memsvc_client.filters import Filter
from memsvc_client.models import ArmReport, Memory
from memsvc_client.recall_reports import (
    GrainReport,
    IterateReport,
    ModelCalls,
    RewriteReport,
    SiftReport,
    StageReport,
    Unit,
)
from memsvc_client.records import Body, Record
from memsvc_client.requests import refuse_naive


class ContextQuery(Body):
    """A question, and how much may be read before it is answered."""

    query: str
    budget_tokens: int | None = None
    """What the text may cost, all of it: 2000 unless given."""
    mode: Literal["auto", "ranked"] | None = None
    """``auto`` unless given: everything, as it happened, if it fits; else the best of it."""
    k: int | None = None
    """How many hits at most: 1 to 200, 20 unless given."""
    neighbours: int | None = None
    """How many memories before and after each hit in its episode: 2 unless given."""
    summaries: int | None = None
    session_id: str | None = None
    """The session whose latest turns are shown too."""
    recent: int | None = None
    """How many of its turns: 6 unless given."""
    filter: Filter | None = None
    """Holds for everything that is shown."""
    arms: Literal["all"] | Sequence[str] | None = None
    grain: Literal["memory", "event", "episode", "auto"] | None = None
    """What a hit stands for: a memory unless given; ``auto`` lets the question choose. What is in
    its event or episode is its neighbour then, as far as it fits."""
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
    """Also judge whether the question is answered, and say so in the text where it is not."""
    record: bool | None = None
    """Whether to record the recall in it; a share of them is unless given."""
    times: Literal["ignore", "boost", "filter"] | None = None
    """What to make of times that the question names; boosted unless given."""
    now: datetime | None = None
    as_of: datetime | None = None
    """What was true then, of everything that is shown."""
    known_at: datetime | None = None
    """What was known then, as it was: nothing recorded later."""
    timezone: str | None = None
    """IANA name of the zone in which times are shown, and of those given without one."""

    @model_validator(mode="after")
    def _has_zones(self) -> Self:
        bounds = self.filter or Filter()
        times = [self.now, self.as_of, self.known_at]
        refuse_naive([*times, bounds.occurred_after, bounds.occurred_before], self.timezone)
        return self


class ContextFields(TypedDict, total=False):
    """Keyword form of ``ContextQuery`` without its query."""

    budget_tokens: int | None
    mode: Literal["auto", "ranked"] | None
    k: int | None
    neighbours: int | None
    summaries: int | None
    session_id: str | None
    recent: int | None
    filter: Filter | None
    arms: Literal["all"] | Sequence[str] | None
    grain: Literal["memory", "event", "episode", "auto"] | None
    diversity: float | None
    rewrite: bool | None
    iterate: bool | None
    rerank: bool | None
    sift: bool | None
    answerable: bool | None
    record: bool | None
    times: Literal["ignore", "boost", "filter"] | None
    now: datetime | None
    as_of: datetime | None
    known_at: datetime | None
    timezone: str | None


class ContextPiece(Record):
    """A memory in a context."""

    citation: int
    """The n of its [n] in the text."""
    role: str
    """``summary``, ``hit``, ``before``, ``after``, ``recent`` or ``whole``."""
    memory: Memory
    of: UUID | None = None
    """The hit that a neighbour belongs to."""
    score: float | None = None
    """Of a hit: 0 to 1."""
    unit: Unit | None = None
    """What a hit stands for, if that is more."""
    tokens: int
    is_cut: bool = False
    """Whether the text shows its beginning only."""


class ContextSection(Record):
    """One part of a context: ``summaries``, ``memories`` or ``recent``."""

    name: str
    pieces: tuple[ContextPiece, ...]


class Context(Record):
    """What to read before answering a question."""

    recall_id: UUID | None = None
    """Of the recall in it, recorded or not: for feedback."""
    recorded: bool = False
    """Whether that recall was taken to be recorded."""
    mode: str
    """``passthrough`` (everything, as it happened) or ``ranked``."""
    text: str
    """Ready for a prompt."""
    sections: tuple[ContextSection, ...]
    citations: Mapping[int, UUID]
    """Which memory each [n] of the text stands for."""
    total_tokens: int
    budget_tokens: int
    tokenizer: str | None = None
    """Whose tokens these are."""
    left_out: int = 0
    """How many memories were found and did not fit."""
    arms: Mapping[str, ArmReport]
    times: tuple[AskedTime, ...] = ()
    """That the question names, if they were to be read."""
    order: AskedOrder | None = None
    """That the question names, if times were to be read."""
    elapsed: Elapsed | None = None
    """Only where the question asks how long ago something was."""
    took_ms: Mapping[str, float]
    """By stage, and in ``total``."""
    model_calls: ModelCalls = ModelCalls()
    rewrite: RewriteReport | None = None
    """Only when it was asked for."""
    iterate: IterateReport | None = None
    """Only when it was asked for."""
    rerank: StageReport | None = None
    """Only when it was asked for and something was ranked."""
    sift: SiftReport | None = None
    """Only when it was asked for and something was ranked."""
    grain: GrainReport | None = None
    """Only when another grain than memories was asked for and something was ranked."""
    answerable: Answerable | None = None
    """Only when it was asked for."""


def compose_context(bank: Reference, query: str, **fields: Unpack[ContextFields]) -> Call[Context]:
    """Describe the composition of a context."""
    question = ContextQuery(query=query, **fields)
    return Call(
        method="POST", path=f"{bank_path(bank)}/context", result=Context, json=question.to_json()
    )
