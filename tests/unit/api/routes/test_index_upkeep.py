import httpx2

from memsvc.services.commands import BankReference
from tests.unit.api.answers import BANK_ID
from tests.unit.api.script import Script


async def test_what_is_held_is_shown(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/index")

    body = answer.json()
    noon = "2024-05-07T12:00:00Z"
    held, empty = body["banks"]
    assert (body["backend"], body["bytes"], body["checks"]) == ("faiss_cpu", 4096, 20)
    assert body["measured_recall"] == 0.995
    assert held["bank_id"] == str(BANK_ID)
    assert (held["memories"], held["vectors"], held["vector_bytes"]) == (3, 4, 2048)
    assert (held["structure"], held["structure_recall"]) == ("scan", 1.0)
    assert (held["snapshot_at"], held["snapshot_bytes"]) == (noon, 512)
    assert (empty["structure"], empty["snapshot_at"]) == (None, None)
    assert [each["name"] for each in body["followers"]] == ["host/1"]
    assert body["server"][0]["failure"] == "The index server does not answer."


async def test_mismatches_are_counted_and_the_first_hundred_listed(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.post("/v1/banks/ada/index:verify")

    body = answer.json()
    assert (answer.status_code, body["mismatch_count"], len(body["mismatches"])) == (200, 101, 100)
    assert body["mismatches"][0] == {
        "holder": "snapshot",
        "memory_id": None,
        "vector_id": 7,
        "fault": "surplus",
    }
    assert body["compared"] == ["memory", "snapshot"]
    assert (body["memories"], body["vectors"], body["in_motion"]) == (3, 4, 1)
    assert script.last_arguments[1] == BankReference(value="ada")


async def test_bank_is_rebuilt(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post("/v1/banks/ada/index:rebuild")

    assert answer.json() == {"holds_vectors": True, "memories": 3, "server_loaded": False}
    assert script.last_arguments[1] == BankReference(value="ada")
