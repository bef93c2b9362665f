"""Errors as HTTP answers: which status a class has, and its problem body (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Scope

from memsvc import errors
from memsvc.api.schemas.problem import InvalidField

PROBLEM_MEDIA_TYPE = "application/problem+json"

STATUS_BY_ERROR: Mapping[type[errors.MemsvcError], int] = {
    errors.InvalidRequestError: 422,
    errors.PayloadTooLargeError: 413,
    errors.UnauthorizedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.UnavailableError: 503,
    errors.RequestTimeoutError: 504,
    errors.NeedsReviewError: 502,
    # Nobody who sends a request can cause or mend these.
    errors.ConfigurationError: 500,
    errors.ExternalCallInTransactionError: 500,
    errors.MemsvcError: 500,
}
"""The status of a class holds for its subclasses too, unless they have their own."""

_CODE_BY_FRAMEWORK_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large"}
_DETAIL_BY_CODE = {
    "not_found": "There is no such route.",
    "method_not_allowed": "This route does not take this method.",
    "payload_too_large": "The request body is larger than the server accepts; split it.",
    "internal": "The service failed; quote the request id to have it looked up.",
    "invalid_request": "The body could not be read as JSON.",
}
_RETRY_AFTER_S = 5
_REPORTED_FAULTS = 100
_UNKNOWN_FIELD = "extra_forbidden"
_PYDANTIC_PREFIX = "Value error, "


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as callers see it."""

    status: int
    code: str
    detail: str
    members: Mapping[str, object] = field(default_factory=dict)
    """Extension members of the body."""
    headers: Mapping[str, str] = field(default_factory=dict)


_INTERNAL = Problem(status=500, code="internal", detail=_DETAIL_BY_CODE["internal"])


def status_of(error: type[errors.MemsvcError]) -> int:
    """Return the HTTP status of an error class."""
    return next(STATUS_BY_ERROR[kind] for kind in error.__mro__ if kind in STATUS_BY_ERROR)


def problem_of(error: Exception) -> Problem:
    """Return what to tell the caller; of unexpected errors nothing but that they happened."""
    if isinstance(error, errors.MemsvcError):
        return _of_service_error(error)
    if isinstance(error, RequestValidationError):
        return _of_validation_error(error)
    if isinstance(error, HTTPException):
        return _of_framework_error(error)
    return _INTERNAL


def problem_response(scope: Scope, error: Exception) -> JSONResponse:
    """Return the answer to a request that ended in ``error``, and note its code for the log."""
    problem = problem_of(error)
    state = scope.setdefault("state", {})
    state["problem"] = problem.code
    body = {
        **jsonable_encoder(dict(problem.members)),
        "type": f"urn:memsvc:problem:{problem.code}",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": state.get("request_id", ""),
    }
    return JSONResponse(
        body,
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _of_service_error(error: errors.MemsvcError) -> Problem:
    status = status_of(type(error))
    if status == _INTERNAL.status:
        return _INTERNAL
    headers: dict[str, str] = {}
    if isinstance(error, errors.UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.UnavailableError):
        headers["Retry-After"] = str(_RETRY_AFTER_S)
    return Problem(
        status=status,
        code=error.code,
        detail=error.message,
        members=error.details,
        headers=headers,
    )


def _of_validation_error(error: RequestValidationError) -> Problem:
    # pydantic's own records also hold the input, which may be what somebody wants remembered.
    faults = [
        InvalidField(loc=_place(each), msg=each["msg"].removeprefix(_PYDANTIC_PREFIX))
        for each in error.errors()
    ]
    return Problem(
        status=422,
        code=errors.InvalidRequestError.code,
        detail=_summary(faults),
        members={"errors": faults[:_REPORTED_FAULTS]},
    )


def _place(fault: Mapping[str, Any]) -> list[str | int]:
    """Return the way to what is wrong, without the alternatives of unions that pydantic names.

    Those have brackets, such as ``list[str-enum[Arm]]``; names of the API's fields have none, names
    of unknown fields may.
    """
    way = list(fault["loc"])
    if fault["type"] == _UNKNOWN_FIELD:
        return [step for step in way[:-1] if not _is_alternative(step)] + way[-1:]
    return [step for step in way if not _is_alternative(step)]


def _is_alternative(step: str | int) -> bool:
    return isinstance(step, str) and "[" in step


def _summary(faults: Sequence[InvalidField]) -> str:
    first = f"{'.'.join(map(str, faults[0].loc))}: {faults[0].msg}"
    others = len(faults) - 1
    return f"{first} (and {others} more)" if others else first


def _of_framework_error(error: HTTPException) -> Problem:
    code = _CODE_BY_FRAMEWORK_STATUS.get(error.status_code)
    if code is None:
        # FastAPI answers 400 when it cannot read a body; to callers that is one more bad request.
        return Problem(
            status=422, code="invalid_request", detail=_DETAIL_BY_CODE["invalid_request"]
        )
    return Problem(
        status=error.status_code,
        code=code,
        detail=_DETAIL_BY_CODE[code],
        headers=dict(error.headers or {}),
    )
