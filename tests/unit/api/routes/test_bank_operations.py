import httpx2
import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.operations import OperationKind, OperationListing
from memsvc.domain.paging import PageRequest
from memsvc.errors import UndoPreventedError
from tests.unit.api.answers import MEMORY_ID, OPERATION_ID
from tests.unit.api.script import Script

AT = f"/v1/banks/ada/operations/{OPERATION_ID}"
RENDERED = {
    "id": str(OPERATION_ID),
    "kind": "archive",
    "state": "applied",
    "actor": "api",
    "reason": None,
    "effect_count": 1,
    "details": {"memories": 1},
    "undoes": None,
    "undone_by": None,
    "recorded_at": "2024-05-07T12:00:00Z",
}


async def test_operations_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    query = f"kind=archive&memory_id={MEMORY_ID}&limit=5&cursor=c"
    answer = await api.get(f"/v1/banks/ada/operations?{query}")

    assert answer.json()["items"] == [RENDERED]
    assert script.last_arguments[2:] == (
        OperationListing(kind=OperationKind.ARCHIVE, memory_id=MemoryId(MEMORY_ID)),
        PageRequest(limit=5, cursor="c"),
    )


async def test_an_operation_is_read_with_what_it_changed(api: httpx2.AsyncClient) -> None:
    assert (await api.get(AT)).json() == RENDERED
    assert (await api.get(f"{AT}/effects")).json() == {
        "items": [
            {
                "aspect": "state",
                "target_id": str(MEMORY_ID),
                "before": "active",
                "after": "archived",
            }
        ],
        "has_more": True,
        "next_cursor": "0",
    }


async def test_an_operation_is_undone(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"{AT}/undo")
    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[2] == OPERATION_ID


async def test_what_prevents_an_undo_is_named(api: httpx2.AsyncClient, script: Script) -> None:
    script.error = UndoPreventedError(obstacles=[{"reason": "it changed"}])
    answer = await api.post(f"{AT}/undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "undo_prevented")
    assert answer.json()["obstacles"] == [{"reason": "it changed"}]


@pytest.mark.parametrize("query", ["kind=burn", "memory_id=x"])
async def test_a_restriction_that_is_not_known_is_refused(
    api: httpx2.AsyncClient, query: str
) -> None:
    assert (await api.get(f"/v1/banks/ada/operations?{query}")).status_code == 422
