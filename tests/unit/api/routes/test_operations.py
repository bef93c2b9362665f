import httpx2
import pytest

from memsvc.services.health import Check
from tests.unit.api.fake_application import FakeApplication


async def test_a_live_process_says_so(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_ready_service_says_what_it_checked(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": {"ok": True, "detail": "PostgreSQL 18"}},
    }


async def test_one_failed_check_makes_the_service_not_ready(
    api: httpx2.AsyncClient, application: FakeApplication
) -> None:
    application.health.checks = {
        "database": Check(ok=True, detail="PostgreSQL 18"),
        "embedder": Check(ok=False, detail="model is not installed"),
    }

    answer = await api.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert answer.json()["checks"]["embedder"] == {"ok": False, "detail": "model is not installed"}


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
async def test_probes_may_ask_for_the_status_alone(
    api: httpx2.AsyncClient, application: FakeApplication, ok: bool, status: int
) -> None:
    application.health.checks = {"database": Check(ok=ok, detail="")}

    ready, alive = await api.head("/readyz"), await api.head("/healthz")

    assert (ready.status_code, alive.status_code) == (status, 200)
    assert ready.content == alive.content == b""


async def test_metrics_are_in_the_format_of_prometheus(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE memsvc_http_request_seconds histogram" in answer.text
    assert "process_resident_memory_bytes" in answer.text
    assert "memsvc_organising_oldest_waiting_seconds 90.0" in answer.text


async def test_the_version_is_told(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/version")

    assert answer.json()["api"] == "v1"
    assert answer.json()["version"][0].isdigit()


async def test_documentation_is_served(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/openapi.json")).json()["info"]["title"] == "memsvc"
    assert "memsvc" in (await api.get("/docs")).text
