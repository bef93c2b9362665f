from typing import Any

import httpx2
import pytest

from memsvc.services.commands import BankReference
from memsvc.services.reembedding import ReembedCommand
from tests.unit.api.answers import JOB_ID
from tests.unit.api.script import Script


async def test_the_models_of_a_bank_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get("/v1/banks/ada/models")

    assert answer.json() == {
        "items": [
            {
                "id": "sha256:0",
                "dimension": 384,
                "state": "serving",
                "created_at": "2024-05-07T12:00:00Z",
                "retired_at": None,
                "report": {"overlap_at_10": 0.5},
            }
        ]
    }


async def test_a_move_is_asked_for_as_given(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"model": "big", "least_overlap": 0.4}

    answer = await api.post("/v1/banks/ada:reembed", json=body)

    assert (answer.status_code, answer.json()["id"]) == (202, str(JOB_ID))
    assert script.last_arguments[1:3] == (
        BankReference(value="ada"),
        ReembedCommand(model="big", least_overlap=0.4),
    )


@pytest.mark.parametrize("body", [{"model": ""}, {"least_overlap": 1.1}, {"rollback": "yes"}])
async def test_a_move_that_cannot_be_meant_is_refused(
    api: httpx2.AsyncClient, script: Script, body: dict[str, Any]
) -> None:
    assert (await api.post("/v1/banks/ada:reembed", json=body)).status_code == 422
    assert script.calls == []
