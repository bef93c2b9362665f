"""An encoder that knows some texts' vectors already."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from memsvc.embedding.factory import load_embedder
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from memsvc.ports import EmbeddingModel, Matrix, Vector
from memsvc.settings import EmbeddingSettings


class LookupEmbedder:
    """The ``Embedder`` of the service, but for what it is told; counts no token differently."""

    def __init__(self, models: Sequence[Path]) -> None:
        """Load the encoder that the environment names from one of these folders."""
        self._encoder: OnnxEmbedder = load_embedder(EmbeddingSettings(), models)
        self.known: Mapping[str, Vector] | None = None
        """Vectors of texts, or ``None`` to encode all."""

    @property
    def model(self) -> EmbeddingModel:
        """The encoder's."""
        return self._encoder.model

    async def embed_query(self, text: str) -> Vector:
        """Return the vector that is known, else the encoder's."""
        if self.known is not None and (found := self.known.get(text)) is not None:
            return found
        return await self._encoder.embed_query(text)

    async def embed_documents(
        self, texts: Sequence[str], *, in_background: bool = False
    ) -> list[Matrix]:
        """Return the vectors that are known, if all are, else the encoder's.

        A text is known without the name that the service puts before it.
        """
        if self.known is not None:
            found = [self.known.get(each.partition(": ")[2] or each) for each in texts]
            if all(each is not None for each in found):
                return [np.atleast_2d(each) for each in found if each is not None]
        return await self._encoder.embed_documents(texts, in_background=in_background)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        return self._encoder.count_tokens(texts)

    async def close(self) -> None:
        """End the encoder's thread."""
        await self._encoder.close()

    def embed_now(self, text: str, runner: asyncio.Runner) -> list[float]:
        """Return the vector of one text, as libraries without an event loop take it."""
        if self.known is not None and (found := self.known.get(text)) is not None:
            return [float(each) for each in found]
        # A text longer than the window has several vectors; such libraries keep one.
        [windows] = runner.run(self._encoder.embed_documents([text]))
        return [float(each) for each in windows[0]]
