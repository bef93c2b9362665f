"""What a write computes before its transaction: lexical forms and vectors."""

import asyncio
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog

from memsvc.domain.lexical import LexicalForm, analyze_text
from memsvc.errors import EmbedderUnavailableError
from memsvc.ports import Embedder, Matrix
from memsvc.services.drafts import Draft
from memsvc.store.transactions import assert_no_transaction
from memsvc.telemetry import EMBED_SECONDS, EMBEDDED_TEXTS

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A draft with what the indexes need of it."""

    draft: Draft
    lexical: LexicalForm
    vectors: Matrix | None
    """``None`` when it need not be embedded, or could not be now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Analyses and embeds drafts; a missing encoder delays vectors, never the write."""

    embedder: Embedder

    async def __call__(
        self, drafts: Sequence[Draft], *, language: str, skip: AbstractSet[int]
    ) -> list[Prepared]:
        """Prepare every draft; those whose positions are in ``skip`` get no vectors."""
        assert_no_transaction("An embedding")
        texts = [draft.indexed_text for draft in drafts]
        forms = asyncio.to_thread(_analyze_all, texts, language)
        wanted = [no for no in range(len(drafts)) if no not in skip]
        lexical, matrices = await asyncio.gather(forms, self._embed([texts[no] for no in wanted]))
        vectors = dict(zip(wanted, matrices, strict=True)) if matrices is not None else {}
        return [
            Prepared(draft=draft, lexical=lexical[no], vectors=vectors.get(no))
            for no, draft in enumerate(drafts)
        ]

    async def _embed(self, texts: Sequence[str]) -> list[Matrix] | None:
        if not texts:
            return []
        started = time.perf_counter()
        try:
            vectors = await self.embedder.embed_documents(texts)
        except EmbedderUnavailableError as error:
            _log.warning("vectors.deferred", texts=len(texts), code=error.code)
            return None
        EMBED_SECONDS.labels(purpose="documents").observe(time.perf_counter() - started)
        EMBEDDED_TEXTS.inc(len(texts))
        return vectors


def _analyze_all(texts: Sequence[str], language: str) -> list[LexicalForm]:
    return [analyze_text(text, language) for text in texts]
