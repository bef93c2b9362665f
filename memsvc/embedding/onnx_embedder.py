"""The local embedder: a sentence encoder on ONNX Runtime, in this process, without PyTorch."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import chain

import numpy as np

from memsvc.embedding.batches import padded_batches
from memsvc.embedding.identity import Prefixes, model_identity
from memsvc.embedding.inference import SentenceEncoder
from memsvc.embedding.lane import InferenceLane, Urgency
from memsvc.embedding.model_folder import ModelFolder
from memsvc.embedding.query_batches import QueryBatches
from memsvc.embedding.tokens import TokenIds, WindowTokenizer
from memsvc.ports import EmbeddingModel, Matrix, Vector

_BACKGROUND_SHARE = 4
"""Batches of background work are a quarter as large: about as long as embedding one short text."""


class OnnxEmbedder:
    """``Embedder`` over a model folder; construction blocks for as long as loading takes.

    ``batch_tokens`` bounds the padded tokens of one inference, and with them the memory and how
    long a query waits while documents are embedded.
    """

    def __init__(
        self, folder: ModelFolder, prefixes: Prefixes, *, threads: int, batch_tokens: int
    ) -> None:
        self._prefixes = prefixes
        self._batch_tokens = batch_tokens
        self._tokenizer = WindowTokenizer(folder.tokenizer, folder.window_tokens)
        self._encoder = SentenceEncoder(folder, threads)
        self._lane = InferenceLane()
        self._queries = QueryBatches(self._lane, self._encode_queries)
        self._model = EmbeddingModel(
            id=model_identity(folder, prefixes),
            name=folder.name,
            dimension=self._encoder.dimension,
            window_tokens=folder.window_tokens,
        )

    @property
    def model(self) -> EmbeddingModel:
        """The space the vectors live in."""
        return self._model

    async def embed_query(self, text: str) -> Vector:
        """Return the unit vector of the query's first window."""
        return await self._queries.vector(text)

    async def embed_documents(
        self, texts: Sequence[str], *, in_background: bool = False
    ) -> list[Matrix]:
        """Return each text's unit vectors in order: one per window, at least one.

        Windows of similar length share a batch. One batch is under way per call, so concurrent
        calls take turns and a query waits for one batch at most. Background work comes last and in
        smaller batches: whoever writes waits for one of these at most.
        """
        # Tokenizing has threads of its own and must not hold up the lane.
        windows = await asyncio.to_thread(
            self._tokenizer.document_windows, texts, self._prefixes.document
        )
        flat = list(chain.from_iterable(windows))
        vectors = await self._encode(flat, in_background=in_background)
        ends = np.cumsum([len(of_text) for of_text in windows])
        return np.split(vectors, ends[:-1]) if texts else []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens left out."""
        return self._tokenizer.count(texts)

    async def close(self) -> None:
        """End the inference thread; later calls raise ``EmbedderUnavailableError``."""
        await self._lane.close()

    def _encode_queries(self, texts: Sequence[str]) -> Matrix:
        prefix = self._prefixes.query
        return self._encoder.encode([self._tokenizer.query_window(text, prefix) for text in texts])

    async def _encode(self, windows: Sequence[TokenIds], *, in_background: bool) -> Matrix:
        urgency = Urgency.BACKGROUND if in_background else Urgency.WRITE
        most = self._batch_tokens // _BACKGROUND_SHARE if in_background else self._batch_tokens
        vectors = np.empty((len(windows), self._model.dimension), dtype=np.float32)
        lengths = [len(window) for window in windows]
        for batch in padded_batches(lengths, most):
            job = partial(self._encoder.encode, [windows[place] for place in batch])
            vectors[batch] = await self._lane.run(job, urgency)
        return vectors
