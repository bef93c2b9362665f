"""What an answer tells of when: first and latest, before and after an event, how long ago."""

from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, NewMemory, Recall

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
LIFE = {
    "rain": ("It rains in Lisbon, the umbrella is wet.", datetime(2023, 1, 5, 9, tzinfo=UTC)),
    "choir": ("I joined a choir and sing on Mondays.", datetime(2023, 2, 1, 9, tzinfo=UTC)),
    "swam": ("I swam in the sea at Cascais.", datetime(2023, 3, 1, 9, tzinfo=UTC)),
    "move": ("The move to Porto is done, at last!", datetime(2023, 6, 15, 9, tzinfo=UTC)),
    "sold": ("I sold the old piano.", datetime(2023, 7, 1, 9, tzinfo=UTC)),
    "again": ("I swam in the sea again, at Matosinhos.", datetime(2023, 8, 20, 9, tzinfo=UTC)),
    "opera": ("I sing in the opera choir now.", datetime(2023, 9, 1, 9, tzinfo=UTC)),
    "bike": ("I bought a bicycle last May.", datetime(2023, 10, 1, 9, tzinfo=UTC)),
    "北京": ("我第一次去北京,看了长城。", datetime(2023, 4, 2, 9, tzinfo=UTC)),
    "搬家": ("我们搬家到了上海。", datetime(2023, 11, 1, 9, tzinfo=UTC)),
}


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank with a year of Ada's, and with much else that was said long ago."""
    await client.create_bank("ada")
    bank = client.bank("ada")
    await bank.add_memories(
        [
            NewMemory(text=text, occurred_at=at, speaker="Ada", external_id=name)
            for name, (text, at) in LIFE.items()
        ]
        + [
            NewMemory(
                text=f"Locker {no} holds an umbrella.",
                occurred_at=datetime(2022, 1, 1, 9, tzinfo=UTC),
            )
            for no in range(30)
        ]
    )
    return bank


async def _ask(bank: AsyncBank, question: str, **fields: object) -> Recall:
    return await bank.recall(question, now=NOW, **fields)  # type: ignore[arg-type]


def _names(answer: Recall) -> set[str]:
    return {each.memory.external_id for each in answer.hits if each.memory.external_id}


def _end(answer: Recall) -> tuple[str | None, datetime, str | None]:
    assert answer.order is not None
    assert answer.order.at is not None
    [hit] = [hit for hit in answer.hits if hit.memory.id == answer.order.at.memory_id]
    return hit.memory.external_id, answer.order.at.start, answer.order.told_by


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When did Ada first swim in the sea?", "swam"),
        ("When did Ada last swim in the sea?", "again"),
        ("我第一次去北京是什么时候？", "北京"),
        ("我最近一次去北京是什么时候？", "北京"),
    ],
)
async def test_the_first_and_the_latest_are_told_by_what_has_the_words(
    bank: AsyncBank, question: str, name: str
) -> None:
    found = await _ask(bank, question)

    assert _end(found) == (name, LIFE[name][1], "words")
    assert found.hits[0].memory.external_id == name


async def test_where_nothing_has_the_words_it_is_said_that_scores_told(bank: AsyncBank) -> None:
    found = await _ask(bank, "Which was her latest athletic pastime?", k=3)

    name, at, told_by = _end(found)
    assert told_by == "score"
    assert at == max(hit.memory.occurred_at for hit in found.hits if hit.score)
    assert name is not None


async def test_a_filter_hides_what_was_on_the_other_side_of_an_event(bank: AsyncBank) -> None:
    before = await _ask(bank, "Where did Ada sing before the move to Porto?", k=50, times="filter")
    after = await _ask(bank, "Where did Ada sing after the move to Porto?", k=50, times="filter")
    boosted = await _ask(bank, "Where did Ada sing before the move to Porto?", k=50)

    assert _names(before) == {"rain", "choir", "swam", "北京"}
    assert _names(after) == {"sold", "again", "opera", "bike", "搬家"}
    assert _names(boosted) == set(LIFE)
    for answer in (before, after, boosted):
        assert answer.order is not None
        assert answer.order.at is not None
        assert (answer.order.at.start, answer.order.at.end) == (LIFE["move"][1],) * 2
        assert answer.order.told_by == "words"


async def test_an_event_is_found_in_chinese(bank: AsyncBank) -> None:
    found = await _ask(bank, "搬家之前她去了哪里？", k=50, times="filter")

    assert _names(found) == set(LIFE) - {"搬家"}


async def test_an_event_that_names_its_time_belongs_to_both_sides(bank: AsyncBank) -> None:
    """The bicycle was bought in May: not when that was told, in October."""
    before = await _ask(bank, "What was before she bought a bicycle?", k=50, times="filter")
    after = await _ask(bank, "What was after she bought a bicycle?", k=50, times="filter")

    assert _names(before) == {"rain", "choir", "swam", "北京"}
    assert _names(after) == {"move", "sold", "again", "opera", "bike", "搬家"}
    assert after.order is not None
    assert after.order.at is not None
    assert (after.order.at.granularity, after.order.at.start.month) == ("month", 5)


async def test_nothing_is_hidden_where_nobody_tells_of_the_event(bank: AsyncBank) -> None:
    found = await _ask(bank, "Where did Ada sing before the revolution?", k=50, times="filter")

    assert _names(found) == set(LIFE)
    assert found.order is not None
    assert (found.order.at, found.order.told_by) == (None, None)


async def test_the_time_of_an_event_says_where_to_look_for_it(bank: AsyncBank) -> None:
    await bank.add_memory(
        "The move to Porto is planned.",
        external_id="plan",
        occurred_at=datetime(2023, 1, 20, tzinfo=UTC),
    )
    asked = "Where did Ada sing after the move to Porto in June 2023?"
    found = await _ask(bank, asked, k=50, times="filter")

    assert _names(found) == {"sold", "again", "opera", "bike", "搬家"}
    assert [each.written for each in found.times] == ["June 2023"]
    assert all("time" not in hit.factors for hit in found.hits)


async def test_how_long_ago_is_counted_from_the_memory_that_tells(bank: AsyncBank) -> None:
    found = await _ask(bank, "How long ago was the move to Porto?")

    assert found.elapsed is not None
    assert (found.elapsed.duration, found.elapsed.days) == ("P8M24D", 269)
    assert (found.elapsed.until, found.elapsed.told_by) == (NOW, "words")
    assert (found.elapsed.unit, found.elapsed.count) == (None, None)
    [hit] = [hit for hit in found.hits if hit.memory.id == found.elapsed.since.memory_id]
    assert hit.memory.external_id == "move"


async def test_a_memory_that_names_a_time_is_counted_from_then(bank: AsyncBank) -> None:
    found = await _ask(bank, "How many months ago did Ada buy a bicycle?")

    assert found.elapsed is not None
    assert (found.elapsed.since.written, found.elapsed.since.granularity) == ("last May", "month")
    assert (found.elapsed.duration, found.elapsed.unit, found.elapsed.count) == (
        "P10M",
        "month",
        10,
    )


async def test_elapsed_time_ends_at_now_in_the_zone_of_the_question(bank: AsyncBank) -> None:
    """At 23:30 in Berlin it is another day than in Los Angeles."""
    late = datetime(2023, 6, 16, 21, 30, tzinfo=UTC)
    days = [
        (await bank.recall("How many days ago was the move to Porto?", now=late, timezone=zone))
        for zone in ("Europe/Berlin", "Pacific/Auckland")
    ]

    assert [each.elapsed.count for each in days if each.elapsed] == [1, 2]


async def test_how_long_since_the_latest(bank: AsyncBank) -> None:
    found = await _ask(bank, "How long has it been since Ada last swam in the sea?")

    assert found.elapsed is not None
    assert found.elapsed.since.start == LIFE["again"][1]
    assert found.order is not None
    assert found.order.order == "latest"


async def test_no_elapsed_time_is_told_unless_it_is_asked_for(bank: AsyncBank) -> None:
    asked = "How long ago was the move to Porto?"
    plain = await _ask(bank, "When was the move to Porto?")
    ignored = await _ask(bank, asked, times="ignore")
    early = await bank.recall(asked, now=datetime(2021, 1, 1, tzinfo=UTC))

    assert (plain.elapsed, ignored.elapsed, early.elapsed) == (None, None, None)


async def test_granularities_are_told(bank: AsyncBank) -> None:
    found = await _ask(bank, "Who sang last weekend, in 2019, or a couple of weeks ago?")

    told = [(each.written, each.granularity) for each in found.times]
    assert told == [
        ("last weekend", "weekend"),
        ("2019", "year"),
        ("a couple of weeks ago", "week"),
    ]


async def test_an_answer_that_shows_everything_tells_the_same(bank: AsyncBank) -> None:
    asked = "How long ago did Ada first swim in the sea?"
    found = await _ask(bank, asked, mode="auto", budget_tokens=5000)

    assert found.mode == "passthrough"
    assert _end(found) == ("swam", LIFE["swam"][1], "words")
    assert found.elapsed is not None
    assert found.elapsed.since.start == LIFE["swam"][1]


@pytest.mark.parametrize("mode", ["auto", "ranked"])
async def test_a_context_reads_and_tells_times_like_a_recall(bank: AsyncBank, mode: str) -> None:
    asked = "How long ago was the move to Porto? Where did Ada sing in 2023?"
    context = await bank.context(
        asked,
        mode=mode,  # type: ignore[arg-type]
        budget_tokens=5000,
        now=NOW,
        times="filter",
    )

    shown = [each.memory for section in context.sections for each in section.pieces]
    assert {each.external_id for each in shown} == set(LIFE)
    assert [(each.written, each.granularity) for each in context.times] == [("2023", "year")]
    assert context.elapsed is not None
    assert context.elapsed.since.start == LIFE["move"][1]
    ignored = await bank.context(asked, mode="ranked", now=NOW, times="ignore")
    assert (ignored.times, ignored.order, ignored.elapsed) == ((), None, None)


@pytest.mark.parametrize("mode", ["auto", "ranked"])
async def test_a_context_hides_what_was_beyond_an_event(bank: AsyncBank, mode: str) -> None:
    context = await bank.context(
        "Where did Ada sing after the move to Porto?",
        mode=mode,  # type: ignore[arg-type]
        budget_tokens=5000,
        now=NOW,
        times="filter",
    )

    shown = [each.memory for section in context.sections for each in section.pieces]
    assert {each.external_id for each in shown} == {"sold", "again", "opera", "bike", "搬家"}
    assert context.order is not None
    assert context.order.at is not None
    assert context.order.at.start == LIFE["move"][1]
