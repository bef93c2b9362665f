"""A client's connections to an index server: opened when needed, kept while they are good."""

import secrets
import socket
from collections import deque
from collections.abc import Callable
from itertools import count
from threading import Lock
from time import monotonic

from gpu_index.addresses import Address
from gpu_index.errors import (
    ProtocolError,
    ServerUnavailableError,
)
from gpu_index.handshake import introduce
from gpu_index.messages import Welcome, read_error, read_welcome
from gpu_index.wire import (
    FrameReceiver,
    Operation,
    PayloadReader,
    PayloadWriter,
    Status,
    send_frame,
)


class Connection:
    """One conversation with a server, a request at a time; not thread-safe."""

    def __init__(self, connected: socket.socket, max_answer_bytes: int) -> None:
        """Speak over ``connected``, after the handshake."""
        self._socket = connected
        self._receiver = FrameReceiver(connected, max_answer_bytes)
        self._numbers = count(1)

    def exchange(
        self, operation: Operation, request: PayloadWriter, timeout_s: float
    ) -> PayloadReader:
        """Send a request and return the payload of its answer, good until the next request.

        Raises what the server answered, if that is an error; ``OSError`` when the connection is
        lost or silent for ``timeout_s``, and ``ProtocolError`` for a wrong answer: after both, the
        connection is of no more use.
        """
        number = next(self._numbers)
        self._socket.settimeout(timeout_s)
        send_frame(self._socket, request.frame(operation, Status.REQUEST, number))
        if (frame := self._receiver.receive()) is None:
            raise ConnectionResetError("The index server closed the connection.")
        header, payload = frame
        if header.request != number or header.operation is not operation:
            raise ProtocolError("The index server answered another request.")
        reader = PayloadReader(payload)
        if header.status is Status.ERROR:
            raise AnsweredError(read_error(reader))
        if header.status is not Status.ANSWER:
            raise ProtocolError("The index server sent what is no answer.")
        return reader

    def is_stale(self) -> bool:
        """Whether the server ended it, or sent what nobody asked for."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """End it."""
        self._socket.close()


class AnsweredError(Exception):
    """Carries an error that the server answered; the connection is fine."""

    def __init__(self, error: Exception) -> None:
        """Carry ``error``."""
        super().__init__(error)
        self.error = error


class Circuit:
    """Remembers that the server is away, so that most calls learn it at once.

    After a failure nobody tries until a pause is over; then one caller does, for all. The pause
    doubles from failure to failure and varies at random by half, so that many clients do not knock
    together.
    """

    def __init__(self, *, first_pause_s: float, longest_pause_s: float) -> None:
        """Begin with a server that is taken to be there."""
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._guard = Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._reason = ""

    @property
    def is_away(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    def enter(self) -> None:
        """Raise ``ServerUnavailableError`` unless it is time to try."""
        if not self._failures:
            return
        with self._guard:
            now = monotonic()
            if self._failures and now < self._closed_until:
                raise ServerUnavailableError(self._reason)
            # Whoever comes while this attempt is under way is turned away too.
            self._closed_until = now + self._longest_pause_s

    def succeeded(self) -> None:
        """Let everyone through."""
        if self._failures:
            with self._guard:
                self._failures = 0

    def failed(self, reason: str) -> None:
        """Turn callers away for a while."""
        with self._guard:
            pause = min(self._longest_pause_s, self._first_pause_s * 2.0**self._failures)
            self._failures = min(self._failures + 1, 60)
            self._reason = reason
            pause *= 0.5 + secrets.randbelow(1000) / 2000
            self._closed_until = monotonic() + pause


class ConnectionPool:
    """Idle connections, the one used last taken first, so that what is not needed ages out."""

    def __init__(self, connect: Callable[[], Connection], most_idle: int) -> None:
        """Make connections with ``connect`` and keep at most ``most_idle`` for later."""
        self._connect = connect
        self._most_idle = most_idle
        self._guard = Lock()
        self._idle: deque[Connection] = deque()
        self._is_closed = False

    def take(self) -> Connection:
        """Return a connection that seems alive; raises what connecting raises."""
        while True:
            with self._guard:
                if self._is_closed:
                    raise ServerUnavailableError("The client of the index server is closed.")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if not connection.is_stale():
                return connection
            connection.close()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection that is in order."""
        with self._guard:
            is_kept = len(self._idle) < self._most_idle and not self._is_closed
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            connection.close()

    def clear(self) -> None:
        """Close what is idle: a server that broke one connection has likely lost them all."""
        with self._guard:
            idle, self._idle = self._idle, deque()
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close what is idle now, and what is given back from now on."""
        self._is_closed = True
        self.clear()


def connected(
    address: Address, name: str, secret: bytes | None, timeout_s: float, max_answer_bytes: int
) -> tuple[Connection, Welcome]:
    """Connect, authenticate both ways and open the index ``name``.

    Raises ``OSError``, ``AuthenticationError``, ``ProtocolError``, ``IndexNotServedError``.
    """
    raw = address.connect(timeout_s)
    try:
        introduce(raw, secret, timeout_s)
        connection = Connection(raw, max_answer_bytes)
        request = PayloadWriter()
        request.text(name)
        try:
            reader = connection.exchange(Operation.OPEN, request, timeout_s)
        except AnsweredError as answered:
            raise answered.error from None
        welcome = read_welcome(reader)
        reader.end()
    except BaseException:
        raw.close()
        raise
    return connection, welcome
