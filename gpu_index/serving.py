"""What a server does with the requests of one index: from payload to payload."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpu_index.batching import SearchBatcher
from gpu_index.errors import InvalidInputError, OperationRefusedError, ProtocolError
from gpu_index.messages import (
    MARK_BYTES,
    NAME_BYTES,
    SearchRequest,
    read_labels,
    read_search,
    write_manifest,
    write_neighbours,
    write_report,
)
from gpu_index.protocol import VectorIndex
from gpu_index.wire import Operation, PayloadReader, PayloadWriter

READING = frozenset(
    {
        Operation.OPEN,
        Operation.STATUS,
        Operation.SEARCH,
        Operation.SIZE,
        Operation.IDS,
        Operation.VECTORS,
        Operation.REPORT,
    }
)
"""What changes nothing: for clients that only search, while the owner writes in-process."""
EVERYTHING = frozenset(Operation)

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESULT_BYTES = 12  # An id and a score.
_ID_BYTES = 8
_COMPONENT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the clients of an index may ask for."""

    operations: frozenset[Operation]
    max_answer_bytes: int
    snapshot_folder: Path | None
    """Where ``save`` and ``load`` find their files; without one they are refused."""


class IndexService:
    """Answers the requests for one index. Safe to use from any thread."""

    def __init__(self, index: VectorIndex, batcher: SearchBatcher, limits: Limits) -> None:
        """Serve ``index``, whose plain searches go through ``batcher``."""
        self.index = index
        self.batcher = batcher
        self._limits = limits
        self._handlers: dict[Operation, Callable[[PayloadReader, PayloadWriter], None]] = {
            Operation.STATUS: self._status,
            Operation.SEARCH: self._search,
            Operation.ADD: self._add,
            Operation.REMOVE: self._remove,
            Operation.DROP: self._drop,
            Operation.SIZE: self._size,
            Operation.IDS: self._ids,
            Operation.VECTORS: self._vectors,
            Operation.SET_MARK: self._set_mark,
            Operation.REPORT: self._report,
            Operation.SAVE: self._save,
            Operation.LOAD: self._load,
        }

    def answer(self, operation: Operation, payload: memoryview) -> PayloadWriter:
        """Carry out a request and return the payload of its answer.

        Raises ``ProtocolError`` for a malformed payload, other ``VectorIndexError``s and
        ``OSError`` for what could not be done.
        """
        if operation not in self._limits.operations:
            raise OperationRefusedError(
                f"This server lets its clients do no {operation.name.lower()}: "
                f"the process that owns the index does."
            )
        if (handler := self._handlers.get(operation)) is None:
            raise ProtocolError(f"{operation.name} is no request for an open index.")
        writer = PayloadWriter()
        handler(PayloadReader(payload), writer)
        return writer

    def _status(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        reader.end()
        writer.integer(len(self.index))
        writer.integer(self.index.nbytes)

    def _search(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        request = read_search(reader)
        reader.end()
        self._require_room(len(request.queries), max(request.k, 0) * _RESULT_BYTES)
        if request.allowed is None and self._is_well_formed(request):
            found = self.batcher.search(request.queries, request.k, request.partitions)
        else:
            found = self.index.search(
                request.queries, request.k, request.partitions, request.allowed
            )
        write_neighbours(writer, found)

    def _add(self, reader: PayloadReader, _: PayloadWriter) -> None:
        partition, ids = reader.integer(), reader.array(np.int64, 1)
        vectors = reader.array(np.float32, 2)
        reader.end()
        self.index.add(partition, ids, vectors)

    def _remove(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        partition, ids = reader.integer(), reader.array(np.int64, 1)
        reader.end()
        writer.integer(self.index.remove(partition, ids))

    def _drop(self, reader: PayloadReader, _: PayloadWriter) -> None:
        self.index.drop(_only_integer(reader))

    def _size(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        writer.integer(self.index.partition_size(_only_integer(reader)))

    def _ids(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        partition = _only_integer(reader)
        self._require_room(self.index.partition_size(partition), _ID_BYTES)
        writer.array(self.index.ids(partition))

    def _vectors(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        partition, ids = reader.integer(), reader.array(np.int64, 1)
        reader.end()
        self._require_room(len(ids), self.index.dimension * _COMPONENT_BYTES)
        writer.array(self.index.vectors(partition, ids))

    def _set_mark(self, reader: PayloadReader, _: PayloadWriter) -> None:
        partition, mark = reader.integer(), reader.blob(MARK_BYTES)
        reader.end()
        self.index.set_mark(partition, mark)

    def _report(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        write_report(writer, self.index.report(_only_integer(reader)))

    def _save(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        partition, name, labels = reader.integer(), reader.text(NAME_BYTES), read_labels(reader)
        reader.end()
        write_manifest(writer, self.index.save(partition, self._snapshot(name), labels))

    def _load(self, reader: PayloadReader, writer: PayloadWriter) -> None:
        partition, name = reader.integer(), reader.text(NAME_BYTES)
        reader.end()
        write_manifest(writer, self.index.load(partition, self._snapshot(name)))

    def _snapshot(self, name: str) -> Path:
        if self._limits.snapshot_folder is None:
            raise OperationRefusedError("This server keeps no snapshots for its clients.")
        if not _FILE_NAME.fullmatch(name):
            raise InvalidInputError(
                f"A snapshot on the server is named by letters, digits and ._- alone, not {name!r}."
            )
        return self._limits.snapshot_folder / name

    def _is_well_formed(self, request: SearchRequest) -> bool:
        # What is not is refused by the index itself; it must not spoil a batch.
        return (
            request.k >= 1
            and request.queries.shape[1] == self.index.dimension
            and len(request.partitions) == len(request.queries)
        )

    def _require_room(self, rows: int, row_bytes: int) -> None:
        if rows * row_bytes > self._limits.max_answer_bytes // 2:
            raise InvalidInputError(
                f"The answer would take {rows * row_bytes} bytes, more than the server sends at "
                f"once: ask for fewer."
            )


def _only_integer(reader: PayloadReader) -> int:
    value = reader.integer()
    reader.end()
    return value
