import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest

from memsvc.store.embedded.account import Account, server_account
from memsvc.store.embedded.folders import Layout
from memsvc.store.embedded.locks import FileLock, exclusive
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from tests.integration.store.embedded_processes import (
    UserProcess,
    is_running,
    kill_postmaster,
    postmaster_pid,
    wait_until,
)


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(server.conninfo("postgres", "postgres"), autocommit=True)


def account_of(data_dir: Path) -> Account:
    return server_account(owner_uid=Layout.of(data_dir).cluster_owner(), requested=None)


class Writer:
    """Inserts numbers one by one and remembers which of them were acknowledged."""

    def __init__(self, server: EmbeddedPostgres, first: int) -> None:
        self.acknowledged: list[int] = []
        self._server = server
        self._next = first
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        with connect(self._server) as connection:
            try:
                while True:
                    connection.execute("INSERT INTO written VALUES (%s)", [self._next])
                    self.acknowledged.append(self._next)
                    self._next += 1
            except psycopg.OperationalError:
                return

    def wait_for(self, rows: int) -> None:
        wait_until(lambda: len(self.acknowledged) >= rows)

    def wait(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_killed_server_loses_nothing_acknowledged(data_dir: Path) -> None:
    acknowledged: set[int] = set()
    with EmbeddedPostgres(data_dir) as server:
        with connect(server) as connection:
            connection.execute("CREATE TABLE written (number int)")
        for round_ in range(3):
            writer = Writer(server, first=round_ * 1_000_000)
            writer.wait_for(200)
            kill_postmaster(data_dir)
            writer.wait()
            acknowledged.update(writer.acknowledged)

            assert server.ensure_running()
            with connect(server) as connection:
                rows = connection.execute("SELECT number FROM written").fetchall()
            # One more may be there: committed, and killed before the reply.
            assert acknowledged <= {row[0] for row in rows}


def test_every_user_can_bring_the_server_back(data_dir: Path) -> None:
    with UserProcess(data_dir) as starter, EmbeddedPostgres(data_dir) as server:
        assert starter.ask("start") is None
        killed = kill_postmaster(data_dir)
        assert server.ensure_running()
        assert postmaster_pid(data_dir) != killed
        assert starter.ask("ensure_running") is False
        assert starter.ask("select") == "UTF8"


def test_server_is_not_brought_back_by_a_user_that_leaves(data_dir: Path) -> None:
    """Both wait for their turn; whichever comes first, nothing must run in the end."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    kill_postmaster(data_dir)
    with exclusive(Layout.of(data_dir).lifecycle_lock, limit_s=10):
        threads = [threading.Thread(target=act) for act in (server.ensure_running, server.stop)]
        for thread in threads:
            thread.start()
        threads[0].join(0.5)
        assert threads[0].is_alive()
    for thread in threads:
        thread.join(30)
    assert FileLock(Layout.of(data_dir).server_lock).try_acquire()


def test_restart_waits_for_orphaned_backends(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        with connect(server) as connection:
            backend = connection.info.backend_pid
            query = "SELECT count(*) FROM generate_series(1, 1000000000)"
            busy = threading.Thread(target=lambda: _failing(connection, query))
            busy.start()
            wait_until(lambda: _active(server, backend))
            kill_postmaster(data_dir)

            restart = threading.Thread(target=server.ensure_running)
            restart.start()
            restart.join(1)
            assert restart.is_alive()
            assert is_running(backend)
            os.kill(backend, signal.SIGKILL)
            restart.join(30)
            busy.join(30)
        with connect(server) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def _failing(connection: psycopg.Connection, query: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute(query.encode())


def _active(server: EmbeddedPostgres, backend: int) -> bool:
    with connect(server) as connection:
        state = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'", [backend]
        ).fetchone()
    return state == (1,)


@contextmanager
def running(account: Account) -> Iterator[int]:
    """A living process of the account that is no PostgreSQL."""
    process = account.spawn(["/bin/sleep", "60"], output=subprocess.DEVNULL, environment={}, keep=0)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def zombie(account: Account) -> Iterator[int]:
    """A process of the account that ended and is not waited for."""
    process = account.spawn(["/bin/true"], output=subprocess.DEVNULL, environment={}, keep=0)
    wait_until(lambda: not is_running(process.pid))
    try:
        yield process.pid
    finally:
        process.wait()


@pytest.mark.parametrize("stranger", [running, zombie])
def test_start_works_when_the_pid_of_a_killed_server_is_taken(
    data_dir: Path, stranger: Callable[[Account], AbstractContextManager[int]]
) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    killed = kill_postmaster(data_dir)
    layout = Layout.of(data_dir)
    with stranger(account_of(data_dir)) as pid:
        for path in (layout.cluster / "postmaster.pid", *layout.socket_folder.glob("*.lock")):
            path.write_text(path.read_text().replace(str(killed), str(pid), 1))
        assert server.ensure_running()
        server.stop()
        os.kill(pid, 0)  # stopping hit the server, not the stranger


def test_start_works_when_the_pid_file_was_cut_off(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    kill_postmaster(data_dir)
    (Layout.of(data_dir).cluster / "postmaster.pid").write_text("")
    assert server.ensure_running()
    server.stop()


def test_server_outlives_the_killed_process_that_started_it(data_dir: Path) -> None:
    with UserProcess(data_dir) as starter, UserProcess(data_dir) as other:
        assert starter.ask("start") is None
        assert other.ask("start") is None
        pid = postmaster_pid(data_dir)
        starter.kill()
        assert other.ask("select") == "UTF8"
        assert postmaster_pid(data_dir) == pid
        assert other.ask("stop") is None
        assert not is_running(pid)


def test_server_left_by_a_killed_process_is_found_and_stopped(data_dir: Path) -> None:
    with UserProcess(data_dir) as starter:
        assert starter.ask("start") is None
        starter.kill()
    pid = postmaster_pid(data_dir)
    assert is_running(pid)
    with EmbeddedPostgres(data_dir):
        assert postmaster_pid(data_dir) == pid
    assert not is_running(pid)


def test_stop_forces_a_server_that_does_not_end_in_order(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, stop_limit_s=0.3)
    server.start()
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(connection.info.backend_pid, signal.SIGSTOP)
        server.stop()
        connection.close()
    with server, connect(server) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_fork_of_a_user_is_no_user(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        server.stop()  # not its own: must do nothing
        os.close(write_end)
        os.read(read_end, 1)
        os._exit(0)
    try:
        os.close(read_end)
        with connect(server) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        pid = postmaster_pid(data_dir)
        server.stop()
        assert not is_running(pid)
    finally:
        os.close(write_end)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
