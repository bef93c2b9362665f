from dataclasses import replace
from typing import Any

import httpx2
import pytest

from memsvc.errors import ConflictError
from tests.unit.api.fake_calibrations import CALIBRATED, PLAIN, STAMP, STORED
from tests.unit.api.script import Script

AT = "/v1/banks/ada/calibration"


@pytest.fixture
async def written(api: httpx2.AsyncClient) -> dict[str, Any]:
    """A calibration as the service writes it."""
    body: dict[str, Any] = (await api.get(AT)).json()["calibration"]
    return body


async def test_a_calibration_is_set_as_it_is_read(
    api: httpx2.AsyncClient, script: Script, written: dict[str, Any]
) -> None:
    answer = await api.put(AT, json=written)

    assert answer.status_code == 200
    assert script.last_arguments[2:4] == (STORED.calibration, STORED.origin)


async def test_it_says_whether_it_is_used_and_why_not(
    api: httpx2.AsyncClient, script: Script
) -> None:
    used = (await api.get(AT)).json()
    assert (used["in_use"], used["note"], used["model_threshold"]) == (True, None, 0.4)

    script.answers["calibrations.get"] = replace(
        CALIBRATED, current=replace(STAMP, embedder="other")
    )
    unused = (await api.get(AT)).json()
    assert not unused["in_use"]
    assert "the embedding model changed" in unused["note"]
    assert unused["current"]["embedder"] == "other"


async def test_a_bank_without_one_says_so(api: httpx2.AsyncClient, script: Script) -> None:
    script.answers["calibrations.get"] = PLAIN
    body = (await api.get(AT)).json()
    assert (body["calibration"], body["in_use"], body["recorded_at"]) == (None, False, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slope": 0},
        {"slope": 1001},
        {"threshold": 1.1},
        {"source": "dreams"},
        {"answerable": -1},
        {"stamp": {"ranking_version": 1}},
        {"more": 1},
    ],
)
async def test_what_means_nothing_is_refused(
    api: httpx2.AsyncClient, script: Script, written: dict[str, Any], wrong: dict[str, Any]
) -> None:
    script.calls.clear()
    assert (await api.put(AT, json=written | wrong)).status_code == 422
    assert script.calls == []


async def test_one_for_another_ranking_is_a_conflict(
    api: httpx2.AsyncClient, script: Script, written: dict[str, Any]
) -> None:
    script.error = ConflictError("The ranking changed.")
    answer = await api.put(AT, json=written)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_it_is_taken_away(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.delete(AT)
    assert (answer.status_code, answer.json()["calibration"]) == (200, None)
    assert script.calls[-1][0] == "calibrations.clear"
