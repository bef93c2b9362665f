import os
import subprocess
import threading
from pathlib import Path

import pytest

from memsvc.errors import EmbeddedPostgresError
from memsvc.store.embedded.locks import FileLock, exclusive


def test_shared_locks_exclude_only_an_exclusive_one(tmp_path: Path) -> None:
    first, second, third = (FileLock(tmp_path / "lock") for _ in range(3))
    assert first.try_acquire(shared=True)
    assert second.try_acquire(shared=True)
    assert not third.try_acquire()
    first.release()
    second.release()
    assert third.try_acquire()
    assert not first.try_acquire(shared=True)
    third.release()


def test_lock_is_not_inherited_by_a_fork(tmp_path: Path) -> None:
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    read_end, write_end = os.pipe()
    ready, tell_ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write_end)
        os.write(tell_ready, b"x")
        os.read(read_end, 1)
        os._exit(0)
    try:
        os.read(ready, 1)
        assert not other.try_acquire()  # the fork closed its copy without unlocking
        lock.close()
        assert other.try_acquire()
        other.release()
    finally:
        for descriptor in (read_end, write_end, ready, tell_ready):
            os.close(descriptor)
        os.waitpid(child, 0)


def test_program_keeps_a_lock_that_is_handed_over(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    with subprocess.Popen(
        ["/bin/cat"], stdin=subprocess.PIPE, pass_fds=(lock.fileno(),)
    ) as program:
        lock.close()
        assert not FileLock(tmp_path / "lock").try_acquire()
        assert program.stdin is not None
        program.stdin.close()
    with exclusive(tmp_path / "lock", limit_s=10):
        pass


def test_program_of_a_careless_caller_inherits_no_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, close_fds=False) as program:
        lock.close()
        # The kernel closes the child's copy while it loads the program: soon, not at once.
        with exclusive(tmp_path / "lock", limit_s=10):
            assert program.poll() is None
        assert program.stdin is not None
        program.stdin.close()


def test_exclusive_waits_for_its_turn(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    threading.Timer(0.2, lock.release).start()
    with exclusive(tmp_path / "lock", limit_s=10):
        assert not lock.held


def test_exclusive_gives_up_at_its_limit(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    with (
        pytest.raises(EmbeddedPostgresError, match="starting or stopping"),
        exclusive(tmp_path / "lock", limit_s=0.1),
    ):
        pytest.fail("the lock was granted twice")
    lock.release()


def test_lock_refuses_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        FileLock(tmp_path / "lock").try_acquire()
