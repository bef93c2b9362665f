"""A client whose server comes, goes, hangs or lies."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.addresses import Address
from gpu_index.client import RemoteIndex
from gpu_index.errors import (
    DimensionMismatchError,
    IndexNotServedError,
    InvalidInputError,
    ServerUnavailableError,
)
from gpu_index.handshake import admit
from gpu_index.wire import FrameReceiver, PayloadWriter, Status, send_frame
from tests.fixtures.toy_index import ToyIndex
from tests.integration.gpu_index.conftest import SECRET, Connect, Serve

SOON_S = 30.0
EYE = np.eye(4, dtype=np.float32)


def size_soon(remote: RemoteIndex) -> int:
    deadline = time.monotonic() + SOON_S
    while True:
        try:
            return len(remote)
        except ServerUnavailableError:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_client_can_be_made_while_the_server_is_away(serve: Serve, connect: Connect) -> None:
    server = serve()
    at = server.address
    server.close()
    remote = connect(at)
    assert remote.dimension == 4
    assert [remote.is_away] == [False]
    with pytest.raises(ServerUnavailableError, match="is away"):
        len(remote)
    assert [remote.is_away] == [True]
    serve(at)
    assert size_soon(remote) == 0
    assert [remote.is_away] == [False]


def test_restarted_server_is_found_again_without_a_failed_search(
    serve: Serve, connect: Connect, toy: ToyIndex
) -> None:
    server = serve()
    remote = connect(server)
    toy.add(1, np.array([7]), EYE[:1])
    assert len(remote) == 1
    server.close()
    serve(server.address)
    assert remote.search(EYE[:1], 1, np.array([1])).ids.tolist() == [[7]]


def test_absent_server_is_tried_by_one_caller_at_a_time(connect: Connect) -> None:
    attempts = 0

    class Counting(Address):
        def connect(self, _: float) -> None:  # type: ignore[override]
            nonlocal attempts
            attempts += 1
            raise ConnectionRefusedError("nobody listens")

    remote = connect(Counting(path="/nowhere"), first_pause_s=60.0, longest_pause_s=60.0)
    for _ in range(20):
        with pytest.raises(ServerUnavailableError, match="nobody listens"):
            len(remote)
    # The first call tried twice: an idle connection could have been the reason.
    assert attempts == 2


def scripted(act: Callable[[object], None]) -> tuple[Address, Thread]:
    """Start a server that lets a client in and then does what ``act`` does."""
    listener = Address(host="127.0.0.1").listen()

    def run() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(SOON_S)
                admit(connection, SECRET, SOON_S)
                act(connection)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return Address(host="127.0.0.1", port=listener.getsockname()[1]), thread


def test_hanging_server_costs_one_timeout_and_then_none(connect: Connect) -> None:
    done = Event()
    address, thread = scripted(lambda _: done.wait(SOON_S))  # type: ignore[arg-type]
    remote = connect(address, connect_timeout_s=0.1, first_pause_s=60.0, longest_pause_s=60.0)
    with pytest.raises(ServerUnavailableError, match="timed out"):
        len(remote)
    began = time.process_time()
    for _ in range(100):
        with pytest.raises(ServerUnavailableError):
            len(remote)
    assert time.process_time() - began < SOON_S
    done.set()
    thread.join(SOON_S)


def test_answer_to_another_request_is_not_believed(connect: Connect) -> None:
    def answer_wrongly(connection: object) -> None:
        receiver = FrameReceiver(connection, 1 << 20)  # type: ignore[arg-type]
        received = receiver.receive()
        assert received is not None
        header = received[0]
        frame = PayloadWriter().frame(header.operation, Status.ANSWER, header.request + 1)
        send_frame(connection, frame)  # type: ignore[arg-type]

    address, thread = scripted(answer_wrongly)
    with pytest.raises(ServerUnavailableError, match="another request"):
        len(connect(address))
    thread.join(SOON_S)


def test_index_of_another_dimension_or_name_is_not_used(serve: Serve, connect: Connect) -> None:
    server = serve()
    with pytest.raises(DimensionMismatchError, match="has 4 components, not 5"):
        len(connect(server, dimension=5))
    with pytest.raises(IndexNotServedError, match="no index 'other'"):
        len(connect(server, "other"))


def test_changes_are_not_repeated_when_the_connection_is_lost(
    serve: Serve, connect: Connect, toy: ToyIndex
) -> None:
    server = serve()
    remote = connect(server)
    calls = list[str]()

    def lose(*_: object) -> int:
        calls.append("called")
        for connection in server._open_connections().values():
            with suppress(OSError):  # of one that was lost before: its thread may still be ending
                connection.shutdown(2)
        return 0

    toy.add = toy.remove = toy.partition_size = lose  # type: ignore[assignment,method-assign]
    with pytest.raises(ServerUnavailableError):
        remote.add(1, np.array([1]), EYE[:1])
    assert len(calls) == 1
    size_soon(remote)
    with pytest.raises(ServerUnavailableError):
        remote.remove(1, np.array([1]))
    assert len(calls) == 2
    size_soon(remote)
    with pytest.raises(ServerUnavailableError):
        remote.partition_size(1)
    assert len(calls) == 4


def test_many_threads_share_a_client(serve: Serve, connect: Connect, toy: ToyIndex) -> None:
    server = serve()
    remote = connect(server, most_idle=2)
    for partition in range(4):
        toy.add(partition, np.array([partition]), EYE[partition : partition + 1])
    wrong = list[object]()

    def search(caller: int) -> None:
        for turn in range(50):
            partition = (caller + turn) % 4
            found = remote.search(EYE[partition : partition + 1], 1, np.array([partition]))
            if found.ids.tolist() != [[partition]]:
                wrong.append(found)

    threads = [Thread(target=search, args=(caller,)) for caller in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(remote._pool._idle) <= 2
    assert server.counters().requests["search"] == 400


def test_closed_client_says_so(serve: Serve, connect: Connect) -> None:
    remote = connect(serve())
    assert len(remote) == 0
    remote.close()
    with pytest.raises(ServerUnavailableError, match="client of the index server is closed"):
        len(remote)


def test_wrong_arguments_do_not_leave_the_process(connect: Connect) -> None:
    nowhere = connect(Address(path="/nowhere"))
    calls = (
        lambda: nowhere.search(EYE, 1, np.array([0])),
        lambda: nowhere.search(EYE.astype(np.float64), 1, np.arange(4)),
        lambda: nowhere.add(2**70, np.array([1]), EYE[:1]),
        lambda: nowhere.set_mark(1, bytes(70_000)),
    )
    for call in calls:
        with pytest.raises(InvalidInputError):
            call()
    with pytest.raises(InvalidInputError):
        RemoteIndex(Address(path="/x"), "n" * 129, 4)
    with pytest.raises(InvalidInputError):
        RemoteIndex(Address(path="/x"), "n", 0)


@pytest.fixture
def address() -> Address:
    return Address(host="127.0.0.1")
