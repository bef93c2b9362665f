"""A copy that was filled from another database, or before a restore, loads afresh."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.domain.memory import BankScope
from memsvc.ports import FeedRequest, Watermark
from memsvc.services.commands import NewMemory
from memsvc.settings import DatabaseSettings
from memsvc.store import schema
from memsvc.store.engine import connected, normalise_url
from memsvc.store.feed import StoreFeed
from memsvc.store.roles import RUNTIME_ROLE
from tests.fixtures.services import Service

REQUEST = FeedRequest(model_id=None)


@pytest.fixture
async def scope(service: Service) -> BankScope:
    """A bank with one memory."""
    scope = await service.create_bank("b")
    await service.remember_items("b", NewMemory(text="one"))
    return scope


async def loaded(feed: StoreFeed, scope: BankScope) -> Watermark:
    return [watermark async for watermark, _ in feed.load(scope, REQUEST)][-1]


async def test_a_copy_of_the_same_database_catches_up(service: Service, scope: BankScope) -> None:
    watermark = await loaded(service.feed, scope)
    await service.remember_items("b", NewMemory(text="two"))

    changes = await service.feed.changes_since(scope, watermark, REQUEST)

    assert not changes.must_reload
    assert len(changes.upserts) == 1
    assert changes.watermark.source == watermark.source != ""


async def test_a_new_epoch_makes_every_copy_load_afresh(service: Service, scope: BankScope) -> None:
    watermark = await loaded(service.feed, scope)

    assert schema.begin_epoch(normalise_url(service.database.urls.owner_url)) == 2

    assert (await service.feed.changes_since(scope, watermark, REQUEST)).must_reload
    afresh = await loaded(service.feed, scope)
    assert not (await service.feed.changes_since(scope, afresh, REQUEST)).must_reload


async def test_a_clone_of_the_database_is_another_source(
    service: Service, scope: BankScope
) -> None:
    watermark = await loaded(service.feed, scope)
    urls = service.database.urls
    await service.database.engine.dispose()
    clone = f"{urls.name}_clone"
    maintenance = create_engine(
        normalise_url(urls.cluster.superuser_url()),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {clone} TEMPLATE {urls.name}"))
    try:
        url = normalise_url(urls.cluster.url(RUNTIME_ROLE, clone))
        async with connected(url, DatabaseSettings()) as engine:
            feed = StoreFeed(engine, reload_after_changes=100)
            assert (await feed.changes_since(scope, watermark, REQUEST)).must_reload
    finally:
        with maintenance.connect() as connection:
            connection.execute(text(f"DROP DATABASE {clone} WITH (FORCE)"))


async def test_a_role_that_may_not_ask_for_the_servers_identity_still_sees_epochs(
    service: Service, scope: BankScope
) -> None:
    engine = create_engine(
        normalise_url(service.database.urls.superuser_url), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"))
    engine.dispose()
    watermark = await loaded(service.feed, scope)

    assert not (await service.feed.changes_since(scope, watermark, REQUEST)).must_reload
    schema.begin_epoch(normalise_url(service.database.urls.owner_url))
    assert (await service.feed.changes_since(scope, watermark, REQUEST)).must_reload


async def test_every_bank_has_a_partition_of_its_own(service: Service, scope: BankScope) -> None:
    await service.create_bank("c")
    async with service.database.store.read(scope.tenant_id) as tx:
        found = [(await tx.banks.resolve(name)).partition_no for name in ("b", "c")]

    assert None not in found
    assert len(set(found)) == 2


async def test_banks_from_before_get_their_partitions(service: Service, scope: BankScope) -> None:
    url = normalise_url(service.database.urls.owner_url)
    await service.database.engine.dispose()
    schema.downgrade(url, revision="0002")
    schema.upgrade(url)

    async with service.database.store.read(scope.tenant_id) as tx:
        assert (await tx.banks.resolve("b")).partition_no is not None
