"""The embedded PostgreSQL server, shared by the processes of one data folder."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlencode

import structlog

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import Account, server_account
from memsvc.store.embedded.binaries import bundled_site, programs_for
from memsvc.store.embedded.cluster import SUPERUSER, Cluster
from memsvc.store.embedded.folders import (
    Layout,
    create_home,
    default_data_dir,
    secure_socket_folder,
)
from memsvc.store.embedded.locks import FileLock, exclusive
from memsvc.store.embedded.parameters import PORT
from memsvc.store.embedded.probe import Answer, Liveness, probe

_POLL_S = 0.05
# In an immediate shutdown PostgreSQL kills the processes that have not ended after 5 s.
_IMMEDIATE_STOP_LIMIT_S = 30.0

_log = structlog.get_logger()


class EmbeddedPostgres:
    """One user's share in the server of ``data_dir``; a context manager.

    The first process starts the server and the last one to leave stops it. A process that is
    killed leaves by that; the server outlives it and is stopped by whoever leaves last after it.
    All methods block and may be called from any thread.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        account: str | None = None,
        extra_options: Mapping[str, str] | None = None,
        start_limit_s: float = 600.0,
        stop_limit_s: float = 60.0,
    ) -> None:
        """Describe the server; nothing is touched before ``start``.

        ``account`` names whom PostgreSQL runs as when this process is root (see
        ``server_account``). ``extra_options`` override server parameters if this process is the
        one to start it. ``start_limit_s`` covers a crash recovery, ``stop_limit_s`` an orderly
        shutdown, after which one without a checkpoint is asked for (nothing committed is lost).
        """
        self._layout = Layout.of(data_dir)
        self._requested_account = account
        self._extra_options = dict(extra_options or {})
        self._start_limit_s = start_limit_s
        self._stop_limit_s = stop_limit_s
        self._membership = FileLock(self._layout.users_lock)
        self._joined: Cluster | None = None

    @property
    def log_path(self) -> Path:
        """The server's log since it was started; the log before that ends in ``.1``."""
        return self._layout.log

    def url(self, user: str, database: str) -> str:
        """Return the SQLAlchemy URL of ``database`` for ``user``."""
        return f"postgresql+psycopg://{self._address(user, database)}"

    def conninfo(self, user: str, database: str) -> str:
        """Return the libpq URI of ``database`` for ``user``, as psycopg takes it."""
        return f"postgresql://{self._address(user, database)}"

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of ``database`` for the superuser."""
        return self.url(SUPERUSER, database)

    def start(self) -> None:
        """Join the users of the server and wait until it answers, starting it if need be.

        Raises ``EmbeddedPostgresError``. A server that is still recovering at the limit is left to
        it; the next start finds it.
        """
        with _translated_errors():
            cluster = self._cluster()
            with exclusive(self._layout.lifecycle_lock, limit_s=self._start_limit_s):
                newcomer = self._join()
                try:
                    self._bring_up(cluster)
                except BaseException:
                    if newcomer:
                        self._membership.release()
                    raise
                self._joined = cluster

    def ensure_running(self) -> bool:
        """Bring the server back if it died; returns whether that was needed.

        Cheap while it answers. Connections to a server that died are broken and stay so. Before
        ``start`` and after ``stop`` it does nothing, also when they overlap. Raises
        ``EmbeddedPostgresError``.
        """
        cluster = self._joined
        if cluster is None or not self._membership.held:
            return False
        with _translated_errors():
            secure_socket_folder(self._layout.socket_folder, cluster.account)
            if self._probe().liveness is Liveness.READY:
                return False
            with exclusive(self._layout.lifecycle_lock, limit_s=self._start_limit_s):
                if self._joined is not cluster:  # it left while this waited
                    return False
                self._bring_up(cluster)
        return True

    def stop(self) -> None:
        """Leave the server's users, and stop it when nobody is left. Without a start: nothing.

        Raises ``EmbeddedPostgresError`` when the server does not end.
        """
        if not self._membership.held:  # never started, or inherited by a fork
            return
        with (
            _translated_errors(),
            exclusive(self._layout.lifecycle_lock, limit_s=self._start_limit_s),
        ):
            cluster, self._joined = self._joined, None
            self._membership.release()
            everyone = FileLock(self._layout.users_lock)
            # Nobody can join meanwhile: that takes the lifecycle lock.
            if cluster is not None and everyone.try_acquire():
                try:
                    self._shut_down(cluster)
                finally:
                    everyone.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _address(self, user: str, database: str) -> str:
        # The port too, or PGPORT of the caller's environment would change the socket's name.
        where = urlencode({"host": str(self._layout.socket_folder), "port": PORT}, safe="/")
        return f"{quote(user, safe='')}@/{quote(database, safe='')}?{where}"

    def _cluster(self) -> Cluster:
        account = self._account()
        create_home(self._layout, account)
        programs = programs_for(account, site=bundled_site(), copies=default_data_dir())
        return Cluster(layout=self._layout, account=account, programs=programs)

    def _account(self) -> Account:
        return server_account(
            owner_uid=self._layout.cluster_owner(), requested=self._requested_account
        )

    def _join(self) -> bool:
        """Become one of the users; returns whether this process was not one before."""
        if self._membership.held:
            return False
        # Never contended: whoever takes it exclusively holds the lifecycle lock, as we do now.
        if not self._membership.try_acquire(shared=True):
            raise EmbeddedPostgresError(f"{self._layout.users_lock} is held by another program.")
        return True

    def _bring_up(self, cluster: Cluster) -> None:
        deadline = time.monotonic() + self._start_limit_s
        secure_socket_folder(self._layout.socket_folder, cluster.account)
        if cluster.create_if_missing(limit_s=self._start_limit_s):
            _log.info("embedded_postgres.cluster_created", folder=str(self._layout.cluster))
        server_lock = FileLock(self._layout.server_lock)
        launched = False
        while (answer := self._probe()).liveness is not Liveness.READY:
            if answer.liveness is Liveness.REFUSING:
                raise EmbeddedPostgresError(
                    f"The embedded PostgreSQL runs but refuses connections: {answer.reason}"
                )
            if server_lock.try_acquire():  # no process of the server is left
                if launched:
                    server_lock.release()
                    raise _did_not_start(cluster)
                cluster.launch(server_lock, self._extra_options)
                launched = True
            elif time.monotonic() > deadline:
                raise self._gave_up(cluster, answer)
            time.sleep(_POLL_S)
        if launched:
            _log.info("embedded_postgres.server_started", account=cluster.account.name)

    def _shut_down(self, cluster: Cluster) -> None:
        if not (
            self._ended(cluster, "fast", limit_s=self._stop_limit_s)
            or self._ended(cluster, "immediate", limit_s=_IMMEDIATE_STOP_LIMIT_S)
        ):
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL did not stop:\n{cluster.log_tail()}"
            )
        with contextlib.suppress(OSError):  # only tidiness: the next start takes it as it is
            self._layout.socket_folder.rmdir()
        _log.info("embedded_postgres.server_stopped")

    def _ended(
        self, cluster: Cluster, mode: Literal["fast", "immediate"], *, limit_s: float
    ) -> bool:
        """Ask the server to stop and wait for it; tells whether it ended within the limit."""
        deadline = time.monotonic() + limit_s
        asked = False
        server_lock = FileLock(self._layout.server_lock)
        while time.monotonic() < deadline:
            silent = self._probe().liveness is Liveness.SILENT
            if silent and server_lock.try_acquire():
                server_lock.release()
                return True
            if not silent and not asked:
                cluster.ask_to_stop(mode)
                asked = True
            time.sleep(_POLL_S)
        return False

    def _probe(self) -> Answer:
        return probe(self.conninfo(SUPERUSER, "postgres"))

    def _gave_up(self, cluster: Cluster, answer: Answer) -> EmbeddedPostgresError:
        limit = f"{self._start_limit_s:.0f} s"
        if answer.liveness is Liveness.CHANGING:
            state = f"is still starting or recovering after {limit}; it goes on, try again later"
        else:
            state = (
                f"did not answer on {self._layout.socket_folder} for {limit} although processes "
                "of it are running; end them or try again later"
            )
        return EmbeddedPostgresError(
            f"The embedded PostgreSQL {state} ({answer.reason}).\n{cluster.log_tail()}"
        )


def _did_not_start(cluster: Cluster) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"The embedded PostgreSQL ended while it started. Its log ends with:\n{cluster.log_tail()}"
    )


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedPostgresError(f"The embedded PostgreSQL is not usable: {error}") from error
