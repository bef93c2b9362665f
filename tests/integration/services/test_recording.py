"""Recorded recalls: kept for a time, without memory text, and never in the way of an answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Condition, Filter, RecallNotFoundError
from prometheus_client import REGISTRY

from memsvc.bootstrap import Application
from memsvc.domain.identifiers import TenantId, uuid7
from memsvc.domain.recorded_recalls import RecallId, RecordedRecall
from memsvc.errors import BankNotFoundError
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.recorded_answers import KeptSettings
from memsvc.services.recalling.recording import LoggedRecall, RecallLog, Recorder
from memsvc.services.reinforcing import ReinforceReturned
from memsvc.services.tidy import Tidy
from memsvc.settings import RecordingSettings, Settings
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock

CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
ADA = BankReference(value="ada")
QUERY = RecallQuery(text="what sails?")


def outcomes(name: str) -> float:
    return REGISTRY.get_sample_value("memsvc_recordings_total", {"outcome": name}) or 0.0


def sampling(application: Application, log: RecallLog, share: float) -> LoggedRecall:
    sampled, kept = RecordingSettings(sample=share), KeptSettings(Settings())
    recorder = Recorder(log, SystemClock(), sampled, kept)
    return LoggedRecall(application.recall._recall, log, recorder)


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    found = client.bank("ada")
    await found.add_memory("ships sail at sea", create=True, metadata={"deep": True})
    await found.add_memory("the cook of the ship")
    return found


@pytest.fixture
async def log(store: Store) -> AsyncIterator[RecallLog]:
    returned = ReinforceReturned(store, SystemClock())
    found = RecallLog(store, RecordingSettings(queue=2), returned)
    yield found
    await found.flush()


async def recorded(application: Application, bank: AsyncBank) -> UUID:
    answer = await bank.recall("ships at sea", record=True, explain=True, k=1)
    await application.recall_log.flush()
    assert answer.id is not None
    assert answer.recorded
    return answer.id


async def test_a_recorded_recall_says_what_was_asked_and_what_answered(
    application: Application, bank: AsyncBank
) -> None:
    deep = Condition({"key": "deep", "op": "eq", "value": True})
    answer = await bank.recall("ships at sea", record=True, k=1, filter=Filter(metadata=deep))
    await application.recall_log.flush()
    assert answer.id is not None
    kept = await bank.recorded_recall(answer.id)
    assert kept.query == "ships at sea"
    assert kept.parameters["k"] == 1
    assert kept.parameters["filter"]["metadata"] == {"key": "deep", "op": "eq", "value": True}  # type: ignore[index,call-overload]
    assert [each.memory_id for each in kept.hits] == [each.memory.id for each in answer.hits]
    assert [each.score for each in kept.hits] == [each.score for each in answer.hits]
    assert kept.hits[0].version == 1
    assert kept.settings["rrf_k"] == 10


async def test_no_memory_text_is_recorded(application: Application, bank: AsyncBank) -> None:
    recall_id = await recorded(application, bank)
    written = (await bank.recorded_recall(recall_id)).model_dump_json()
    assert "cook" not in written
    assert "sail" not in written


async def test_near_misses_are_recorded_with_their_reason(
    application: Application, bank: AsyncBank
) -> None:
    kept = await bank.recorded_recall(await recorded(application, bank))
    assert [each.dropped_for for each in kept.hits] == [None, "rank"]


async def test_recalls_are_listed_newest_first(application: Application, bank: AsyncBank) -> None:
    ids = [await recorded(application, bank) for _ in range(2)]
    assert {each.id async for each in bank.recalls()} == set(ids)
    found = [each.recorded_at async for each in bank.recalls()]
    assert found == sorted(found, reverse=True)


async def test_an_answer_that_is_not_recorded_has_an_id_all_the_same(
    application: Application, bank: AsyncBank
) -> None:
    answer = await bank.recall("ships", record=False)
    await application.recall_log.flush()
    assert answer.id is not None
    assert not answer.recorded
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(answer.id)


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_a_share_of_recalls_is_recorded(
    application: Application, bank: AsyncBank, log: RecallLog, share: float
) -> None:
    recall = sampling(application, log, share)
    answers = [await recall(CALLER, ADA, QUERY) for _ in range(2)]
    assert [each.recorded for each in answers] == [share == 1] * 2


async def test_a_full_queue_drops_the_recording_and_counts_it(
    application: Application, bank: AsyncBank, log: RecallLog
) -> None:
    before = outcomes("queue_full")
    recall = sampling(application, log, 1)
    answers = [await recall(CALLER, ADA, QUERY) for _ in range(3)]
    assert [each.recorded for each in answers] == [True, True, False]
    assert all(each.hits for each in answers)
    assert outcomes("queue_full") == before + 1


async def test_a_recording_that_cannot_be_written_fails_no_answer(
    application: Application, bank: AsyncBank, log: RecallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_tenant_id: TenantId) -> None:
        raise RuntimeError("the table is gone")

    before = outcomes("failed")
    monkeypatch.setattr(log, "_store", type("Broken", (), {"write": staticmethod(broken)}))
    answer = await sampling(application, log, 1)(CALLER, ADA, QUERY)
    await log.flush()
    assert answer.hits
    assert outcomes("failed") == before + 1


async def test_what_is_queued_is_written_when_the_service_stops(
    application: Application, bank: AsyncBank, log: RecallLog
) -> None:
    async with log.running():
        answer = await sampling(application, log, 1)(CALLER, ADA, QUERY)
    assert answer.id is not None
    assert (await bank.recorded_recall(answer.id)).query == QUERY.text


async def test_recordings_go_when_their_time_is_over(
    application: Application, bank: AsyncBank, store: Store
) -> None:
    recall_id = await recorded(application, bank)
    tidy = Tidy(store, DEFAULT_TENANT, SystemClock(), keep_recalls=timedelta(days=1))
    await tidy()
    await bank.recorded_recall(recall_id)
    await Tidy(store, DEFAULT_TENANT, SystemClock(), keep_recalls=timedelta(0))()
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(recall_id)


async def test_another_tenant_sees_no_recording(application: Application, bank: AsyncBank) -> None:
    recall_id = await recorded(application, bank)
    other = Caller(tenant_id=TenantId(uuid7(SystemClock().now())), actor="other")
    with pytest.raises(BankNotFoundError):
        await application.recorded_recalls.get(other, ADA, RecallId(recall_id))


async def test_nothing_is_recorded_for_another_tenants_bank(
    application: Application, bank: AsyncBank, log: RecallLog, store: Store
) -> None:
    kept = RecallId(await recorded(application, bank))
    record = await application.recorded_recalls.get(CALLER, ADA, kept)
    now = SystemClock().now()
    stolen: RecordedRecall = replace(record, id=RecallId(uuid7(now)))
    log.offer(TenantId(uuid7(now)), stolen)
    await log.flush()
    assert [each.id async for each in bank.recalls()] == [kept]
