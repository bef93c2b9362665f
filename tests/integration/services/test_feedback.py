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
