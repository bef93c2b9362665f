"""The annotated view: a memory's text with keywords, tags and context, as vectors of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from memsvc.domain.content import indexed_text
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.organising.extraction import Annotations
from memsvc.ports import Embedder, Matrix
from memsvc.services.courtesy import Courtesy
from memsvc.settings import OrganiseSettings
from memsvc.store.organising import NoteSource
from memsvc.store.transactions import assert_no_transaction

_AT_A_TIME = 2
"""Texts embedded in one go: a write that comes meanwhile waits behind no more."""

Views = Mapping[MemoryId, tuple[Annotations, Matrix]]
"""By memory: what was embedded with its text, and the vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedViews:
    """Embeds texts with what is said about them, where that is worth it."""

    settings: OrganiseSettings
    courtesy: Courtesy = field(default_factory=Courtesy)

    @property
    def is_on(self) -> bool:
        """Whether anything is embedded at all."""
        return self.settings.annotated_view

    async def __call__(self, embedder: Embedder, said: Mapping[NoteSource, Annotations]) -> Views:
        """Return the vectors of short texts that something is said about."""
        assert_no_transaction("An embedding")
        most = self.settings.annotated_view_characters
        worth = [
            (source, annotations)
            for source, annotations in said.items()
            if len(source.text) <= most and annotations != Annotations()
        ]
        views: dict[MemoryId, tuple[Annotations, Matrix]] = {}
        for start in range(0, len(worth), _AT_A_TIME):
            some = worth[start : start + _AT_A_TIME]
            texts = [annotated_text(source, annotations) for source, annotations in some]
            await self.courtesy.turn()
            matrices = await embedder.embed_documents(texts, in_background=True)
            for (source, annotations), matrix in zip(some, matrices, strict=True):
                views[source.memory_id] = (annotations, matrix)
        return views


def annotated_text(source: NoteSource, annotations: Annotations) -> str:
    """Return text, keywords, tags and context of a memory in one (A-MEM, eq. 3)."""
    text = indexed_text(source.text, speaker=source.speaker, title=source.title)
    said = (", ".join(annotations.keywords), ", ".join(annotations.tags), annotations.context)
    return "\n".join(filter(None, (text, *said)))
