"""The error tree: each class's docstring is its default message, ``code`` is stable for callers.

No HTTP status lives here: REST, CLI and the worker render the same error differently
(``memsvc.api.problems`` maps classes to status codes).
"""

from typing import ClassVar


class MemsvcError(Exception):
    """The service failed."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str | None = None, **details: object) -> None:
        """Use ``message``, or the class docstring; ``details`` go to the caller as they are."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = details
        super().__init__(self.message)


class InvalidRequestError(MemsvcError):
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


class NoSeedsError(InvalidRequestError):
    """A walk over the graph needs at least one seed with a weight above 0."""

    code = "no_seeds"


class UnauthorizedError(MemsvcError):
    """A valid API key is needed: send `Authorization: Bearer <key>`."""

    code = "unauthorized"


class ForbiddenError(MemsvcError):
    """Without an API key only programs of this machine may call; set MEMSVC_API_KEY."""

    code = "forbidden"


class NotFoundError(MemsvcError):
    """There is no such thing."""

    code = "not_found"


class BankNotFoundError(NotFoundError):
    """There is no such bank; create it first, or write with `create=true`."""

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
    """There is no portrait of this user; `consolidate` makes one of what they say of themselves."""

    code = "portrait_not_found"


class EntityNotFoundError(NotFoundError):
    """No memory of this bank speaks of such an entity."""

    code = "entity_not_found"


class ConflictError(MemsvcError):
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
    """Something has changed since what the operation changed; undo that first."""

    code = "undo_prevented"


class ReviewDecidedError(ConflictError):
    """The pair has been decided about already; undo the merge's operation to take it back."""

    code = "review_decided"


class ReviewOutdatedError(ConflictError):
    """One of the two memories has changed since, or is no longer active; the pair is void."""

    code = "review_outdated"


class ErasureIncompleteError(ConflictError):
    """Something of what was erased has been found afterwards; retry the job."""

    code = "erasure_incomplete"


class NoRetentionPolicyError(ConflictError):
    """The bank has no retention policy, so nothing of it fades: set one, or give one."""

    code = "no_retention_policy"


class ModelMismatchError(ConflictError):
    """The bank's vectors come from another embedding model than the one configured."""

    code = "model_mismatch"


class ReembeddingUnderWayError(ConflictError):
    """The bank is moving to another model already; cancel that job first, or wait for it."""

    code = "reembedding_under_way"


class AgreementError(ConflictError):
    """The new embedding model does not agree enough with the serving one to replace it."""

    code = "models_disagree"


class UnavailableError(MemsvcError):
    """A part of the service is not available now."""

    code = "unavailable"


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL cannot be reached."""

    code = "database_unavailable"


class DatabaseUnsuitableError(UnavailableError):
    """The PostgreSQL server lacks something the service needs."""

    code = "database_unsuitable"


class SchemaOutdatedError(UnavailableError):
    """The database schema is not at this version; run `memsvc db upgrade`."""

    code = "schema_outdated"


class EmbedderUnavailableError(UnavailableError):
    """The embedding model cannot answer now."""

    code = "embedder_unavailable"


class EmbeddingBudgetExceededError(EmbedderUnavailableError):
    """The tenant's budget does not cover embedding this; less may fit."""

    code = "embedding_budget_exceeded"


class ModelNotInstalledError(EmbedderUnavailableError):
    """The embedding model is not installed; run `memsvc models install`."""

    code = "model_not_installed"


class IndexUnavailableError(UnavailableError):
    """The similarity index cannot answer now."""

    code = "index_unavailable"


class IndexBehindError(IndexUnavailableError):
    """The index server is further behind PostgreSQL than can be made up for in a recall."""

    code = "index_behind"


class IndexNotLoadedError(IndexUnavailableError):
    """The index server has not loaded this bank yet."""

    code = "index_not_loaded"


class RequestTimeoutError(UnavailableError):
    """The request took longer than the server allows; its outcome is not known."""

    code = "timeout"


class GraphTooSlowError(UnavailableError):
    """The walk over the memory graph did not end within its time budget."""

    code = "graph_too_slow"


class GraphTooLargeError(UnavailableError):
    """The memory graph has more edges than one process can number; split the bank."""

    code = "graph_too_large"


class ProviderUnavailableError(UnavailableError):
    """The language model provider cannot be asked now; work that needs it waits."""

    code = "provider_unavailable"


class BudgetExceededError(UnavailableError):
    """The tenant's token or money budget does not cover another model call."""

    code = "budget_exceeded"


class NeedsReviewError(MemsvcError):
    """A language model's answer was no use, and neither was its repair."""

    code = "needs_review"


class ContentRefusedError(NeedsReviewError):
    """The provider refuses a text: it is not allowed there, or too long for the model."""

    code = "content_refused"


class RequestRefusedError(NeedsReviewError):
    """The provider refuses a request and does not say whether for its text or for its form."""

    code = "request_refused"


class EmbeddedPostgresError(UnavailableError):
    """The embedded PostgreSQL could not be started."""

    code = "embedded_postgres"


class ConfigurationError(MemsvcError):
    """The configuration is not usable."""

    code = "configuration"


class ExternalCallInTransactionError(MemsvcError):
    """A model, HTTP or index call was attempted inside a database transaction."""

    code = "external_call_in_transaction"
