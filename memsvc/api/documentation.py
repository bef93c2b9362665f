"""The OpenAPI document: problems by route, stable operation ids, tags."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from memsvc import errors
from memsvc.api.problems import PROBLEM_MEDIA_TYPE, status_of
from memsvc.api.schemas.problem import Problem

Responses = dict[int | str, dict[str, Any]]

_PROBLEM_SCHEMA = Problem.__name__
_ANYWHERE = (
    errors.UnauthorizedError,
    errors.ForbiddenError,
    errors.MemsvcError,
    errors.RequestTimeoutError,
)
_IN_A_USE_CASE = (
    errors.InvalidRequestError,
    errors.DatabaseUnavailableError,
    errors.SchemaOutdatedError,
)
_IN_A_CHANGE = (
    errors.IdempotencyMismatchError,
    errors.PayloadTooLargeError,
    errors.ConflictError,
)

DESCRIPTION = """\
Long-term memory for AI agents.

Errors are problem bodies (RFC 9457) whose `code` is stable. Times are ISO 8601, answered in UTC.
Every route that changes something takes an `Idempotency-Key`. Listings have `has_more` and
`next_cursor`.
"""
TAGS = [
    {"name": "banks", "description": "A bank is one agent's or user's memory."},
    {"name": "write", "description": "One transaction, then recallable at once."},
    {"name": "recall", "description": "Hits by meaning and by words, with their reasons."},
    {"name": "memories", "description": "Single memories: read, annotate, archive, restore."},
    {"name": "graph", "description": "What memories speak of, and how it hangs together."},
    {"name": "forgetting", "description": "Retention policies, sweeps, forecasts."},
    {"name": "erasure", "description": "Removing people's data for good, with receipts."},
    {"name": "history", "description": "What was done to a bank, and undoing it."},
    {"name": "jobs", "description": "Background work."},
    {"name": "operations", "description": "Probes, metrics, version."},
]


def problems(*raised: type[errors.MemsvcError], changes: bool = False) -> Responses:
    """Return the problem responses of a route whose use case may raise ``raised``, by status.

    ``changes`` adds what every changing route may answer.
    """
    return _documented(*raised, *_IN_A_USE_CASE, *(_IN_A_CHANGE if changes else ()), *_ANYWHERE)


def access_problems() -> Responses:
    """Return the problem responses of a route without a use case, by status."""
    return _documented(*_ANYWHERE)


def _documented(*raised: type[errors.MemsvcError]) -> Responses:
    codes: dict[int, dict[str, None]] = {}
    for error in raised:
        codes.setdefault(status_of(error), {})[error.code] = None
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}: "
            + ", ".join(f"`{code}`" for code in codes[status]),
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_PROBLEM_SCHEMA}"}}
            },
        }
        for status in sorted(codes)
    }


def operation_id(route: APIRoute) -> str:
    """Return the function's name, so that generated clients have readable methods."""
    return route.name


class DocumentedApi(FastAPI):
    """Adds the schema of problem bodies, which no route returns by itself, to the document."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; built once."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if _PROBLEM_SCHEMA not in schemas:
            template = "#/components/schemas/{model}"
            problem = Problem.model_json_schema(ref_template=template)
            schemas |= problem.pop("$defs") | {_PROBLEM_SCHEMA: problem}
        return document
