"""An order counts where a question supposes it, not where it asks for it."""

import pytest

from memsvc.domain.times.asked_order import Order, asked_order


@pytest.mark.parametrize(
    "question",
    [
        "Did Ada sell the car before she moved to Porto?",
        "Ada went to Rome. Did she see the sea after that?",
        "After the race, did Bo call his sister?",
        "In the end, did Bo, the baker, call her after the race?",
        "Question: Was the roof mended before the storm?",
        'Did Bo ask about "The Sea: A Story" after he asked about the museum?',
        "Hasn't Ada been to Porto before the wedding?",
        "Do you remember whether she moved before the wedding?",
        "Tell me if Ada sold the car before she moved.",
        "Ada sold the car before she moved, didn't she?",
        "Did Ada sell the car before she first saw the sea?",
        "她搬家之前卖了车吗?",
        "她是不是在婚礼之前，就认识他了？",
        "搬家之后，她有没有去过巴黎?",
        "婚礼之前，她就认识他了吧？",
        "搬家之前，她去没去巴黎？",
    ],
)
def test_a_question_whether_something_was_before_or_after_asks_for_both(question: str) -> None:
    assert asked_order(question) is None


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("Can you tell me what she did after the race?", Order.AFTER),
        ("Could you list the songs they played after the wedding?", Order.AFTER),
        ("Do you know where Ada lived before the move?", Order.BEFORE),
        ("And where did she live before the move?", Order.BEFORE),
        ("In which city was Ada before the wedding?", Order.BEFORE),
        ("Did he call? And what did he say after the race?", Order.AFTER),
        ("Is this her latest painting?", Order.LATEST),
        ("Is there any news from the last meeting?", Order.LATEST),
        ("你能告诉我搬家之前，她住在哪里吗?", Order.BEFORE),
        ("这是她最新的画吗?", Order.LATEST),
    ],
)
def test_a_question_for_something_else_supposes_the_order(question: str, order: Order) -> None:
    found = asked_order(question)
    assert found is not None
    assert found.order is order


@pytest.mark.parametrize(
    "question",
    [
        "How many days were between Ada first asking and Bo's answer?",
        "How long was it between the first sprint and the launch?",
        "Which was first: the race after the wedding, or the move?",
        "Who came first, Ada or Bo?",
        "What does she eat before and after the training?",
        "Was the race before or after the wedding?",
        "第一次见面和结婚之间隔了多久?",
        "谁最早到，小明还是小红?",
        "比赛是在婚礼之前还是之后?",
        "婚礼之前和之后，他住在哪里?",
    ],
)
def test_what_compares_two_asks_for_both(question: str) -> None:
    assert asked_order(question) is None


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("When was the first talk between Ada and Bo?", Order.EARLIEST),
        ("What was her first and best job?", Order.EARLIEST),
        ("小明和小红之间的第一次谈话是什么时候?", Order.EARLIEST),
        ("第一次去的是北京还是上海?", Order.EARLIEST),
    ],
)
def test_two_who_share_something_are_not_compared(question: str, order: Order) -> None:
    found = asked_order(question)
    assert found is not None
    assert found.order is order


@pytest.mark.parametrize(
    "question",
    [
        "What does Ada drink after a race?",
        "What do they do before work?",
        "How does Bo unwind after long battles in games?",
        "Which snacks are best after workouts?",
        "每次比赛之后，她喝什么?",
        "After how many weeks did she answer?",
        "What does she do after 7 PM and before bed?",
    ],
)
def test_events_of_a_kind_bound_nothing(question: str) -> None:
    assert asked_order(question) is None


@pytest.mark.parametrize(
    ("question", "event"),
    [
        ("What did Ada drink after a race?", "a race"),
        ("What does Ada plan to do after the races?", "the races"),
        ("Where does Bo live after leaving Porto?", "leaving Porto"),
        ("What is Ada doing after her exams?", "her exams"),
        ("What will she do after graduation?", "graduation"),
        ("比赛之后，她喝了什么?", "比赛"),
    ],
)
def test_a_single_event_bounds(question: str, event: str) -> None:
    found = asked_order(question)
    assert found is not None
    assert found.event == event
