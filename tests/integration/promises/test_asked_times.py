"""A time that a question names is understood, said through the client."""

from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, NewMemory, meta

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
LISBON = "Ada talked about her trip to Lisbon."


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank that holds one text of each month of a year, and much else."""
    await client.create_bank("ann")
    bank = client.bank("ann")
    await bank.add_memories(
        [
            NewMemory(
                text=f"{LISBON} Number {month}.",
                occurred_at=datetime(2023, month, 15, 12, tzinfo=UTC),
            )
            for month in range(1, 13)
        ]
        + [NewMemory(text=f"Locker {no} holds an umbrella.") for no in range(30)]
    )
    return bank


async def _months(bank: AsyncBank, question: str, **fields: object) -> list[int]:
    found = await bank.recall(question, k=12, now=NOW, **fields)  # type: ignore[arg-type]
    return [each.memory.occurred_at.month for each in found.hits if LISBON in each.memory.text]


async def test_what_happened_when_the_question_says_comes_first(bank: AsyncBank) -> None:
    found = await bank.recall("trip to Lisbon last May", k=5, now=NOW, times="boost")

    assert found.hits[0].memory.occurred_at.month == 5
    assert found.hits[0].factors == {}
    assert {tuple(hit.factors.items()) for hit in found.hits[1:]} == {(("time", 0.7),)}
    [asked] = found.times
    assert (asked.written, asked.start, asked.end) == (
        "last May",
        datetime(2023, 5, 1, tzinfo=UTC),
        datetime(2023, 6, 1, tzinfo=UTC),
    )


async def test_a_day_named_in_full_weighs_more(bank: AsyncBank) -> None:
    found = await bank.recall("trip to Lisbon on 20230515", k=5, now=NOW, times="boost")

    assert found.hits[0].memory.occurred_at.month == 5
    assert {tuple(hit.factors.items()) for hit in found.hits[1:]} == {(("time", 0.3),)}


async def test_what_happened_on_a_named_day_is_found_though_it_does_not_resemble_the_question(
    bank: AsyncBank,
) -> None:
    day = datetime(2023, 5, 20, 12, tzinfo=UTC)
    await bank.add_memories([NewMemory(text="The kettle is broken.", occurred_at=day)])
    await bank.add_memories(
        [
            NewMemory(
                text=f"The main topic of the conversation was item {number}.",
                occurred_at=datetime(2022, 1, 1, 12, tzinfo=UTC),
            )
            for number in range(250)
        ]
    )

    found = await bank.recall("main topic of the conversation on 2023-05-20?", k=5, now=NOW)

    [kettle] = [hit for hit in found.hits if hit.memory.occurred_at == day]
    assert kettle.factors == {"day": 0.25}
    parts = sum(part.contribution for part in kettle.parts.values())
    assert kettle.score == pytest.approx(parts * 0.25, abs=1e-6)


async def test_a_named_day_brings_nothing_that_a_filter_leaves_out(bank: AsyncBank) -> None:
    day = datetime(2023, 5, 20, 12, tzinfo=UTC)
    await bank.add_memories(
        [
            NewMemory(text="The kettle is broken.", occurred_at=day, metadata={"room": "kitchen"}),
            NewMemory(text="The lamp is broken.", occurred_at=day, metadata={"room": "hall"}),
        ]
    )

    asked = "What happened on 2023-05-20?"
    found = await bank.recall(asked, k=5, now=NOW, filter=Filter(metadata=meta("room").eq("hall")))
    ignored = await bank.recall(asked, k=5, now=NOW, times="ignore")

    assert [hit.memory.text for hit in found.hits] == ["The lamp is broken."]
    assert all(hit.factors == {} for hit in ignored.hits)


async def test_a_score_is_the_sum_of_its_parts_times_its_factors(bank: AsyncBank) -> None:
    found = await bank.recall("trip to Lisbon last May", k=12, now=NOW, times="boost")

    for hit in found.hits:
        hop = 0.0 if hit.hop is None else hit.hop.linked + hit.hop.similar + hit.hop.open
        parts = sum(part.contribution for part in hit.parts.values()) + hop
        assert hit.score == pytest.approx(parts * hit.factors.get("time", 1.0), abs=1e-6)


async def test_only_what_happened_then_can_be_asked_for(bank: AsyncBank) -> None:
    assert set(await _months(bank, "Lisbon before March 2023", times="filter")) == {1, 2}
    assert set(await _months(bank, "2023年11月以后 Lisbon", times="filter")) == {12}
    both = await _months(
        bank,
        "Lisbon in 2023",
        times="filter",
        filter=Filter(occurred_before=datetime(2023, 3, 1, tzinfo=UTC)),
    )
    assert set(both) == {1, 2}


async def test_times_are_left_alone_if_asked(bank: AsyncBank) -> None:
    found = await bank.recall("trip to Lisbon last May", k=5, now=NOW, times="ignore")

    assert found.times == ()
    assert all(hit.factors == {} for hit in found.hits)


async def test_a_question_without_a_time_is_answered_as_ever(bank: AsyncBank) -> None:
    plain = await bank.recall("trip to Lisbon", k=5, now=NOW, times="ignore")
    boosted = await bank.recall("trip to Lisbon", k=5, now=NOW)

    assert [hit.memory.id for hit in boosted.hits] == [hit.memory.id for hit in plain.hits]


async def test_the_end_that_is_asked_for_comes_first_and_nothing_is_left_out(
    bank: AsyncBank,
) -> None:
    first = await bank.recall("When did Ada first talk about her trip to Lisbon?", k=12, now=NOW)
    latest = await bank.recall("When did Ada last talk about her trip to Lisbon?", k=12, now=NOW)
    ignored = await bank.recall(
        "When did Ada last talk about her trip to Lisbon?", k=12, now=NOW, times="ignore"
    )

    assert first.hits[0].memory.occurred_at.month <= 3
    assert latest.hits[0].memory.occurred_at.month >= 10
    assert latest.order is not None
    assert (latest.order.written, latest.order.order) == ("last", "latest")
    factors = [hit.factors["order"] for hit in latest.hits if "order" in hit.factors]
    assert factors
    assert all(0.7 <= factor < 1 for factor in factors)
    assert {hit.memory.id for hit in latest.hits} >= {
        hit.memory.id for hit in ignored.hits if LISBON in hit.memory.text
    }
    assert (ignored.order, {len(hit.factors) for hit in ignored.hits}) == (None, {0})
