"""Replays where a model, a setting, the judgement or the service is another one than then."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import Circumstance, NewMemory, Recall

from memsvc.services.recalling import recorded_answers
from memsvc.settings import RecallSettings, RerankSettings, RewriteSettings, SiftSettings
from tests.fixtures.asking import Asked, Serving
from tests.fixtures.openai_server import OpenAIServer, Reply, chat

QUESTION = "two three four"
TEXTS = ["two three four", "two three four five", "two three six"]


def _says(**answer: object) -> Reply:
    return chat(json.dumps(answer))


async def _fill(asked: Asked) -> None:
    await asked.bank.add_memories([NewMemory(text=text) for text in TEXTS])


async def _recorded(asked: Asked, **fields: Any) -> Recall:
    answer = await asked.bank.recall(QUESTION, record=True, k=3, **fields)
    await asked.application.recall_log.flush()
    return answer


def _id(answer: Recall) -> UUID:
    assert answer.id is not None
    return answer.id


def _told(circumstances: Iterable[Circumstance]) -> dict[str, tuple[str, str]]:
    return {each.name: (each.then, each.now) for each in circumstances}


async def test_a_model_that_sifts_otherwise_explains_what_came_and_went(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving() as asked:
        await _fill(asked)
        openai_server.script.append(_says(keep=[1, 2]))
        answer = await _recorded(asked, sift=True)
        openai_server.script.append(_says(keep=[1, 2]))
        same = await asked.bank.replay(_id(answer))
        openai_server.script.append(_says(keep=[1, 3]))
        other = await asked.bank.replay(_id(answer))
        kept = await asked.bank.recorded_recall(_id(answer))

    assert same.same
    assert same.circumstances == ()
    assert [each.dropped_for for each in kept.hits] == [None, None, "sifted"]
    reasons = {each.change: each.reasons for each in other.memories if each.change != "same"}
    assert reasons == {"gained": ("unsifted",), "lost": ("sifted",)}


async def test_settings_of_stages_that_were_asked_for_are_compared(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(sift=SiftSettings(budget_s=50)) as asked:
        await _fill(asked)
        openai_server.script.extend([_says(queries=[], clues=[]), _says(keep=[1, 2, 3])])
        asked_for = await _recorded(asked, sift=True, rewrite=True)
        plain = await _recorded(asked)
    changed: dict[str, Any] = {
        "sift": SiftSettings(budget_s=70),
        "rewrite": RewriteSettings(most_queries=1),
        "recall": RecallSettings(rrf_k=11),
    }
    async with serving(model="openai/other", **changed) as asked:
        openai_server.script.extend([_says(queries=[], clues=[]), _says(keep=[1, 2, 3])])
        found = _told((await asked.bank.replay(_id(asked_for))).circumstances)
        of_plain = _told((await asked.bank.replay(_id(plain))).circumstances)

    assert found["settings.sift.budget_s"] == ("50.0", "70.0")
    assert found["settings.rewrite.most_queries"] == ("3", "1")
    assert found["arms.sift.model"] == ("openai/scripted", "openai/other")
    assert found["settings.rrf_k"] == ("10", "11")
    assert of_plain["settings.rrf_k"] == ("10", "11")
    assert not {name for name in of_plain if "sift" in name or "rewrite" in name}


async def test_neither_keys_nor_addresses_of_models_are_recorded(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    rerank = RerankSettings.model_validate(
        {
            "provider": "litellm",
            "model": "hosted_vllm/scripted",
            "api_base": openai_server.url,
            "api_key": "sk-secret",
        }
    )
    async with serving(rerank=rerank) as asked:
        await _fill(asked)
        answer = await _recorded(asked, rerank=True)
        kept = await asked.bank.recorded_recall(_id(answer))

    of_stage = kept.settings["rerank"]
    assert isinstance(of_stage, dict)
    assert of_stage["model"] == "hosted_vllm/scripted"
    assert openai_server.url not in kept.model_dump_json()
    assert "api_key" not in of_stage


async def test_another_release_and_another_judgement_are_told(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as asked:
        await _fill(asked)
        answer = await _recorded(asked, answerable=True)
        assert (await asked.bank.replay(_id(answer))).circumstances == ()
        await asked.bank.archive(answer.hits[0].memory.id)
        monkeypatch.setattr(recorded_answers, "installed_version", lambda: "99.0")
        found = _told((await asked.bank.replay(_id(answer))).circumstances)

    assert answer.answerable is not None
    assert answer.answerable.probability is not None
    then, now = found["arms.answerable.probability"]
    assert float(then) == pytest.approx(answer.answerable.probability, abs=1e-5)
    assert then != now
    assert found["settings.version"][1] == "99.0"


async def test_how_the_question_was_read_is_compared(serving: Serving) -> None:
    async with serving() as asked:
        await _fill(asked)
        answer = await asked.bank.recall("What was first in May 2024?", record=True)
        await asked.application.recall_log.flush()
        kept = await asked.bank.recorded_recall(_id(answer))
        assert (await asked.bank.replay(_id(answer))).circumstances == ()

    read = kept.arms["read"]
    assert isinstance(read, dict)
    assert read["order"] == "earliest"
    assert read["times"] == ["2024-05-01T00:00:00+00:00 to 2024-06-01T00:00:00+00:00"]
