"""What a write computes before its transaction: lexical forms and vectors."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog

from memsvc.domain.content import titled_text
from memsvc.domain.graph.extraction import Extracted, extract_entities
from memsvc.domain.identifiers import TenantId
from memsvc.domain.lexical import LexicalForm, analyze_text
from memsvc.errors import ConfigurationError, EmbedderUnavailableError
from memsvc.ports import Embedder, Matrix
from memsvc.services.drafts import Draft
from memsvc.services.embedders import Embedders
from memsvc.store.transactions import assert_no_transaction
from memsvc.telemetry import EMBED_SECONDS, EMBEDDED_TEXTS

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A draft with what the indexes need of it."""

    draft: Draft
    lexical: LexicalForm
    mentions: Extracted
    vectors: Mapping[str, Matrix]
    """By model; empty when it need not be embedded, or could not be now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Analyses and embeds drafts; a missing encoder delays vectors, never the write."""

    embedders: Embedders

    async def __call__(
        self,
        drafts: Sequence[Draft],
        *,
        tenant_id: TenantId,
        language: str,
        skip: AbstractSet[int],
        model_ids: Sequence[str],
    ) -> list[Prepared]:
        """Prepare every draft for these models, of which some may have no encoder here.

        Drafts whose positions are in ``skip`` get no vectors.
        """
        assert_no_transaction("An embedding")
        texts = [draft.indexed_text for draft in drafts]
        forms = asyncio.to_thread(_analyze_all, drafts, language)
        wanted = [no for no in range(len(drafts)) if no not in skip]
        to_embed = [texts[no] for no in wanted]
        embedders = {
            model_id: found
            for model_id in model_ids
            if (found := self.embedders.of_model(model_id, tenant_id)) is not None
        }
        embedding = (self._embed(embedder, to_embed) for embedder in embedders.values())
        (lexical, mentions), matrices = await asyncio.gather(forms, asyncio.gather(*embedding))
        vectors: dict[int, dict[str, Matrix]] = {no: {} for no in wanted}
        for model_id, of_model in zip(embedders, matrices, strict=True):
            for no, matrix in zip(wanted, of_model or (), strict=of_model is not None):
                vectors[no][model_id] = matrix
        return [
            Prepared(
                draft=draft,
                lexical=lexical[no],
                mentions=mentions[no],
                vectors=vectors.get(no, {}),
            )
            for no, draft in enumerate(drafts)
        ]

    @staticmethod
    async def _embed(embedder: Embedder, texts: Sequence[str]) -> list[Matrix] | None:
        if not texts:
            return []
        started = time.perf_counter()
        try:
            vectors = await embedder.embed_documents(texts)
        except (EmbedderUnavailableError, ConfigurationError) as error:
            # Refused or away: the text is kept, and the job that embeds it says what is wrong.
            _log.warning("vectors.deferred", texts=len(texts), code=error.code)
            return None
        EMBED_SECONDS.labels(purpose="documents").observe(time.perf_counter() - started)
        EMBEDDED_TEXTS.inc(len(texts))
        return vectors


def _analyze_all(
    drafts: Sequence[Draft], language: str
) -> tuple[list[LexicalForm], list[Extracted]]:
    forms = [analyze_text(draft.lexical_text, language) for draft in drafts]
    found = [extract_entities(titled_text(d.text, d.title), d.speaker) for d in drafts]
    return forms, found
