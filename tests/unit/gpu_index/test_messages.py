from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gpu_index import errors, messages
from gpu_index.errors import InvalidInputError, ProtocolError, VectorIndexError
from gpu_index.messages import SearchRequest, Welcome
from gpu_index.protocol import Capabilities, Neighbours, PartitionReport, SnapshotManifest
from gpu_index.wire import Operation, PayloadReader, PayloadWriter, Status

INT64 = st.integers(-(2**63), 2**63 - 1)
SHORT = st.text(max_size=40)
ID_ARRAYS = arrays.arrays(np.int64, st.integers(0, 20), elements=INT64)
FLOATS = st.floats(width=32)
CAPABILITIES = st.builds(
    Capabilities, backend=SHORT, engine=SHORT, device=SHORT, precision=SHORT, exact=st.booleans()
)
WELCOMES = st.builds(
    Welcome,
    dimension=INT64,
    max_request_bytes=INT64,
    operations=st.frozensets(st.sampled_from(Operation)),
    capabilities=CAPABILITIES,
)
REPORTS = st.builds(
    PartitionReport,
    size=INT64,
    structure=SHORT,
    measured_recall=st.floats(allow_nan=False),
    nbytes=INT64,
)
MANIFESTS = st.builds(
    SnapshotManifest,
    format_version=INT64,
    dimension=INT64,
    count=INT64,
    mark=st.binary(max_size=50),
    labels=st.dictionaries(SHORT, SHORT, max_size=5),
    backend=SHORT,
)


def transported(write: Callable[..., None], read: Callable[[PayloadReader], Any], it: Any) -> Any:
    writer = PayloadWriter()
    write(writer, it)
    data = b"".join(writer.frame(Operation.SEARCH, Status.ANSWER, 1)[1:])
    reader = PayloadReader(memoryview(data))
    result = read(reader)
    reader.end()
    return result


@given(WELCOMES)
def test_welcome_comes_back(welcome: Welcome) -> None:
    assert transported(messages.write_welcome, messages.read_welcome, welcome) == welcome


@given(REPORTS)
def test_report_comes_back(report: PartitionReport) -> None:
    assert transported(messages.write_report, messages.read_report, report) == report


@given(MANIFESTS)
def test_manifest_comes_back(manifest: SnapshotManifest) -> None:
    assert transported(messages.write_manifest, messages.read_manifest, manifest) == manifest


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(0, 9), st.integers(1, 9)), elements=FLOATS),
    INT64,
    ID_ARRAYS,
    st.none() | ID_ARRAYS,
)
def test_search_comes_back(queries: Any, k: int, partitions: Any, allowed: Any) -> None:
    sent = SearchRequest(queries=queries, k=k, partitions=partitions, allowed=allowed)
    found = transported(messages.write_search, messages.read_search, sent)
    assert found.k == k
    assert found.queries.tobytes() == queries.tobytes()
    assert found.queries.shape == queries.shape
    assert np.array_equal(found.partitions, partitions)
    assert (found.allowed is None) == (allowed is None)
    assert allowed is None or np.array_equal(found.allowed, allowed)


@given(st.integers(0, 9), st.integers(1, 9), st.data())
def test_neighbours_come_back_with_every_mark_in_its_place(
    queries: int, k: int, data: st.DataObject
) -> None:
    marks = data.draw(
        st.lists(st.sampled_from([b"", b"one", b"two"]), min_size=queries, max_size=queries)
    )
    sent = Neighbours(
        ids=data.draw(arrays.arrays(np.int64, (queries, k), elements=INT64)),
        scores=data.draw(arrays.arrays(np.float32, (queries, k), elements=FLOATS)),
        marks=tuple(marks),
    )
    found = transported(messages.write_neighbours, messages.read_neighbours, sent)
    assert np.array_equal(found.ids, sent.ids)
    assert found.scores.tobytes() == sent.scores.tobytes()
    assert found.marks == sent.marks
    assert found.ids.flags.owndata
    assert found.scores.flags.owndata


def test_mark_of_a_whole_batch_is_sent_once() -> None:
    writer = PayloadWriter()
    found = Neighbours(
        ids=np.zeros((500, 1), np.int64),
        scores=np.zeros((500, 1), np.float32),
        marks=(bytes(60_000),) * 500,
    )
    messages.write_neighbours(writer, found)
    assert writer.length < 100_000


@pytest.mark.parametrize("number", [-1, 1])
def test_result_that_names_a_missing_mark_is_refused(number: int) -> None:
    writer = PayloadWriter()
    writer.array(np.zeros((1, 1), np.int64))
    writer.array(np.zeros((1, 1), np.float32))
    writer.integer(1)
    writer.blob(b"mark")
    writer.array(np.array([number]))
    data = b"".join(writer.frame(Operation.SEARCH, Status.ANSWER, 1)[1:])
    with pytest.raises(ProtocolError, match="a mark that it lacks"):
        messages.read_neighbours(PayloadReader(memoryview(data)))


CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, VectorIndexError)
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_comes_back_as_the_same_class(error: type[VectorIndexError]) -> None:
    found = transported(messages.write_error, messages.read_error, error("Why."))
    assert type(found) is error
    assert found.message == "Why."


def test_errors_of_the_system_and_unknown_ones_come_back_too() -> None:
    found = transported(messages.write_error, messages.read_error, OSError("disk full"))
    assert type(found) is OSError
    assert str(found) == "disk full"

    class LaterError(VectorIndexError):
        """An error of a later version."""

        code = "later"

    found = transported(messages.write_error, messages.read_error, LaterError("New."))
    assert type(found) is VectorIndexError


def test_message_of_an_error_is_cut_to_a_bound() -> None:
    found = transported(messages.write_error, messages.read_error, VectorIndexError("é" * 9999))
    assert 0 < len(found.message.encode()) <= 4096 + 3


def test_too_many_labels_are_refused_before_they_are_sent() -> None:
    with pytest.raises(InvalidInputError, match="256 labels"):
        messages.write_labels(PayloadWriter(), {str(key): "" for key in range(257)})
