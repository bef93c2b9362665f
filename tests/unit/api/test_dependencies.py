import hashlib
import inspect
from typing import Any

import httpx2
import pytest

from memsvc.services.banks import Banks
from memsvc.services.commands import BankReference, Caller
from memsvc.services.health import Health
from memsvc.services.jobs import Jobs
from memsvc.services.memories import Memories
from memsvc.services.memory_details import MemoryDetails
from memsvc.services.organising.consolidate import Consolidation
from memsvc.services.recalling.recall import Recall
from memsvc.services.remember import Remember
from tests.unit.api import fake_application as fake
from tests.unit.api.answers import JOB_ID, MEMORY_ID, TENANT_ID
from tests.unit.api.script import Script

URL = "/v1/banks/ada/memories"
BODY = {"text": "Ada moved to Lisbon."}


@pytest.mark.parametrize(
    ("double", "real"),
    [
        (fake.FakeBanks, Banks),
        (fake.FakeRemember, Remember),
        (fake.FakeRecall, Recall),
        (fake.FakeMemories, Memories),
        (fake.FakeMemoryDetails, MemoryDetails),
        (fake.FakeConsolidation, Consolidation),
        (fake.FakeJobs, Jobs),
        (fake.FakeHealth, Health),
    ],
)
def test_fakes_are_called_as_the_use_cases_are(double: type[Any], real: type[Any]) -> None:
    methods = [name for name, member in vars(double).items() if inspect.iscoroutinefunction(member)]

    assert methods
    for name in methods:
        assert inspect.signature(getattr(double, name)) == inspect.signature(getattr(real, name))


def keyed(method: str, path: str) -> str:
    """What a key is kept under: paths name banks and memories, which it may outlive."""
    return f"{method} {hashlib.sha256(path.encode()).hexdigest()}"


async def test_the_caller_is_the_default_tenant(api: httpx2.AsyncClient, script: Script) -> None:
    await api.get("/v1/banks/ada")

    assert script.last_arguments == (
        Caller(tenant_id=TENANT_ID, actor="api"),
        BankReference(value="ada"),
    )


@pytest.mark.parametrize("name", ["Ada", "a b", "ä", "x" * 129, "a%2Fb"])
async def test_a_bank_that_cannot_exist_is_an_invalid_request(
    api: httpx2.AsyncClient, script: Script, name: str
) -> None:
    answer = await api.get(f"/v1/banks/{name}")

    assert answer.status_code in {404, 422}
    assert script.calls == []


@pytest.mark.parametrize(("query", "create"), [("", False), ("?create=true", True)])
async def test_a_write_makes_the_bank_only_when_asked(
    api: httpx2.AsyncClient, script: Script, query: str, create: bool
) -> None:
    await api.post(URL + query, json=BODY)

    assert script.last_arguments[1] == BankReference(value="ada", create=create)


async def test_no_key_is_built_without_the_header(api: httpx2.AsyncClient, script: Script) -> None:
    await api.post(URL, json=BODY)

    assert script.last_key is None


async def test_the_key_is_bound_to_method_path_and_body(
    api: httpx2.AsyncClient, script: Script
) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await api.post(URL, json=BODY, headers=headers)
    first = script.last_key
    await api.post(URL, json=BODY, headers=headers)
    again = script.last_key
    await api.post(URL, json=BODY | {"speaker": "Ada"}, headers=headers)
    other_body = script.last_key
    await api.post("/v1/banks/bob/memories", json=BODY, headers=headers)
    other_bank = script.last_key
    await api.patch(f"{URL}/{MEMORY_ID}", json={}, headers=headers)
    other_method = script.last_key

    assert first is not None
    assert other_body is not None
    assert other_bank is not None
    assert other_method is not None
    assert first == again
    assert (first.route, first.key) == (keyed("POST", "/v1/banks/ada/memories"), "k-1")
    assert other_body.route == first.route
    assert other_body.body_hash != first.body_hash
    assert (other_bank.route, other_bank.body_hash) == (
        keyed("POST", "/v1/banks/bob/memories"),
        first.body_hash,
    )
    assert other_method.route == keyed("PATCH", f"/v1/banks/ada/memories/{MEMORY_ID}")


async def test_query_parameters_belong_to_what_the_key_is_bound_to(
    api: httpx2.AsyncClient, script: Script
) -> None:
    hashes = []
    for query in ("", "?create=true", "?create=false", "?a=1&create=true", "?create=true&a=1"):
        await api.post(URL + query, json=BODY, headers={"Idempotency-Key": "k"})
        assert script.last_key is not None
        hashes.append(script.last_key.body_hash)

    assert len(set(hashes)) == 4
    assert hashes[3] == hashes[4]
    assert all(len(each) == 64 for each in hashes)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "schlüssel", "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(
    api: httpx2.AsyncClient, script: Script, key: str
) -> None:
    answer = await api.post(URL, json=BODY, headers={b"Idempotency-Key": key.encode()})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert script.calls == []


@pytest.mark.parametrize("key", ["k", "x" * 255, "018f2b1c-7d3e:retry/2"])
async def test_any_visible_ascii_is_a_key(
    api: httpx2.AsyncClient, script: Script, key: str
) -> None:
    await api.post(URL, json=BODY, headers={"Idempotency-Key": key})

    assert script.last_key is not None
    assert script.last_key.key == key


MUTATING = [
    ("POST", "/v1/banks", {"name": "ada"}),
    ("PATCH", "/v1/banks/ada", {}),
    ("DELETE", "/v1/banks/ada", None),
    ("POST", "/v1/banks/ada/episodes", {"messages": [BODY]}),
    ("POST", "/v1/banks/ada/episodes:batch", {"episodes": [{"messages": [BODY]}]}),
    ("POST", "/v1/banks/ada/memories", BODY),
    ("POST", "/v1/banks/ada/memories:batch", {"memories": [BODY]}),
    ("PATCH", f"/v1/banks/ada/memories/{MEMORY_ID}", {}),
    ("POST", f"/v1/banks/ada/memories/{MEMORY_ID}:archive", None),
    ("POST", f"/v1/banks/ada/memories/{MEMORY_ID}:restore", None),
    ("POST", f"/v1/jobs/{JOB_ID}:retry", None),
    ("POST", f"/v1/jobs/{JOB_ID}:cancel", None),
    ("POST", "/v1/banks/ada:reembed", {"model": "new"}),
]


@pytest.mark.parametrize(("method", "path", "body"), MUTATING)
@pytest.mark.parametrize("replayed", [False, True])
async def test_every_changing_route_passes_the_key_on_and_marks_replays(
    api: httpx2.AsyncClient,
    script: Script,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    replayed: bool,
) -> None:
    script.replayed = replayed

    answer = await api.request(method, path, json=body, headers={"Idempotency-Key": "k"})

    assert answer.is_success
    assert answer.headers.get("idempotent-replay") == ("true" if replayed else None)
    assert script.last_key is not None
    assert script.last_key.route == keyed(method, path)
