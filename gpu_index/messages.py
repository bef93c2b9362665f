"""What the payloads of requests and answers hold: one pair of functions for each record."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gpu_index import errors
from gpu_index.errors import InvalidInputError, ProtocolError, VectorIndexError
from gpu_index.protocol import (
    Capabilities,
    Ids,
    Neighbours,
    PartitionReport,
    SnapshotManifest,
    Vectors,
)
from gpu_index.wire import Operation, PayloadReader, PayloadWriter

MARK_BYTES = 1 << 16
NAME_BYTES = 128

_MESSAGE_BYTES = 1 << 12
_MOST_LABELS = 256
_LABEL_BYTES = 1 << 12
_OS_ERROR = "os_error"


def _all_errors(parent: type[VectorIndexError]) -> dict[str, type[VectorIndexError]]:
    found = {parent.code: parent}
    for child in parent.__subclasses__():
        found |= _all_errors(child)
    return found


_ERRORS = _all_errors(errors.VectorIndexError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchRequest:
    """The arguments of ``VectorIndex.search``."""

    queries: Vectors
    k: int
    partitions: Ids
    allowed: Ids | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What a server says of the index that a client opened."""

    dimension: int
    max_request_bytes: int
    operations: frozenset[Operation]
    """What it lets the client do."""
    capabilities: Capabilities


def write_search(writer: PayloadWriter, request: SearchRequest) -> None:
    """Write a search; arrays are written as they are, the index judges them."""
    writer.integer(request.k)
    writer.integer(request.allowed is not None)
    writer.array(request.queries)
    writer.array(request.partitions)
    if request.allowed is not None:
        writer.array(request.allowed)


def read_search(reader: PayloadReader) -> SearchRequest:
    """Read what ``write_search`` wrote."""
    k = reader.integer()
    is_restricted = reader.integer()
    return SearchRequest(
        k=k,
        queries=reader.array(np.float32, 2),
        partitions=reader.array(np.int64, 1),
        allowed=reader.array(np.int64, 1) if is_restricted else None,
    )


def write_neighbours(writer: PayloadWriter, found: Neighbours) -> None:
    """Write a result; each distinct mark is written once."""
    writer.array(found.ids)
    writer.array(found.scores)
    distinct = list(dict.fromkeys(found.marks))
    number = {mark: position for position, mark in enumerate(distinct)}
    writer.integer(len(distinct))
    for mark in distinct:
        writer.blob(mark)
    writer.array(np.array([number[mark] for mark in found.marks], dtype=np.int64))


def read_neighbours(reader: PayloadReader) -> Neighbours:
    """Read what ``write_neighbours`` wrote."""
    ids = reader.array(np.int64, 2).copy()
    scores = reader.array(np.float32, 2).copy()
    count = reader.integer()
    if not 0 <= count <= len(ids):
        raise ProtocolError(f"{count} marks for {len(ids)} queries.")
    distinct = [reader.blob(MARK_BYTES) for _ in range(count)]
    numbers = reader.array(np.int64, 1)
    if scores.shape != ids.shape or len(numbers) != len(ids):
        raise ProtocolError("The parts of a result differ in size.")
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
        raise ProtocolError("A result names a mark that it lacks.")
    return Neighbours(
        ids=ids, scores=scores, marks=tuple(distinct[number] for number in numbers.tolist())
    )


def write_welcome(writer: PayloadWriter, welcome: Welcome) -> None:
    """Write what the server says of an index."""
    writer.integer(welcome.dimension)
    writer.integer(welcome.max_request_bytes)
    writer.array(np.array(sorted(welcome.operations), dtype=np.int64))
    capabilities = welcome.capabilities
    for value in (
        capabilities.backend,
        capabilities.engine,
        capabilities.device,
        capabilities.precision,
    ):
        writer.text(value)
    writer.integer(capabilities.exact)


def read_welcome(reader: PayloadReader) -> Welcome:
    """Read what ``write_welcome`` wrote; operations that this side does not know are left out."""
    known = {operation.value for operation in Operation}
    dimension, max_request_bytes = reader.integer(), reader.integer()
    operations = {Operation(each) for each in reader.array(np.int64, 1).tolist() if each in known}
    return Welcome(
        dimension=dimension,
        max_request_bytes=max_request_bytes,
        operations=frozenset(operations),
        capabilities=Capabilities(
            backend=reader.text(_LABEL_BYTES),
            engine=reader.text(_LABEL_BYTES),
            device=reader.text(_LABEL_BYTES),
            precision=reader.text(_LABEL_BYTES),
            exact=bool(reader.integer()),
        ),
    )


def write_report(writer: PayloadWriter, report: PartitionReport) -> None:
    """Write how a partition is searched."""
    writer.integer(report.size)
    writer.text(report.structure)
    writer.real(report.measured_recall)
    writer.integer(report.nbytes)


def read_report(reader: PayloadReader) -> PartitionReport:
    """Read what ``write_report`` wrote."""
    return PartitionReport(
        size=reader.integer(),
        structure=reader.text(_LABEL_BYTES),
        measured_recall=reader.real(),
        nbytes=reader.integer(),
    )


def write_labels(writer: PayloadWriter, labels: Mapping[str, str]) -> None:
    """Write labels; raises ``InvalidInputError`` for more than may travel."""
    longest = max((len(text.encode()) for pair in labels.items() for text in pair), default=0)
    if len(labels) > _MOST_LABELS or longest > _LABEL_BYTES:
        raise InvalidInputError(
            f"At most {_MOST_LABELS} labels of {_LABEL_BYTES} bytes can be sent to the server."
        )
    writer.integer(len(labels))
    for key, value in labels.items():
        writer.text(key)
        writer.text(value)


def read_labels(reader: PayloadReader) -> dict[str, str]:
    """Read what ``write_labels`` wrote."""
    count = reader.integer()
    if not 0 <= count <= _MOST_LABELS:
        raise ProtocolError(f"{count} labels where at most {_MOST_LABELS} may be.")
    return {reader.text(_LABEL_BYTES): reader.text(_LABEL_BYTES) for _ in range(count)}


def write_manifest(writer: PayloadWriter, manifest: SnapshotManifest) -> None:
    """Write what the header of a snapshot says."""
    writer.integer(manifest.format_version)
    writer.integer(manifest.dimension)
    writer.integer(manifest.count)
    writer.blob(manifest.mark)
    writer.text(manifest.backend)
    write_labels(writer, manifest.labels)


def read_manifest(reader: PayloadReader) -> SnapshotManifest:
    """Read what ``write_manifest`` wrote."""
    return SnapshotManifest(
        format_version=reader.integer(),
        dimension=reader.integer(),
        count=reader.integer(),
        mark=reader.blob(MARK_BYTES),
        backend=reader.text(_LABEL_BYTES),
        labels=read_labels(reader),
    )


def write_error(writer: PayloadWriter, error: VectorIndexError | OSError) -> None:
    """Write an error by its code, so that it is of the same class on the other side."""
    if isinstance(error, VectorIndexError):
        code, message = error.code, error.message
    else:
        code, message = _OS_ERROR, str(error)
    writer.text(code)
    writer.blob(message.encode()[:_MESSAGE_BYTES])


def read_error(reader: PayloadReader) -> VectorIndexError | OSError:
    """Return what ``write_error`` wrote, ready to be raised."""
    code = reader.text(NAME_BYTES)
    message = reader.blob(_MESSAGE_BYTES).decode(errors="replace")
    if code == _OS_ERROR:
        return OSError(message)
    return _ERRORS.get(code, VectorIndexError)(message)
