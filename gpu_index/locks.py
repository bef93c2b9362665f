"""A readers-writer lock small enough to give every partition its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class ReadWriteLock:
    """Many readers or one writer; a waiting writer holds back new readers, so neither starves.

    Three plain locks (the "no-starve" arrangement of A. Downey, The Little Book of Semaphores,
    §4.2.5) instead of a condition: under 300 bytes, where a condition takes over 1,000. Not
    reentrant.
    """

    __slots__ = ("_count_guard", "_entrance", "_readers", "_room")

    def __init__(self) -> None:
        """Make an unlocked lock."""
        self._entrance = Lock()
        self._count_guard = Lock()
        # Held by the writer, or by the readers together.
        self._room = Lock()
        self._readers = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock together with other readers."""
        with self._entrance:
            pass
        with self._count_guard:
            self._readers += 1
            if self._readers == 1:
                self._room.acquire()
        try:
            yield
        finally:
            with self._count_guard:
                self._readers -= 1
                if self._readers == 0:
                    self._room.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock alone."""
        with self._entrance, self._room:
            yield
