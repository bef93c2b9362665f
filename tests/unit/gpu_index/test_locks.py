import sys
from threading import Barrier, Event, Thread

import pytest

from gpu_index.locks import ReadWriteLock

SOON_S = 10.0
A_WHILE_S = 0.05


def started(target: object) -> Thread:
    thread = Thread(target=target, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_readers_share() -> None:
    lock, both_inside = ReadWriteLock(), Barrier(2)

    def read() -> None:
        with lock.reading():
            both_inside.wait(SOON_S)

    threads = [started(read), started(read)]
    for thread in threads:
        thread.join(SOON_S)
    assert not both_inside.broken


def test_writer_waits_for_readers_and_keeps_new_ones_out() -> None:
    lock, wrote, read_after = ReadWriteLock(), Event(), Event()
    order: list[str] = []

    def write() -> None:
        with lock.writing():
            order.append("write")
            wrote.set()

    def read() -> None:
        with lock.reading():
            order.append("read")
            read_after.set()

    with lock.reading():
        writer = started(write)
        assert not wrote.wait(A_WHILE_S)
        reader = started(read)
        assert not read_after.wait(A_WHILE_S)
    writer.join(SOON_S)
    reader.join(SOON_S)
    assert order == ["write", "read"]


def test_writers_exclude_each_other() -> None:
    lock = ReadWriteLock()
    value = 0

    def count() -> None:
        nonlocal value
        for _ in range(2000):
            with lock.writing():
                seen = value
                value = seen + 1

    threads = [started(count) for _ in range(4)]
    for thread in threads:
        thread.join(SOON_S)
    assert value == 8000


@pytest.mark.parametrize("held", ["reading", "writing"])
def test_lock_is_released_when_the_holder_fails(held: str) -> None:
    lock, wrote = ReadWriteLock(), Event()
    with pytest.raises(KeyError), getattr(lock, held)():
        raise KeyError

    def write() -> None:
        with lock.writing():
            wrote.set()

    started(write)
    assert wrote.wait(SOON_S)


def test_lock_is_small() -> None:
    lock = ReadWriteLock()
    parts = [lock, lock._entrance, lock._count_guard, lock._room]
    assert sum(map(sys.getsizeof, parts)) < 300
