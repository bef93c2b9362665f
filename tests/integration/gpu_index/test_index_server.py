"""What the server does with clients of every kind, well-meaning ones and others."""

import gc
import logging
import random
import socket
import stat
import time
import tracemalloc
import weakref
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.addresses import Address
from gpu_index.errors import (
    AuthenticationError,
    InvalidInputError,
    OperationRefusedError,
    ServerUnavailableError,
    SnapshotError,
    VectorIndexError,
)
from gpu_index.handshake import introduce
from gpu_index.server import IndexServer, ServerOptions
from gpu_index.serving import READING
from gpu_index.wire import Operation, PayloadWriter, Status
from tests.fixtures.toy_index import ToyIndex
from tests.integration.gpu_index.conftest import SECRET, Connect, Serve

SOON_S = 30.0
EYE = np.eye(4, dtype=np.float32)
ONE = np.array([1])


def frame(operation: Operation, payload: PayloadWriter | None = None) -> bytes:
    return b"".join((payload or PayloadWriter()).frame(operation, Status.REQUEST, 1))


def opened(server: IndexServer) -> socket.socket:
    """Return a connection past the handshake, with the toy index open."""
    connection = server.address.connect(SOON_S)
    introduce(connection, SECRET, SOON_S)
    payload = PayloadWriter()
    payload.text("toy")
    connection.sendall(frame(Operation.OPEN, payload))
    assert connection.recv(1 << 16)
    return connection


def rest(connection: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while data := connection.recv(1 << 16):
            received += data
    return bytes(received)


def eventually(condition: object) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_operation_reaches_the_index(
    serve: Serve, connect: Connect, toy: ToyIndex, tmp_path: Path
) -> None:
    remote = connect(serve(snapshot_folder=tmp_path))
    remote.add(1, np.array([5, 6, 7]), EYE[:3])
    remote.set_mark(1, b"mark")
    assert remote.remove(1, np.array([6, 8])) == 1
    assert (len(remote), remote.nbytes, remote.partition_size(1)) == (2, 12345, 2)
    assert remote.ids(1).tolist() == [5, 7]
    assert np.array_equal(remote.vectors(1, np.array([7, 5])), EYE[[2, 0]])
    assert remote.report(1) == toy.report(1)
    assert remote.capabilities == toy.capabilities
    found = remote.search(EYE[:2], 2, np.array([1, 9]))
    assert found.ids.tolist() == [[5, 7], [-1, -1]]
    assert found.scores.tolist() == [[1, 0], [-np.inf, -np.inf]]
    assert found.marks == (b"mark", b"")
    restricted = remote.search(EYE[:1], 2, np.array([1]), np.array([7]))
    assert restricted.ids.tolist() == [[7, -1]]
    saved = remote.save(1, Path("one.snapshot"), {"model": "m"})
    assert (saved.count, saved.mark, saved.labels) == (2, b"mark", {"model": "m"})
    remote.drop(1)
    assert remote.partition_size(1) == 0
    assert remote.load(2, Path("one.snapshot")).count == 2
    assert remote.ids(2).tolist() == [5, 7]


def test_listening_beyond_this_machine_needs_a_secret() -> None:
    with pytest.raises(InvalidInputError, match="set a secret"):
        IndexServer(Address(host="0.0.0.0"), {})
    with pytest.raises(InvalidInputError, match="at least 16 bytes"):
        IndexServer(Address(host="127.0.0.1"), {}, ServerOptions(secret=b"short"))


def test_without_a_secret_both_sides_agree_on_none(serve: Serve, connect: Connect) -> None:
    server = serve(secret=None)
    assert len(connect(server, secret=None)) == 0
    with pytest.raises(AuthenticationError, match="asks for no secret"):
        len(connect(server))


@pytest.mark.parametrize(
    ("secret", "message"),
    [(b"another secret of this length", "refused the secret"), (None, "asks for a secret")],
)
def test_wrong_secret_is_refused_and_counted(
    serve: Serve, connect: Connect, secret: bytes | None, message: str
) -> None:
    server = serve()
    with pytest.raises(AuthenticationError, match=message):
        len(connect(server, secret=secret))
    if secret is not None:
        eventually(lambda: server.counters().errors == {"authentication": 1})
    assert server.counters().requests == {}


def test_server_that_does_not_know_the_secret_is_found_out(connect: Connect) -> None:
    listener = Address(host="127.0.0.1").listen()
    fake = Address(host="127.0.0.1", port=listener.getsockname()[1])

    def pretend() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"MVIX\x01\x01\x00\x00" + bytes(32))
            connection.recv(72)
            connection.sendall(b"MVIX\x01\x01\x00\x00" + bytes(32))

    pretending = Thread(target=pretend)
    pretending.start()
    with listener, pytest.raises(AuthenticationError, match="does not know the secret"):
        len(connect(fake))
    pretending.join(SOON_S)


def test_proof_cannot_be_replayed(serve: Serve) -> None:
    server = serve()
    sent = list[bytes]()

    class Recorder:
        def __init__(self, connection: socket.socket) -> None:
            self._connection = connection
            self.recv_into = connection.recv_into
            self.settimeout = connection.settimeout

        def sendall(self, data: bytes) -> None:
            sent.append(data)
            self._connection.sendall(data)

    with server.address.connect(SOON_S) as honest:
        introduce(Recorder(honest), SECRET, SOON_S)  # type: ignore[arg-type]
    with server.address.connect(SOON_S) as thief:
        assert thief.recv(40)
        thief.sendall(sent[0])
        assert rest(thief) == b"MVIX\x01\x00\x00\x00" + bytes(32)


def test_nothing_is_read_before_the_handshake(serve: Serve) -> None:
    server = serve()
    with server.address.connect(SOON_S) as connection:
        connection.sendall(frame(Operation.STATUS) * 3)
        assert len(rest(connection)) in {40, 80}
    eventually(lambda: sum(server.counters().errors.values()) == 1)
    assert server.counters().requests == {}


def test_silent_client_is_put_out_after_the_handshake_time(serve: Serve) -> None:
    server = serve(handshake_timeout_s=0.1)
    with server.address.connect(SOON_S) as connection:
        assert len(rest(connection)) == 40
    eventually(lambda: server.counters().lost == 1)


def test_client_that_drips_bytes_is_put_out_as_well(serve: Serve) -> None:
    server = serve(handshake_timeout_s=0.3)
    with server.address.connect(SOON_S) as connection, suppress(ConnectionError):
        for _ in range(60):
            connection.sendall(b"M")
            time.sleep(0.05)
    eventually(lambda: server.counters().lost == 1)


def test_half_open_and_idle_connections_are_closed(serve: Serve) -> None:
    server = serve(idle_timeout_s=0.1, transfer_timeout_s=0.1)
    with opened(server) as idle, opened(server) as half:
        half.sendall(frame(Operation.STATUS)[:11])
        assert rest(idle) == rest(half) == b""
    eventually(lambda: server.counters().connections == 0)
    assert server.counters().lost == 2


def test_connections_beyond_the_limit_are_turned_away(serve: Serve, connect: Connect) -> None:
    server = serve(max_connections=1)
    with opened(server), pytest.raises(ServerUnavailableError):
        len(connect(server))
    assert server.counters().refused >= 1
    eventually(lambda: server.counters().connections == 0)
    assert len(connect(server)) == 0


def test_malformed_frames_close_their_connection_and_nothing_else(
    serve: Serve, connect: Connect, toy: ToyIndex
) -> None:
    server = serve()
    toy.add(1, ONE, EYE[:1])
    dice = random.Random(7)
    payload = PayloadWriter()
    payload.integer(3)
    payload.integer(1)
    payload.array(EYE)
    payload.array(np.arange(4))
    payload.array(np.arange(4))
    valid = frame(Operation.SEARCH, payload)
    tracemalloc.start()
    try:
        for _ in range(300):
            damaged = bytearray(valid)
            for _ in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            cut = dice.randint(0, len(damaged)) if dice.random() < 0.3 else len(damaged)
            with opened(server) as connection:
                connection.sendall(damaged[:cut])
                connection.shutdown(socket.SHUT_WR)
                rest(connection)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()
    assert connect(server).search(EYE[:1], 1, np.array([1])).ids.tolist() == [[1]]
    assert server.counters().errors["protocol"] > 50
    eventually(lambda: server.counters().connections == 1)


def test_request_beyond_the_limit_is_refused_by_both_sides(serve: Serve, connect: Connect) -> None:
    server = serve(max_request_bytes=4096)
    remote = connect(server)
    many = np.ones((300, 4), np.float32)
    with pytest.raises(InvalidInputError, match="takes 4096 bytes at once"):
        remote.add(1, np.arange(300), many)
    remote.add(1, np.arange(100), many[:100])
    with opened(server) as connection:
        connection.sendall(frame(Operation.ADD)[:8] + (5000).to_bytes(4, "little") + bytes(12))
        assert rest(connection) == b""


@pytest.mark.parametrize("k", [2_000_000_000, 2**62])
def test_answer_beyond_the_limit_is_refused_before_it_is_made(
    serve: Serve, connect: Connect, toy: ToyIndex, k: int
) -> None:
    remote = connect(serve())
    with pytest.raises(InvalidInputError, match="ask for fewer"):
        remote.search(EYE[:1], k, np.array([1]))
    assert toy.sizes_of_searches == []


def test_reading_clients_cannot_change_anything(
    serve: Serve, connect: Connect, toy: ToyIndex, tmp_path: Path
) -> None:
    remote = connect(serve(operations=READING, snapshot_folder=tmp_path))
    toy.add(1, ONE, EYE[:1])
    assert remote.search(EYE[:1], 1, np.array([1])).ids.tolist() == [[1]]
    assert remote.ids(1).tolist() == [1]
    changes = (
        lambda: remote.add(1, np.array([2]), EYE[:1]),
        lambda: remote.remove(1, ONE),
        lambda: remote.drop(1),
        lambda: remote.set_mark(1, b"x"),
        lambda: remote.save(1, Path("x"), {}),
        lambda: remote.load(1, Path("x")),
    )
    for change in changes:
        with pytest.raises(OperationRefusedError, match="the process that owns the index"):
            change()
    assert toy.rows[1].keys() == {1}
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "..", ".", "", ".x", "a\\b", "a\0"])
def test_snapshots_stay_in_the_servers_folder(
    serve: Serve, connect: Connect, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    server = serve(snapshot_folder=folder)
    payload = PayloadWriter()
    payload.integer(1)
    payload.text(name)
    with opened(server) as connection:
        connection.sendall(frame(Operation.LOAD, payload))
        assert b"invalid_input" in connection.recv(4096)
    with pytest.raises(InvalidInputError):
        connect(server).save(1, Path(name), {})
    assert list(folder.iterdir()) == []


def test_snapshots_need_a_folder_and_a_file(
    serve: Serve, connect: Connect, address: Address, tmp_path: Path
) -> None:
    server = serve()
    with pytest.raises(OperationRefusedError, match="no snapshots"):
        connect(server).save(1, Path("x"), {})
    server.close()
    remote = connect(serve(snapshot_folder=tmp_path / "missing"))
    with pytest.raises(SnapshotError, match="no x"):
        remote.load(1, Path("x"))
    with pytest.raises(OSError, match="missing"):
        remote.save(1, Path("x"), {})


def test_failure_inside_the_index_is_reported_and_logged(
    serve: Serve, connect: Connect, toy: ToyIndex, caplog: pytest.LogCaptureFixture
) -> None:
    remote = connect(serve())

    def fail() -> None:
        raise MemoryError

    toy.before_search = fail
    with caplog.at_level(logging.ERROR), pytest.raises(VectorIndexError, match="MemoryError"):
        remote.search(EYE[:1], 1, np.array([1]))
    assert "failed on SEARCH" in caplog.text
    toy.before_search = lambda: None
    assert remote.search(EYE[:1], 1, np.array([1])).ids.tolist() == [[-1]]


def test_searches_that_meet_are_joined_and_each_gets_its_own_answer(
    serve: Serve, connect: Connect, toy: ToyIndex
) -> None:
    server = serve(parallel_searches=1)
    remote = connect(server)
    for partition in range(4):
        toy.add(partition, np.array([partition * 10]), EYE[partition : partition + 1])
        toy.set_mark(partition, b"mark %d" % partition)
    entered, go_on = Event(), Event()

    def hold() -> None:
        entered.set()
        assert go_on.wait(SOON_S)

    toy.before_search = hold
    found = dict[int, tuple[object, ...]]()
    wrong = list[type[Exception]]()

    def search(caller: int) -> None:
        partition = caller % 4
        answer = remote.search(EYE[partition : partition + 1], 2, np.array([partition]))
        found[caller] = (answer.ids.tolist(), answer.scores.tolist(), answer.marks)

    def search_wrongly() -> None:
        try:
            remote.search(EYE[:1] * np.float32("nan"), 2, np.array([0]))
        except InvalidInputError as error:
            wrong.append(type(error))

    threads = [Thread(target=search, args=(0,))]
    threads[0].start()
    assert entered.wait(SOON_S)
    threads += [Thread(target=search, args=(caller,)) for caller in range(1, 12)]
    threads.append(Thread(target=search_wrongly))
    for thread in threads[1:]:
        thread.start()
    batcher = server._services["toy"].batcher
    eventually(lambda: len(batcher._waiting) == 12)
    go_on.set()
    for thread in threads:
        thread.join(SOON_S)
    for caller in range(12):
        partition = caller % 4
        assert found[caller] == (
            [[partition * 10, -1]],
            [[1, -np.inf]],
            (b"mark %d" % partition,),
        )
    assert len(wrong) == 1
    assert toy.sizes_of_searches[:2] == [1, 12]
    assert server.counters().joined_searches == 13
    assert server.counters().search_calls == 2


def test_request_under_way_is_answered_when_the_server_closes(
    serve: Serve, connect: Connect, toy: ToyIndex
) -> None:
    server = serve()
    toy.add(1, ONE, EYE[:1])
    entered, go_on = Event(), Event()

    def hold() -> None:
        entered.set()
        assert go_on.wait(SOON_S)

    toy.before_search = hold
    remote, found = connect(server), list[object]()
    searching = Thread(
        target=lambda: found.append(remote.search(EYE[:1], 1, np.array([1])).ids.tolist())
    )
    searching.start()
    assert entered.wait(SOON_S)
    closing = Thread(target=server.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    closing.join(SOON_S)
    searching.join(SOON_S)
    assert found == [[[1]]]
    assert server.counters().connections == 0
    with pytest.raises(ServerUnavailableError):
        remote.search(EYE[:1], 1, np.array([1]))


def test_replaced_index_answers_the_next_request(address: Address, connect: Connect) -> None:
    old, new = ToyIndex(), ToyIndex()
    new.add(1, ONE, EYE[:1])
    served = {"toy": old}
    with IndexServer(address, served, ServerOptions(secret=SECRET)) as server:
        remote = connect(server)
        assert len(remote) == 0
        remote.search(EYE[:1], 1, ONE)
        served["toy"] = new
        assert len(remote) == 1
        left = weakref.ref(old)
        del old
        gc.collect()
        assert left() is None
        assert server.counters().joined_searches == 1
        del served["toy"]
        with pytest.raises(ServerUnavailableError, match="no index 'toy'"):
            len(remote)


def test_socket_file_is_private_and_replaced_only_when_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "index.sock"
    address = Address(path=str(path))
    abandoned = address.listen()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    abandoned.close()
    with IndexServer(address, {}):
        with pytest.raises(OSError, match="in use"):
            IndexServer(address, {})
        assert path.is_socket()
    assert not path.exists()
