"""What happens to a memory when its caller says something else, or its time is over."""

from datetime import UTC, datetime, timedelta

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    Document,
    Episode,
    InvalidRequestError,
    Message,
    NewMemory,
)
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application
from memsvc.ports import FeedRequest
from memsvc.services.commands import BankReference, Caller
from memsvc.services.tidy import Tidy
from memsvc.store.feed import StoreFeed
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


def rows(database: Database, statement: str) -> list[object]:
    engine = create_engine(database.urls.superuser_url, poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.execute(text(statement)).scalars())


async def found(bank: AsyncBank, query: str) -> list[str]:
    return [hit.memory.text for hit in (await bank.recall(query, k=50)).hits]


async def test_a_new_version_brings_its_own_expiry_and_scope(bank: AsyncBank) -> None:
    for no, (when, user) in enumerate([(NOW - DAY, "u1"), (NOW + DAY, "u2")], start=1):
        item = NewMemory(text=f"alpha {no}", external_id="x", expires_at=when, user_id=user)
        await bank.add_memories([item])

    assert await found(bank, "alpha") == ["alpha 2"]
    [memory] = [each async for each in bank.memories()]
    assert (memory.user_id, memory.expires_at) == ("u2", NOW + DAY)


async def test_another_expiry_is_other_content(bank: AsyncBank) -> None:
    results = [
        await bank.add_memories([NewMemory(text="alpha", external_id="x", expires_at=when)])
        for when in (NOW + DAY, NOW - DAY)
    ]

    assert [each.results[0].status for each in results] == ["created", "updated"]
    assert await found(bank, "alpha") == []


async def test_new_content_makes_an_archived_memory_active_again(bank: AsyncBank) -> None:
    [written] = (await bank.add_memories([NewMemory(text="old", external_id="x")])).results
    await bank.archive(written.id)
    await bank.add_memories([NewMemory(text="new", external_id="x")])

    assert await found(bank, "new") == ["new"]


async def test_what_a_document_no_longer_says_is_no_longer_recalled(bank: AsyncBank) -> None:
    long = "\n\n".join(f"Paragraph {no}. " + "Words of the sea. " * 60 for no in range(12))
    await bank.add_episode(source="d", document=Document(text=long, external_id="D"))
    before = [each async for each in bank.memories(state="active")]
    other = Document(text="Another text.", external_id="D1")
    await bank.add_episode(source="d2", document=other)

    await bank.add_episodes(
        [Episode(source="d", document=Document(text="Short.", external_id="D"))]
    )

    assert len(before) > 5
    assert sorted(await found(bank, "sea words paragraph")) == ["Another text.", "Short."]
    superseded = [each async for each in bank.memories(state="superseded")]
    assert len(superseded) == len(before) - 1


async def test_tidying_expires_what_is_due_and_nothing_else(
    application: Application, bank: AsyncBank
) -> None:
    await bank.add_memories(
        [
            NewMemory(text="due", expires_at=NOW - DAY),
            NewMemory(text="later", expires_at=NOW + DAY),
            NewMemory(text="never"),
        ]
    )
    store = application.banks._store

    await Tidy(store, application.default_tenant, application.clock)()

    states = {each.text: each.state async for each in bank.memories()}
    assert states == {"due": "expired", "later": "active", "never": "active"}
    assert sorted(await found(bank, "due later never")) == ["later", "never"]


async def test_a_deleted_bank_leaves_none_of_its_text_anywhere(
    application: Application, client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    """Also not in the answers kept for repeated requests; the client sends a key each time."""
    written = await bank.add_memory("zanzibar", metadata={"word": "zanzibar"})
    await bank.update(written.id, metadata={"other": "zanzibar"})
    await client.delete_bank("ann")
    worker = WorkerRunner(application.work)
    worker.start()
    try:
        await client.wait_for_jobs(timeout_s=20)
    finally:
        await worker.stop()

    tables = rows(
        database,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'",
    )
    for table in tables:
        assert not rows(database, f"SELECT t::text FROM {table} t WHERE t::text ~ 'zanzibar'"), (
            table
        )


async def test_many_patches_cannot_grow_metadata_past_its_limit(bank: AsyncBank) -> None:
    written = await bank.add_memory("m")
    await bank.update(written.id, metadata={"a": "x" * 40_000})

    with pytest.raises(InvalidRequestError):
        await bank.update(written.id, metadata={"b": "x" * 40_000})


async def test_a_log_cut_in_another_server_does_not_reload_the_bank_for_ever(
    application: Application, bank: AsyncBank, database: Database
) -> None:
    """A restored dump brings transaction ids that cannot be compared with the new server's."""
    await bank.add_memory("kept")
    engine = create_engine(
        database.urls.superuser_url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("UPDATE banks SET changes_trimmed_below = '900000000'"))
    caller = Caller(tenant_id=application.default_tenant, actor="test")
    scope = (await application.banks.get(caller, BankReference(value="ann"))).scope
    feed, request = StoreFeed(database.engine, reload_after_changes=10), FeedRequest(model_id=None)
    [(watermark, _)] = [page async for page in feed.load(scope, request)]

    await bank.add_memory("new")
    changes = await feed.changes_since(scope, watermark, request)

    assert not changes.must_reload
    assert len(changes.upserts) == 1


async def test_vectors_added_later_equal_vectors_made_at_once(
    application: Application, client: AsyncClient, embedder: HashingEmbedder, database: Database
) -> None:
    for name, down in (("at-once", False), ("later", True)):
        embedder.down = down
        await client.bank(name).add_episode(
            [Message(text="hello there")],
            title="A title",
            create=True,
        )
    embedder.down = False
    worker = WorkerRunner(application.work)
    worker.start()
    try:
        await client.wait_for_jobs(timeout_s=20)
    finally:
        await worker.stop()

    vectors = rows(database, "SELECT vector::text FROM embeddings")
    assert len(vectors) == 2
    assert len(set(vectors)) == 1
