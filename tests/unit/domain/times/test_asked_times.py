from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.times.asked_times import asked_times

WEDNESDAY = datetime(2023, 6, 7, 12, tzinfo=UTC)


def _days(question: str, now: datetime = WEDNESDAY) -> list[tuple[str, str]]:
    return [
        (
            "" if each.start is None else each.start.date().isoformat(),
            "" if each.end is None else each.end.date().isoformat(),
        )
        for each in asked_times(question, now, UTC)
    ]


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did we plan last May?", "2023-05-01", "2023-06-01"),
        ("What did we plan last June?", "2022-06-01", "2022-07-01"),
        ("What did we plan in May?", "2023-05-01", "2023-06-01"),
        ("Who called in August?", "2022-08-01", "2022-09-01"),
        ("Who called last week?", "2023-05-29", "2023-06-05"),
        ("Where were we last weekend?", "2023-06-03", "2023-06-05"),
        ("What happened yesterday?", "2023-06-06", "2023-06-07"),
        ("What happened on 7 May 2023?", "2023-05-07", "2023-05-08"),
        ("What happened on 20230507?", "2023-05-07", "2023-05-08"),
        ("What happened on 2023/5/7?", "2023-05-07", "2023-05-08"),
        ("Who called in the month of March?", "2023-03-01", "2023-04-01"),
        ("Where did she live before June 2022?", "", "2022-06-01"),
        ("Where did she live until June 2022?", "", "2022-07-01"),
        ("What has she read since 2019?", "2019-01-01", ""),
        ("What has she read after 3 May 2022?", "2022-05-04", ""),
        ("What did they see between March and May?", "2023-03-01", "2023-06-01"),
        ("Trips from 1 May 2023 to 5 May 2023", "2023-05-01", "2023-05-06"),
        ("Where did he swim last summer?", "2022-06-01", "2022-09-01"),
        ("Where did he ski in winter 2021?", "2021-12-01", "2022-03-01"),
        ("What did I eat three days ago?", "2023-06-04", "2023-06-05"),
        ("上个月我去了哪里?", "2023-05-01", "2023-06-01"),
        ("上周五她说了什么?", "2023-06-02", "2023-06-03"),
        ("上上周她说了什么?", "2023-05-22", "2023-05-29"),
        ("三天前我吃了什么?", "2023-06-04", "2023-06-05"),
        ("2022年5月发生了什么?", "2022-05-01", "2022-06-01"),
        ("2022年以前她住在哪里?", "", "2022-01-01"),
        ("2022年以来她读了什么?", "2022-01-01", ""),
        ("去年她在哪里工作?", "2022-01-01", "2023-01-01"),
        ("5月份我们见了谁?", "2023-05-01", "2023-06-01"),
    ],
)
def test_a_time_in_the_question_becomes_a_span(question: str, start: str, end: str) -> None:
    assert _days(question) == [(start, end)]


@pytest.mark.parametrize(
    "question",
    [
        "What may we do next?",
        "When did we march to the lake?",
        "Did we fall in love before the move?",
        "How long ago was that?",
        "Who sat next to me?",
        "她什么时候搬家的?",
        "Who has the ticket 20231307, and who 20230231?",
        "Who ordered part 120230507?",
    ],
)
def test_a_question_without_a_time_has_no_span(question: str) -> None:
    assert _days(question) == []


@pytest.mark.parametrize(
    ("question", "is_day"),
    [
        ("What happened on 7 May 2023?", True),
        ("What happened on 20230507?", True),
        ("What happened on 7 May?", False),
        ("What happened yesterday?", False),
        ("What happened in May 2023?", False),
        ("What happened after 7 May 2023?", False),
    ],
)
def test_a_day_is_named_in_full_only_with_its_year(question: str, is_day: bool) -> None:
    assert [each.is_day for each in asked_times(question, WEDNESDAY, UTC)] == [is_day]


def test_days_are_those_of_the_zone() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    late = datetime(2023, 6, 7, 23, tzinfo=UTC)
    [today] = asked_times("What happened today?", late, vienna)
    assert today.start == datetime(2023, 6, 7, 22, tzinfo=UTC)
    assert today.end == datetime(2023, 6, 8, 22, tzinfo=UTC)
    assert today.holds(late)
    assert not today.holds(late - timedelta(hours=2))


@given(
    text=st.text(alphabet="lastnexmywk 0123456789-.年月日上下周前before", max_size=60),
    days=st.integers(min_value=-20_000, max_value=20_000),
)
def test_any_text_can_be_asked_and_no_span_is_empty(text: str, days: int) -> None:
    for span in asked_times(text, WEDNESDAY + timedelta(days=days), UTC):
        assert span.start is None or span.end is None or span.start < span.end
