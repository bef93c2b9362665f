"""Vectors of generated texts, from the service's own encoder."""

import asyncio
from collections.abc import Sequence

import numpy as np

from bench.errors import BenchError
from bench.progress import progress
from bench.similarity.arrays import ExpandedVectors
from bench.texts import TextSource, installed_models, read_vocabulary
from memsvc.embedding.factory import load_embedder
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from memsvc.ports import Matrix
from memsvc.settings import EmbeddingSettings

_TEXTS_AT_ONCE = 500


def encode_texts(texts: int, questions: int, dimension: int, seed: int) -> ExpandedVectors:
    """Encode generated turns and questions; raises ``BenchError`` for another dimension."""
    embedder = load_embedder(EmbeddingSettings(), installed_models())
    if embedder.model.dimension != dimension:
        raise BenchError(
            f"The encoder's vectors have {embedder.model.dimension} components: give"
            f" --dim {embedder.model.dimension}, or --data random."
        )
    source = TextSource(read_vocabulary(), seed)
    turns = [turn.text for turn in source.turns(texts)]
    return asyncio.run(_encoded(embedder, turns, source.questions(questions)))


async def _encoded(
    embedder: OnnxEmbedder, turns: Sequence[str], questions: Sequence[str]
) -> ExpandedVectors:
    try:
        with progress("encode texts", len(turns)) as advance:
            parts: list[Matrix] = []
            for start in range(0, len(turns), _TEXTS_AT_ONCE):
                vectors = await embedder.embed_documents(turns[start : start + _TEXTS_AT_ONCE])
                # A text longer than the window has several vectors; the first will do.
                parts.append(np.stack([windows[0] for windows in vectors]))
                advance(len(vectors))
        with progress("encode questions", len(questions)) as advance:
            asked = []
            for question in questions:
                asked.append(await embedder.embed_query(question))
                advance(1)
    finally:
        await embedder.close()
    return ExpandedVectors(np.concatenate(parts), np.stack(asked))
