import httpx2
import pytest

from memsvc.domain.fusion import Arm
from memsvc.domain.memory import BankChange, FactPolicy
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import BankCreated, NewBank
from tests.unit.api.answers import BANK, BANK_ID, JOB_ID
from tests.unit.api.script import Script

RENDERED: dict[str, object] = {
    "id": str(BANK_ID),
    "name": "ada",
    "description": None,
    "language": "auto",
    "fact_policy": "supersede",
    "arms_off": [],
    "metadata": {"team": "blue"},
    "state": "active",
    "embedding_model": {"id": "sha256:0", "dimension": 384},
    "memory_count": 7,
    "created_at": "2024-05-07T12:00:00Z",
    "updated_at": "2024-05-07T12:00:00Z",
}


async def test_a_new_bank_is_answered_with_201(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"name": "ada", "description": "Ada's", "language": "de", "metadata": {"a": [1, None]}}

    answer = await api.post("/v1/banks", json=body)

    assert (answer.status_code, answer.json()) == (201, RENDERED)
    assert script.last_arguments[1] == NewBank(
        name="ada", description="Ada's", language="de", metadata={"a": [1, None]}, exist_ok=False
    )


async def test_a_bank_that_existed_is_answered_with_200(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.answers["banks.create"] = BankCreated(bank=BANK, created=False)

    answer = await api.post("/v1/banks", json={"name": "ada", "exist_ok": True})

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[1] == NewBank(name="ada", exist_ok=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "Ada"},
        {"name": "a/b"},
        {"name": "ada\n"},
        {"name": "x" * 129},
        {"name": ".."},
        {"name": "ada", "language": "english"},
        {"name": "ada", "fact_policy": "forget"},
        {"name": "ada", "language": "EN"},
        {"name": "ada", "colour": "blue"},
        {"name": "ada", "metadata": [1]},
        {"name": "ada", "description": "nul\x00"},
    ],
)
async def test_a_bank_that_cannot_be_is_refused(
    api: httpx2.AsyncClient, script: Script, body: dict[str, object]
) -> None:
    answer = await api.post("/v1/banks", json=body)

    assert answer.status_code == 422
    assert script.calls == []


async def test_banks_are_listed_in_pages(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get("/v1/banks", params={"limit": 7, "cursor": "abc"})

    assert answer.json() == {"items": [RENDERED], "has_more": True, "next_cursor": "next"}
    assert script.last_arguments[1] == PageRequest(limit=7, cursor="abc")


async def test_the_last_page_says_so(api: httpx2.AsyncClient, script: Script) -> None:
    script.answers["banks.list"] = Page(items=[], next_cursor=None)

    answer = await api.get("/v1/banks")

    assert answer.json() == {"items": [], "has_more": False, "next_cursor": None}
    assert script.last_arguments[1] == PageRequest(limit=50, cursor=None)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=", "cursor=", "cursor=%00", "offset=3", "limt=5"],
)
async def test_a_listing_refuses_parameters_that_it_does_not_know(
    api: httpx2.AsyncClient, script: Script, query: str
) -> None:
    answer = await api.get(f"/v1/banks?{query}")

    assert answer.status_code == 422
    assert script.calls == []


async def test_a_bank_is_read(api: httpx2.AsyncClient) -> None:
    answer = await api.get(f"/v1/banks/{BANK_ID}")

    assert (answer.status_code, answer.json()) == (200, RENDERED)


@pytest.mark.parametrize(
    ("body", "change"),
    [
        ({}, BankChange()),
        ({"fact_policy": "append_only"}, BankChange(fact_policy=FactPolicy.APPEND_ONLY)),
        ({"description": ""}, BankChange(description="")),
        ({"arms_off": ["graph"]}, BankChange(arms_off=[Arm.GRAPH])),
        ({"arms_off": []}, BankChange(arms_off=[])),
        ({"language": "zh", "metadata": {}}, BankChange(language="zh", metadata={})),
    ],
)
async def test_only_given_fields_of_a_bank_change(
    api: httpx2.AsyncClient, script: Script, body: dict[str, object], change: BankChange
) -> None:
    answer = await api.patch("/v1/banks/ada", json=body)

    assert answer.status_code == 200
    assert script.last_arguments[2] == change


async def test_deleting_a_bank_is_answered_with_its_job(api: httpx2.AsyncClient) -> None:
    answer = await api.delete("/v1/banks/ada")

    assert (answer.status_code, answer.json()["id"]) == (202, str(JOB_ID))
