"""The stage of consolidating that summarises sessions, their days, and all of them."""

from collections.abc import Sequence
from dataclasses import replace

from memsvc.domain.identifiers import TenantId
from memsvc.domain.memory import Memory
from memsvc.domain.organising.summarising import (
    Said,
    SummaryBounds,
    summarise,
    summarise_summaries,
)
from memsvc.llm.model_writer import ModelWriter
from memsvc.ports import Clock
from memsvc.services.organising.documents import Document, DocumentStage, Levels, Write
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store

_DAY_BOUNDS = SummaryBounds(sentences=8, characters=1_200)
_WHOLE_BOUNDS = SummaryBounds(sentences=10, characters=1_500)
MADE_BY_KEY = "made_by"
"""Where the metadata of a document name the model that has written it."""
_MOST_SUMMARIES = 200
"""Of a day, or of all days: the latest."""


def summarise_stage(store: Store, clock: Clock, writer: ModelWriter | None = None) -> Levels:
    """Return what keeps summaries of each user and agent: nobody's words stand in another's."""
    return Levels(
        name="summarise",
        levels=[
            session_summaries(store, clock, writer=writer),
            _over_summaries(store, clock, Level.DAY, "day", _DAY_BOUNDS, writer),
            _over_summaries(store, clock, Level.WHOLE, "all", _WHOLE_BOUNDS, writer),
        ],
    )


def session_summaries(
    store: Store,
    clock: Clock,
    bounds: SummaryBounds | None = None,
    *,
    writer: ModelWriter | None = None,
) -> DocumentStage:
    """Return what makes one summary for each session, user and agent."""

    def make(_: Group, sources: Sequence[Memory]) -> Document | None:
        summary = summarise([said_in(each) for each in sources], bounds)
        if summary is None:
            return None
        return Document(text=summary.text, evidence=summary.evidence, metadata={"level": "session"})

    return DocumentStage(
        name="summarise",
        noun="summaries",
        level=Level.SESSION,
        make=make,
        store=store,
        clock=clock,
        write=_written(writer, bounds or SummaryBounds(), of_summaries=False),
    )


def _over_summaries(
    store: Store,
    clock: Clock,
    level: Level,
    called: str,
    bounds: SummaryBounds,
    writer: ModelWriter | None,
) -> DocumentStage:
    """Return what makes summaries of summaries, where there are two at least."""

    def make(_: Group, sources: Sequence[Memory]) -> Document | None:
        summary = summarise_summaries([said_in(each) for each in sources], bounds)
        if summary is None:
            return None
        return Document(text=summary.text, evidence=summary.evidence, metadata={"level": called})

    return DocumentStage(
        name="summarise",
        noun=f"{called}_summaries",
        level=level,
        make=make,
        store=store,
        clock=clock,
        most_sources=_MOST_SUMMARIES,
        write=_written(writer, bounds, of_summaries=True),
    )


def _written(
    writer: ModelWriter | None, bounds: SummaryBounds, *, of_summaries: bool
) -> Write | None:
    """Return what has a model write a summary, if there is one."""
    if writer is None:
        return None

    async def write(
        tenant_id: TenantId, _: Group, sources: Sequence[Memory], by_rules: Document
    ) -> Document:
        said = [said_in(each) for each in sources]
        if of_summaries:  # a first line says when and who, and is ours
            said = [replace(each, text=each.text.partition("\n")[2]) for each in said]
        summary = await writer.summarise(tenant_id, said, bounds, of_summaries=of_summaries)
        made_by = {MADE_BY_KEY: writer.name}
        return Document(
            text=summary.text,
            evidence=summary.evidence,
            metadata={**by_rules.metadata, **made_by},
        )

    return write


def said_in(memory: Memory) -> Said:
    """Return what a memory says, in its place."""
    return Said(
        memory_id=memory.id,
        text=memory.text,
        speaker=memory.speaker,
        occurred_at=memory.occurred_at,
    )
