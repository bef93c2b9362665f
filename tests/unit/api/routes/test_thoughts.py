"""Thoughts, as the API takes and renders them."""

import httpx2
import pytest

from memsvc.domain.thoughts.records import ForgetReason, ThinkStep
from memsvc.errors import IllegalTransitionError
from memsvc.services.thoughts import ForgetThought, ThinkCommand
from tests.unit.api.answers import JOB_ID, MEMORY_ID, OPERATION_ID
from tests.unit.api.script import Script

URL = "/v1/banks/ada/thoughts"


async def test_thinking_answers_with_its_job(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"{URL}:think", json={})
    assert (answer.status_code, answer.json()["id"]) == (202, str(JOB_ID))
    assert script.last_arguments[2] == ThinkCommand()

    body = {"steps": ["merge"], "memory_ids": [str(MEMORY_ID)]}
    await api.post(f"{URL}:think", json=body)
    assert script.last_arguments[2] == ThinkCommand(
        steps=(ThinkStep.MERGE,), memory_ids=[MEMORY_ID]
    )


async def test_a_changed_thought_comes_with_what_undoes_it(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = {"text": "Ada is afraid.", "source_ids": [str(MEMORY_ID)] * 2}
    answer = await api.post(URL, json=body)

    assert (answer.status_code, answer.json()["operation_id"]) == (201, str(OPERATION_ID))
    assert answer.json()["memory"]["id"] == str(MEMORY_ID)
    assert script.last_arguments[2].source_ids == [MEMORY_ID]

    answer = await api.post(f"{URL}/{MEMORY_ID}:forget", json={"reason": "obsolete"})
    assert answer.status_code == 200
    assert script.last_arguments[2] == ForgetThought(
        memory_id=MEMORY_ID, reason=ForgetReason.OBSOLETE
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"text": " ", "source_ids": [str(MEMORY_ID)]}),
        ("", {"text": "Ada is afraid.", "source_ids": []}),
        (":merge", {"memory_ids": [str(MEMORY_ID)]}),
        (f"/{MEMORY_ID}:forget", {"reason": "boring"}),
        (":think", {"steps": ["sleep"]}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    api: httpx2.AsyncClient, script: Script, path: str, body: dict[str, object]
) -> None:
    assert (await api.post(URL + path, json=body)).status_code == 422
    assert script.calls == []


async def test_a_thought_that_is_not_active_stays_as_it_is(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = IllegalTransitionError()
    ids = [str(MEMORY_ID), str(OPERATION_ID)]
    answer = await api.post(f"{URL}:merge", json={"memory_ids": ids})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
