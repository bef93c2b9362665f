import os
import sys
from pathlib import Path

import platformdirs
import pytest

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.account import server_account
from memsvc.store.embedded.binaries import bundled_site, programs_for
from memsvc.store.embedded.folders import default_data_dir


def test_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(EmbeddedPostgresError, match=r"pip install 'memsvc\[embedded\]'"):
        bundled_site()


def test_wheel_without_this_major_says_what_to_install(tmp_path: Path) -> None:
    account = server_account(owner_uid=None, requested=None)
    with pytest.raises(EmbeddedPostgresError, match="has no PostgreSQL 18"):
        programs_for(account, site=tmp_path, copies=tmp_path)


def test_default_data_folder_is_reachable_for_an_unprivileged_account() -> None:
    own = Path(platformdirs.user_data_dir("memsvc", appauthor=False))
    expected = Path("/var/lib/memsvc") if os.geteuid() == 0 else own
    assert default_data_dir() == expected
