"""The rest of the surface, through the Python client against the whole application.

A change of the API that breaks the client fails here.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from httpx2 import ASGITransport
from httpx2 import AsyncClient as HttpClient
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    BankExistsError,
    BankNotFoundError,
    Document,
    Episode,
    IllegalTransitionError,
    InvalidRequestError,
    JobNotFoundError,
    MemoryNotFoundError,
    Message,
    NewMemory,
)

from memsvc.api.app import create_app
from memsvc.bootstrap import Application
from memsvc.settings import ApiSettings
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.application import LOCAL
from tests.fixtures.embedder import HashingEmbedder


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


@pytest.fixture
async def http(application: Application) -> AsyncIterator[HttpClient]:
    """Plain HTTP, for what the client would not send."""
    transport = ASGITransport(create_app(application, ApiSettings()))
    async with HttpClient(base_url=LOCAL, transport=transport) as client:
        yield client


async def test_a_bank_is_created_read_changed_listed_and_deleted(client: AsyncClient) -> None:
    created = await client.create_bank("ann", description="Ann's", metadata={"plan": "pro"})
    changed = await client.update_bank("ann", language="pt")

    assert (created.name, changed.language, changed.metadata) == ("ann", "pt", {"plan": "pro"})
    assert (await client.get_bank(created.id)).id == created.id
    assert [each.name async for each in client.list_banks()] == ["ann"]
    job = await client.delete_bank("ann")
    assert (job.kind, job.state) == ("bank.delete", "queued")
    with pytest.raises(BankNotFoundError):
        await client.get_bank("ann")


async def test_a_name_is_given_once_unless_existing_is_fine(client: AsyncClient) -> None:
    first = await client.create_bank("ann")

    with pytest.raises(BankExistsError):
        await client.create_bank("ann")
    assert (await client.create_bank("ann", exist_ok=True)).id == first.id


@pytest.mark.parametrize(
    "name", ["Ann", "a b", "", "x" * 129, "0b5550aa-1892-4521-96a2-1aec4e2ee7d9"]
)
async def test_names_that_are_not_names_are_refused(client: AsyncClient, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        await client.create_bank(name)


async def test_listings_go_on_until_everything_was_listed(bank: AsyncBank) -> None:
    await bank.add_memories([NewMemory(text=f"Item {no}") for no in range(130)])

    assert [each.text async for each in bank.memories()] == [f"Item {no}" for no in range(130)]


async def test_episodes_and_documents_are_stored_in_one_batch(bank: AsyncBank) -> None:
    result = await bank.add_episodes(
        [
            Episode(source="s1", messages=[Message(text="Hello", speaker="Ann")]),
            Episode(source="doc", title="Rules", document=Document(text="One.\n\nTwo.")),
        ]
    )

    assert [each.episode.source for each in result.results] == ["s1", "doc"]
    assert [each.kind async for each in bank.memories()] == ["turn", "passage"]


async def test_a_memory_is_annotated_by_merge_patch_and_pinned(bank: AsyncBank) -> None:
    written = await bank.add_memory("Likes tea.", metadata={"a": 1, "b": {"c": 2, "d": 3}})

    changed = await bank.update(written.id, metadata={"a": None, "b": {"c": 4}}, pinned=True)

    assert (changed.metadata, changed.pinned, changed.version) == ({"b": {"c": 4, "d": 3}}, True, 1)
    assert (await bank.get(written.id)).metadata == changed.metadata


async def test_illegal_transitions_are_refused(bank: AsyncBank) -> None:
    written = await bank.add_memory("Here.")

    with pytest.raises(IllegalTransitionError):
        await bank.restore(written.id)
    await bank.archive(written.id)
    with pytest.raises(IllegalTransitionError):
        await bank.archive(written.id)


async def test_what_is_not_there_is_not_found(client: AsyncClient, bank: AsyncBank) -> None:
    with pytest.raises(MemoryNotFoundError):
        await bank.get(uuid4())
    with pytest.raises(JobNotFoundError):
        await client.get_job(uuid4())
    with pytest.raises(BankNotFoundError):
        await client.bank("nobody").recall("anything")


async def test_a_memory_of_another_bank_is_not_found_through_this_one(client: AsyncClient) -> None:
    written = await client.bank("one").add_memory("Mine.", create=True)
    await client.create_bank("two")

    with pytest.raises(MemoryNotFoundError):
        await client.bank("two").get(written.id)


async def test_vectors_that_were_left_out_are_added_when_the_encoder_is_back(
    application: Application, client: AsyncClient, embedder: HashingEmbedder
) -> None:
    bank = client.bank("ann")
    embedder.down = True
    written = await bank.add_memory("The boiler was serviced.", create=True)
    embedder.down = False
    worker = WorkerRunner(application.work)
    worker.start()
    try:
        await client.wait_for_jobs(timeout_s=20)
    finally:
        await worker.stop()

    assert (await bank.get(written.id)).embedded
    [job] = [each async for each in client.jobs()]
    assert (job.kind, job.state) == ("memories.embed", "succeeded")
    answer = await bank.recall("boiler serviced", arms=["dense"])
    assert [hit.memory.id for hit in answer.hits] == [written.id]


async def test_a_deleted_banks_rows_are_physically_gone_after_its_job(
    application: Application, client: AsyncClient
) -> None:
    await client.bank("temp").add_memories(
        [NewMemory(text=f"Row {no}") for no in range(20)], create=True
    )
    await client.bank("kept").add_memory("Stay.", create=True)
    job = await client.delete_bank("temp")
    worker = WorkerRunner(application.work)
    worker.start()
    try:
        await client.wait_for_jobs(timeout_s=20)
    finally:
        await worker.stop()

    assert (await client.get_job(job.id)).state == "succeeded"
    async with application.banks._store.read(application.default_tenant) as tx:
        count = "SELECT count(*) FROM banks"
        assert (await tx.banks._session.connection.exec_driver_sql(count)).scalar_one() == 1
    assert [each.text async for each in client.bank("kept").memories()] == ["Stay."]


async def test_one_key_does_the_work_once_and_the_answer_is_replayed(http: HttpClient) -> None:
    body = {"text": "Once."}
    path, key = "/v1/banks/ann/memories?create=true", {"Idempotency-Key": "k-1"}

    first, *rest = await asyncio.gather(
        *(http.post(path, json=body, headers=key) for _ in range(5))
    )

    assert {each.status_code for each in (first, *rest)} == {201}
    assert {each.json()["id"] for each in (first, *rest)} == {first.json()["id"]}
    replays = [each.headers.get("Idempotent-Replay") for each in (first, *rest)]
    assert sorted(map(str, replays)) == ["None"] + ["true"] * 4
    other = await http.post(path, json={"text": "Twice."}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_a_cursor_that_nobody_gave_out_is_refused(bank: AsyncBank, http: HttpClient) -> None:
    written = await bank.add_memory("Here.")
    memories = f"/v1/banks/ann/memories/{written.id}"

    for path, cursor in (
        ("/v1/banks", "No Name"),
        ("/v1/banks/ann/memories", "7"),
        (f"{memories}/versions", "99999999999"),
        ("/v1/jobs", "x"),
    ):
        answer = await http.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), path


async def test_times_without_a_zone_are_refused_unless_one_is_named(http: HttpClient) -> None:
    path = "/v1/banks/ann/memories?create=true"
    naive = {"text": "When?", "occurred_at": "2026-07-01T12:00:00"}

    refused = await http.post(path, json=naive)
    assert (refused.status_code, refused.json()["code"]) == (422, "naive_timestamp")
    accepted = await http.post(path, json=naive | {"timezone": "Europe/Lisbon"})
    memory = await http.get(f"/v1/banks/ann/memories/{accepted.json()['id']}")
    instant = datetime.fromisoformat(memory.json()["occurred_at"])
    assert instant == datetime(2026, 7, 1, 11, tzinfo=UTC)


async def test_the_service_says_how_it_is(client: AsyncClient, http: HttpClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    readiness = await client.ready()
    assert readiness.is_ready
    assert set(readiness.checks) == {"database", "migrations", "embedder", "index", "worker"}
    await client.bank("ann").add_memory("Counted.", create=True)
    metrics = (await http.get("/metrics")).text
    assert "memsvc_memories_written_total" in metrics
    assert "Counted." not in metrics
