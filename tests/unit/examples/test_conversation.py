"""The example conversation keeps what the demo and the documentation say about it."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[3] / "examples" / "conversation.json"
CJK_FIRST, CJK_LAST = "\u4e00", "\u9fff"


@pytest.fixture(scope="module")
def conversation() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def times(conversation: dict[str, Any]) -> dict[str, datetime]:
    return {
        message["external_id"]: datetime.fromisoformat(message["occurred_at"])
        for message in messages_of(conversation)
    }


def messages_of(conversation: dict[str, Any]) -> Iterator[dict[str, str]]:
    for episode in conversation["episodes"]:
        yield from episode["messages"]


def is_chinese(text: str) -> bool:
    """Tell whether most characters are Han characters; a greeting in passing does not count."""
    return sum(CJK_FIRST <= char <= CJK_LAST for char in text) > len(text) / 2


def test_two_people_talk_for_seven_months_in_many_sessions(
    conversation: dict[str, Any], times: dict[str, datetime]
) -> None:
    assert {message["speaker"] for message in messages_of(conversation)} == {"Noor", "Lian"}
    assert len(list(messages_of(conversation))) >= 160
    assert len(conversation["episodes"]) >= 14
    assert max(times.values()) - min(times.values()) >= timedelta(days=200)


def test_messages_are_complete_and_nothing_else(conversation: dict[str, Any]) -> None:
    for message in messages_of(conversation):
        assert set(message) == {"external_id", "occurred_at", "speaker", "text"}
        assert message["text"] == message["text"].strip() != ""


def test_both_speakers_take_part_in_every_session(conversation: dict[str, Any]) -> None:
    for episode in conversation["episodes"]:
        assert {message["speaker"] for message in episode["messages"]} == {"Noor", "Lian"}


def test_every_identifier_is_unique(conversation: dict[str, Any]) -> None:
    external_ids = [message["external_id"] for message in messages_of(conversation)]
    sources = [episode["source"] for episode in conversation["episodes"]]
    assert len(set(external_ids)) == len(external_ids)
    assert len(set(sources)) == len(sources)


def test_every_time_carries_a_zone(times: dict[str, datetime]) -> None:
    assert all(time.tzinfo is not None for time in times.values())
    assert len({time.utcoffset() for time in times.values()}) > 1


def test_sessions_and_the_turns_inside_them_follow_each_other_in_time(
    conversation: dict[str, Any], times: dict[str, datetime]
) -> None:
    in_file_order = [times[message["external_id"]] for message in messages_of(conversation)]
    assert all(earlier < later for earlier, later in pairwise(in_file_order))


def test_turns_of_a_session_are_minutes_apart(
    conversation: dict[str, Any], times: dict[str, datetime]
) -> None:
    for episode in conversation["episodes"]:
        moments = [times[message["external_id"]] for message in episode["messages"]]
        assert all(later - earlier < timedelta(minutes=15) for earlier, later in pairwise(moments))


def test_two_sessions_are_chinese(conversation: dict[str, Any]) -> None:
    chinese = [
        episode
        for episode in conversation["episodes"]
        if all(is_chinese(message["text"]) for message in episode["messages"])
    ]
    assert len(chinese) == 2
    assert sum(len(episode["messages"]) for episode in chinese) >= 20


def test_facts_change_and_the_new_statement_comes_later(
    conversation: dict[str, Any], times: dict[str, datetime]
) -> None:
    changes = conversation["changes"]
    assert len(changes) >= 8
    for change in changes:
        before = [times[external_id] for external_id in change["before"]]
        after = [times[external_id] for external_id in change["after"]]
        assert max(before) < min(after), change["fact"]


def test_questions_name_existing_evidence_and_say_what_they_show(
    conversation: dict[str, Any], times: dict[str, datetime]
) -> None:
    for question in conversation["questions"]:
        assert question["note"]
        assert question["evidence"]
        assert set(question["evidence"]) <= set(times), question["question"]


def test_questions_cover_every_category(conversation: dict[str, Any]) -> None:
    questions = conversation["questions"]
    categories = [question["category"] for question in questions]
    assert len(questions) >= 12
    assert len({question["question"] for question in questions}) == len(questions)
    assert set(categories) == {"changed", "temporal", "multi-session", "exact", "chinese"}
    assert all(categories.count(category) >= 2 for category in set(categories))
    assert sum(is_chinese(question["question"]) for question in questions) >= 2


def test_multi_session_questions_need_more_than_one_session(conversation: dict[str, Any]) -> None:
    session_of = {
        message["external_id"]: episode["source"]
        for episode in conversation["episodes"]
        for message in episode["messages"]
    }
    for question in conversation["questions"]:
        if question["category"] == "multi-session":
            assert len({session_of[external_id] for external_id in question["evidence"]}) > 1


def test_the_demo_asks_at_least_eight_questions_in_two_languages(
    conversation: dict[str, Any],
) -> None:
    asked = [question["question"] for question in conversation["questions"] if question["demo"]]
    assert len(asked) >= 8
    assert {is_chinese(question) for question in asked} == {True, False}
