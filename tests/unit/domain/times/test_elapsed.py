"""How long ago: what asks for it, from when it is counted, and how it is told."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.times.calendar_spans import Granularity
from memsvc.domain.times.elapsed import AskedElapsed, asked_elapsed, elapsed_since
from memsvc.domain.times.moments import Moment, moment_of
from memsvc.domain.times.tellings import Told, ToldBy

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "written", "unit"),
    [
        ("How long ago did Ada move?", "How long ago", None),
        ("How many weeks ago did she call?", "How many weeks ago", Granularity.WEEK),
        ("How long has it been since the move?", "How long has it been since", None),
        ("How long since she left?", "How long since", None),
        ("How long's it been since we met?", "How long's it been since", None),
        (
            "How many days have passed since the party?",
            "How many days have passed since",
            Granularity.DAY,
        ),
        ("她是多久以前搬家的？", "是多久以前", None),
        ("搬家多久了？", "多久了", None),
        ("她多少天前去的医院？", "多少天前", Granularity.DAY),
        ("她有多久没去北京了？", "有多久没", None),
        ("离搬家已经过了多长时间？", "过了多长时间", None),
    ],
)
def test_a_question_for_elapsed_time_is_read(
    question: str, written: str, unit: Granularity | None
) -> None:
    asked = asked_elapsed(question)
    assert asked is not None
    assert (asked.written, asked.unit) == (written, unit)
    assert written not in asked.rest


@pytest.mark.parametrize(
    "question",
    [
        "How long did the trip last?",
        "How many times has she sung since May?",
        "How long has she lived there?",
        "What happened three weeks ago?",
        "她多久去一次？",
        "她等了多久？",
    ],
)
def test_other_questions_ask_for_none(question: str) -> None:
    assert asked_elapsed(question) is None


def test_what_was_said_is_counted_from_when_it_was_said() -> None:
    talk, move = (
        asked_elapsed("How long ago did we talk about it?"),
        asked_elapsed("多久前搬家的？"),
    )
    assert talk is not None
    assert move is not None
    assert (talk.is_of_telling, move.is_of_telling) == (True, False)


@pytest.mark.parametrize(
    ("text", "start", "granularity"),
    [
        ("I moved to Porto yesterday!", datetime(2024, 3, 8, 23, tzinfo=UTC), Granularity.DAY),
        ("I moved last May. See you!", datetime(2023, 4, 30, 22, tzinfo=UTC), Granularity.MONTH),
        ("See you next week. I moved in 2022.", datetime(2021, 12, 31, 23, tzinfo=UTC), "year"),
        ("去年五月我搬到了波尔图。", datetime(2023, 4, 30, 22, tzinfo=UTC), Granularity.MONTH),
        ("I move next week.", NOW, None),
        ("I moved today.", NOW, None),
        ("I moved.", NOW, None),
        ("I moved last May, and again last June.", NOW, None),
        ("See you on Friday!", NOW, None),
    ],
)
def test_a_text_dates_what_it_tells_or_else_its_telling_does(
    text: str, start: datetime, granularity: str | None
) -> None:
    moment = moment_of(text, NOW, VIENNA)
    assert (moment.start, moment.granularity) == (start, granularity)
    assert (moment.written is None) == (granularity is None)


def _elapsed(
    start: datetime, granularity: Granularity | None = None, unit: Granularity | None = None
) -> tuple[str, int, int | None]:
    told = Told(
        memory_id=MemoryId(UUID(int=1)),
        moment=Moment(start=start, end=start, granularity=granularity),
        told_by=ToldBy.WORDS,
    )
    asked = AskedElapsed(written="how long ago", unit=unit, rest="", is_of_telling=False)
    found = elapsed_since(asked, told, NOW, VIENNA)
    assert (found.since, found.until, found.unit) == (told, NOW, unit)
    return found.duration, found.days, found.count


@pytest.mark.parametrize(
    ("start", "duration", "days"),
    [
        (datetime(2024, 3, 10, 11, 30, tzinfo=UTC), "PT30M", 0),
        (datetime(2024, 3, 9, 22, 30, tzinfo=UTC), "PT13H30M", 1),
        (datetime(2024, 3, 9, 23, 30, tzinfo=UTC), "PT12H30M", 0),  # already the 10th in Vienna
        (NOW, "PT0M", 0),
        (datetime(2024, 3, 9, 12, tzinfo=UTC), "P1D", 1),
        (datetime(2024, 3, 8, 13, tzinfo=UTC), "P1D", 2),  # not quite two days
        (datetime(2024, 2, 29, 8, tzinfo=UTC), "P10D", 10),
        (datetime(2024, 1, 31, 8, tzinfo=UTC), "P1M10D", 39),  # a leap year's February
        (datetime(2023, 12, 31, 8, tzinfo=UTC), "P2M10D", 70),
        (datetime(2022, 3, 10, 8, tzinfo=UTC), "P2Y", 731),
        (datetime(2023, 7, 10, 8, tzinfo=UTC), "P8M", 244),  # from summer time into winter time
    ],
)
def test_an_instant_is_counted_by_the_calendar_of_the_zone(
    start: datetime, duration: str, days: int
) -> None:
    assert _elapsed(start) == (duration, days, None)


@pytest.mark.parametrize(
    ("start", "granularity", "duration"),
    [
        (datetime(2024, 3, 8, 23, tzinfo=UTC), Granularity.DAY, "P1D"),
        (datetime(2024, 2, 18, 23, tzinfo=UTC), Granularity.WEEK, "P2W"),
        (datetime(2023, 4, 30, 22, tzinfo=UTC), Granularity.MONTH, "P10M"),
        (datetime(2022, 5, 31, 22, tzinfo=UTC), Granularity.SEASON, "P1Y9M"),
        (datetime(2021, 12, 31, 23, tzinfo=UTC), Granularity.YEAR, "P2Y"),
        (datetime(2024, 2, 29, 23, tzinfo=UTC), Granularity.MONTH, "P0M"),
    ],
)
def test_what_is_known_less_exactly_is_told_less_exactly(
    start: datetime, granularity: Granularity, duration: str
) -> None:
    assert _elapsed(start, granularity)[0] == duration


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        (Granularity.HOUR, 52 * 24),
        (Granularity.DAY, 52),
        (Granularity.WEEK, 7),
        (Granularity.MONTH, 1),
        (Granularity.YEAR, 0),
    ],
)
def test_units_that_are_asked_for_are_counted_whole(unit: Granularity, count: int) -> None:
    assert _elapsed(datetime(2024, 1, 18, 12, tzinfo=UTC), unit=unit)[2] == count
