"""Comparing the names of a graph's entities, beside the questions that use it."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import structlog

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.synonyms import calibrated_threshold
from memsvc.domain.graph.unrelated_names import UNRELATED_NAMES
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.errors import EmbedderUnavailableError, MemsvcError
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.ports import Embedder, Matrix
from memsvc.services.embedders import Embedders

_log = structlog.get_logger(__name__)

_LEAST_COSINE = 0.5
"""Of a question's name with the entity that it is taken for: without a floor, gibberish stands for
something (HippoRAG links every name to its nearest node)."""
_AT_ONCE = 64
"""Names in one call of the encoder, and one turn of the graph."""


class CompareNames:
    """Gives names their vectors, and with them their synonyms: only those that have none yet.

    A question does not wait for it: it walks on what has been compared so far.
    """

    def __init__(self, embedders: Embedders) -> None:
        self._embedders = embedders
        self._thresholds: dict[str, float] = {}
        self._running: dict[BankScope, asyncio.Task[None]] = {}

    def begin(self, bank: ResolvedBank, graph: MemoryGraph) -> None:
        """See to it that the names of a graph are compared, if nobody is at it."""
        running = self._running.get(bank.scope)
        if running is not None and not running.done():
            return
        embedder = self._embedders.of_model(bank.model_id, bank.scope.tenant_id)
        if embedder is not None:
            task = asyncio.create_task(self._compare_in_background(bank.scope, embedder, graph))
            self._running[bank.scope] = task

    async def compare(self, embedder: Embedder, graph: MemoryGraph) -> int:
        """Compare the names that have no vector yet; return how many pairs are synonyms.

        Raises ``EmbedderUnavailableError``.
        """
        threshold, found = await self.threshold(embedder), 0
        while names := graph.lacking_names(threshold, _AT_ONCE):
            vectors = await _embedded(embedder, names)
            found += await asyncio.to_thread(graph.add_names, names, vectors)
        return found

    async def nearest(
        self, bank: ResolvedBank, graph: MemoryGraph, names: Sequence[EntityForm]
    ) -> list[EntityForm]:
        """Return the entities of the nearest names, where they are near at all.

        None where the encoder is away, or not configured here.
        """
        embedder = self._embedders.of_model(bank.model_id, bank.scope.tenant_id)
        if embedder is None:
            return []
        try:
            vectors = await _embedded(embedder, names)
        except EmbedderUnavailableError:
            return []
        near = [graph.nearest_name(vector, _LEAST_COSINE) for vector in vectors]
        return list(dict.fromkeys(form for form in near if form is not None))

    async def threshold(self, embedder: Embedder) -> float:
        """Return the least cosine of synonyms for an encoder, measured once for each model."""
        model = embedder.model
        if model.id not in self._thresholds:
            threshold = calibrated_threshold(await _embedded(embedder, UNRELATED_NAMES))
            self._thresholds[model.id] = threshold
            _log.info("synonyms.calibrated", model=model.name, threshold=round(threshold, 4))
        return self._thresholds[model.id]

    async def _compare_in_background(
        self, scope: BankScope, embedder: Embedder, graph: MemoryGraph
    ) -> None:
        started = time.perf_counter()
        try:
            found = await self.compare(embedder, graph)
        except MemsvcError as error:
            # The next question tries again; until then there are fewer synonyms.
            _log.warning("synonyms.postponed", bank_id=str(scope.bank_id), code=error.code)
        else:
            if found:
                seconds = round(time.perf_counter() - started, 3)
                _log.info("synonyms.found", bank_id=str(scope.bank_id), pairs=found, took_s=seconds)
        finally:
            self._running.pop(scope, None)


async def _embedded(embedder: Embedder, names: Sequence[EntityForm]) -> Matrix:
    """Return one unit vector for each name: names fit the window of any encoder."""
    return np.stack([windows[0] for windows in await embedder.embed_documents(names)])
