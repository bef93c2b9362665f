"""Names of entities are compared beside the questions, each once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.unrelated_names import UNRELATED_NAMES
from memsvc.domain.memory import ResolvedBank
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.ports import Matrix, Vector
from memsvc.services.compare_names import CompareNames
from memsvc.services.embedders import Embedders
from tests.fixtures.embedder import HashingEmbedder
from tests.unit.memory_index.fake_feed import memory_id
from tests.unit.memory_index.test_memory_graph import extracted
from tests.unit.services.recalling.test_second_hop import BANK

BRIDGE, SPANISH = EntityForm("iron bridge"), EntityForm("puente de hierro")


class NamesEmbedder(HashingEmbedder):
    """Puts names anywhere, but those of one bridge near each other, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    async def embed_documents(
        self,
        texts: Sequence[str],
        *,
        in_background: bool = False,  # noqa: ARG002 — the port's
    ) -> list[Matrix]:
        self._refuse_when_down()
        self.names += texts
        return [self._placed(text)[np.newaxis] for text in texts]

    def _placed(self, text: str) -> Vector:
        draw = np.random.default_rng(crc32(text.encode()))
        vector = draw.normal(size=self.model.dimension).astype(np.float32)
        if text == SPANISH:
            vector = self._placed(BRIDGE) + 0.1 * vector / np.linalg.norm(vector)
        unit: Vector = vector / np.linalg.norm(vector)
        return unit


def graph_with(*forms: EntityForm) -> MemoryGraph:
    graph = MemoryGraph()
    graph.apply({memory_id(no): extracted([form]) for no, form in enumerate(forms, 1)})
    return graph


async def test_only_new_names_are_embedded_and_the_threshold_once() -> None:
    embedder = NamesEmbedder()
    names = CompareNames(Embedders(default=embedder))
    graph = graph_with(BRIDGE)
    assert await names.compare(embedder, graph) == 0
    assert set(embedder.names) == {*UNRELATED_NAMES, BRIDGE}
    embedder.names.clear()
    graph.apply({memory_id(9): extracted([SPANISH])})
    assert await names.compare(embedder, graph) == 1
    assert embedder.names == [SPANISH]
    assert graph.synonyms_of(BRIDGE).keys() == {SPANISH}


async def test_an_encoder_that_is_away_postpones_it() -> None:
    embedder = NamesEmbedder()
    names = CompareNames(Embedders(default=embedder))
    graph = graph_with(BRIDGE)
    bank = _of_model(embedder)
    embedder.down = True
    names.begin(bank, graph)
    await _until_done()
    embedder.down = False
    threshold = await names.threshold(embedder)
    assert graph.lacking_names(threshold, 9)
    names.begin(bank, graph)
    names.begin(bank, graph)
    for _ in range(200):
        if not graph.lacking_names(threshold, 9):
            break
        await asyncio.sleep(0.005)
    assert not graph.lacking_names(threshold, 9)


async def _until_done() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _of_model(embedder: HashingEmbedder) -> ResolvedBank:
    return replace(BANK, model_id=embedder.model.id)
