"""Advisory file locks that the kernel releases when their holder dies, however it dies."""

import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memsvc.errors import EmbeddedPostgresError

_POLL_S = 0.05


class FileLock:
    """A ``flock`` on ``path``, shared or exclusive, never blocking.

    ``flock`` belongs to the open file: two locks on one path compete within a process too, and a
    child that inherits the descriptor keeps the lock alive. So descriptors are not inherited by
    ``exec`` (unless handed over on purpose), and a forked child closes its copies at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if nobody holds it in a way that excludes it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def fileno(self) -> int:
        """Return the descriptor, for a child that is to hold the lock as well."""
        if self._descriptor is None:
            raise ValueError(f"{self._path} is not locked by this process")
        return self._descriptor

    def release(self) -> None:
        """Give the lock up, for everyone who shares the descriptor."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.close()

    def close(self) -> None:
        """Forget the descriptor; the lock stays with those who inherited it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def exclusive(path: Path, *, limit_s: float) -> Iterator[None]:
    """Hold ``path`` exclusively, waiting up to ``limit_s`` seconds for it."""
    lock = FileLock(path)
    deadline = time.monotonic() + limit_s
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"Another process has been starting or stopping the embedded PostgreSQL for "
                f"{limit_s:.0f} s (it holds {path})."
            )
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


# Every lock of the process, so that a fork can close what it inherited. Closing does not unlock:
# the parent's descriptor keeps the lock.
_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _close_inherited_locks() -> None:
    for lock in list(_locks):
        lock.close()


os.register_at_fork(after_in_child=_close_inherited_locks)
