"""Recall over a real index server: its answer, its going and its coming back."""

import numpy as np
from prometheus_client import REGISTRY

from gpu_index import VectorIndex
from memsvc.bootstrap import Application
from memsvc.domain.fusion import Arm
from memsvc.memory_index.replicas import BankReplicas
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.erasing.erased_copies import AllCopies
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.settings import IndexSettings
from memsvc.store.overlay import OverlayReads
from tests.fixtures.services import Service
from tests.integration.memory_index.conftest import Start, follow


async def recall(application: Application, service: Service, text: str) -> Recalled:
    query = RecallQuery(text=text, arms=frozenset({Arm.DENSE}), k=5)
    return await application.recall(service.caller, BankReference(value="ann"), query)


def texts(answer: Recalled) -> list[str]:
    return [hit.memory.text for hit in answer.hits]


def fallbacks(reason: str) -> float:
    labels = {"index": "server", "reason": reason}
    return REGISTRY.get_sample_value("memsvc_index_fallbacks_total", labels) or 0.0


async def test_recall_goes_on_while_the_server_is_away_and_says_so(
    remote: Application, service: Service, held: VectorIndex, start: Start
) -> None:
    await service.remember_items("ann", NewMemory(text="ships at sea"))
    await follow(service, held)
    await service.remember_items("ann", NewMemory(text="ships in the harbour"))
    both = ["ships at sea", "ships in the harbour"]
    before = fallbacks("index_unavailable")

    server = start()
    there = await recall(remote, service, "ships at sea")
    server.close(timeout_s=1)
    away = await recall(remote, service, "ships at sea")
    start()
    answers = [await recall(remote, service, "ships at sea") for _ in range(50)]

    assert (texts(there), there.arms[Arm.DENSE].reason) == (both, None)
    assert texts(away) == both
    assert away.arms[Arm.DENSE].reason == "server is away; answered by pgvector"
    assert fallbacks("index_unavailable") > before
    assert all(texts(answer) == both for answer in answers)
    assert answers[-1].arms[Arm.DENSE].reason is None, "it returns by itself"


async def test_a_bank_that_the_server_has_not_loaded_is_answered_by_pgvector(
    remote: Application, service: Service, start: Start
) -> None:
    await service.remember_items("ann", NewMemory(text="ships at sea"))
    start()

    answer = await recall(remote, service, "ships")

    assert texts(answer) == ["ships at sea"]
    reason = "server has not loaded the bank yet; answered by pgvector"
    assert answer.arms[Arm.DENSE].reason == reason


async def test_a_search_after_an_erasure_asks_the_server_too(
    remote: Application, service: Service, held: VectorIndex, start: Start
) -> None:
    written = await service.remember_items("ann", NewMemory(text="ships"), NewMemory(text="cooks"))
    await follow(service, held)
    gone = written.memories[0].id
    scope = (await service.banks.get(service.caller, BankReference(value="ann"))).scope
    async with service.database.store.write(service.caller.tenant_id) as tx:
        await tx.eraser.remove(scope.bank_id, [gone])
        await tx.changes.cut(scope.bank_id)
    local = BankReplicas(service.feed, IndexSettings(), model_id=None)
    server = remote.index_upkeep._server
    copies = AllCopies(service.database.store, local, server, wait_s=0.0)

    serving = start()
    behind = await copies.search(scope, [gone])
    await follow(service, held)
    there = await copies.search(scope, [gone])
    partition = await OverlayReads(service.database.engine).partition(
        scope, service.embedder.model.id
    )
    assert partition is not None
    held.add(partition, np.array([99_999]), np.ones((1, held.dimension), np.float32))
    foreign = await copies.search(scope, [gone])
    serving.close(timeout_s=1)
    away = await copies.search(scope, [gone])

    assert away.unsearched == ["index server"]
    assert behind.pending == {"index server": 1}
    assert (there.searched["index server"], there.pending, there.unsearched) == (1, {}, [])
    assert (there.leftovers, foreign.leftovers) == ({}, {"index server": 1})
