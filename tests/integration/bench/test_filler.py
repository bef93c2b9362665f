"""Rows stored past the API are those that recalls find everything by."""

import numpy as np

from bench.filler import _add
from bench.loading import TURNS_PER_EPISODE
from bench.similarity.arrays import ExpandedVectors
from bench.texts import TextSource
from bench.vectors import VectorSource
from memsvc.domain.episode_evidence import REACH, has_neighbours
from memsvc.domain.identifiers import MemoryId
from memsvc.ports import FeedRequest
from memsvc.store.recall_reads import RecallReads
from memsvc.system_clock import SystemClock
from tests.fixtures.services import Service

VOCABULARY = [a + b + c for a in "bcdfg" for b in ("ando", "eril", "ulat") for c in "klmnprst"]


async def test_filled_banks_have_vectors_words_names_and_places(service: Service) -> None:
    scope = await service.create_bank("filled")
    async with service.database.store.read(scope.tenant_id) as tx:
        bank = await tx.banks.resolve("filled")
    size = service.embedder.model.dimension
    around = ExpandedVectors(np.eye(4, size, dtype=np.float32), np.eye(1, size, dtype=np.float32))
    turns = TextSource(VOCABULARY, 0, names=2.0).turns(TURNS_PER_EPISODE + 5)

    await _add(service.database.store, bank, turns, VectorSource(around, 0))

    request = FeedRequest(model_id=bank.model_id, lexical=True, mentions=True)
    entries = [each async for _, page in service.feed.load(scope, request) for each in page]
    assert len(entries) == len(turns)
    assert all(len(each.vectors) == 1 and each.lexical is not None for each in entries)
    assert all(each.mentions is not None and each.mentions.subjects for each in entries)
    assert any(len(each.mentions.mentions) > 1 for each in entries if each.mentions is not None)

    ids = sorted(MemoryId(each.memory_id) for each in entries)
    reads = RecallReads(service.database.engine)
    now = SystemClock().now()
    # The third turn has two places before and after it; the last episode begins anew.
    places = await reads.places_near(scope, [ids[2]], REACH, now)
    assert sorted(places.seqs.tolist()) == [0, 1, 2, 3, 4]
    assert has_neighbours(places)
    places = await reads.places_near(scope, [ids[TURNS_PER_EPISODE]], REACH, now)
    assert sorted(places.seqs.tolist()) == [0, 1, 2]
    assert len(await reads.places_near(scope, [], REACH, now)) == 0
