"""The stage of consolidating that keeps a portrait of each user."""

from memsvc.domain.identifiers import TenantId
from memsvc.domain.memory import Metadata
from memsvc.domain.organising.portraits import (
    Portrait,
    PortraitBounds,
    bounded_portrait,
    own_words,
    portray,
)
from memsvc.llm.model_writer import ModelWriter
from memsvc.ports import Clock, TokenCounter
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.documents import Document, DocumentStage, Material
from memsvc.services.organising.summarise import MADE_BY_KEY, said_in
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store

_MOST_SOURCES = 2_000
LINES_KEY = "lines"
"""Where the metadata of a portrait keep its lines."""


def portray_stage(
    store: Store,
    clock: Clock,
    tokens: TokenCounter,
    bounds: PortraitBounds | None = None,
    *,
    writer: ModelWriter | None = None,
    courtesy: Courtesy | None = None,
) -> DocumentStage:
    """Return what makes one portrait for each user that has said something of themselves."""

    def make(group: Group, material: Material) -> Document | None:
        if not material.sources or group.keys.user_id is None:
            return None
        said = [said_in(each) for each in material.sources]
        return _document(portray(group.keys.user_id, said, tokens.count, bounds))

    async def write(
        tenant_id: TenantId, group: Group, material: Material, by_rules: Document
    ) -> Document:
        user = group.keys.user_id
        if writer is None or user is None:
            return by_rules
        said = own_words(user, [said_in(each) for each in material.sources])
        lines = await writer.portray(tenant_id, user, said)
        portrait = bounded_portrait(user, lines, tokens.count, bounds)
        return _document(portrait, {MADE_BY_KEY: writer.name})

    return DocumentStage(
        name="portray",
        noun="portraits",
        level=Level.PORTRAIT,
        make=make,
        store=store,
        clock=clock,
        most_sources=_MOST_SOURCES,
        write=None if writer is None else write,
        courtesy=courtesy or Courtesy(),
    )


def _document(portrait: Portrait, more: Metadata | None = None) -> Document:
    return Document(
        text=portrait.text,
        evidence=portrait.evidence,
        metadata={
            "level": "portrait",
            LINES_KEY: [line.to_json() for line in portrait.lines],
            **(more or {}),
        },
    )
