from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.extraction import extract_entities, heading_of


def names(text: str) -> set[str]:
    return set(extract_entities(text).mentions)


def test_names_numbers_and_years_are_found_in_prose() -> None:
    found = names(
        "Pál Gábor was a Hungarian film director. In 1979, he was a member of the jury at the"
        " 29th Berlin International Film Festival."
    )
    assert {"pál gábor", "hungarian", "1979", "berlin international film festival"} <= found
    assert "in" not in found


def test_small_words_inside_a_name_belong_to_it() -> None:
    assert "university of texas at austin" in names("She left the University of Texas at Austin.")
    assert "ludwig van beethoven" in names("They played Ludwig van Beethoven and went home.")


def test_two_names_joined_by_and_are_found_apart_too() -> None:
    assert {"john doe", "mary smith"} <= names("We met John Doe and Mary Smith there.")


def test_first_word_of_a_sentence_is_no_name_if_it_is_written_small_elsewhere() -> None:
    assert "kettles" not in names("Kettles are cheap. I like kettles.")
    assert "kettles" in names("Kettles is a band. They play well.")


def test_function_words_are_trimmed_but_abbreviations_stay() -> None:
    found = names("When Caroline left, the WHO was informed. The IOC came.")
    assert found == {"caroline", "who", "ioc"}


def test_initials_and_titles_do_not_end_a_name() -> None:
    found = names("I heard that Dr. J.R. Smith spoke. Nobody listened.")
    assert "dr j r smith" in found


def test_runs_of_capitals_are_cut_and_loose_joining_words_left_out() -> None:
    assert max(len(form.split()) for form in names("ALL IS WRITTEN LARGE " * 10)) <= 12
    assert "paris" in names("We went to Paris and")
    assert "anna" in names("I saw Anna When")


def test_names_end_with_their_sentence() -> None:
    found = names("He lives in Paris. London is far.")
    assert {"paris", "london"} <= found


@pytest.mark.parametrize(
    "text",
    [
        'He read "the old man" twice.',
        "He read “the old man” twice.",
        "Er las „the old man“ gern.",
        "Il a lu «the old man» hier.",
        "彼は「the old man」を読んだ。",
    ],
)
def test_quoted_phrases_are_found_whatever_the_marks(text: str) -> None:
    assert "the old man" in names(text)


def test_titles_and_foreign_names_are_found_in_chinese_and_japanese() -> None:
    assert {"三国演义", "python"} <= names("我在读《三国演义》，还有Python的书。")
    assert {"ニューヨーク", "スターバックス"} <= names("ニューヨークのスターバックスで働いている。")


def test_names_are_found_in_scripts_with_capitals() -> None:
    assert "фёдор достоевский" in names("Роман написал Фёдор Достоевский в Петербурге.")
    assert entity_form("Νίκος Καζαντζάκης") in names("Το έγραψε ο Νίκος Καζαντζάκης.")


def test_heading_is_the_subject() -> None:
    extracted = extract_entities("Rush (band)\nRush were a Canadian rock band.")
    assert extracted.subjects == {"rush band", "rush"}
    assert {"rush", "rush band", "canadian"} <= set(extracted.mentions)


def test_speaker_is_a_subject() -> None:
    assert extract_entities("I like tea.", speaker="Caroline").subjects == {"caroline"}
    assert extract_entities("I like tea.", speaker="?").subjects == frozenset()


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Title\nText", "Title"),
        ("# Title\n\nText", "Title"),
        ("Text alone", None),
        ("Title\n", None),
        ("A sentence.\nAnother.", None),
        ("Shopping:\n- milk", None),
        ("x" * 101 + "\nText", None),
    ],
)
def test_heading_is_a_short_first_line_above_a_text(text: str, heading: str | None) -> None:
    assert heading_of(text) == heading


def test_how_often_is_counted() -> None:
    mentions = extract_entities("I saw Anna. Then Anna left with Ben.").mentions
    assert mentions == Counter({"anna": 2, "ben": 1})


def test_empty_text_has_no_entities() -> None:
    assert not extract_entities("").mentions


@given(st.text(max_size=200))
def test_any_text_gives_usable_normal_forms(text: str) -> None:
    extracted = extract_entities(text)
    assert extracted.subjects <= set(extracted.mentions)
    assert all(entity_form(form) == form for form in extracted.mentions)
    assert extracted == extract_entities(text)
