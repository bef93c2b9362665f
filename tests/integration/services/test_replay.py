"""A recorded recall asked again gives the same answer, or each difference is explained."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    ComparedMemory,
    Condition,
    Curve,
    Filter,
    NoRetentionPolicyError,
    RecallNotFoundError,
    Replay,
    RetentionPolicy,
)
from memsvc_client.requests import RecallFields

from memsvc.bootstrap import Application
from memsvc.domain.identifiers import TenantId, uuid7
from memsvc.domain.recorded_recalls import RecallId
from memsvc.errors import BankNotFoundError
from memsvc.services.commands import BankReference, Caller

TEXTS = ("ships sail at sea", "the cook of the ship", "a ship in a storm", "tea is ready")


@dataclass(frozen=True)
class Asked:
    application: Application
    bank: AsyncBank
    ids: Sequence[UUID]

    async def recorded(self, question: str = "ships at sea", **fields: object) -> UUID:
        given: RecallFields = {"k": 3, "record": True, **fields}  # type: ignore[typeddict-item]
        answer = await self.bank.recall(question, **given)
        await self.application.recall_log.flush()
        assert answer.id is not None
        return answer.id


@pytest.fixture
async def asked(application: Application, client: AsyncClient) -> Asked:
    bank = client.bank("ada")
    added = [
        await bank.add_memory(text, create=True, external_id=f"m{no}", metadata={"no": no})
        for no, text in enumerate(TEXTS)
    ]
    return Asked(application=application, bank=bank, ids=[each.id for each in added])


def of(replayed: Replay, memory_id: UUID) -> ComparedMemory:
    return next(each for each in replayed.memories if each.memory_id == memory_id)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"k": 2, "explain": True},
        {"arms": ["lexical"]},
        {"budget_tokens": 10},
        {"mode": "auto", "k": None, "budget_tokens": 1000},
        {"times": "filter", "timezone": "Europe/Vienna"},
        {
            "as_of": datetime.now(UTC) + timedelta(days=1),
            "known_at": datetime.now(UTC) + timedelta(days=1),
        },
        {
            "filter": Filter(
                kinds=["observation"],
                states=["active", "archived"],
                occurred_after=datetime.now(UTC) - timedelta(days=1),
                occurred_before=datetime.now(UTC) + timedelta(days=1),
                metadata=Condition(
                    {
                        "and": [
                            {"or": [{"key": "no", "op": "in", "value": [0, 1, 2]}]},
                            {"not": {"key": "no", "op": "eq", "value": 2}},
                        ]
                    }
                ),
            )
        },
    ],
    ids=["plain", "explained", "words", "budget", "whole", "times", "looking-back", "filtered"],
)
async def test_where_nothing_has_changed_the_answer_is_the_same(
    asked: Asked, fields: dict[str, Any]
) -> None:
    replayed = await asked.bank.replay(await asked.recorded(**fields))
    assert replayed.same, replayed
    assert replayed.memories
    assert replayed.circumstances == ()


async def test_a_memory_stored_since_is_new_and_what_it_displaced_is_outranked(
    asked: Asked,
) -> None:
    recall_id = await asked.recorded(k=1)
    new = await asked.bank.add_memory("ships at sea")
    replayed = await asked.bank.replay(recall_id)
    assert not replayed.same
    gained, lost = of(replayed, new.id), of(replayed, asked.ids[0])
    assert (gained.change, gained.reasons) == ("gained", ("new",))
    assert (lost.change, lost.reasons) == ("lost", ("outranked",))
    [since] = replayed.circumstances
    assert (since.name, since.then, since.now) == ("since.memory.create", "0", "1")


async def test_a_score_that_others_have_moved_is_told_part_by_part(asked: Asked) -> None:
    recall_id = await asked.recorded(k=4)
    await asked.bank.add_memory("ships at sea")
    moved = of(await asked.bank.replay(recall_id), asked.ids[0])
    assert "score" in moved.reasons
    assert moved.then is not None
    assert moved.now is not None
    differences = [(part.now or 0) - (part.then or 0) for part in moved.parts]
    assert sum(differences) == pytest.approx(moved.now.score - moved.then.score)


async def test_what_was_known_then_stays_hidden(asked: Asked) -> None:
    known_at = datetime.now(UTC)
    recall_id = await asked.recorded(known_at=known_at)
    await asked.bank.add_memory("ships at sea")
    replayed = await asked.bank.replay(recall_id)
    assert {each.change for each in replayed.memories} <= {"same", "moved"}


async def test_metadata_that_let_a_memory_in_are_told(asked: Asked) -> None:
    only = Filter(metadata=Condition({"key": "no", "op": "eq", "value": 7}))
    recall_id = await asked.recorded(filter=only)
    await asked.bank.update(asked.ids[0], metadata={"no": 7})
    gained = of(await asked.bank.replay(recall_id), asked.ids[0])
    assert (gained.change, gained.reasons) == ("gained", ("annotated",))


async def test_a_memory_that_was_archived_is_hidden_and_one_restored_is_back(
    asked: Asked,
) -> None:
    one = asked.ids[0]
    with_it = await asked.recorded()
    await asked.bank.archive(one)
    without = await asked.recorded()
    lost = of(await asked.bank.replay(with_it), one)
    assert (lost.change, lost.reasons, lost.state) == ("lost", ("hidden",), "archived")

    await asked.bank.restore(one)

    gained = of(await asked.bank.replay(without), one)
    assert (gained.change, gained.reasons) == ("gained", ("restored",))
    assert (await asked.bank.replay(with_it)).same


async def test_a_memory_that_was_edited_is_another_version(asked: Asked) -> None:
    recall_id = await asked.recorded()
    await asked.bank.add_memory("ships sail at sea, slowly", external_id="m0")
    moved = of(await asked.bank.replay(recall_id), asked.ids[0])
    assert moved.change == "moved"
    assert "edited" in moved.reasons
    assert moved.then is not None
    assert moved.now is not None
    assert (moved.then.version, moved.now.version) == (1, 2)


async def test_a_memory_that_the_filter_lets_through_no_more_is_filtered(asked: Asked) -> None:
    only = Filter(metadata=Condition({"key": "no", "op": "eq", "value": 0}))
    recall_id = await asked.recorded(filter=only)
    await asked.bank.update(asked.ids[0], metadata={"no": 7})
    lost = of(await asked.bank.replay(recall_id), asked.ids[0])
    assert (lost.change, lost.reasons) == ("lost", ("filtered",))


async def test_a_replay_is_neither_recorded_nor_counted_as_use(asked: Asked) -> None:
    recall_id = await asked.recorded()
    await asked.bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    await asked.bank.replay(recall_id)
    await asked.application.recall_log.flush()
    assert [each.id async for each in asked.bank.recalls()] == [recall_id]
    assert [each async for each in asked.bank.operations(kind="reinforce")] == []


async def test_what_was_not_recorded_cannot_be_replayed(asked: Asked) -> None:
    with pytest.raises(RecallNotFoundError):
        await asked.bank.replay(uuid4())


async def test_another_tenant_cannot_replay(asked: Asked) -> None:
    recall_id = RecallId(await asked.recorded())
    other = Caller(tenant_id=TenantId(uuid7(datetime.now(UTC))), actor="other")
    with pytest.raises(BankNotFoundError):
        await asked.application.replay(other, BankReference(value="ada"), recall_id)


async def test_a_policy_is_tried_on_past_answers_before_it_takes_effect(asked: Asked) -> None:
    later = datetime.now(UTC) + timedelta(days=20)
    await asked.recorded(k=1)
    recall_id = await asked.recorded(k=1, now=later)
    await asked.bank.recall("ships", mode="auto", budget_tokens=1000, record=True, now=later)
    await asked.application.recall_log.flush()

    past = await asked.bank.replay_decay(policy=RetentionPolicy())

    assert (past.answers, past.poorer, past.without_evidence) == (2, 1, 1)
    [answer] = past.items
    assert answer.recall_id == recall_id
    assert answer.lost[0].fate.memory_id == asked.ids[0]
    patient = RetentionPolicy(curve=Curve(days=60))
    assert (await asked.bank.replay_decay(policy=patient)).poorer == 0
    assert (await asked.bank.replay_decay(policy=patient, recalls=1)).answers == 1
    small = RetentionPolicy(threshold=0, capacity=0)
    assert (await asked.bank.replay_decay(policy=small)).without_evidence == 2


async def test_without_any_policy_there_is_nothing_to_try(asked: Asked) -> None:
    with pytest.raises(NoRetentionPolicyError):
        await asked.bank.replay_decay()
    await asked.bank.set_retention_policy(RetentionPolicy())
    assert (await asked.bank.replay_decay()).answers == 0
