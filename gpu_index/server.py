"""One process holds the indexes, many search them: a thread for each connection.

Threads that block on their sockets answer a lone query soonest (see the decision record on the
index server); what the processor or the device cannot do side by side, ``SearchBatcher`` joins.
"""

import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from time import monotonic, sleep
from typing import Self

from gpu_index.addresses import Address
from gpu_index.batching import SearchBatcher
from gpu_index.counters import Counter, Counters
from gpu_index.errors import (
    AuthenticationError,
    IndexNotServedError,
    InvalidInputError,
    ProtocolError,
    VectorIndexError,
)
from gpu_index.handshake import admit, checked_secret
from gpu_index.messages import NAME_BYTES, Welcome, write_error, write_welcome
from gpu_index.protocol import VectorIndex
from gpu_index.serving import EVERYTHING, IndexService, Limits
from gpu_index.wire import (
    FrameReceiver,
    Header,
    Operation,
    PayloadReader,
    PayloadWriter,
    Status,
    send_frame,
)

_LOG = logging.getLogger(__name__)
_ACCEPT_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How a server treats its clients."""

    secret: bytes | None = None
    """At least 16 bytes, the same on both sides; may be left out where only this machine reaches
    the server."""
    operations: frozenset[Operation] = EVERYTHING
    """What clients may do; ``serving.READING`` leaves changes to the owner of the index."""
    snapshot_folder: Path | None = None
    """Where ``save`` and ``load`` of clients find their files."""
    max_request_bytes: int = 1 << 28
    max_answer_bytes: int = 1 << 28
    max_connections: int = 256
    handshake_timeout_s: float = 5.0
    idle_timeout_s: float = 600.0
    """A connection without requests is closed after this time; clients connect again."""
    transfer_timeout_s: float = 30.0
    """How long a client may take for each part of a request or an answer."""
    parallel_searches: int = 2
    """Calls of an index under way at once, beyond which searches are joined; 1 for a device."""
    most_queries: int = 256
    """Queries joined in one call at most."""


class IndexServer:
    """Serves indexes by name to ``RemoteIndex`` clients, until it is closed."""

    def __init__(
        self,
        address: Address,
        indexes: Mapping[str, VectorIndex],
        options: ServerOptions | None = None,
    ) -> None:
        """Listen at ``address`` for clients of ``indexes``.

        The mapping is asked anew at each request, so its owner may add an index or replace one.

        Raises ``InvalidInputError`` for an address that other machines reach without a secret and
        for a secret that is too short, ``OSError`` when the address cannot be taken.
        """
        self._options = options or ServerOptions()
        checked_secret(self._options.secret)
        if self._options.secret is None and not address.is_local:
            raise InvalidInputError(
                f"Other machines reach {address}: set a secret, or listen on loopback or on a "
                f"Unix socket."
            )
        self._indexes = indexes
        self._guard = Lock()
        self._services: dict[str, IndexService] = {}
        # Calls and searches of indexes that were replaced.
        self._past = (0, 0)
        self._connections: dict[Thread, socket.socket] = {}
        self._counter = Counter()
        self._closing = Event()
        self._listener = address.listen()
        self._listener.settimeout(_ACCEPT_POLL_S)
        self.address = address if address.path else _bound(address, self._listener)
        """Where it listens, with the port that the system chose."""
        self._acceptor = Thread(target=self._accept, name="index-server", daemon=True)
        self._acceptor.start()

    def counters(self) -> Counters:
        """Return what the server has done so far."""
        with self._guard:
            batches = [self._past, *(each.batcher.counts for each in self._services.values())]
            connections = len(self._connections)
        return self._counter.read(connections, batches)

    def close(self, timeout_s: float = 10.0) -> None:
        """Take no more requests, answer those under way, and end; cut off what takes longer."""
        self._closing.set()
        _shut(self._listener, socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.address.remove()
        for connection in self._open_connections().values():
            # Readers wake up to the end of the connection; what is being answered still leaves.
            _shut(connection, socket.SHUT_RD)
        deadline = monotonic() + timeout_s
        for thread in self._open_connections():
            thread.join(max(0.0, deadline - monotonic()))
        for connection in self._open_connections().values():
            _shut(connection, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if self._closing.is_set():
                    return
                # For instance out of file descriptors: others may end meanwhile.
                _LOG.warning("The index server cannot accept a connection: %s", error)
                sleep(_ACCEPT_POLL_S)
                continue
            self._start(connection)

    def _start(self, connection: socket.socket) -> None:
        thread = Thread(target=self._serve, args=(connection,), name="index-client", daemon=True)
        with self._guard:
            is_full = len(self._connections) >= self._options.max_connections
            if not is_full:
                self._connections[thread] = connection
        if is_full:
            self._counter.count_refused()
            connection.close()
            return
        self._counter.count_connection()
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._converse(connection)
        except AuthenticationError:
            self._counter.count_error(AuthenticationError.code)
            _LOG.warning("A client of the index server was refused: wrong secret")
        except ProtocolError as error:
            self._counter.count_error(ProtocolError.code)
            _LOG.warning("A client of the index server broke the protocol: %s", error)
        except OSError:
            # Gone, or silent for too long; it will connect again if it wants something.
            self._counter.count_lost()
        finally:
            with self._guard:
                del self._connections[current_thread()]

    def _converse(self, connection: socket.socket) -> None:
        options = self._options
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        admit(connection, options.secret, options.handshake_timeout_s)
        connection.settimeout(options.idle_timeout_s)
        receiver = FrameReceiver(connection, options.max_request_bytes)
        name: str | None = None
        while not self._closing.is_set():
            if (frame := receiver.receive(options.transfer_timeout_s)) is None:
                return
            header, payload = frame
            if header.status is not Status.REQUEST:
                raise ProtocolError("A client sent what is no request.")
            connection.settimeout(options.transfer_timeout_s)
            if header.operation is Operation.OPEN:
                name = self._opened(connection, header, payload)
            else:
                self._reply(connection, header, payload, name)
            connection.settimeout(options.idle_timeout_s)

    def _opened(self, connection: socket.socket, header: Header, payload: memoryview) -> str:
        reader = PayloadReader(payload)
        name = reader.text(NAME_BYTES)
        reader.end()
        writer, status = PayloadWriter(), Status.ANSWER
        try:
            index = self._service(name).index
        except IndexNotServedError as error:
            write_error(writer, error)
            status = Status.ERROR
        else:
            welcome = Welcome(
                dimension=index.dimension,
                max_request_bytes=self._options.max_request_bytes,
                operations=self._options.operations,
                capabilities=index.capabilities,
            )
            write_welcome(writer, welcome)
        send_frame(connection, writer.frame(Operation.OPEN, status, header.request))
        return name

    def _reply(
        self,
        connection: socket.socket,
        header: Header,
        payload: memoryview,
        name: str | None,
    ) -> None:
        began = monotonic()
        status, failure = Status.ANSWER, None
        try:
            writer = self._carried_out(header, payload, name)
        except (VectorIndexError, OSError) as error:
            failure = error
            status, writer = Status.ERROR, PayloadWriter()
            write_error(writer, failure)
            code = error.code if isinstance(error, VectorIndexError) else "os_error"
            self._counter.count_error(code)
        self._counter.count_request(
            header.operation, monotonic() - began, (header.length, writer.length)
        )
        send_frame(connection, writer.frame(header.operation, status, header.request))
        if isinstance(failure, ProtocolError):
            raise failure

    def _carried_out(self, header: Header, payload: memoryview, name: str | None) -> PayloadWriter:
        if name is None:
            raise ProtocolError("No index has been opened on this connection.")
        try:
            # Looked up each time: the owner may have replaced the index by a rebuilt one.
            return self._service(name).answer(header.operation, payload)
        except (VectorIndexError, OSError):
            raise
        except Exception as error:
            # The edge of the process: one client's request must not end the others'.
            _LOG.exception("The index server failed on %s", header.operation.name)
            raise VectorIndexError(f"The index server failed: {type(error).__name__}.") from error

    def _service(self, name: str) -> IndexService:
        index = self._indexes.get(name)
        with self._guard:
            known = self._services.get(name)
            if known is not None and known.index is not index:
                # Its index is not kept alive for the sake of its counts.
                calls, searches = known.batcher.counts
                self._past = (self._past[0] + calls, self._past[1] + searches)
                del self._services[name]
                known = None
            if index is None:
                raise IndexNotServedError(f"The index server has no index {name!r} now.")
            if known is None:
                known = self._services[name] = self._new_service(index)
            return known

    def _new_service(self, index: VectorIndex) -> IndexService:
        options = self._options
        batcher = SearchBatcher(
            index, parallel=options.parallel_searches, most_queries=options.most_queries
        )
        limits = Limits(
            operations=options.operations,
            max_answer_bytes=options.max_answer_bytes,
            snapshot_folder=options.snapshot_folder,
        )
        return IndexService(index, batcher, limits)

    def _open_connections(self) -> dict[Thread, socket.socket]:
        with self._guard:
            return dict(self._connections)


def _bound(address: Address, listener: socket.socket) -> Address:
    return Address(host=address.host, port=listener.getsockname()[1])


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        # It has ended by itself.
        return
