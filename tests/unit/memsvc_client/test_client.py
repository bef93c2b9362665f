"""Both clients, method by method: what is sent, and what comes back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncClient,
    BankNotFoundError,
    Client,
    JobState,
    JobsTimeoutError,
    NotReadyError,
)

from tests.unit.memsvc_client.conftest import Connect
from tests.unit.memsvc_client.stub_service import (
    BANK,
    BANK_ID,
    JOB,
    JOB_ID,
    StubService,
    answer,
    page,
    problem,
)


def sent(service: StubService) -> tuple[str, str]:
    request = service.requests[-1]
    return request.method, request.url.raw_path.decode()


def test_create_bank_sends_what_was_given(client: Any, service: StubService) -> None:
    service.script = [answer(BANK, 201)]
    bank = client.create_bank("ada", language="en", metadata={"team": "blue"}, exist_ok=True)
    assert sent(service) == ("POST", "/v1/banks")
    assert service.body == {
        "name": "ada",
        "language": "en",
        "metadata": {"team": "blue"},
        "exist_ok": True,
    }
    assert (bank.id, bank.embedding_model.dimension) == (UUID(BANK_ID), 384)
    assert bank.created_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_get_bank_escapes_the_name(client: Any, service: StubService) -> None:
    service.script = [problem(404, "bank_not_found")]
    with pytest.raises(BankNotFoundError):
        client.get_bank("a/b?c")
    assert sent(service) == ("GET", "/v1/banks/a%2Fb%3Fc")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_reference_is_refused_when_it_would_name_another_path(
    client: Any, service: StubService, name: str
) -> None:
    with pytest.raises(ValueError, match="neither a name nor an id"):
        client.delete_bank(name)
    assert service.requests == []


def test_update_bank_sends_only_what_was_given(client: Any, service: StubService) -> None:
    service.script = [answer(BANK)]
    client.update_bank("ada", description="hers")
    assert sent(service) == ("PATCH", "/v1/banks/ada")
    assert service.body == {"description": "hers"}


def test_delete_bank_returns_its_job(client: Any, service: StubService) -> None:
    service.script = [answer(JOB, 202)]
    job = client.delete_bank(UUID(BANK_ID))
    assert sent(service) == ("DELETE", f"/v1/banks/{BANK_ID}")
    assert job.state == JobState.QUEUED
    assert job.is_open


def test_list_banks_fetches_a_page_when_it_is_needed(client: Any, service: StubService) -> None:
    service.script = [page(BANK, BANK, next_cursor="c 2"), page(BANK)]
    banks = client.list_banks()
    assert service.requests == []
    next(banks), next(banks)
    assert len(service.requests) == 1
    assert len(list(banks)) == 1
    assert dict(service.requests[1].url.params) == {"limit": "200", "cursor": "c 2"}


def test_jobs_are_narrowed_by_what_was_given(client: Any, service: StubService) -> None:
    service.script = [page(JOB)]
    jobs = list(client.jobs(state=JobState.FAILED, bank="ada"))
    assert [job.id for job in jobs] == [UUID(JOB_ID)]
    params = dict(service.requests[0].url.params)
    assert params == {"limit": "200", "state": "failed", "bank": "ada"}


def test_single_jobs_are_read_and_retried(client: Any, service: StubService) -> None:
    service.script = [answer(JOB), answer({**JOB, "progress": {"done": 1, "total": 3}})]
    client.get_job(JOB_ID)
    assert sent(service) == ("GET", f"/v1/jobs/{JOB_ID}")
    assert client.retry_job(UUID(JOB_ID)).progress.total == 3
    assert sent(service) == ("POST", f"/v1/jobs/{JOB_ID}:retry")


def test_a_bank_is_moved_and_its_move_given_up(client: Any, service: StubService) -> None:
    models = [{"id": "m", "dimension": 3, "state": "serving", "created_at": JOB["created_at"]}]
    service.script = [answer(JOB), answer({"items": models}), answer(JOB)]
    client.reembed_bank("ada", model="big")
    assert sent(service) == ("POST", "/v1/banks/ada:reembed")
    assert client.bank_models("ada").items[0].state == "serving"
    assert sent(service) == ("GET", "/v1/banks/ada/models")
    client.cancel_job(JOB_ID)
    assert sent(service) == ("POST", f"/v1/jobs/{JOB_ID}:cancel")


def test_health_and_version_are_read(client: Any, service: StubService) -> None:
    service.script = [answer({"status": "ok"}), answer({"version": "0.1.0", "api": "v1"})]
    assert client.health().status == "ok"
    assert client.version().api == "v1"
    assert [request.url.path for request in service.requests] == ["/healthz", "/v1/version"]


def test_ready_answers_also_when_the_service_is_not(connect: Connect) -> None:
    checks = {"database": {"ok": True, "detail": None}, "index": {"ok": False, "detail": "cold"}}
    service = StubService(answer({"status": "not_ready", "checks": checks}, 503))
    readiness = connect(service).ready()
    assert not readiness.is_ready
    assert readiness.checks["index"].detail == "cold"
    assert len(service.requests) == 1


def test_ready_raises_when_the_service_answers_with_a_problem(
    client: Any, service: StubService
) -> None:
    service.script = [problem(503, "not_ready")]
    with pytest.raises(NotReadyError):
        client.ready()


def test_every_request_carries_the_api_key(connect: Connect) -> None:
    service = StubService(answer({"status": "ok"}))
    connect(service, api_key="s3cret").health()
    assert service.requests[0].headers["authorization"] == "Bearer s3cret"


def test_no_authorization_is_sent_without_an_api_key(client: Any, service: StubService) -> None:
    service.script = [answer({"status": "ok"})]
    client.health()
    assert "authorization" not in service.requests[0].headers


def test_a_path_in_the_address_is_kept(connect: Connect) -> None:
    service = StubService(answer(BANK))
    connect(service, url="https://example.org/memory/").get_bank("ada")
    assert str(service.requests[0].url) == "https://example.org/memory/v1/banks/ada"


def test_a_closed_client_sends_nothing(connect: Connect, service: StubService) -> None:
    client = connect(service)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.health()
    assert service.requests == []


def test_leaving_the_with_statement_closes(service: StubService) -> None:
    with Client(transport=service.transport) as client:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        client.health()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_the_address_comes_from_the_environment_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, kind: type[Client] | type[AsyncClient]
) -> None:
    monkeypatch.setenv("MEMSVC_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MEMSVC_API_KEY", "")
    request = kind.from_env()._sender._http.build_request("GET", "/healthz")
    assert str(request.url) == "http://127.0.0.1:1/healthz"
    assert "authorization" not in request.headers


# --- waiting for jobs ----------------------------------------------------------------------------


def test_wait_for_jobs_asks_every_open_state_twice(client: Any, service: StubService) -> None:
    service.script = [page() for _ in range(6)]
    assert client.wait_for_jobs(bank="ada") < 1.0
    states = [request.url.params["state"] for request in service.requests]
    assert states == ["queued", "running", "waiting_provider"] * 2
    assert {request.url.params["bank"] for request in service.requests} == {"ada"}


def test_wait_for_jobs_goes_on_while_one_is_open(client: Any, service: StubService) -> None:
    service.script = [page(), page({**JOB, "state": "running"}), *(page() for _ in range(6))]
    assert client.wait_for_jobs(poll_s=0.02) >= 0.02
    assert service.script == []


def test_wait_for_jobs_names_the_open_job_when_the_time_is_up(
    client: Any, service: StubService
) -> None:
    waiting = {**JOB, "state": "waiting_provider", "reason": "the model is away"}
    service.script = [page(), page(), page(waiting)]
    with pytest.raises(JobsTimeoutError, match="waiting_provider: the model is away"):
        client.wait_for_jobs(timeout_s=0)
