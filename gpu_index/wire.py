"""Frames between an index server and its clients: a fixed header, then aligned little-endian data.

Header, 24 bytes: magic ``MVIX``, version (1 byte), operation (1), status (1), reserved (1), payload
length (4), reserved (4), request id (8). Every field of a payload starts at a multiple of 8 bytes,
so that an array is used where it was received, without a copy.

What arrives is trusted for nothing: each length is compared with what is there, and with a limit,
before memory is set aside for it.
"""

import math
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpu_index.errors import InvalidInputError, ProtocolError

VERSION = 1
MAGIC = b"MVIX"

_HEADER = struct.Struct("<4sBBBxI4xQ")
_INTEGER = struct.Struct("<q")
_REAL = struct.Struct("<d")
_ARRAY = struct.Struct("<BB6xII")
_ALIGNMENT = 8
_DTYPES = {1: np.dtype("<i8"), 2: np.dtype("<f4")}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_JOINED_BYTES = 1 << 16
"""Frames up to this size are sent by one call; joining larger ones costs more than the calls."""
_RECEIVED_BYTES = 1 << 16
"""A frame up to this size is usually received by one call."""
_GROWTH_BYTES = 1 << 20
"""Memory for a longer frame is set aside in steps, doubling from here as its data arrive."""

Buffer: TypeAlias = bytes | bytearray | memoryview

_Scalar = TypeVar("_Scalar", bound=np.generic)


class Operation(IntEnum):
    """What a request asks for; the numbers are part of the protocol."""

    OPEN = 1
    STATUS = 2
    SEARCH = 3
    ADD = 4
    REMOVE = 5
    DROP = 6
    SIZE = 7
    IDS = 8
    VECTORS = 9
    SET_MARK = 10
    REPORT = 11
    SAVE = 12
    LOAD = 13


class Status(IntEnum):
    """What a frame is."""

    REQUEST = 0
    ANSWER = 1
    ERROR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The fixed part of a frame."""

    operation: Operation
    status: Status
    request: int
    """Numbers the requests of a connection; the answer bears the same."""
    length: int
    """Bytes of the payload."""


class PayloadWriter:
    """Collects the fields of a payload."""

    __slots__ = ("_parts", "length")

    def __init__(self) -> None:
        """Begin an empty payload."""
        self._parts: list[Buffer] = []
        self.length = 0

    def integer(self, value: int) -> None:
        """Append an int64; raises ``InvalidInputError`` for a number that is none."""
        try:
            packed = _INTEGER.pack(value)
        except struct.error as error:
            raise InvalidInputError(f"{value!r} is no integer of 64 bits.") from error
        self._append(packed, _INTEGER.size)

    def real(self, value: float) -> None:
        """Append a float64."""
        self._append(_REAL.pack(value), _REAL.size)

    def blob(self, value: bytes) -> None:
        """Append bytes after their length."""
        self.integer(len(value))
        self._append(value, len(value))

    def text(self, value: str) -> None:
        """Append text in UTF-8."""
        self.blob(value.encode())

    def array(self, value: NDArray[Any]) -> None:
        """Append a one- or two-dimensional int64 or float32 array."""
        dtype = value.dtype.newbyteorder("<")
        rows, columns = value.shape if value.ndim == 2 else (len(value), 0)  # noqa: PLR2004
        self._append(_ARRAY.pack(_CODES[dtype], value.ndim, rows, columns), _ARRAY.size)
        if value.size:
            flat = np.ascontiguousarray(value, dtype=dtype).reshape(-1)
            self._append(flat.view(np.uint8).data, flat.nbytes)

    def frame(self, operation: Operation, status: Status, request: int) -> list[Buffer]:
        """Return the buffers of the whole frame."""
        header = _HEADER.pack(MAGIC, VERSION, operation, status, self.length, request)
        return [header, *self._parts]

    def _append(self, part: Buffer, size: int) -> None:
        self._parts.append(part)
        padding = -size % _ALIGNMENT
        if padding:
            self._parts.append(bytes(padding))
        self.length += size + padding


class PayloadReader:
    """Takes a payload apart; raises ``ProtocolError`` where it is not what was asked for.

    Arrays are views of the payload: they are good until the next frame is received.
    """

    __slots__ = ("_data", "_offset")

    def __init__(self, data: memoryview) -> None:
        """Begin at the start of ``data``."""
        self._data = data
        self._offset = 0

    def integer(self) -> int:
        """Take an int64."""
        (value,) = _INTEGER.unpack(self._take(_INTEGER.size))
        return int(value)

    def real(self) -> float:
        """Take a float64."""
        (value,) = _REAL.unpack(self._take(_REAL.size))
        return float(value)

    def blob(self, limit: int) -> bytes:
        """Take at most ``limit`` bytes."""
        size = self.integer()
        if not 0 <= size <= limit:
            raise ProtocolError(f"A field of {size} bytes where at most {limit} may be.")
        return bytes(self._take(size))

    def text(self, limit: int) -> str:
        """Take text of at most ``limit`` bytes."""
        try:
            return self.blob(limit).decode()
        except UnicodeDecodeError as error:
            raise ProtocolError("A text is not UTF-8.") from error

    def array(self, scalar: type[_Scalar], ndim: int) -> NDArray[_Scalar]:
        """Take an array of this type and number of dimensions, 1 or 2."""
        code, dimensions, rows, columns = _ARRAY.unpack(self._take(_ARRAY.size))
        dtype = _DTYPES.get(code)
        if dtype != np.dtype(scalar) or dimensions != ndim:
            raise ProtocolError(f"An array is not {ndim}-dimensional {scalar.__name__}.")
        shape = (rows,) if ndim == 1 else (rows, columns)
        size = math.prod(shape)
        data = self._take(size * np.dtype(scalar).itemsize)
        return np.frombuffer(data, dtype=scalar).reshape(shape)

    def end(self) -> None:
        """Check that nothing is left."""
        if self._offset != len(self._data):
            raise ProtocolError(f"{len(self._data) - self._offset} bytes too many in a payload.")

    def _take(self, size: int) -> memoryview:
        start = self._offset
        end = start + size
        # Compared before anything is made of it: a size that is not there is never set aside.
        if end > len(self._data):
            raise ProtocolError("A payload ends too early.")
        self._offset = min(end + -size % _ALIGNMENT, len(self._data))
        return self._data[start:end]


class FrameReceiver:
    """Receives the frames of one connection, one after the other."""

    def __init__(self, connection: socket.socket, max_bytes: int) -> None:
        """Receive payloads of at most ``max_bytes``."""
        self._connection = connection
        self._max_bytes = max_bytes
        self._buffer = bytearray(_RECEIVED_BYTES)
        self._filled = 0
        self._used = 0

    def receive(self, rest_timeout_s: float | None = None) -> tuple[Header, memoryview] | None:
        """Return the next frame, or ``None`` at the end of the connection.

        Waits for its first bytes as long as the connection's timeout says, for each further part
        at most ``rest_timeout_s``. The payload is good until the next call. Raises
        ``ProtocolError`` for what is no frame, ``OSError`` for a lost connection.
        """
        self._move_rest()
        while self._filled < _HEADER.size:
            if not self._fill():
                if self._filled:
                    raise ProtocolError("The connection ends within a frame.")
                return None
            if rest_timeout_s is not None:
                self._connection.settimeout(rest_timeout_s)
        header = unpack_header(self._buffer)
        if header.length > self._max_bytes:
            raise ProtocolError(
                f"A frame of {header.length} bytes where at most {self._max_bytes} may be."
            )
        end = _HEADER.size + header.length
        if end <= len(self._buffer):
            while self._filled < end:
                self._fill_or_fail()
            self._used = end
            return header, memoryview(self._buffer)[_HEADER.size : end]
        return header, memoryview(self._receive_long(header.length))

    def _receive_long(self, length: int) -> bytearray:
        received = self._filled - _HEADER.size
        payload = bytearray(min(length, max(_GROWTH_BYTES, received)))
        payload[:received] = self._buffer[_HEADER.size : self._filled]
        self._used = self._filled
        while received < length:
            if received == len(payload):
                payload.extend(bytes(min(len(payload), length - received)))
            with memoryview(payload) as view:
                size = self._connection.recv_into(view[received:])
            if not size:
                raise ProtocolError("The connection ends within a frame.")
            received += size
        return payload

    def _move_rest(self) -> None:
        rest = self._filled - self._used
        if rest:
            self._buffer[:rest] = self._buffer[self._used : self._filled]
        self._filled, self._used = rest, 0

    def _fill_or_fail(self) -> None:
        if not self._fill():
            raise ProtocolError("The connection ends within a frame.")

    def _fill(self) -> int:
        size = self._connection.recv_into(memoryview(self._buffer)[self._filled :])
        self._filled += size
        return size


def unpack_header(data: Buffer) -> Header:
    """Return the header at the start of ``data``; raises ``ProtocolError``."""
    magic, version, operation, status, length, request = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise ProtocolError("What arrived is no frame of an index server.")
    if version != VERSION:
        raise ProtocolError(f"The other side speaks version {version}, this one {VERSION}.")
    try:
        return Header(
            operation=Operation(operation), status=Status(status), request=request, length=length
        )
    except ValueError as error:
        raise ProtocolError(f"Unknown operation {operation} or status {status}.") from error


def send_frame(connection: socket.socket, buffers: list[Buffer]) -> None:
    """Send a frame; raises ``OSError`` when the connection is lost or too slow."""
    sizes = [memoryview(buffer).nbytes for buffer in buffers]
    if sum(sizes) <= _JOINED_BYTES:
        connection.sendall(b"".join(buffers))
        return
    small: list[Buffer] = []
    for buffer, size in zip(buffers, sizes, strict=True):
        if size <= _JOINED_BYTES // 4:
            small.append(buffer)
            continue
        connection.sendall(b"".join(small))
        connection.sendall(buffer)
        small.clear()
    connection.sendall(b"".join(small))
