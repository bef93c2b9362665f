"""From an HTTP answer to the record it holds, or to the error it means."""

from collections.abc import Mapping
from http import HTTPStatus

import httpx2
from pydantic import JsonValue, TypeAdapter, ValidationError

from memsvc_client.call import Call, Result
from memsvc_client.errors import Problem, UnexpectedAnswerError, error_of

PROBLEM_TYPE = "application/problem+json"
KNOWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id"})

_JSON_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def read_answer(call: Call[Result], answer: httpx2.Response) -> Result:
    """Return the result of ``call``, or raise what ``answer`` says instead."""
    if answer.status_code >= HTTPStatus.BAD_REQUEST and not _is_result(call, answer):
        raise error_of(read_problem(answer))
    try:
        return call.result.model_validate_json(answer.content)
    except ValidationError as error:
        raise UnexpectedAnswerError(
            f"{call.method} {call.path} answered {answer.status_code} with something other than"
            f" {call.result.__name__}; is {answer.url.host} a memsvc service of this version?"
        ) from error


def read_problem(answer: httpx2.Response) -> Problem:
    """Return what ``answer`` says went wrong, also when a proxy gave it."""
    members = _read_object(answer)
    return Problem(
        status=answer.status_code,
        code=_text(members, "code"),
        title=_text(members, "title") or answer.reason_phrase,
        detail=_text(members, "detail"),
        extra={key: value for key, value in members.items() if key not in KNOWN_MEMBERS},
        request_id=_text(members, "request_id") or answer.headers.get("x-request-id"),
    )


def _is_result(call: Call[Result], answer: httpx2.Response) -> bool:
    is_problem = answer.headers.get("content-type", "").startswith(PROBLEM_TYPE)
    return answer.status_code in call.answers and not is_problem


def _read_object(answer: httpx2.Response) -> dict[str, JsonValue]:
    try:
        return _JSON_OBJECT.validate_json(answer.content)
    except ValidationError:  # a proxy's page, or nothing at all
        return {}


def _text(members: Mapping[str, JsonValue], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None
