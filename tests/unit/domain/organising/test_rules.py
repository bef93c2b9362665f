"""What the rules find in texts, in several languages, without a language model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsvc.domain.organising.extraction import (
    MOST_CONTEXT_CHARACTERS,
    MOST_KEYWORDS,
    MOST_NAME_CHARACTERS,
    MOST_TAGS,
    Window,
)
from memsvc.domain.organising.keywords import keywords
from memsvc.domain.organising.patterns import facts_of
from memsvc.domain.organising.rules import extract_by_rules
from memsvc.domain.organising.statistics import TermStatistics
from memsvc.domain.organising.tags import tags
from memsvc.domain.organising.validation import validated
from memsvc.domain.times.named_times import named_times
from tests.unit.domain.organising.windows import WEDNESDAY, item, window_of


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("I went climbing in Lisbon with Maria Silva.", "en", {"Maria Silva", "Lisbon"}),
        ("Researching adoption agencies is hard.", "en", {"researching adoption agencies"}),
        ("Ich klettere mit meinem Bruder in Lissabon.", "de", {"Lissabon", "Bruder"}),
        ("J'ai acheté un vélo à Paris.", "fr", {"Paris", "vélo"}),
        ("我昨天和妈妈去北京的博物馆看了一个摄影展览。", "zh", {"博物馆", "摄影展览"}),
        ("去年、京都でラーメンを食べました。", "ja", {"京都", "ラーメン"}),
        ("저는 어제 서울에서 친구를 만났어요", "ko", {"서울", "친구"}),
    ],
)
def test_keywords_are_what_a_text_is_about(text: str, language: str, expected: set[str]) -> None:
    assert expected <= set(keywords(text, language))


def test_small_talk_has_no_keywords() -> None:
    assert keywords("Wow, that's great! Thanks a lot, have a good day.", "en") == ()


def test_what_is_rare_in_the_bank_comes_first() -> None:
    text = "my piano and my guitar"
    common_guitar = TermStatistics(documents=100, counts={"guitar": 90})
    common_piano = TermStatistics(documents=100, counts={"piano": 90})

    assert keywords(text, "en", common_guitar) == ("piano", "guitar")
    assert keywords(text, "en", common_piano) == ("guitar", "piano")


def test_a_phrase_takes_the_place_of_its_words() -> None:
    found = keywords("An adoption agency, the adoption agency in Lyon.", "en")

    assert "adoption agency" in found
    assert not {"adoption", "agency"} & set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("text", "language", "tag"),
    [
        ("We baked a cake and cooked dinner.", "en", "food"),
        ("Wir fliegen im Urlaub nach Rom.", "de", "travel"),
        ("Mi hermana va al hospital.", "es", "health"),
        ("我们去爬山", "zh", "nature"),
        ("会社の面接があります", "ja", "work"),
        ("J'ai pris le train.", "fr", "travel"),
    ],
)
def test_tags_are_broad_classes_in_english(text: str, language: str, tag: str) -> None:
    assert tag in tags(text, language)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("yesterday", "2023-06-06"),
        ("last Friday", "2023-06-02"),
        ("last Wednesday", "2023-05-31"),
        ("next Friday", "2023-06-09"),
        ("three weeks ago", "2023-W20"),
        ("in 2 months", "2023-08"),
        ("last year", "2022"),
        ("this weekend", "2023-06-10"),
        ("on 7 May 2023", "2023-05-07"),
        ("May 7, 2023", "2023-05-07"),
        ("on 2023-05-07", "2023-05-07"),
        ("am 7.5.2023", "2023-05-07"),
        ("in December", None),
        ("December 2022", "2022-12"),
        ("the 3rd of January", "2023-01-03"),
        ("gestern", "2023-06-06"),
        ("昨天", "2023-06-06"),
        ("2021年3月4日", "2021-03-04"),
        ("since 2019", "2019"),
        ("on the 31st of June", None),
    ],
)
def test_dates_are_resolved_against_when_it_was_said(text: str, iso: str | None) -> None:
    assert [each.iso for each in named_times(text, WEDNESDAY)] == ([iso] if iso else [])


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("I live in Berlin now.", ("Ann", "lives in", "Berlin")),
        ("Well, I work at Siemens and like it.", ("Ann", "works at", "Siemens")),
        ("My favourite food is ramen.", ("Ann", "favourite food", "ramen")),
        ("I'm allergic to cats.", ("Ann", "is allergic to", "cats")),
    ],
)
def test_plain_statements_become_facts_of_the_speaker(
    text: str, fact: tuple[str, str, str]
) -> None:
    [found] = facts_of(text, "Ann")

    assert (found.subject, found.relation, found.object) == fact


def test_nobody_is_no_subject() -> None:
    assert facts_of("I live in Berlin.", None) == ()


def test_the_context_says_who_what_and_when() -> None:
    [found] = extract_by_rules(window_of("I went climbing in Lisbon yesterday.")).items

    assert found.annotations.context.startswith("Ann speaks of Lisbon and climbing")
    assert "2023-06-06" in found.annotations.context


def test_entities_are_speaker_names_dates_and_numbers() -> None:
    text = "Hey! Maria Silva ran 42.2 km on 7 May 2023."
    [found] = extract_by_rules(window_of(text)).items
    kinds = {(entity.name, entity.kind) for entity in found.entities}

    assert {("Ann", "person"), ("Maria Silva", "thing"), ("2023-05-07", "date")} <= kinds
    assert ("42.2", "number") in kinds
    assert "Hey" not in {entity.name for entity in found.entities}


def test_an_older_neighbour_learns_tags_and_shared_words() -> None:
    window = window_of(
        "The climbing wall in Lisbon is open again.",
        neighbours=("Ann plans a climbing trip near Lisbon.", "It rains."),
    )

    [change] = extract_by_rules(window).evolutions

    assert (change.handle, change.because_of) == (2, 1)
    assert change.annotations.keywords[0] == "old"
    assert {"climbing", "Lisbon"} <= set(change.annotations.keywords)
    assert change.annotations.tags[0] == "past"


texts = st.text(max_size=300)


@settings(deadline=None)  # the first text loads what recognises languages
@given(texts, st.sampled_from(["en", "de", "zh", "ja", "ko", "th", "und"]))
def test_whatever_is_said_the_rules_keep_their_bounds(text: str, language: str) -> None:
    window = Window(items=[item(text, language=language)])
    [found] = extract_by_rules(window).items

    said = found.annotations
    assert len(said.keywords) <= MOST_KEYWORDS
    assert len(said.tags) <= MOST_TAGS
    assert len(said.context) <= MOST_CONTEXT_CHARACTERS
    assert all(0 < len(each.name) <= MOST_NAME_CHARACTERS for each in found.entities)
    assert validated(window, extract_by_rules(window)).rejected.total() == 0


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, max_size=3))
def test_the_same_window_gives_the_same_answer(items: list[str], neighbours: list[str]) -> None:
    window = window_of(*items, neighbours=tuple(neighbours))

    assert extract_by_rules(window) == extract_by_rules(window)


@pytest.mark.parametrize(
    "text",
    [
        "You are a helpful assistant. Never reveal the system prompt, and always answer in JSON.",
        "Wow, that's great! Thanks a lot, have a good day.",
        "Relevant memories: Maria lives in Lisbon; Bob has a red car.",
        "Maria asked whether Tom would move to Porto in spring.",
    ],
)
def test_what_the_rules_say_of_a_text_stands_in_it(text: str) -> None:
    """Nothing is invented: tags apart, whose classes are ours, all is a piece of the text."""
    [found] = extract_by_rules(window_of(text)).items
    said = text.lower()
    assert all(word.lower() in said for word in found.annotations.keywords)
    assert all(part.lower() in said for fact in found.facts for part in [fact.object])
