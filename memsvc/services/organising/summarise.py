"""The stage of consolidating that summarises sessions, their days, and all of them."""

from dataclasses import replace

from memsvc.domain.context.echoes import without_echoes
from memsvc.domain.identifiers import TenantId
from memsvc.domain.memory import Memory, Metadata
from memsvc.domain.organising.summarising import (
    Said,
    Summary,
    SummaryBounds,
    body_of,
    summarise,
    summarise_summaries,
)
from memsvc.llm.model_writer import ModelWriter
from memsvc.ports import Clock
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.carrying_on import SENTENCES_KEY, stored_lines
from memsvc.services.organising.documents import Document, DocumentStage, Levels, Material
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store

_DAY_BOUNDS = SummaryBounds(sentences=8, characters=1_200)
_WHOLE_BOUNDS = SummaryBounds(sentences=10, characters=1_500)
MADE_BY_KEY = "made_by"
"""Where the metadata of a document name the model that has written it."""
_MOST_TURNS = 500
"""Of a session: the latest."""
_MOST_SUMMARIES = 200
"""Of a day, or of all days: the latest."""


def summarise_stage(
    store: Store,
    clock: Clock,
    writer: ModelWriter | None = None,
    *,
    courtesy: Courtesy | None = None,
) -> Levels:
    """Return what keeps summaries of each user and agent: nobody's words stand in another's.

    Those of days and of all days are summaries of summaries, where there are two at least.
    """
    levels = [
        session_summaries(store, clock, writer=writer),
        _summaries(store, clock, Level.DAY, "day", _DAY_BOUNDS, writer),
        _summaries(store, clock, Level.WHOLE, "all", _WHOLE_BOUNDS, writer),
    ]
    polite = courtesy or Courtesy()
    return Levels(name="summarise", levels=[replace(each, courtesy=polite) for each in levels])


def session_summaries(
    store: Store,
    clock: Clock,
    bounds: SummaryBounds | None = None,
    *,
    writer: ModelWriter | None = None,
) -> DocumentStage:
    """Return what keeps one running summary for each session, user and agent."""
    limits = bounds or SummaryBounds()
    return _summaries(store, clock, Level.SESSION, "session", limits, writer)


def _summaries(
    store: Store,
    clock: Clock,
    level: Level,
    called: str,
    bounds: SummaryBounds,
    writer: ModelWriter | None,
) -> DocumentStage:
    """Return what keeps the summaries of a level.

    What comes further is folded into the summary so far. Only where something that it tells of has
    changed is all of the group read again.
    """
    is_over = level is not Level.SESSION
    by_rules_alone = summarise_summaries if is_over else summarise

    def make(_: Group, material: Material) -> Document | None:
        so_far = None if material.former is None else material.former.so_far
        summary = by_rules_alone([said_in(each) for each in material.sources], bounds, so_far)
        return None if summary is None else _document(called, summary)

    async def write(
        tenant_id: TenantId, _: Group, material: Material, by_rules: Document
    ) -> Document:
        if writer is None:
            return by_rules
        said = [said_in(each) for each in material.sources]
        if is_over:
            # A first line says when and who, and is ours.
            said = [replace(each, text=body_of(each.text)) for each in said]
        if material.former is None:
            summary = await writer.summarise(tenant_id, said, bounds, of_summaries=is_over)
        else:
            summary = await writer.carry_on(tenant_id, material.former.so_far, said, bounds)
        return _document(called, summary, {MADE_BY_KEY: writer.name})

    return DocumentStage(
        name="summarise",
        noun=f"{called}_summaries" if is_over else "summaries",
        level=level,
        make=make,
        store=store,
        clock=clock,
        most_sources=_MOST_SUMMARIES if is_over else _MOST_TURNS,
        write=None if writer is None else write,
        is_carried_on=True,
    )


def _document(level: str, summary: Summary, more: Metadata | None = None) -> Document:
    return Document(
        text=summary.text,
        evidence=summary.evidence,
        metadata={"level": level, SENTENCES_KEY: stored_lines(summary.lines), **(more or {})},
    )


def said_in(memory: Memory) -> Said:
    """Return what a memory says, in its place."""
    return Said(
        memory_id=memory.id,
        text=without_echoes(memory.text),
        speaker=memory.speaker,
        occurred_at=memory.occurred_at,
    )
