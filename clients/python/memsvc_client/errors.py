"""What can go wrong: one class for each code of the service, and some for the way there.

* MemsvcError
  x ProblemError                    the service answered with a problem (RFC 9457)
    + InvalidRequestError           invalid_request
      - NaiveTimestampError         naive_timestamp; also raised here, before anything is sent
      - IdempotencyMismatchError    idempotency_mismatch
      - PayloadTooLargeError        payload_too_large
      - NotIndexedError             not_indexed
    + UnauthorizedError             unauthorized
    + ForbiddenError                forbidden
    + NotFoundError
      - BankNotFoundError, MemoryNotFoundError, JobNotFoundError, OperationNotFoundError,
        EntityNotFoundError, ReviewNotFoundError, RecallNotFoundError, ErasureNotFoundError,
        PortraitNotFoundError       bank_not_found, memory_not_found and so on
    + ConflictError                 conflict
      - BankExistsError             bank_exists
      - IllegalTransitionError      illegal_transition
      - OperationUndoneError        already_undone
      - UndoPreventedError          undo_prevented
      - NoRetentionPolicyError      no_retention_policy
      - ReviewDecidedError          review_decided
      - ReviewOutdatedError         review_outdated
      - ErasureIncompleteError      erasure_incomplete
      - ModelMismatchError          model_mismatch
      - ReembeddingUnderWayError    reembedding_under_way
    + UnavailableError              also of a proxy, or too many requests
      - DatabaseUnavailableError    database_unavailable
      - EmbedderUnavailableError    embedder_unavailable
        · ModelNotInstalledError    model_not_installed
      - IndexUnavailableError       index_unavailable
      - NotReadyError               not_ready
      - RequestTimeoutError         timeout: the service's own, not the client's
    + InternalError                 internal
  x ServiceUnreachableError         no connection, or it was lost
    + ServiceTimeoutError           no answer in time
  x UnexpectedAnswerError           an answer that the API does not promise
  x JobsTimeoutError                jobs still open when the time was up

A code unknown to this version of the client becomes the class of its HTTP status. Arguments of a
wrong type or shape are not in this tree: they raise ``pydantic.ValidationError``, a ``ValueError``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The problem document of an answer (RFC 9457 §3.1)."""

    status: int
    """HTTP status of the answer."""
    code: str | None = None
    """The service's stable code; ``None`` when something in between answered."""
    title: str | None = None
    detail: str | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    """Members beyond the standard ones: what the service adds to this kind of problem."""
    request_id: str | None = None
    """The service's name for the request, to be found in its log."""


class MemsvcError(Exception):
    """The call failed."""

    code: str | None = None
    """The service's stable code; ``None`` where the service did not decide."""
    status: int | None = None
    """HTTP status; ``None`` without an answer."""
    title: str | None = None
    """What kind of problem it is, in words."""
    extra: Mapping[str, JsonValue]
    """Members of the problem beyond the standard ones."""
    request_id: str | None = None
    """The service's name for the request, to be found in its log."""

    def __init__(self, detail: str | None = None) -> None:
        """Use ``detail``, or the class docstring."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.extra = {}
        super().__init__(self.detail)


class ProblemError(MemsvcError):
    """The service refused the request."""

    def describe(self, problem: Problem) -> None:
        """Take over what the answer says of the failure."""
        self.code = problem.code or self.code
        self.status = problem.status
        self.title = problem.title
        self.extra = problem.extra
        self.request_id = problem.request_id

    def __str__(self) -> str:
        """Return the detail, and in brackets what to search a log for."""
        marks = [str(mark) for mark in (self.status, self.code, self.request_id) if mark]
        return f"{self.detail} ({', '.join(marks)})" if marks else self.detail


class InvalidRequestError(ProblemError):
    """The request is not valid."""

    code = "invalid_request"


class NaiveTimestampError(InvalidRequestError):
    """A time without a zone was given; add an offset, or name a zone in `timezone`."""

    code = "naive_timestamp"


class IdempotencyMismatchError(InvalidRequestError):
    """The Idempotency-Key was already used with another request body."""

    code = "idempotency_mismatch"


class PayloadTooLargeError(InvalidRequestError):
    """The request carries more than one call may; split it."""

    code = "payload_too_large"


class NotIndexedError(InvalidRequestError):
    """The lexical arm holds active memories only; ask the dense arm for other states."""

    code = "not_indexed"


class UnauthorizedError(ProblemError):
    """A valid API key is needed."""

    code = "unauthorized"


class ForbiddenError(ProblemError):
    """The service does not take this caller."""

    code = "forbidden"


class NotFoundError(ProblemError):
    """There is no such thing."""

    code = "not_found"


class BankNotFoundError(NotFoundError):
    """There is no such bank; create it first, or write with `create=True`."""

    code = "bank_not_found"


class MemoryNotFoundError(NotFoundError):
    """There is no such memory in this bank."""

    code = "memory_not_found"


class JobNotFoundError(NotFoundError):
    """There is no such job."""

    code = "job_not_found"


class OperationNotFoundError(NotFoundError):
    """There is no such operation in this bank."""

    code = "operation_not_found"


class ReviewNotFoundError(NotFoundError):
    """There is no such review in this bank."""

    code = "review_not_found"


class RecallNotFoundError(NotFoundError):
    """No such recall of this bank was recorded, or it has had its time."""

    code = "recall_not_found"


class ErasureNotFoundError(NotFoundError):
    """There is no such erasure in this bank."""

    code = "erasure_not_found"


class PortraitNotFoundError(NotFoundError):
    """There is no portrait of this user; consolidating makes one of what they say of themselves."""

    code = "portrait_not_found"


class EntityNotFoundError(NotFoundError):
    """No memory of this bank speaks of such an entity."""

    code = "entity_not_found"


class ConflictError(ProblemError):
    """The request conflicts with the present state."""

    code = "conflict"


class BankExistsError(ConflictError):
    """A bank of this name exists already."""

    code = "bank_exists"


class IllegalTransitionError(ConflictError):
    """A memory in this state cannot go to the state asked for."""

    code = "illegal_transition"


class OperationUndoneError(ConflictError):
    """The operation has been undone already; undo its undoing to have it again."""

    code = "already_undone"


class UndoPreventedError(ConflictError):
    """Something has changed since what the operation changed; ``problem.extra`` names it."""

    code = "undo_prevented"


class ReviewDecidedError(ConflictError):
    """The pair has been decided about already; undo the merge's operation to take it back."""

    code = "review_decided"


class ReviewOutdatedError(ConflictError):
    """One of the two memories has changed since, or is no longer active; the pair is void."""

    code = "review_outdated"


class ErasureIncompleteError(ConflictError):
    """Something of what was erased was found afterwards; the job can be retried."""

    code = "erasure_incomplete"


class NoRetentionPolicyError(ConflictError):
    """The bank has no retention policy, so nothing of it fades: set one, or give one."""

    code = "no_retention_policy"


class ModelMismatchError(ConflictError):
    """The bank's vectors come from another embedding model than the service's."""

    code = "model_mismatch"


class ReembeddingUnderWayError(ConflictError):
    """The bank is moving to another embedding model already."""

    code = "reembedding_under_way"


class UnavailableError(ProblemError):
    """The service, or a part of it, cannot answer now."""

    code = "unavailable"


class DatabaseUnavailableError(UnavailableError):
    """The service cannot reach its database."""

    code = "database_unavailable"


class EmbedderUnavailableError(UnavailableError):
    """The embedding model cannot answer now."""

    code = "embedder_unavailable"


class ModelNotInstalledError(EmbedderUnavailableError):
    """The embedding model is not installed where the service runs."""

    code = "model_not_installed"


class IndexUnavailableError(UnavailableError):
    """The similarity index cannot answer now."""

    code = "index_unavailable"


class NotReadyError(UnavailableError):
    """The service is starting or lacks something it needs."""

    code = "not_ready"


class RequestTimeoutError(UnavailableError):
    """The request took longer than the service allows; its outcome is not known."""

    code = "timeout"


class InternalError(ProblemError):
    """The service failed; its log has the request id."""

    code = "internal"


class ServiceUnreachableError(MemsvcError):
    """The service cannot be reached."""


class ServiceTimeoutError(ServiceUnreachableError):
    """The service did not answer in time; it may have done what was asked."""


class UnexpectedAnswerError(MemsvcError):
    """The answer is not one that the API promises."""


class JobsTimeoutError(MemsvcError):
    """Jobs were still open when the time to wait was up."""


_CLASSES: tuple[type[ProblemError], ...] = (
    InvalidRequestError,
    NaiveTimestampError,
    IdempotencyMismatchError,
    PayloadTooLargeError,
    NotIndexedError,
    UnauthorizedError,
    ForbiddenError,
    NotFoundError,
    BankNotFoundError,
    MemoryNotFoundError,
    JobNotFoundError,
    OperationNotFoundError,
    EntityNotFoundError,
    ReviewNotFoundError,
    RecallNotFoundError,
    ErasureNotFoundError,
    PortraitNotFoundError,
    ConflictError,
    BankExistsError,
    IllegalTransitionError,
    OperationUndoneError,
    UndoPreventedError,
    NoRetentionPolicyError,
    ReviewDecidedError,
    ReviewOutdatedError,
    ErasureIncompleteError,
    ModelMismatchError,
    ReembeddingUnderWayError,
    UnavailableError,
    DatabaseUnavailableError,
    EmbedderUnavailableError,
    ModelNotInstalledError,
    IndexUnavailableError,
    NotReadyError,
    RequestTimeoutError,
    InternalError,
)

BY_CODE: Mapping[str | None, type[ProblemError]] = {each.code: each for each in _CLASSES}
"""The class of each code of the service."""

BY_STATUS: Mapping[int, type[ProblemError]] = {
    HTTPStatus.UNAUTHORIZED: UnauthorizedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLargeError,
    HTTPStatus.TOO_MANY_REQUESTS: UnavailableError,
    HTTPStatus.BAD_GATEWAY: UnavailableError,
    HTTPStatus.SERVICE_UNAVAILABLE: UnavailableError,
    HTTPStatus.GATEWAY_TIMEOUT: UnavailableError,
}
"""The class of a status whose code is unknown or missing."""


def error_of(problem: Problem) -> ProblemError:
    """Return the error that ``problem`` means: by its code, else by its status."""
    is_server_side = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    by_class = InternalError if is_server_side else InvalidRequestError
    kind = BY_CODE.get(problem.code) or BY_STATUS.get(problem.status, by_class)
    error = kind(problem.detail or problem.title)
    error.describe(problem)
    return error
