"""Where the embedded server keeps its data, its locks and its socket."""

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import Account

MAJOR = "18"
ROOT_DATA_DIR = Path("/var/lib/memsvc")

# Not $TMPDIR or $XDG_RUNTIME_DIR: all processes that share a server must agree, whatever their
# environment. The sticky bit keeps others from replacing what we own there.
_SOCKETS = Path("/tmp")  # noqa: S108


def default_data_dir() -> Path:
    """Return the platform's data folder of the user; for root ``/var/lib/memsvc``.

    Root's own data folder lies below ``/root``, which is closed to the unprivileged account that
    PostgreSQL runs as, and opening it is not ours to do.
    """
    if os.geteuid() == 0:
        return ROOT_DATA_DIR
    return Path(platformdirs.user_data_dir("memsvc", appauthor=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The paths of one data folder; ``home`` holds all of the server's except its socket."""

    home: Path
    socket_folder: Path

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        """Lay out ``data_dir``; its symbolic links are followed, so that all its names agree."""
        home = data_dir.resolve() / "postgresql"
        # A socket's path has at most 107 bytes (103 on macOS): a digest stands for a deep one.
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        return cls(home=home, socket_folder=_SOCKETS / f"memsvc-{digest}")

    @property
    def cluster(self) -> Path:
        """The cluster itself, by major version: another one cannot read it."""
        return self.home / MAJOR

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def lifecycle_lock(self) -> Path:
        """Held while a process starts or stops the server."""
        return self.home / "lifecycle.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by the processes that use the server."""
        return self.home / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's own processes, as long as one of them lives."""
        return self.home / "server.lock"

    def cluster_owner(self) -> int | None:
        """Return the uid that the cluster belongs to; None while there is no cluster."""
        try:
            return self.cluster.stat().st_uid
        except FileNotFoundError:
            return None


def create_home(layout: Layout, account: Account) -> None:
    """Create ``home`` and the folders above it that are missing; existing ones stay as they are.

    Raises ``EmbeddedPostgresError`` when the account could not reach it.
    """
    missing = _missing(layout.home)
    _require_reachable(missing[0].parent if missing else layout.home, account)
    create_folders(layout.home, mode=0o755 if account.switched else 0o700)


def create_folders(folder: Path, *, mode: int) -> None:
    """Create ``folder`` and the missing ones above it with ``mode``, whatever the umask.

    Under a strict umask of root's the server's account could not pass through them.
    """
    for path in _missing(folder):
        with contextlib.suppress(FileExistsError):  # another process may be at the same
            path.mkdir()
            path.chmod(mode)


def _missing(folder: Path) -> list[Path]:
    """Return the folders that do not exist, topmost first."""
    return [path for path in (*reversed(folder.parents), folder) if not path.exists()]


def _require_reachable(folder: Path, account: Account) -> None:
    if account.can_enter(folder):
        return
    path_down = reversed((folder, *folder.parents))
    closed = next((path for path in path_down if not account.can_enter(path)), folder)
    raise EmbeddedPostgresError(
        f"PostgreSQL runs as the account {account.name}, which cannot enter {closed}. Set "
        f"MEMSVC_DATA_DIR to a folder open to it (such as {ROOT_DATA_DIR}), run memsvc as an "
        "ordinary user, or set MEMSVC_DATABASE_URL."
    )


def secure_socket_folder(folder: Path, account: Account) -> None:
    """Create ``folder`` for the account alone, or make sure that the existing one is.

    ``/tmp`` is open to everyone: someone else may have made the folder (or a link in its place) to
    put a server of theirs behind our socket.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    # Root's own folder is one whose creator was killed before the next line.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise EmbeddedPostgresError(
            f"{folder} is to hold the database's socket and belongs to someone other than "
            f"{account.name}; remove it."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedPostgresError(
            f"{folder} is to hold the database's socket and is open to others; remove it."
        )
    if found.st_uid != account.uid:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
