"""The stage of consolidating that keeps a portrait of each user."""

from collections.abc import Sequence

from memsvc.domain.memory import Memory
from memsvc.domain.organising.portraits import PortraitBounds, portray
from memsvc.ports import Clock, TokenCounter
from memsvc.services.organising.documents import Document, DocumentStage
from memsvc.services.organising.summarise import said_in
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store

_MOST_SOURCES = 2_000
LINES_KEY = "lines"
"""Where the metadata of a portrait keep its lines."""


def portray_stage(
    store: Store, clock: Clock, tokens: TokenCounter, bounds: PortraitBounds | None = None
) -> DocumentStage:
    """Return what makes one portrait for each user that has said something of themselves."""

    def make(group: Group, sources: Sequence[Memory]) -> Document | None:
        if not sources or group.keys.user_id is None:
            return None
        said = [said_in(each) for each in sources]
        portrait = portray(group.keys.user_id, said, tokens.count, bounds)
        return Document(
            text=portrait.text,
            evidence=portrait.evidence,
            metadata={
                "level": "portrait",
                LINES_KEY: [line.to_json() for line in portrait.lines],
            },
        )

    return DocumentStage(
        name="portray",
        noun="portraits",
        level=Level.PORTRAIT,
        make=make,
        store=store,
        clock=clock,
        most_sources=_MOST_SOURCES,
    )
