"""The stage of consolidating that summarises sessions, and renews what no longer holds."""

from collections.abc import Sequence

from memsvc.domain.memory import Memory, ScopeKeys
from memsvc.domain.organising.summarising import Said, SummaryBounds, summarise
from memsvc.ports import Clock
from memsvc.services.organising.documents import Document, DocumentStage
from memsvc.store.summaries import Level
from memsvc.store.transactions import Store


def summarise_stage(
    store: Store, clock: Clock, bounds: SummaryBounds | None = None
) -> DocumentStage:
    """Return what makes one summary for each session, user and agent.

    So nobody's words stand in another's.
    """

    def make(_: ScopeKeys, sources: Sequence[Memory]) -> Document | None:
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
    )


def said_in(memory: Memory) -> Said:
    """Return what a memory says, in its place."""
    return Said(
        memory_id=memory.id,
        text=memory.text,
        speaker=memory.speaker,
        occurred_at=memory.occurred_at,
    )
