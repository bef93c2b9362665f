"""The operating-system account that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from memsvc.errors import EmbeddedPostgresError

OWN_ACCOUNT = "memsvc"
_EXISTING = (OWN_ACCOUNT, "postgres")
_FALLBACK = "nobody"

_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_CREATE_COMMANDS = (
    # shadow-utils: nearly every distribution.
    ("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false"),
    # BusyBox: Alpine.
    ("adduser", "-S", "-D", "-H", "-s", "/bin/false"),
)

# Nothing of the caller's environment reaches PostgreSQL: a LANG that names a missing locale
# makes initdb fail, and PG* variables change what a server does.
CLEAN_ENVIRONMENT = {"PATH": _SYSTEM_PATH, "LC_ALL": "C", "LANG": "C", "TZ": "UTC"}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs the server; ``switched`` when that is not the user of this process."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(
        self, command: Sequence[str], *, limit_s: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``command`` to its end in a clean environment; stdout and stderr come as one."""
        return subprocess.run(  # noqa: S603 - the programs are ours, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=CLEAN_ENVIRONMENT,
            cwd="/",
            umask=0o077,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
            timeout=limit_s,
            check=False,
        )

    def spawn(
        self, command: Sequence[str], *, output: int, environment: dict[str, str], keep: int
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in a session of its own, so that it outlives its starter.

        Its output goes to the descriptor ``output``; of the others it inherits ``keep`` alone.
        """
        return subprocess.Popen(  # noqa: S603 - the programs are ours, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=CLEAN_ENVIRONMENT | environment,
            cwd="/",
            umask=0o077,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
            start_new_session=True,
            pass_fds=(keep,),
        )

    def can_enter(self, path: Path) -> bool:
        """Tell whether the account may enter the folder, or run the program, ``path``.

        Tried out as the account: mode bits do not tell of access lists or security modules.
        """
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]).returncode == 0


def server_account(*, owner_uid: int | None, requested: str | None) -> Account:
    """Choose who runs the server.

    An ordinary user does so. Root takes the owner of the cluster where one exists (``owner_uid``),
    else ``requested``, else the first of ``memsvc`` and ``postgres`` that exists, else creates
    ``memsvc``, else takes ``nobody``.
    """
    if os.geteuid() != 0:
        return _own_account(owner_uid, requested)
    if owner_uid:  # not root's, which PostgreSQL itself refuses with a better message
        return _owner(owner_uid, requested)
    if requested:
        return _required(requested)
    existing = (_find(name) for name in _EXISTING)
    return next(filter(None, existing), None) or _create() or _required(_FALLBACK)


def _own_account(owner_uid: int | None, requested: str | None) -> Account:
    uid = os.geteuid()
    name = _name_of(uid)
    if requested not in (None, name):
        raise EmbeddedPostgresError(
            f"Only root can run the embedded PostgreSQL as {requested}; this is {name}."
        )
    if owner_uid not in (None, uid):
        raise EmbeddedPostgresError(
            f"The embedded database belongs to the account {_name_of(owner_uid)}; run memsvc as "
            "that account or as root, or choose another folder with MEMSVC_DATA_DIR."
        )
    return Account(name=name, uid=uid, gid=os.getegid(), switched=False)


def _owner(uid: int, requested: str | None) -> Account:
    # A volume may come from a machine that knew the number by a name.
    owner = _find(uid) or Account(name=str(uid), uid=uid, gid=uid, switched=True)
    if requested not in (None, owner.name):
        raise EmbeddedPostgresError(
            f"The embedded database belongs to the account {owner.name}, not to {requested}."
        )
    return owner


def _find(who: str | int) -> Account | None:
    try:
        entry = pwd.getpwnam(who) if isinstance(who, str) else pwd.getpwuid(who)
    except KeyError:
        return None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switched=True)


def _name_of(uid: int) -> str:
    account = _find(uid)
    return account.name if account else str(uid)


def _required(name: str) -> Account:
    account = _find(name)
    if account is None or account.uid == 0:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and there is no unprivileged account {name!r}; "
            "create one, run memsvc as an ordinary user, or set MEMSVC_DATABASE_URL."
        )
    return account


def _create() -> Account | None:
    """Create the system account; None where that is not possible (a read-only image, say)."""
    for program, *options in _CREATE_COMMANDS:
        path = shutil.which(program, path=_SYSTEM_PATH)
        if path is None:
            continue
        subprocess.run(  # noqa: S603 - a fixed command
            [path, *options, OWN_ACCOUNT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=CLEAN_ENVIRONMENT,
            check=False,
        )
        # Looked up even after a failure: another process may have created it meanwhile.
        if account := _find(OWN_ACCOUNT):
            _log.info("embedded_postgres.account_created", account=account.name)
            return account
    return None
