"""Mem0's open-source library, storing texts as they are, in pgvector.

It lives in an environment of its own (`make bench-peers`), so it is imported by name; nothing of
it is needed elsewhere. Its telemetry is off, and no language model is asked: the key it wants for
one is made up.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.lookup import LookupEmbedder
from bench.peers.orders import Item, K
from bench.texts import SPEAKERS
from memsvc.ports import Vector
from memsvc.store.embedded.cluster import SUPERUSER
from memsvc.store.embedded.supervisor import EmbeddedPostgres

_ID = "item"


@contextmanager
def opened_mem0(folder: Path, models: Sequence[Path]) -> Iterator["Mem0"]:
    """Yield the library on an empty PostgreSQL of the kind that our service starts."""
    os.environ["MEM0_TELEMETRY"] = "False"  # noqa: TID251 — read when it is imported
    os.environ["MEM0_DIR"] = str(folder)  # noqa: TID251
    os.environ["OPENAI_API_KEY"] = "none"  # noqa: TID251
    library = import_module("mem0")
    embedder = LookupEmbedder(models)
    with EmbeddedPostgres(folder) as server, asyncio.Runner() as runner:
        store = {
            "connection_string": server.conninfo(SUPERUSER, "postgres"),
            "collection_name": "memories",
            "embedding_model_dims": embedder.model.dimension,
        }
        memory = library.Memory.from_config(
            {
                "vector_store": {"provider": "pgvector", "config": store},
                "history_db_path": str(folder / "history.db"),
            }
        )
        memory.embedding_model = _Encoder(embedder, runner)
        try:
            yield Mem0(memory, embedder)
        finally:
            memory.vector_store.connection_pool.close()
            runner.run(embedder.close())


class _Encoder:
    """What the library calls an embedding model."""

    def __init__(self, embedder: LookupEmbedder, runner: asyncio.Runner) -> None:
        self._embedder = embedder
        self._runner = runner

    def embed(self, text: str, _action: str | None = None, **_: object) -> list[float]:
        """Return a text's vector."""
        return self._embedder.embed_now(text, self._runner)

    def embed_batch(self, texts: Sequence[str], action: str | None = None) -> list[list[float]]:
        """Return the vector of each text."""
        return [self.embed(text, action) for text in texts]


class Mem0:
    """A ``PeerSystem``: a scope is a user, an item a message stored with ``infer=False``."""

    def __init__(self, memory: Any, embedder: LookupEmbedder) -> None:  # noqa: ANN401 — of no type
        self._memory = memory
        self._embedder = embedder

    def precomputed(self, vectors: Mapping[str, Vector] | None) -> None:
        """Take the vectors of texts from here from now on; ``None`` encodes them."""
        known = vectors
        if vectors is not None:
            # Who said it stands before what was said, as our service embeds it.
            known = dict(vectors) | {
                f"{speaker}: {text}": vector
                for text, vector in vectors.items()
                for speaker in SPEAKERS
            }
        self._embedder.known = known

    def add(self, scope: str, items: Sequence[Item]) -> None:
        """Store items as messages, each by a call, since an id of its own goes with a call."""
        for each in items:
            said = f"{each.speaker}: {each.text}" if each.speaker else each.text
            self._memory.add(
                [{"role": "user", "content": said}],
                user_id=scope,
                metadata={_ID: each.id},
                infer=False,
            )

    def search(self, scope: str, question: str) -> list[str]:
        """Return the ids of the best items."""
        found = self._memory.search(question, top_k=K, filters={"user_id": scope})
        return [str(each["metadata"][_ID]) for each in found["results"]]

    def facts(self) -> Mapping[str, str]:
        """Return versions, and settings that are not the defaults."""
        return {
            "version": version("mem0ai"),
            "store": "pgvector, HNSW (its default)",
            "infer": "False",
            "telemetry": "off",
            "spacy": "not installed (optional)",
            "asked": "in process",
        }
