"""The library's error tree: a class's docstring is its default message, ``code`` is stable."""

from typing import ClassVar


class VectorIndexError(Exception):
    """The vector index failed."""

    code: ClassVar[str] = "vector_index"

    def __init__(self, message: str | None = None) -> None:
        """Use ``message``, or the class docstring."""
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class InvalidInputError(VectorIndexError):
    """An argument has the wrong type, shape or range."""

    code = "invalid_input"


class DimensionMismatchError(InvalidInputError):
    """The vectors have another dimension than the index."""

    code = "dimension_mismatch"


class NonFiniteVectorError(InvalidInputError):
    """A vector holds NaN or an infinity."""

    code = "non_finite_vector"


class ZeroVectorError(InvalidInputError):
    """A vector of length zero has no direction to compare."""

    code = "zero_vector"


class DuplicateIdError(InvalidInputError):
    """An id is given twice, or is in the partition already."""

    code = "duplicate_id"


class UnknownBackendError(InvalidInputError):
    """There is no backend of this name."""

    code = "unknown_backend"


class BackendUnavailableError(VectorIndexError):
    """The backend cannot run on this machine."""

    code = "backend_unavailable"


class SnapshotError(VectorIndexError):
    """The snapshot file cannot be used."""

    code = "snapshot"


class ServerUnavailableError(VectorIndexError):
    """The index server did not answer."""

    code = "server_unavailable"


class IndexNotServedError(ServerUnavailableError):
    """The server has no index of this name."""

    code = "index_not_served"


class AuthenticationError(VectorIndexError):
    """The index server and its client do not share a secret."""

    code = "authentication"


class OperationRefusedError(VectorIndexError):
    """The server lets its clients do no such thing."""

    code = "operation_refused"


class ProtocolError(VectorIndexError):
    """What arrived on the connection breaks the protocol."""

    code = "protocol"
