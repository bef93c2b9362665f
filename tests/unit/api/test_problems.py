import inspect
import json
from collections.abc import Iterator

import httpx2
import pytest

from memsvc import errors
from memsvc.api.problems import STATUS_BY_ERROR, problem_of, problem_response, status_of
from tests.unit.api.script import Script


def leaves(root: type[errors.MemsvcError]) -> Iterator[type[errors.MemsvcError]]:
    children = root.__subclasses__()
    if not children and root.__module__ == errors.__name__:
        yield root
    for child in children:
        yield from leaves(child)


@pytest.mark.parametrize("error", list(leaves(errors.MemsvcError)), ids=lambda error: error.code)
def test_every_leaf_of_the_error_tree_has_a_status_of_its_own_or_its_family(
    error: type[errors.MemsvcError],
) -> None:
    family = [kind for kind in inspect.getmro(error) if kind is not errors.MemsvcError]
    assert any(kind in STATUS_BY_ERROR for kind in family)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BankNotFoundError, 404),
        (errors.MemoryNotFoundError, 404),
        (errors.JobNotFoundError, 404),
        (errors.BankExistsError, 409),
        (errors.IllegalTransitionError, 409),
        (errors.ConflictError, 409),
        (errors.IdempotencyMismatchError, 422),
        (errors.NaiveTimestampError, 422),
        (errors.InvalidRequestError, 422),
        (errors.PayloadTooLargeError, 413),
        (errors.UnauthorizedError, 401),
        (errors.ForbiddenError, 403),
        (errors.EmbedderUnavailableError, 503),
        (errors.DatabaseUnavailableError, 503),
        (errors.IndexUnavailableError, 503),
        (errors.RequestTimeoutError, 504),
        (errors.ConfigurationError, 500),
    ],
)
def test_status_follows_the_contract(error: type[errors.MemsvcError], status: int) -> None:
    assert status_of(error) == status


async def test_problem_body_names_code_and_request_and_carries_the_details(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = errors.BankNotFoundError(bank="ada")

    answer = await api.get("/v1/banks/ada", headers={"X-Request-Id": "r-1"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:memsvc:problem:bank_not_found",
        "title": "Bank not found",
        "status": 404,
        "detail": "There is no such bank; create it first, or write with `create=true`.",
        "code": "bank_not_found",
        "request_id": "r-1",
        "bank": "ada",
    }


def test_details_cannot_replace_the_members_of_the_standard() -> None:
    error = errors.ConflictError("Busy.", status="archived", code="other", memory="m1")

    body = json.loads(bytes(problem_response({}, error).body))

    assert (body["status"], body["code"], body["memory"]) == (409, "conflict", "m1")


@pytest.mark.parametrize(
    "error",
    [
        errors.DatabaseUnavailableError(),
        errors.EmbedderUnavailableError(),
        errors.SchemaOutdatedError(),
        errors.RequestTimeoutError(),
    ],
)
def test_unavailable_parts_ask_to_try_again_later(error: errors.MemsvcError) -> None:
    assert int(problem_of(error).headers["Retry-After"]) > 0


def test_a_missing_key_is_answered_with_the_scheme_to_use() -> None:
    assert problem_of(errors.UnauthorizedError()).headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("password=hunter2"),
        errors.ConfigurationError("password=hunter2", path="/etc/hunter2"),
        errors.MemsvcError("hunter2"),
    ],
)
async def test_internals_stay_inside_when_the_service_itself_fails(
    api: httpx2.AsyncClient, script: Script, error: Exception
) -> None:
    script.error = error

    answer = await api.get("/v1/banks/ada")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text


async def test_invalid_fields_are_listed_without_what_was_sent(api: httpx2.AsyncClient) -> None:
    body = {"messages": [{"text": 5}, {"speaker": "my secret\x00"}], "title": ""}

    answer = await api.post("/v1/banks/ada/episodes", json=body)

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert [fault["loc"] for fault in problem["errors"]] == [
        ["body", "title"],
        ["body", "messages", 0, "text"],
        ["body", "messages", 1, "text"],
        ["body", "messages", 1, "speaker"],
    ]
    assert all(set(fault) == {"loc", "msg"} for fault in problem["errors"])
    assert problem["detail"].startswith("body.title: ")
    assert problem["errors"][3]["msg"] == "must not contain NUL characters"
    assert "my secret" not in answer.text


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"arms": ["sparse"]}, {"body.arms.0", "body.arms"}),
        (
            {"filter": {"metadata": {"and": [{"not": {"key": "k", "op": "in", "value": 1}}]}}},
            {"body.filter.metadata.and.0.not"},
        ),
        ({"filter": {"metadata": {"key": "k"}}}, {"body.filter.metadata.op"}),
        ({"a[0]": 1}, {"body.a[0]"}),
    ],
)
async def test_a_fault_is_placed_by_names_of_the_body_alone(
    api: httpx2.AsyncClient, body: dict[str, object], places: set[str]
) -> None:
    answer = await api.post("/v1/banks/ada/recall", json={"query": "q"} | body)

    found = [".".join(map(str, fault["loc"])) for fault in answer.json()["errors"]]
    assert set(found) == places


async def test_listed_faults_are_bounded_when_everything_is_wrong(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.post("/v1/banks/ada/memories:batch", json={"memories": [{}] * 1000})

    assert len(answer.json()["errors"]) == 100
    assert "(and 999 more)" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/banks", 404, "not_found"),
        ("GET", "/v1/banks/", 404, "not_found"),
        ("PUT", "/v1/banks", 405, "method_not_allowed"),
        ("POST", f"/v1/banks/ada/memories/{'0' * 32}:explode", 405, "method_not_allowed"),
    ],
)
async def test_the_routers_own_refusals_are_problems_too(
    api: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await api.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


async def test_a_refused_method_is_answered_with_those_allowed(api: httpx2.AsyncClient) -> None:
    answer = await api.put("/v1/banks/ada/recall")

    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[" * 100_000, b"\xff", b'{"name": 1e', b"1" * 10_000]
)
async def test_a_body_that_is_no_json_is_an_invalid_request(
    api: httpx2.AsyncClient, content: bytes
) -> None:
    answer = await api.post(
        "/v1/banks", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"


async def test_a_body_of_another_type_is_an_invalid_request(api: httpx2.AsyncClient) -> None:
    answer = await api.post(
        "/v1/banks", content=b'{"name": "ada"}', headers={"Content-Type": "text/plain"}
    )

    assert answer.status_code == 422
