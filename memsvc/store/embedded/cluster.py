"""The processes of one cluster: create it, start its server, ask it to stop."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import Account
from memsvc.store.embedded.folders import Layout
from memsvc.store.embedded.locks import FileLock
from memsvc.store.embedded.parameters import PORT, server_parameters

SUPERUSER = "postgres"

_LOG_LINES = 20
_LOG_BYTES = 16 * 1024
_SOCKET_FILES = (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster on disk with the programs and the account that serve it.

    Nothing here locks: the caller holds the lifecycle lock.
    """

    layout: Layout
    account: Account
    programs: Path

    def create_if_missing(self, *, limit_s: float) -> bool:
        """Run ``initdb`` unless there is a cluster; returns whether it was created.

        It works in a folder of another name that is renamed at the end, so that a killed one
        leaves nothing that looks like a cluster.
        """
        cluster = self.layout.cluster
        for abandoned in cluster.parent.glob(f"{cluster.name}.new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        if cluster.exists():
            return False
        fresh = Path(tempfile.mkdtemp(prefix=f"{cluster.name}.new-", dir=cluster.parent))
        try:
            if self.account.switched:
                os.chown(fresh, self.account.uid, self.account.gid)
            self._initdb(fresh, limit_s)
            fresh.rename(cluster)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        _sync_folder(cluster.parent)
        return True

    def _initdb(self, folder: Path, limit_s: float) -> None:
        command = [
            str(self.programs / "initdb"),
            f"--pgdata={folder}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            # Built into PostgreSQL: no locale of the system is needed, and accents fold rightly.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            # The socket's folder is closed to other accounts; no network address is listened on.
            "--auth-local=trust",
            "--auth-host=reject",
            "--data-checksums",
            "--no-instructions",
        ]
        try:
            done = self.account.run(command, limit_s=limit_s)
        except subprocess.TimeoutExpired as error:
            raise EmbeddedPostgresError(f"initdb did not end within {limit_s:.0f} s.") from error
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed:\n{_last_lines(done.stdout)}")

    def launch(self, server_lock: FileLock, extra_options: Mapping[str, str]) -> None:
        """Start the server, handing it ``server_lock``, and return at once.

        Every process of the server inherits the lock, so it is free exactly when none is left,
        orphans of a killed postmaster included; process ids are never consulted.
        """
        try:
            environment = self._disarm_stale_files()
            process = self._spawn(server_lock, environment, extra_options)
        finally:
            # Closed, not released: from here on the server alone holds it.
            server_lock.close()
        # Reaps the server whoever ends it, so that it never stays as a zombie of this process.
        threading.Thread(target=process.wait, name="embedded-postgres-reaper", daemon=True).start()

    def ask_to_stop(self, mode: Literal["fast", "immediate"]) -> None:
        """Signal the postmaster named in ``postmaster.pid`` and return at once.

        Only for a server that answers: then the file is its own. Sent by the account, not by
        root, so that a false number in the file could not hit anyone else.
        """
        cluster = str(self.layout.cluster)
        self.account.run([str(self.programs / "pg_ctl"), "stop", "-D", cluster, "-W", "-m", mode])

    def log_tail(self) -> str:
        """Return the last lines of the server's log."""
        try:
            with self.layout.log.open("rb") as log:
                log.seek(max(0, self.layout.log.stat().st_size - _LOG_BYTES))
                return _last_lines(log.read().decode(errors="replace"))
        except OSError as error:
            return f"(no log: {error})"

    def _spawn(
        self, server_lock: FileLock, environment: dict[str, str], extra_options: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        parameters = server_parameters(self.layout.socket_folder, extra_options)
        command = [str(self.programs / "postgres"), "-D", str(self.layout.cluster)]
        for name, value in parameters.items():
            command += ["-c", f"{name}={value}"]
        log = self._fresh_log()
        try:
            return self.account.spawn(
                command, output=log, environment=environment, keep=server_lock.fileno()
            )
        finally:
            os.close(log)

    def _disarm_stale_files(self) -> dict[str, str]:
        """Keep the files of a killed server from stopping the next; returns its environment.

        No process of the cluster is left (the caller holds the server lock), so if the number in
        ``postmaster.pid`` is alive, it is a zombie or belongs to a stranger by now. PostgreSQL
        would take it for a running server. It exempts its grandparent from that check; deleting
        the file instead would also lose its check for shared memory in use.
        """
        for name in _SOCKET_FILES:
            (self.layout.socket_folder / name).unlink(missing_ok=True)
        pid_file = self.layout.cluster / "postmaster.pid"
        try:
            pid = pid_file.read_bytes().partition(b"\n")[0].strip()
        except FileNotFoundError:
            return {}
        if not pid.isdigit():
            # Cut off while it was written: PostgreSQL refuses it and can check nothing by it.
            pid_file.unlink()
            return {}
        return {"PG_GRANDPARENT_PID": pid.decode()}

    def _fresh_log(self) -> int:
        """Open an empty log; that of the run before is kept beside it, older ones are not."""
        log = self.layout.log
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(log, flags, 0o600)


def _last_lines(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-_LOG_LINES:])


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
