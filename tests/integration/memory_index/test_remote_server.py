"""Recall over a real index server: its answer, its going and its coming back."""

from prometheus_client import REGISTRY

from gpu_index import VectorIndex
from memsvc.bootstrap import Application
from memsvc.domain.fusion import Arm
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.recalled import Recalled, RecallQuery
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
