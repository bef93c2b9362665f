import socket
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from gpu_index.errors import InvalidInputError, ProtocolError
from gpu_index.wire import (
    FrameReceiver,
    Operation,
    PayloadReader,
    PayloadWriter,
    Status,
    send_frame,
    unpack_header,
)

SHAPES = st.one_of(
    arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=40),
    st.just((0, 7)),
)
ARRAYS = st.sampled_from(["<i8", "<f4"]).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))
FIELDS = st.lists(
    st.one_of(
        st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=100), st.text(), ARRAYS
    ),
    max_size=8,
)


def write(writer: PayloadWriter, field: object) -> None:
    match field:
        case int():
            writer.integer(field)
        case float():
            writer.real(field)
        case bytes():
            writer.blob(field)
        case str():
            writer.text(field)
        case np.ndarray():
            writer.array(field)


def read(reader: PayloadReader, like: object) -> object:
    match like:
        case int():
            return reader.integer()
        case float():
            return reader.real()
        case bytes():
            return reader.blob(len(like))
        case str():
            return reader.text(len(like.encode()))
        case np.ndarray():
            return reader.array(like.dtype.type, like.ndim)
    raise AssertionError(like)


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    else:
        assert np.array_equal(one, other, equal_nan=isinstance(one, float))


def payload(writer: PayloadWriter) -> bytes:
    return b"".join(writer.frame(Operation.SEARCH, Status.REQUEST, 7)[1:])


@contextmanager
def sockets(max_bytes: int = 1 << 30) -> Iterator[tuple[socket.socket, FrameReceiver]]:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        receiver.settimeout(5)
        yield sender, FrameReceiver(receiver, max_bytes)


@given(FIELDS)
def test_fields_come_back_bit_for_bit_and_aligned(fields: list[object]) -> None:
    writer = PayloadWriter()
    for field in fields:
        write(writer, field)
    data = payload(writer)
    assert len(data) == writer.length
    reader = PayloadReader(memoryview(bytearray(data)))
    for field in fields:
        found = read(reader, field)
        assert_same(field, found)
        assert not isinstance(found, np.ndarray) or found.flags.aligned
    reader.end()


@given(FIELDS, st.integers(0, 2**64 - 1), st.sampled_from(list(Operation)))
@settings(max_examples=30)
def test_frames_come_back_one_after_the_other(
    fields: list[object], number: int, operation: Operation
) -> None:
    writer = PayloadWriter()
    for field in fields:
        write(writer, field)
    with sockets() as (sender, receiver):
        for status in Status:
            send_frame(sender, writer.frame(operation, status, number))
        for status in Status:
            received = receiver.receive()
            assert received is not None
            header, data = received
            assert (header.operation, header.status) == (operation, status)
            assert (header.request, header.length) == (number, writer.length)
            assert bytes(data) == payload(writer)
        sender.close()
        assert receiver.receive() is None


@pytest.mark.parametrize("rows", [1, 40, 5000, 300_000])
def test_arrays_of_every_size_travel_together_with_what_follows(rows: int) -> None:
    array = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    writer = PayloadWriter()
    writer.array(array)
    writer.text("the end")
    frame = writer.frame(Operation.ADD, Status.REQUEST, 1)

    def send(sender: socket.socket) -> None:
        send_frame(sender, frame)
        send_frame(sender, frame)

    with sockets() as (sender, receiver):
        sending = Thread(target=send, args=(sender,))
        sending.start()
        for _ in range(2):
            received = receiver.receive()
            assert received is not None
            reader = PayloadReader(received[1])
            found: NDArray[np.float32] = reader.array(np.float32, 2)
            assert np.array_equal(found, array)
            assert reader.text(7) == "the end"
            reader.end()
        sending.join()


@given(st.binary(max_size=200), st.lists(st.sampled_from("irbtaA"), min_size=1, max_size=6))
def test_any_bytes_are_read_or_refused(data: bytes, fields: list[str]) -> None:
    reader = PayloadReader(memoryview(data))
    take: dict[str, Callable[[], object]] = {
        "i": reader.integer,
        "r": reader.real,
        "b": lambda: reader.blob(64),
        "t": lambda: reader.text(64),
        "a": lambda: reader.array(np.int64, 1),
        "A": lambda: reader.array(np.float32, 2),
    }
    try:
        for field in fields:
            take[field]()
        reader.end()
    except ProtocolError:
        return


@given(st.binary(min_size=24, max_size=24))
def test_any_header_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack_header(data)


def test_size_that_is_not_there_sets_no_memory_aside() -> None:
    huge = b"\x02\x02" + bytes(6) + (2**32 - 1).to_bytes(4, "little") * 2
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="too early"):
            PayloadReader(memoryview(huge)).array(np.float32, 2)
        with sockets() as (sender, receiver):
            frame = bytearray(PayloadWriter().frame(Operation.ADD, Status.REQUEST, 1)[0])
            frame[8:12] = (2**30).to_bytes(4, "little")
            sender.sendall(bytes(frame) + bytes(100))
            sender.close()
            with pytest.raises(ProtocolError, match="within a frame"):
                receiver.receive()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_frame_beyond_the_limit_is_refused_before_its_payload_is_read() -> None:
    writer = PayloadWriter()
    writer.blob(bytes(100))
    with sockets(max_bytes=64) as (sender, receiver):
        send_frame(sender, writer.frame(Operation.ADD, Status.REQUEST, 1))
        with pytest.raises(ProtocolError, match="112 bytes where at most 64"):
            receiver.receive()


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [(0, 0x20, "no frame"), (4, 9, "version 9"), (5, 200, "Unknown"), (6, 9, "Unknown")],
)
def test_foreign_header_is_explained(position: int, value: int, message: str) -> None:
    frame = bytearray(PayloadWriter().frame(Operation.ADD, Status.REQUEST, 1)[0])
    frame[position] = value
    with pytest.raises(ProtocolError, match=message):
        unpack_header(frame)


def test_array_of_another_type_or_rank_is_refused() -> None:
    writer = PayloadWriter()
    writer.array(np.zeros((2, 2), np.float32))
    for scalar, ndim in ((np.int64, 2), (np.float32, 1)):
        with pytest.raises(ProtocolError, match="An array is not"):
            PayloadReader(memoryview(payload(writer))).array(scalar, ndim)


def test_bytes_too_many_are_refused() -> None:
    writer = PayloadWriter()
    writer.integer(1)
    with pytest.raises(ProtocolError, match="8 bytes too many"):
        PayloadReader(memoryview(payload(writer))).end()


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "7"])
def test_number_beyond_64_bits_is_a_wrong_argument(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="64 bits"):
        PayloadWriter().integer(value)
