"""What was true, and what was known, at another time: said through the serving_client."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, Episode, Filter, Message, NaiveTimestampError

from tests.integration.services.organising.test_facts import settle

LISBON, PORTO, ROME = "I live in Lisbon.", "I moved to Porto.", "I live in Rome."
BACKDATED = "I moved to Porto in March 2024."
GONE = "I no longer live in Lisbon."
TEA, CAT = "Ann likes tea at noon.", "I live in Lisbon with my cat Tom."


def month(number: int) -> datetime:
    return datetime(2024, number, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """A bank with what was said in which month, in the order it was recorded."""

    bank: AsyncBank
    recorded: list[datetime]

    async def shown(self, **times: datetime | None) -> set[str]:
        found = await self.bank.recall("where do I live", k=20, **times)  # type: ignore[arg-type]
        return {hit.memory.text for hit in found.hits}

    async def composed(self, mode: str, **times: datetime | None) -> set[str]:
        context = await self.bank.context("where do I live", mode=mode, **times)  # type: ignore[arg-type]
        pieces = [piece for section in context.sections for piece in section.pieces]
        # Summaries are made of what is known today, and have its date.
        return {piece.memory.text for piece in pieces if piece.memory.kind == "turn"} | {
            piece.memory.text for piece in pieces if piece.memory.kind == "observation"
        }

    def known(self, place: int) -> datetime:
        """When the memory of that place, from 1, had just been recorded."""
        return self.recorded[place - 1]


async def told(serving_client: AsyncClient, name: str, *said: tuple[str, int]) -> Told:
    bank, recorded = serving_client.bank(name), []
    for text, number in said:
        written = await bank.add_memory(text, speaker="Ann", occurred_at=month(number), create=True)
        recorded.append((await bank.get(written.id)).recorded_at)
    await settle(serving_client, name)
    return Told(bank=bank, recorded=recorded)


async def test_what_was_true_then(serving_client: AsyncClient) -> None:
    ann = await told(serving_client, "ann", (LISBON, 1), (TEA, 2), (PORTO, 4), (ROME, 8))
    table = {
        datetime(2023, 12, 31, tzinfo=UTC): set(),
        month(1): {LISBON},
        month(3): {LISBON, TEA},
        month(4): {PORTO, TEA},  # the instant of an ending belongs to what follows
        month(7): {PORTO, TEA},
        month(8): {ROME, TEA},
        datetime(2030, 1, 1, tzinfo=UTC): {ROME, TEA},
    }
    for at, expected in table.items():
        assert await ann.shown(as_of=at) == expected, at
        for mode in ("auto", "ranked"):
            assert await ann.composed(mode, as_of=at) == expected, (mode, at)
    assert await ann.shown() == {ROME, TEA}


async def test_what_was_known_then_of_now_and_of_other_times(serving_client: AsyncClient) -> None:
    """Rome is learnt of before Porto, where Ann lived before: Porto fills the gap."""
    ann = await told(serving_client, "ann", (LISBON, 1), (ROME, 8), (PORTO, 4))
    table: dict[tuple[int, int | None], set[str]] = {
        # known after which memory, true in which month (None: now)
        (1, None): {LISBON},
        (2, None): {ROME},
        (3, None): {ROME},
        (1, 9): {LISBON},
        (2, 5): {LISBON},
        (3, 5): {PORTO},
        (2, 9): {ROME},
        (3, 2): {LISBON},
    }
    for (place, number), expected in table.items():
        at = None if number is None else month(number)
        assert await ann.shown(known_at=ann.known(place), as_of=at) == expected, (place, number)
    both = {"known_at": ann.known(3), "as_of": month(5)}
    assert await ann.composed("auto", **both) == await ann.composed("ranked", **both) == {PORTO}
    assert await ann.shown(known_at=datetime(2020, 1, 1, tzinfo=UTC)) == set()


async def test_what_is_told_later_holds_since_it_began(serving_client: AsyncClient) -> None:
    ann = await told(serving_client, "ann", (LISBON, 1), (BACKDATED, 6))
    assert await ann.shown(as_of=month(2)) == {LISBON}
    assert await ann.shown(as_of=month(4)) == {BACKDATED}
    assert await ann.shown(as_of=month(4), known_at=ann.known(1)) == {LISBON}


async def test_a_denial_holds_from_when_it_was_said(serving_client: AsyncClient) -> None:
    ann = await told(serving_client, "ann", (LISBON, 1), (GONE, 6))
    assert await ann.shown(as_of=month(5)) == {LISBON}
    assert await ann.shown(as_of=month(6)) == {GONE}
    assert await ann.shown(known_at=ann.known(1), as_of=month(7)) == {LISBON}


async def test_what_says_more_is_shown_as_by_default(serving_client: AsyncClient) -> None:
    ann = await told(serving_client, "ann", (CAT, 1), (PORTO, 4))
    assert await ann.shown() == await ann.shown(as_of=month(5)) == {CAT, PORTO}
    assert await ann.shown(as_of=month(2)) == {CAT}


async def test_states_that_are_named_stay_and_the_budget_takes_everything(
    serving_client: AsyncClient,
) -> None:
    ann = await told(serving_client, "ann", (LISBON, 1), (PORTO, 4))
    ended = Filter(states=["superseded"])
    found = await ann.bank.recall("home", filter=ended, as_of=month(5))
    assert {hit.memory.text for hit in found.hits} == {LISBON}
    whole = await ann.bank.recall("home", mode="auto", budget_tokens=500, as_of=month(2))
    assert (whole.mode, [hit.memory.text for hit in whole.hits]) == ("passthrough", [LISBON])


async def test_every_arm_answers_for_another_day(serving_client: AsyncClient) -> None:
    """Lisbon held in February and is in no index; Porto was told in April."""
    ann = await told(serving_client, "ann", (LISBON, 1), (TEA, 2), (PORTO, 4))
    for arm in ("dense", "lexical"):
        found = await ann.bank.recall("live in Lisbon", k=20, arms=[arm], as_of=month(3))
        assert found.hits[0].memory.text == LISBON
        assert PORTO not in {hit.memory.text for hit in found.hits}
    whole = await ann.bank.recall("live in Lisbon", k=20, as_of=month(3), explain=True)
    assert {arm: report.status for arm, report in whole.arms.items()} == {
        "dense": "ok",
        "lexical": "ok",
        "episode": "skipped",
        "contiguity": "skipped",
        "graph": "ok",
    }
    assert whole.arms["episode"].reason is not None
    assert "beside" in whole.arms["episode"].reason
    assert all(hit.hop is not None for hit in whole.hits)
    assert {hit.memory.text for hit in whole.hits} == {LISBON, TEA}


async def test_walks_begin_from_facts_that_held_on_the_day(serving_client: AsyncClient) -> None:
    ann = await told(serving_client, "ann", (LISBON, 1), (PORTO, 4))
    for at, home, other in ((month(2), "lisbon", "porto"), (month(5), "porto", "lisbon")):
        found = await ann.bank.recall(
            f"ann lives in {home}", walk="facts", explain=True, as_of=at, k=5
        )
        assert found.walk is not None
        kept = [each for each in found.walk.facts if each.kept]
        assert [each.object for each in kept] == [home]
        seeds = {each.entity for each in found.walk.seeds}
        assert home in seeds
        assert other not in seeds


async def test_episodes_answer_with_what_held_then(serving_client: AsyncClient) -> None:
    bank = serving_client.bank("ann")
    messages = [
        Message(text=LISBON, speaker="Ann", occurred_at=month(1)),
        Message(text="The flat has a balcony.", speaker="Ann", occurred_at=month(1)),
    ]
    await bank.add_episodes([Episode(source="January", messages=messages)], create=True)
    await bank.add_memory(PORTO, speaker="Ann", occurred_at=month(4))
    await settle(serving_client, "ann")
    then = await bank.recall("balcony Lisbon", k=5, arms=["lexical", "episode"], as_of=month(2))
    assert then.arms["episode"].status == "ok"
    assert {hit.memory.text for hit in then.hits} == {each.text for each in messages}
    assert all("episode" in hit.arms for hit in then.hits)


async def test_a_time_without_a_zone_is_refused_before_it_is_sent(
    serving_client: AsyncClient,
) -> None:
    naive = month(1).replace(tzinfo=None)
    for field in ("as_of", "known_at"):
        with pytest.raises(NaiveTimestampError):
            await serving_client.bank("ann").recall("home", **{field: naive})  # type: ignore[arg-type]
