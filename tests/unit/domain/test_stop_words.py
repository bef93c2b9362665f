"""Function words."""

from memsvc.domain.stop_words import function_words


def test_language_of_a_question_decides_which_words_are_function_words() -> None:
    asked_in_english = ["when", "did", "he", "die"]
    asked_in_german = ["wann", "kommt", "die", "post"]
    assert function_words(asked_in_english, ["de", "en"]) == {"when", "did", "he"}
    assert function_words(asked_in_german, ["de", "en"]) == {"wann", "die"}


def test_words_of_every_language_count_when_they_tie() -> None:
    assert function_words(["the", "der"], ["de", "en"]) == {"the", "der"}


def test_accents_may_be_missing() -> None:
    assert function_words(["que", "você", "nao"], ["pt"]) == {"que", "você", "nao"}


def test_hiragana_is_grammar_whatever_the_language() -> None:
    assert function_words(["東京", "です", "cat"], []) == {"です"}


def test_nothing_is_a_function_word_in_a_language_without_a_list() -> None:
    assert function_words(["the", "cat"], ["xx"]) == set()
