from datetime import UTC, datetime, timedelta

import pytest

from memsvc.domain.times.asked_order import Order, asked_order
from memsvc.domain.times.moments import Moment
from memsvc.domain.times.order_weights import LEAST, factors_by_end, factors_by_event
from memsvc.domain.times.tellings import Placed

DAY = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("When did Ada first see the sea?", Order.EARLIEST),
        ("What was the first thing she bought?", Order.EARLIEST),
        ("Who spoke first?", Order.EARLIEST),
        ("When was the earliest meeting?", Order.EARLIEST),
        ("When did you last see Bo?", Order.LATEST),
        ("What was her last job?", Order.LATEST),
        ("What is Ada's latest project?", Order.LATEST),
        ("What is the most recent book he read?", Order.LATEST),
        ("她第一次去北京是什么时候?", Order.EARLIEST),
        ("她最近去了哪里?", Order.LATEST),
        ("上一次她说了什么?", Order.LATEST),
    ],
)
def test_an_end_that_is_asked_for_is_read(question: str, order: Order) -> None:
    found = asked_order(question)
    assert found is not None
    assert (found.order, found.event) == (order, None)


@pytest.mark.parametrize(
    ("question", "order", "event"),
    [
        ("Where did she live before the move?", Order.BEFORE, "the move"),
        ("How did Bo feel after the accident?", Order.AFTER, "the accident"),
        ("After the road trip, what did she do?", Order.AFTER, "the road trip"),
        ("I went to Rome. What did I do after that?", Order.AFTER, "I went to Rome"),
        ("She sold the house, and what came before that?", Order.BEFORE, "She sold the house"),
        ("搬家之前她住在哪里?", Order.BEFORE, "搬家"),
        ("搬家以后，小明住在哪里?", Order.AFTER, "搬家"),
        ("她去了巴黎，在那之后她做了什么？", Order.AFTER, "她去了巴黎"),
    ],
)
def test_an_event_and_its_side_are_read(question: str, order: Order, event: str) -> None:
    found = asked_order(question)
    assert found is not None
    assert (found.order, found.event) == (order, event)


@pytest.mark.parametrize(
    "question",
    [
        "What is her first name?",
        "What is his last name?",
        "What did she think at first?",
        "Where was she last week?",
        "Who called last Friday?",
        "What did we plan last May?",
        "At last, who came?",
        "How long did the trip last?",
        "Did the milk last until Sunday?",
        "What did she do on the first of May?",
        "Was the first half of the year good?",
        "Who won first place?",
        "Who gave first aid?",
        "What did she say after all?",
        "What did she do after that?",  # nothing is told that "that" could be
        "When did the first and the last guest come?",
        "Where is the lake?",
        "Who looks after the dog?",
        "Whom was she named after her birth for?",
        "Who finished first in the race?",
        "Does the battery last all day?",
        "小明以前住在哪里?",
        "上个月我去了哪里?",
    ],
)
def test_other_uses_of_the_words_are_no_order(question: str) -> None:
    assert asked_order(question) is None


def test_a_time_is_no_event() -> None:
    assert asked_order("Where did she live before June 2022?", ["June 2022"]) is None
    dated = asked_order("What did she buy after the move in June?", ["June"])
    assert dated is not None
    assert (dated.event, dated.is_dated) == ("the move", True)
    plain = asked_order("What did she buy in June after the move?", ["June"])
    assert plain is not None
    assert (plain.event, plain.is_dated) == ("the move", False)
    assert asked_order("Who came before the weekend?", ["weekend"]) is None


def _placed(*days: int, scores: tuple[float, ...] | None = None) -> list[Placed]:
    given = scores or tuple(1.0 for _ in days)
    return [
        Placed(score=score, occurred_at=DAY + timedelta(days=day), text=f"Day {day} of the trip")
        for day, score in zip(days, given, strict=True)
    ]


def test_factors_fall_from_the_end_that_is_asked_for() -> None:
    first, latest = Order.EARLIEST, Order.LATEST

    assert factors_by_end(first, _placed(3, 1, 2), range(3)) == pytest.approx(
        [LEAST, 1.0, (1 + LEAST) / 2]
    )
    assert factors_by_end(latest, _placed(3, 1, 2), range(3)) == pytest.approx(
        [1.0, LEAST, (1 + LEAST) / 2]
    )
    assert factors_by_end(latest, _placed(1, 1), range(2)) == [1.0, 1.0]


def test_what_does_not_take_part_overtakes_nothing() -> None:
    candidates = _placed(5, 4, 0, scores=(1.0, 0.7, 0.5))

    factors = factors_by_end(Order.EARLIEST, candidates, {0, 1})
    weighed = [each.score * factor for each, factor in zip(candidates, factors, strict=True)]

    assert factors[2] == LEAST
    assert min(weighed[:2]) > weighed[2]


@pytest.mark.parametrize(
    ("order", "happened", "factors"),
    [
        (Order.AFTER, (5, 5), [LEAST, 1.0, 1.0]),
        (Order.BEFORE, (5, 5), [1.0, 1.0, LEAST]),
        (Order.AFTER, (1, 6), [LEAST, 1.0, 1.0]),
        (Order.BEFORE, (1, 6), [1.0, 1.0, LEAST]),
    ],
)
def test_what_was_on_the_other_side_of_an_event_counts_less(
    order: Order, happened: tuple[int, int], factors: list[float]
) -> None:
    start, end = (DAY + timedelta(days=day) for day in happened)
    moment = Moment(start=start, end=end)

    assert factors_by_event(order, moment, _placed(0, 5, 9)) == factors
