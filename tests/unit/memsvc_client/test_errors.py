import pickle

import httpx2
import pytest
from memsvc_client import calls, errors
from memsvc_client.answers import read_answer
from memsvc_client.errors import MemsvcError, NaiveTimestampError, ProblemError

from tests.unit.memsvc_client.stub_service import problem

EVERY_CODE = [
    (404, "bank_not_found", errors.BankNotFoundError),
    (404, "memory_not_found", errors.MemoryNotFoundError),
    (404, "job_not_found", errors.JobNotFoundError),
    (404, "not_found", errors.NotFoundError),
    (409, "bank_exists", errors.BankExistsError),
    (409, "illegal_transition", errors.IllegalTransitionError),
    (409, "already_undone", errors.OperationUndoneError),
    (409, "no_retention_policy", errors.NoRetentionPolicyError),
    (409, "undo_prevented", errors.UndoPreventedError),
    (404, "entity_not_found", errors.EntityNotFoundError),
    (404, "review_not_found", errors.ReviewNotFoundError),
    (404, "recall_not_found", errors.RecallNotFoundError),
    (404, "portrait_not_found", errors.PortraitNotFoundError),
    (409, "review_decided", errors.ReviewDecidedError),
    (409, "review_outdated", errors.ReviewOutdatedError),
    (404, "erasure_not_found", errors.ErasureNotFoundError),
    (409, "erasure_incomplete", errors.ErasureIncompleteError),
    (404, "operation_not_found", errors.OperationNotFoundError),
    (409, "conflict", errors.ConflictError),
    (422, "idempotency_mismatch", errors.IdempotencyMismatchError),
    (422, "invalid_request", errors.InvalidRequestError),
    (422, "naive_timestamp", errors.NaiveTimestampError),
    (422, "not_indexed", errors.NotIndexedError),
    (401, "unauthorized", errors.UnauthorizedError),
    (403, "forbidden", errors.ForbiddenError),
    (409, "model_mismatch", errors.ModelMismatchError),
    (409, "reembedding_under_way", errors.ReembeddingUnderWayError),
    (503, "model_not_installed", errors.ModelNotInstalledError),
    (504, "timeout", errors.RequestTimeoutError),
    (413, "payload_too_large", errors.PayloadTooLargeError),
    (503, "embedder_unavailable", errors.EmbedderUnavailableError),
    (503, "database_unavailable", errors.DatabaseUnavailableError),
    (503, "index_unavailable", errors.IndexUnavailableError),
    (503, "unavailable", errors.UnavailableError),
    (503, "not_ready", errors.NotReadyError),
    (500, "internal", errors.InternalError),
]
BY_STATUS = [
    (400, errors.InvalidRequestError),
    (401, errors.UnauthorizedError),
    (403, errors.ForbiddenError),
    (404, errors.NotFoundError),
    (405, errors.InvalidRequestError),
    (409, errors.ConflictError),
    (413, errors.PayloadTooLargeError),
    (422, errors.InvalidRequestError),
    (429, errors.UnavailableError),
    (500, errors.InternalError),
    (502, errors.UnavailableError),
    (503, errors.UnavailableError),
    (504, errors.UnavailableError),
    (507, errors.InternalError),
]


def error_of(answer: httpx2.Response) -> ProblemError:
    with pytest.raises(ProblemError) as raised:
        read_answer(calls.health(), answer)
    return raised.value


@pytest.mark.parametrize(("status", "code", "kind"), EVERY_CODE)
def test_every_code_has_its_class(status: int, code: str, kind: type[ProblemError]) -> None:
    error = error_of(problem(status, code))
    assert type(error) is kind
    assert (error.status, error.code, error.detail) == (status, code, f"About {code}.")


@pytest.mark.parametrize(("status", "kind"), BY_STATUS)
def test_an_unknown_code_becomes_the_class_of_its_status(
    status: int, kind: type[ProblemError]
) -> None:
    error = error_of(problem(status, "brand_new"))
    assert type(error) is kind
    assert error.code == "brand_new"


@pytest.mark.parametrize(("status", "kind"), BY_STATUS)
def test_an_answer_of_a_proxy_becomes_the_class_of_its_status(
    status: int, kind: type[ProblemError]
) -> None:
    error = error_of(httpx2.Response(status, text="<html>Sorry</html>"))
    assert type(error) is kind
    assert error.detail == httpx2.Response(status).reason_phrase


def test_members_of_a_problem_are_kept() -> None:
    fault = {"loc": ["body", "k"], "msg": "too large"}
    error = error_of(problem(422, "invalid_request", request_id="r-1", errors=[fault]))
    assert error.extra == {"errors": [fault]}
    assert error.request_id == "r-1"
    assert error.title == "invalid request"
    assert str(error) == "About invalid_request. (422, invalid_request, r-1)"


def test_a_request_id_is_read_from_the_header_when_the_body_has_none() -> None:
    answer = httpx2.Response(500, headers={"X-Request-Id": "r-2"})
    assert error_of(answer).request_id == "r-2"


def test_a_detail_that_is_no_text_does_not_hide_the_error() -> None:
    error = error_of(httpx2.Response(422, json={"detail": [{"msg": "Field required"}]}))
    assert error.detail == httpx2.Response(422).reason_phrase


def test_an_error_without_an_answer_explains_itself() -> None:
    error = NaiveTimestampError()
    assert (error.code, error.status, error.extra) == ("naive_timestamp", None, {})
    assert str(error).startswith("A time without a zone was given")


def test_an_error_survives_pickling() -> None:
    error = error_of(problem(404, "bank_not_found", request_id="r-1"))
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert vars(twin) == vars(error)


def test_every_class_with_a_code_of_its_own_is_under_test() -> None:
    coded = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ProblemError) and value is not ProblemError
    }
    assert coded == {kind for _, _, kind in EVERY_CODE}


def test_the_docstring_names_every_class() -> None:
    kinds = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, MemsvcError)
    ]
    documented = errors.__doc__ or ""
    assert [kind.__name__ for kind in kinds if kind.__name__ not in documented] == []
    assert all(kind.__doc__ for kind in kinds)
