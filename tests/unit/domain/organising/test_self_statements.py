"""What people plainly say of themselves, and what only looks like it."""

import pytest

from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.self_statements import self_statements


def told(text: str) -> list[tuple[Topic, str]]:
    return [(each.topic, each.text) for each in self_statements(text) if each.holds]


@pytest.mark.parametrize(
    ("text", "topic", "statement"),
    [
        ("Hi, my name is Ann Lee.", Topic.NAME, "is called Ann Lee"),
        ("I work as a nurse at night.", Topic.WORK, "works as nurse"),
        ("I'm a data scientist, by the way.", Topic.WORK, "works as data scientist"),
        ("I work at St. Mary's Hospital.", Topic.WORK, "works at St Mary's Hospital"),
        ("I\u2019ve just started a new job at the aquarium!", Topic.WORK, "works at the aquarium"),
        ("I'm studying marine biology.", Topic.WORK, "studies marine biology"),
        ("I live in Lisbon with my cat.", Topic.RESIDENCE, "lives in Lisbon"),
        ("I recently moved to Porto for love.", Topic.RESIDENCE, "lives in Porto"),
        ("I'm originally from Sweden.", Topic.RESIDENCE, "is from Sweden"),
        ("That is my wife, Eve.", Topic.RELATIONS, "wife: Eve"),
        ("My daughter is called Mia.", Topic.RELATIONS, "daughter: Mia"),
        ("It is my daughter Mia's birthday.", Topic.RELATIONS, "daughter: Mia"),
        ("I'm an assistant manager.", Topic.WORK, "works as assistant manager"),
        ("I love the sea.", Topic.PREFERENCES, "likes the sea"),
        (
            "I have a collection of books that I read.",
            Topic.POSSESSIONS,
            "has a collection of books",
        ),
        ("I got married.", Topic.RELATIONS, "is married"),
        ("I really love hiking in the Alps!", Topic.PREFERENCES, "likes hiking in the Alps"),
        ("I don't like coffee anymore.", Topic.PREFERENCES, "dislikes coffee"),
        ("My favourite colour is dark green.", Topic.PREFERENCES, "favourite colour: dark green"),
        ("I'm allergic to nuts.", Topic.PREFERENCES, "is allergic to nuts"),
        ("I adopted a dog named Rex.", Topic.POSSESSIONS, "has a dog named Rex"),
        ("I have two cats.", Topic.POSSESSIONS, "has two cats"),
        ("I'm planning to visit Japan.", Topic.PLANS, "plans to visit Japan"),
        ("我叫小明。", Topic.NAME, "叫小明"),
        ("我在医院工作。", Topic.WORK, "在医院工作"),
        ("我住在北京。", Topic.RESIDENCE, "住在北京"),
        ("我女儿叫小花。", Topic.RELATIONS, "女儿: 小花"),
        ("我不喜欢咖啡。", Topic.PREFERENCES, "不喜欢咖啡"),
        ("我有一只猫。", Topic.POSSESSIONS, "有一只猫"),
        ("我打算明年去日本。", Topic.PLANS, "打算明年去日本"),
    ],
)
def test_a_plain_statement_is_read(text: str, topic: Topic, statement: str) -> None:
    assert told(text) == [(topic, statement)]


@pytest.mark.parametrize(
    "text",
    [
        "Do you think I like tea?",
        "If I live in Paris one day, call me.",
        "He said I like tea.",
        'She wrote: "I live in Rome."',
        "I used to live in Rome.",
        "I have a question about dogs.",
        "I have a good idea.",
        "I'm a bit tired.",
        "I'm a big fan of tennis.",
        "I love it.",
        "I love having them around.",
        "I love the structure of the language.",
        "I'm going to get it on the big screen.",
        "I'm going to need new shoes.",
        "I have a funny story for you.",
        "I'd like a coffee.",
        "I'm going to the shop.",
        "I'm going to be late.",
        "My wife is tired.",
        "Ann lives in Lisbon.",
        "如果我住在北京就好了。",
        "",
    ],
)
def test_what_is_no_statement_of_oneself_is_left_alone(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("ending", "ended"),
    [
        ("I no longer live in Lisbon.", "I live in Lisbon."),
        ("I don't work at the aquarium anymore.", "I work at the aquarium."),
        ("I quit my job.", "I work at the aquarium."),
        ("I lost my job at the aquarium.", "I work at the aquarium."),
        ("I sold my car.", "I have a red car."),
        ("I'm not going to visit Japan.", "I plan to visit Japan."),
    ],
)
def test_what_no_longer_holds_is_read_as_such(ending: str, ended: str) -> None:
    [over] = [each for each in self_statements(ending) if not each.holds]
    [held] = self_statements(ended)

    assert over.ends(held)
    assert not held.ends(over)
    assert not over.ends(next(self_statements("My name is Ann.")))


def test_a_long_text_is_read_to_a_bound() -> None:
    assert told("I live in Lisbon. " + "x " * 5_000 + ". I like tea.") == [
        (Topic.RESIDENCE, "lives in Lisbon")
    ]
