"""Lexical forms of texts."""

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.content import parts_of_joined_names
from memsvc.domain.lexical import LexicalForm, analyze_text, question_tokens


def test_form_counts_whole_words_as_they_are_written() -> None:
    form = analyze_text("Two cats, two dogs and the Cat's café", language="en")
    assert form == LexicalForm(
        terms=("two", "cats", "dogs", "and", "the", "cat", "s", "café"),
        counts=(2, 1, 1, 1, 1, 1, 1, 1),
        length=9,
        language="en",
    )


def test_single_characters_are_terms_but_add_no_length() -> None:
    form = analyze_text("猫喜欢猫", language="zh")
    assert dict(zip(form.terms, form.counts, strict=True)) == {
        "猫喜": 1,
        "喜欢": 1,
        "欢猫": 1,
        "猫": 2,
        "喜": 1,
        "欢": 1,
    }
    assert form.length == 3


def test_language_is_recognised_unless_given() -> None:
    text = "Gestern habe ich mit meiner Schwester das neue Museum besucht."
    assert analyze_text(text).language == "de"
    assert analyze_text(text, language="nl").language == "nl"


def test_question_has_each_token_once_in_order() -> None:
    assert question_tokens("When did Anna, Anna Meier, move?") == [
        *("when", "did", "anna", "meier", "move"),
    ]


@given(st.text())
def test_forms_are_consistent_whatever_the_text(text: str) -> None:
    form = analyze_text(text, language="und")
    assert len(form.terms) == len(set(form.terms)) == len(form.counts)
    assert all(count > 0 for count in form.counts)
    assert form.length <= sum(form.counts)
    asked = set(question_tokens(text))
    assert asked >= set(form.terms)
    assert asked == set(form.terms) or parts_of_joined_names(text)


def test_joined_name_in_a_question_is_asked_for_by_its_parts_too() -> None:
    assert question_tokens("Why did AdaLovelace call NASA?") == [
        *("why", "did", "adalovelace", "call", "nasa", "ada", "lovelace"),
    ]
