"""Every expression of the grammar, read on one day and in one zone.

Decision 26 states the grammar; each of its lines has a case here.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from memsvc.domain.times.asked_times import AskedTime, asked_times

VIENNA = ZoneInfo("Europe/Vienna")
WEDNESDAY = datetime(2023, 6, 7, 12, tzinfo=UTC)
"""The middle of a week, a month and a year; summer time in Vienna."""


def _read(question: str, now: datetime = WEDNESDAY, zone: ZoneInfo = VIENNA) -> list[str]:
    return [_written(each, zone) for each in asked_times(question, now, zone)]


def _written(span: AskedTime, zone: ZoneInfo) -> str:
    """Return a span as its first day, the one past it and its granularity."""
    first, past = (
        "" if each is None else f"{each.astimezone(zone).date()}" for each in (span.start, span.end)
    )
    return f"{first}/{past} {span.granularity}"


ENGLISH = """
What happened on 2023-05-07?                    | 2023-05-07/2023-05-08 day
What happened on 7 May 2023?                    | 2023-05-07/2023-05-08 day
What happened on 7.5.2023?                      | 2023-05-07/2023-05-08 day
What happened on 20230507?                      | 2023-05-07/2023-05-08 day
What happened on May 7th?                       | 2023-05-07/2023-05-08 day
What happened yesterday?                        | 2023-06-06/2023-06-07 day
What happened the day before yesterday?         | 2023-06-05/2023-06-06 day
Who called last night?                          | 2023-06-06/2023-06-07 day
Who called this morning?                        | 2023-06-07/2023-06-08 day
Who called last Friday?                         | 2023-06-02/2023-06-03 day
Who called this past Friday?                    | 2023-06-02/2023-06-03 day
Who called on Friday?                           | 2023-06-02/2023-06-03 day
Who calls next Friday?                          | 2023-06-09/2023-06-10 day
What did I eat three days ago?                  | 2023-06-04/2023-06-05 day
What did I eat 3 days ago?                      | 2023-06-04/2023-06-05 day
What did I eat a couple of days ago?            | 2023-06-05/2023-06-06 day
What did I eat twenty-one days ago?             | 2023-05-17/2023-05-18 day
Where were we last weekend?                     | 2023-06-03/2023-06-05 weekend
Where were we this weekend?                     | 2023-06-10/2023-06-12 weekend
Where were we over the weekend?                 | 2023-06-03/2023-06-05 weekend
Where were we the weekend before last?          | 2023-05-27/2023-05-29 weekend
Where were we two weekends ago?                 | 2023-05-27/2023-05-29 weekend
Who called last week?                           | 2023-05-29/2023-06-05 week
Who called three weeks ago?                     | 2023-05-15/2023-05-22 week
Who called a week ago?                          | 2023-05-29/2023-06-05 week
Who called the week before last?                | 2023-05-22/2023-05-29 week
What did we plan last May?                      | 2023-05-01/2023-06-01 month
What did we plan last June?                     | 2022-06-01/2022-07-01 month
What did we plan in August?                     | 2022-08-01/2022-09-01 month
What did we plan in May last year?              | 2022-05-01/2022-06-01 month
What did we plan in the last week of May?       | 2023-05-01/2023-06-01 month
What did we plan this month?                    | 2023-06-01/2023-07-01 month
What did we plan in May 2021?                   | 2021-05-01/2021-06-01 month
What did we plan two months ago?                | 2023-04-01/2023-05-01 month
What did we sell last quarter?                  | 2023-01-01/2023-04-01 quarter
What did we sell in Q3 2022?                    | 2022-07-01/2022-10-01 quarter
Where did he swim last summer?                  | 2022-06-01/2022-09-01 season
Where did he swim in summer of last year?       | 2022-06-01/2022-09-01 season
Where did he ski in winter 2021?                | 2021-12-01/2022-03-01 season
Where did she work last year?                   | 2022-01-01/2023-01-01 year
Where did she work in 2019?                     | 2019-01-01/2020-01-01 year
Where did she work the year before last?        | 2021-01-01/2022-01-01 year
Where did she work a dozen years ago?           | 2011-01-01/2012-01-01 year
Where did she work in the 1990s?                | 1990-01-01/2000-01-01 decade
Where did she live before June 2022?            | /2022-06-01 month
Where did she live until June 2022?             | /2022-07-01 month
What has she read since 2019?                   | 2019-01-01/ year
What has she read after 3 May 2022?             | 2022-05-04/ day
Who came before the weekend?                    | /2023-06-03 weekend
What did they see between March and May?        | 2023-03-01/2023-06-01 month
Trips from 1 May 2023 to 5 May 2023             | 2023-05-01/2023-05-06 day
What did I do in the last three days?           | 2023-06-04/2023-06-08 day
What did I do in the past couple of weeks?      | 2023-05-24/2023-06-08 week
What did I do over the past year?               | 2022-06-07/2023-06-08 year
Who called in the last two weekends?            | 2023-05-27/2023-06-08 weekend
What did I eat a few days ago?                  | 2023-06-02/2023-06-06 day
Who called several months ago?                  | 2022-09-01/2023-05-01 month
"""

CHINESE = """
2022年5月7日发生了什么？     | 2022-05-07/2022-05-08 day
5月7号发生了什么？           | 2023-05-07/2023-05-08 day
五月七日发生了什么？         | 2023-05-07/2023-05-08 day
去年五月七日发生了什么？     | 2022-05-07/2022-05-08 day
昨天她说了什么？             | 2023-06-06/2023-06-07 day
昨晚她说了什么？             | 2023-06-06/2023-06-07 day
大前天她说了什么？           | 2023-06-04/2023-06-05 day
上周五她说了什么？           | 2023-06-02/2023-06-03 day
上上周五她说了什么？         | 2023-05-26/2023-05-27 day
周五谁来了？                 | 2023-06-02/2023-06-03 day
三天前我吃了什么？           | 2023-06-04/2023-06-05 day
十五天前我吃了什么？         | 2023-05-23/2023-05-24 day
一百天以前我吃了什么？       | 2023-02-27/2023-02-28 day
上周末我们在哪里？           | 2023-06-03/2023-06-05 weekend
这个周末我们在哪里？         | 2023-06-10/2023-06-12 weekend
周末我们去了哪里？           | 2023-06-03/2023-06-05 weekend
上周她说了什么？             | 2023-05-29/2023-06-05 week
上上周她说了什么？           | 2023-05-22/2023-05-29 week
两周前她说了什么？           | 2023-05-22/2023-05-29 week
三个星期前她说了什么？       | 2023-05-15/2023-05-22 week
上个月我去了哪里？           | 2023-05-01/2023-06-01 month
两个月前我去了哪里？         | 2023-04-01/2023-05-01 month
半年前我去了哪里？           | 2022-12-01/2023-01-01 month
去年五月我去了哪里？         | 2022-05-01/2022-06-01 month
前年十二月我去了哪里？       | 2021-12-01/2022-01-01 month
今年三月我去了哪里？         | 2023-03-01/2023-04-01 month
2022年5月发生了什么？        | 2022-05-01/2022-06-01 month
5月份我们见了谁？            | 2023-05-01/2023-06-01 month
八月我们见了谁？             | 2022-08-01/2022-09-01 month
上个季度我们卖了什么？       | 2023-01-01/2023-04-01 quarter
2022年第三季度我们卖了什么？ | 2022-07-01/2022-10-01 quarter
去年夏天他在哪里游泳？       | 2022-06-01/2022-09-01 season
2021年冬天他在哪里滑雪？     | 2021-12-01/2022-03-01 season
去年她在哪里工作？           | 2022-01-01/2023-01-01 year
前年她在哪里工作？           | 2021-01-01/2022-01-01 year
二十年前她在哪里工作？       | 2003-01-01/2004-01-01 year
九十年代她在哪里工作？       | 1990-01-01/2000-01-01 decade
2022年以前她住在哪里？       | /2022-01-01 year
去年五月之前她住在哪里？     | /2022-05-01 month
2022年以来她读了什么？       | 2022-01-01/ year
最近三天我去了哪里？         | 2023-06-04/2023-06-08 day
过去两周我去了哪里？         | 2023-05-24/2023-06-08 week
最近一年我去了哪里？         | 2022-06-07/2023-06-08 year
前几天她说了什么？           | 2023-05-29/2023-06-06 day
几年前她在哪里？             | 2014-01-01/2022-01-01 year
"""


def _cases(table: str) -> list[tuple[str, str]]:
    lines = [line.rpartition("|") for line in table.strip().splitlines()]
    return [(question.strip(), span.strip()) for question, _, span in lines]


@pytest.mark.parametrize(("question", "span"), [*_cases(ENGLISH), *_cases(CHINESE)])
def test_an_expression_is_one_span_of_its_granularity(question: str, span: str) -> None:
    assert _read(question) == [span]


@pytest.mark.parametrize(
    ("question", "first", "past"),
    [
        ("Who called two hours ago?", 10, 11),
        ("Who called in the last two hours?", 10, 12),
        ("三个小时前谁打来电话？", 9, 10),
    ],
)
def test_hours_are_counted_from_now(question: str, first: int, past: int) -> None:
    [span] = asked_times(question, WEDNESDAY, VIENNA)
    assert span.granularity == "hour"
    assert span.holds(WEDNESDAY.replace(hour=first))
    assert not span.holds(WEDNESDAY.replace(hour=first - 1, minute=59))
    assert not span.holds(WEDNESDAY.replace(hour=past, minute=1))


@pytest.mark.parametrize(
    "question",
    [
        "How many weeks ago did she call?",
        "Which were the last three chapters?",
        "What does she do every year?",
        "Did she couple the wagons?",
        "她每周五做什么？",
        "你听过五月天的歌吗？",
        "附近三天没有雨吗？",
        "她多少天前来的？",
        "最近一次是什么？",
    ],
)
def test_what_only_looks_like_a_time_is_none(question: str) -> None:
    assert _read(question) == []


NEW_YEAR = datetime(2024, 1, 2, 12, tzinfo=UTC)
"""The first Tuesday of a leap year."""


@pytest.mark.parametrize(
    ("question", "span"),
    [
        ("Who called last week?", "2023-12-25/2024-01-01 week"),
        ("Where were we last weekend?", "2023-12-30/2024-01-01 weekend"),
        ("Who called last month?", "2023-12-01/2024-01-01 month"),
        ("Who called three weeks ago?", "2023-12-11/2023-12-18 week"),
        ("Who called in December?", "2023-12-01/2024-01-01 month"),
        ("Who called last Friday?", "2023-12-29/2023-12-30 day"),
        ("What did we sell last quarter?", "2023-10-01/2024-01-01 quarter"),
        ("Who called in the last three days?", "2023-12-30/2024-01-03 day"),
        ("Where did he ski last winter?", "2023-12-01/2024-03-01 season"),
        ("十五天前谁来了？", "2023-12-18/2023-12-19 day"),
        ("两个月前谁来了？", "2023-11-01/2023-12-01 month"),
        ("去年五月谁来了？", "2023-05-01/2023-06-01 month"),
        ("上周五谁来了？", "2023-12-29/2023-12-30 day"),
        ("2024年2月29日谁来了？", "2024-02-29/2024-03-01 day"),
    ],
)
def test_expressions_reach_across_the_end_of_a_year(question: str, span: str) -> None:
    assert _read(question, NEW_YEAR) == [span]


@pytest.mark.parametrize(
    ("now", "question", "hours"),
    [
        (datetime(2024, 4, 1, 9, tzinfo=UTC), "Who called yesterday?", 23),  # clocks went forward
        (datetime(2024, 10, 28, 9, tzinfo=UTC), "昨天谁来了？", 25),  # and back
        (datetime(2024, 4, 1, 9, tzinfo=UTC), "Where were we last weekend?", 47),
        (datetime(2024, 4, 3, 9, tzinfo=UTC), "Who called last week?", 167),
    ],
)
def test_days_are_as_long_as_the_clock_of_the_zone_makes_them(
    now: datetime, question: str, hours: int
) -> None:
    [span] = asked_times(question, now, VIENNA)
    assert span.start is not None
    assert span.end is not None
    assert (span.end - span.start).total_seconds() / 3600 == hours
    assert span.start.astimezone(VIENNA).time() == time()
    assert span.end.astimezone(VIENNA).time() == time()


def test_a_day_begins_even_where_its_midnight_is_skipped() -> None:
    santiago = ZoneInfo("America/Santiago")  # At 24:00 on 7 September 2024 it became 1:00.
    [span] = asked_times("Who called on 2024-09-08?", datetime(2024, 9, 9, tzinfo=UTC), santiago)
    assert span.start is not None
    assert span.start == datetime(2024, 9, 8, 4, tzinfo=UTC)
    assert span.start.astimezone(santiago).date() == date(2024, 9, 8)


def test_an_hour_ago_is_an_hour_though_the_clock_was_put_back() -> None:
    now = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)  # 2:30 in Vienna for the second time
    [span] = asked_times("Who called an hour ago?", now, VIENNA)
    assert span.start == datetime(2024, 10, 27, 0, tzinfo=UTC)


def test_several_times_are_told_in_the_order_of_the_question() -> None:
    asked = "In the last two weeks, who came on Friday, and who came in May?"
    assert _read(asked) == [
        "2023-05-24/2023-06-08 week",
        "2023-06-02/2023-06-03 day",
        "2023-05-01/2023-06-01 month",
    ]
