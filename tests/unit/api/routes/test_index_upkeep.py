import httpx2

from memsvc.services.commands import BankReference
from tests.unit.api.fake_application import BANK_ID, Script


async def test_what_is_held_is_shown(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/index")

    assert answer.json() == {
        "holds_vectors": True,
        "bytes": 4096,
        "banks": [{"bank_id": str(BANK_ID), "memories": 3}],
    }


async def test_mismatches_are_counted_and_the_first_hundred_listed(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.post("/v1/banks/ada/index:verify")

    body = answer.json()
    assert (answer.status_code, body["mismatch_count"], len(body["mismatches"])) == (200, 101, 100)
    assert body["mismatches"][0] == {"memory_id": None, "vector_id": 7, "fault": "surplus"}
    assert (body["memories"], body["vectors"], body["in_motion"]) == (3, 4, 1)
    assert script.last_arguments[1] == BankReference(value="ada")


async def test_bank_is_rebuilt(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post("/v1/banks/ada/index:rebuild")

    assert answer.json() == {"holds_vectors": True, "memories": 3}
    assert script.last_arguments[1] == BankReference(value="ada")
