"""An index in another process, behind the same protocol as one of our own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from gpu_index.addresses import Address
from gpu_index.connections import AnsweredError, Circuit, Connection, ConnectionPool, connected
from gpu_index.errors import (
    DimensionMismatchError,
    InvalidInputError,
    ProtocolError,
    ServerUnavailableError,
    VectorIndexError,
)
from gpu_index.handshake import checked_secret
from gpu_index.messages import (
    MARK_BYTES,
    NAME_BYTES,
    SearchRequest,
    Welcome,
    read_manifest,
    read_neighbours,
    read_report,
    write_labels,
    write_search,
)
from gpu_index.protocol import (
    Capabilities,
    Ids,
    Neighbours,
    PartitionReport,
    SnapshotManifest,
    Vectors,
)
from gpu_index.vectors import id_array, matrix, partition_array
from gpu_index.wire import Operation, PayloadReader, PayloadWriter

_T = TypeVar("_T")

_REPEATABLE = frozenset(Operation) - {Operation.ADD, Operation.REMOVE}
"""Asked again after a lost connection: a second time they do and return the same. An ``add`` would
fail on its own ids, a ``remove`` count none."""
_LONG = frozenset({Operation.ADD, Operation.REMOVE, Operation.DROP, Operation.SAVE, Operation.LOAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How a client reaches its server."""

    secret: bytes | None = None
    """The same as the server's."""
    connect_timeout_s: float = 0.5
    """For connecting and for each step of the handshake."""
    request_timeout_s: float = 2.0
    """For each part of a question's way to the server and of the answer's way back."""
    change_timeout_s: float = 600.0
    """The same for changes and snapshots, which may take long."""
    most_idle: int = 16
    """Connections kept open between requests."""
    first_pause_s: float = 0.05
    """Calls fail at once for this time after the server was found to be away, and for twice as
    long each further time, up to ``longest_pause_s``."""
    longest_pause_s: float = 2.0
    max_answer_bytes: int = 1 << 28


class RemoteIndex:
    """A ``VectorIndex`` on an index server. Safe to use from any thread.

    Connects when it is first used. Beside the errors of the index every method raises
    ``ServerUnavailableError`` while the server is away, at once when that is known already, and
    ``AuthenticationError`` or ``OperationRefusedError`` where the server does not let it. When the
    connection is lost during ``add`` or ``remove``, whether they happened is unknown.

    ``save`` and ``load`` are given the name of a file in the server's own folder.
    """

    def __init__(
        self, address: Address, name: str, dimension: int, options: ClientOptions | None = None
    ) -> None:
        """Stand for the index ``name`` of the server at ``address``.

        The server's index must have the same ``dimension``: ``DimensionMismatchError`` otherwise,
        at the first call.
        """
        if dimension < 1:
            raise InvalidInputError(f"A vector needs at least one component, not {dimension}.")
        if len(name.encode()) > NAME_BYTES:
            raise InvalidInputError(f"An index's name has at most {NAME_BYTES} bytes.")
        self.address = address
        self._name = name
        self._dimension = dimension
        self._options = options or ClientOptions()
        checked_secret(self._options.secret)
        self._welcome: Welcome | None = None
        self._pool = ConnectionPool(self._connect, self._options.most_idle)
        self._circuit = Circuit(
            first_pause_s=self._options.first_pause_s,
            longest_pause_s=self._options.longest_pause_s,
        )

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return self._dimension

    @property
    def is_away(self) -> bool:
        """Whether the last attempt to reach the server failed; asks nobody."""
        return self._circuit.is_away

    @property
    def capabilities(self) -> Capabilities:
        """What the index on the server is and can do."""
        return self._known_welcome().capabilities

    @property
    def nbytes(self) -> int:
        """Bytes held on the server."""
        return self._status()[1]

    def __len__(self) -> int:
        """Return the number of vectors in all partitions."""
        return self._status()[0]

    def add(self, partition: int, ids: Ids, vectors: Vectors) -> None:
        """Add vectors to a partition, all or none."""
        writer = _for_partition(partition)
        writer.array(id_array(ids))
        writer.array(matrix("vectors", vectors))
        self._ask(Operation.ADD, writer, _nothing)

    def remove(self, partition: int, ids: Ids) -> int:
        """Remove ids from a partition and return how many there were."""
        writer = _for_partition(partition)
        writer.array(id_array(ids))
        return self._ask(Operation.REMOVE, writer, PayloadReader.integer)

    def drop(self, partition: int) -> None:
        """Forget a whole partition."""
        self._ask(Operation.DROP, _for_partition(partition), _nothing)

    def search(
        self, queries: Vectors, k: int, partitions: Ids, allowed: Ids | None = None
    ) -> Neighbours:
        """Return the k nearest of each query in its partition."""
        request = SearchRequest(
            queries=matrix("queries", queries),
            k=k,
            partitions=partition_array(partitions, len(queries)),
            allowed=None if allowed is None else id_array(allowed),
        )
        writer = PayloadWriter()
        write_search(writer, request)
        found = self._ask(Operation.SEARCH, writer, read_neighbours)
        if found.ids.shape != (len(queries), k):
            raise ProtocolError("The index server answered another number of queries or of hits.")
        return found

    def partition_size(self, partition: int) -> int:
        """Return the number of vectors in a partition."""
        return self._ask(Operation.SIZE, _for_partition(partition), PayloadReader.integer)

    def ids(self, partition: int) -> Ids:
        """Return a partition's ids in ascending order."""
        return self._ask(
            Operation.IDS,
            _for_partition(partition),
            lambda reader: reader.array(np.int64, 1).copy(),
        )

    def vectors(self, partition: int, ids: Ids) -> Vectors:
        """Return the vectors of ``ids``."""
        writer = _for_partition(partition)
        writer.array(id_array(ids))
        return self._ask(
            Operation.VECTORS, writer, lambda reader: reader.array(np.float32, 2).copy()
        )

    def set_mark(self, partition: int, mark: bytes) -> None:
        """Remember what the owner's mark says of a partition's contents."""
        if len(mark) > MARK_BYTES:
            raise InvalidInputError(f"A mark has at most {MARK_BYTES} bytes, not {len(mark)}.")
        writer = _for_partition(partition)
        writer.blob(mark)
        self._ask(Operation.SET_MARK, writer, _nothing)

    def report(self, partition: int) -> PartitionReport:
        """Return how a partition is searched now."""
        return self._ask(Operation.REPORT, _for_partition(partition), read_report)

    def save(self, partition: int, path: Path, labels: Mapping[str, str]) -> SnapshotManifest:
        """Write one partition to the file ``path`` of the server's folder: a name alone."""
        writer = _for_partition(partition)
        writer.text(_file_name(path))
        write_labels(writer, labels)
        return self._ask(Operation.SAVE, writer, read_manifest)

    def load(self, partition: int, path: Path) -> SnapshotManifest:
        """Replace a partition by what the file ``path`` of the server's folder holds."""
        writer = _for_partition(partition)
        writer.text(_file_name(path))
        return self._ask(Operation.LOAD, writer, read_manifest)

    def close(self) -> None:
        """Close the connections; calls fail from now on."""
        self._pool.close()

    def _status(self) -> tuple[int, int]:
        return self._ask(
            Operation.STATUS,
            PayloadWriter(),
            lambda reader: (reader.integer(), reader.integer()),
        )

    def _ask(
        self, operation: Operation, request: PayloadWriter, read: Callable[[PayloadReader], _T]
    ) -> _T:
        self._circuit.enter()
        try:
            try:
                answer = self._exchange(operation, request, read)
            except ConnectionError:
                # Most likely the server was started anew since the connection was last used.
                self._pool.clear()
                if operation not in _REPEATABLE:
                    raise
                answer = self._exchange(operation, request, read)
        except AnsweredError as answered:
            self._circuit.succeeded()
            raise answered.error from None
        except (OSError, ProtocolError) as error:
            reason = f"The index server at {self.address} is away: {str(error).rstrip('.')}."
            self._pool.clear()
            self._circuit.failed(reason)
            raise ServerUnavailableError(reason) from error
        except VectorIndexError:
            # It is there, even if it does not want us.
            self._circuit.succeeded()
            raise
        self._circuit.succeeded()
        return answer

    def _exchange(
        self, operation: Operation, request: PayloadWriter, read: Callable[[PayloadReader], _T]
    ) -> _T:
        connection = self._pool.take()
        try:
            self._require_room(request)
            timeout_s = (
                self._options.change_timeout_s
                if operation in _LONG
                else self._options.request_timeout_s
            )
            reader = connection.exchange(operation, request, timeout_s)
            answer = read(reader)
            reader.end()
        except AnsweredError:
            self._pool.give_back(connection)
            raise
        except BaseException:
            # Half an answer may still be on its way: nobody may take it for the next one's.
            connection.close()
            raise
        self._pool.give_back(connection)
        return answer

    def _connect(self) -> Connection:
        connection, welcome = connected(
            self.address,
            self._name,
            self._options.secret,
            self._options.connect_timeout_s,
            self._options.max_answer_bytes,
        )
        if welcome.dimension != self._dimension:
            connection.close()
            raise DimensionMismatchError(
                f"The index {self._name!r} at {self.address} has {welcome.dimension} components, "
                f"not {self._dimension}."
            )
        self._welcome = welcome
        return connection

    def _known_welcome(self) -> Welcome:
        if self._welcome is None:
            self._status()
        if self._welcome is None:
            raise ServerUnavailableError
        return self._welcome

    def _require_room(self, request: PayloadWriter) -> None:
        limit = self._known_welcome().max_request_bytes
        if request.length > limit:
            raise InvalidInputError(
                f"The index server takes {limit} bytes at once, not {request.length}: send less "
                f"at a time."
            )


def _for_partition(partition: int) -> PayloadWriter:
    writer = PayloadWriter()
    writer.integer(partition)
    return writer


def _file_name(path: Path) -> str:
    if path.name != str(path):
        raise InvalidInputError(
            f"A snapshot on the server is given by its name alone, not as {path}."
        )
    return path.name


def _nothing(_: PayloadReader) -> None:
    return None
