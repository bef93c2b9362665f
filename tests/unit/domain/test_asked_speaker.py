"""Whose words a question asks for."""

from uuid import UUID

import pytest

from memsvc.domain.asked_speaker import AskedSpeaker, asked_speaker, reply_factors
from memsvc.domain.identifiers import MemoryId

ONE, OTHER, THIRD = (MemoryId(UUID(int=number)) for number in (1, 2, 3))


@pytest.mark.parametrize(
    "question",
    [
        "When does my first sprint end?",
        "Have I worked with Flask routes?",
        "What steps would you suggest I take?",
        "Can you remind me when I booked the workshop?",
        "when did i move",
        "我上个月去了哪里？",
        "Wo habe ich im Mai gearbeitet?",
        "Qu'est-ce que j’ai acheté ?",
        "¿Cuál es mi color favorito?",
    ],
)
def test_the_asker_is_asked_for_in_the_first_person(question: str) -> None:
    assert asked_speaker(question) is AskedSpeaker.ASKER


@pytest.mark.parametrize(
    "question",
    [
        "Which library did you recommend for my app?",
        "What was the third shop you’d mentioned to me?",
        "How did your last answer explain my error?",
        "What did we settle in our previous conversation about my trip?",
        "你上次给我推荐了什么书？",
        "Was hast du mir empfohlen?",
        "Quel livre m'as-tu dit ? Vous m'avez recommandé quoi ?",
        "¿Qué restaurante me recomendaste?",
    ],
)
def test_an_assistant_is_asked_for_by_what_it_said(question: str) -> None:
    assert asked_speaker(question) is AskedSpeaker.ASSISTANT


@pytest.mark.parametrize(
    "question",
    ["What is the response time of the API?", "Where did Ann live?", "我们去了哪里？", ""],
)
def test_other_questions_are_open(question: str) -> None:
    assert asked_speaker(question) is AskedSpeaker.OPEN


def test_replies_count_less_where_the_asker_is_asked_for() -> None:
    speakers = {ONE: "user", OTHER: "Assistant", THIRD: "AI"}

    assert reply_factors(AskedSpeaker.ASKER, speakers, 0.4) == {OTHER: 0.4, THIRD: 0.4}
    assert reply_factors(AskedSpeaker.OPEN, speakers, 0.4) == {OTHER: 0.7, THIRD: 0.7}
    assert reply_factors(AskedSpeaker.ASSISTANT, speakers, 0.4) == {}


@pytest.mark.parametrize("speakers", [{ONE: "assistant", OTHER: None}, {ONE: "Ann"}, {}])
def test_nothing_is_weighed_where_nobody_replies_to_anybody(
    speakers: dict[MemoryId, str | None],
) -> None:
    assert reply_factors(AskedSpeaker.ASKER, speakers, 0.4) == {}
