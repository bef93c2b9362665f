"""What helped fades later and what misled sooner, once a session, and all of it can be undone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    BankNotFoundError,
    Feedback,
    MemoryNotFoundError,
    RetentionPolicy,
    UndoPreventedError,
)

from memsvc.bootstrap import Application
from memsvc.domain.identifiers import MemoryId
from memsvc.services.reinforcing import ReinforceReturned
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock

TEXTS = ("ships at sea", "a harbour at night", "the cook of the ship")


@dataclass(frozen=True)
class Written:
    bank: AsyncBank
    ids: Sequence[UUID]

    async def strengths(self) -> list[float]:
        return [(await self.bank.get(each)).strength for each in self.ids]


@pytest.fixture
async def written(client: AsyncClient) -> Written:
    bank = client.bank("ada")
    added = [await bank.add_memory(text, create=True) for text in TEXTS]
    return Written(bank=bank, ids=[each.id for each in added])


def statuses(given: Feedback) -> list[str]:
    return [each.status for each in given.memories]


async def test_what_helped_is_stronger_and_what_misled_weaker(written: Written) -> None:
    answer = await written.bank.recall("ships", record=False)
    assert answer.id is not None
    one, two, _ = written.ids

    given = await written.bank.feedback(answer.id, helped=[one], misled=[two])

    assert await written.strengths() == [2.0, 0.5, 1.0]
    assert (await written.bank.get(one)).last_reinforced_at is not None
    assert (await written.bank.get(two)).last_reinforced_at is None
    counts = [(await written.bank.get(each)).recall_count for each in written.ids]
    assert counts == [1, 0, 0]
    assert [(each.cause, each.strength) for each in given.memories] == [
        ("helped", 2.0),
        ("misled", 0.5),
    ]


async def test_a_memory_counts_once_in_a_session(written: Written) -> None:
    bank, one = written.bank, written.ids[0]
    first = await bank.feedback(uuid4(), helped=[one], session_id="s1")
    again = await bank.feedback(uuid4(), helped=[one], session_id="s1")
    changed = await bank.feedback(uuid4(), misled=[one], session_id="s1")
    other = await bank.feedback(uuid4(), helped=[one], session_id="s2")

    assert [statuses(each) for each in (first, again, changed, other)] == [
        ["applied"],
        ["already_given"],
        ["already_given"],
        ["applied"],
    ]
    assert (again.operation_id, changed.operation_id) == (None, None)
    assert (await written.strengths())[0] == 3.0


async def test_without_a_session_a_memory_counts_once_for_an_answer(written: Written) -> None:
    bank, one = written.bank, written.ids[0]
    recall_id = uuid4()
    for _ in range(2):
        await bank.feedback(recall_id, helped=[one])
    assert (await written.strengths())[0] == 2.0
    await bank.feedback(uuid4(), helped=[one])
    assert (await written.strengths())[0] == 3.0


async def test_many_at_once_count_one(written: Written) -> None:
    ids = list(written.ids)
    backwards = ids[::-1]
    await asyncio.gather(
        *(
            written.bank.feedback(uuid4(), helped=ids if turn % 2 else backwards, session_id="s")
            for turn in range(6)
        )
    )
    assert await written.strengths() == [2.0] * 3


async def test_feedback_is_one_operation_that_undo_takes_back(written: Written) -> None:
    bank = written.bank
    one, two, _ = written.ids
    given = await bank.feedback(uuid4(), helped=[one], misled=[two])
    assert given.operation_id is not None
    [found] = [each async for each in bank.operations(kind="reinforce")]
    assert (found.id, found.effect_count) == (given.operation_id, 2)

    await bank.undo(given.operation_id)

    assert await written.strengths() == [1.0] * 3
    assert (await bank.get(one)).last_reinforced_at is None


async def test_later_feedback_stands_in_the_way_of_undoing_earlier(written: Written) -> None:
    bank, one = written.bank, written.ids[0]
    first = await bank.feedback(uuid4(), helped=[one])
    later = await bank.feedback(uuid4(), helped=[one])
    assert first.operation_id is not None
    with pytest.raises(UndoPreventedError) as refused:
        await bank.undo(first.operation_id)
    assert str(later.operation_id) in str(refused.value)
    assert later.operation_id is not None
    await bank.undo(later.operation_id)
    await bank.undo(first.operation_id)
    assert (await written.strengths())[0] == 1.0


async def test_feedback_about_another_banks_memory_changes_nothing(
    client: AsyncClient, written: Written
) -> None:
    other = await client.bank("ben").add_memory("a ship", create=True)
    with pytest.raises(MemoryNotFoundError):
        await written.bank.feedback(uuid4(), helped=[written.ids[0], other.id])
    assert (await written.strengths())[0] == 1.0
    with pytest.raises(BankNotFoundError):
        await client.bank("cleo").feedback(uuid4(), helped=[other.id])


async def test_what_helped_is_still_there_when_the_rest_has_faded(written: Written) -> None:
    bank, one = written.bank, written.ids[0]
    await bank.feedback(uuid4(), helped=[one])
    preview = await bank.forecast(days=20, policies=[RetentionPolicy()])
    assert preview.forecasts[0].staying == 1


async def test_a_policy_may_let_nothing_change_strengths(written: Written) -> None:
    bank, one = written.bank, written.ids[0]
    await bank.set_retention_policy(RetentionPolicy(reinforce="none"))

    kept = await bank.feedback(uuid4(), helped=[one], session_id="s1")
    again = await bank.feedback(uuid4(), helped=[one], session_id="s1")

    assert [statuses(each) for each in (kept, again)] == [["kept"], ["already_given"]]
    assert kept.operation_id is None
    assert await written.strengths() == [1.0] * 3


async def test_what_recalls_return_is_stronger_once_an_hour_where_the_policy_says_so(
    application: Application, written: Written
) -> None:
    bank = written.bank
    await bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    before = application.clock.now()
    found: set[UUID] = set()
    for _ in range(3):
        answer = await bank.recall("the ship at sea", k=2, record=False)
        found |= {hit.memory.id for hit in answer.hits}
        await application.recall_log.flush()
    rounds = 1 + (application.clock.now().hour != before.hour)

    for each in written.ids:
        strength = (await bank.get(each)).strength
        assert 2.0 <= strength <= 1.0 + rounds if each in found else strength == 1.0
    operations = [each async for each in bank.operations(kind="reinforce")]
    assert 1 <= len(operations) <= rounds
    assert operations[0].actor == "recall"


async def test_feedback_counts_beside_what_is_returned(
    application: Application, written: Written
) -> None:
    bank, one = written.bank, written.ids[0]
    await bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    answer = await bank.recall("ships at sea", k=1, record=False)
    await application.recall_log.flush()
    assert answer.id is not None
    await bank.feedback(answer.id, helped=[one])
    assert (await bank.get(one)).strength == 3.0


@pytest.mark.parametrize("policy", [None, "used", "none"])
async def test_recall_makes_nothing_stronger_unless_the_policy_says_so(
    application: Application, written: Written, policy: str | None
) -> None:
    if policy is not None:
        await written.bank.set_retention_policy(RetentionPolicy(reinforce=policy))
    await written.bank.recall("ships at sea", record=True)
    await application.recall_log.flush()
    assert await written.strengths() == [1.0] * 3
    assert [each async for each in written.bank.operations()] == []


async def test_a_whole_bank_that_is_returned_is_no_stronger(
    application: Application, written: Written
) -> None:
    await written.bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    whole = await written.bank.recall("ships at sea", mode="auto", budget_tokens=1000)
    await application.recall_log.flush()
    assert whole.mode == "passthrough"
    assert await written.strengths() == [1.0] * 3


async def test_a_change_of_the_policy_is_seen_once_what_is_remembered_of_it_is_old(
    store: Store, written: Written
) -> None:
    async with store.read(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
    reinforce = ReinforceReturned(store, SystemClock(), policy_for_s=0)
    ids = [MemoryId(each) for each in written.ids]
    await reinforce(DEFAULT_TENANT, bank_id, ids)
    assert await written.strengths() == [1.0] * 3
    await written.bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    await reinforce(DEFAULT_TENANT, bank_id, ids)
    assert await written.strengths() == [2.0] * 3
