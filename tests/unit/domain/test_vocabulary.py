"""Terms grouped as forms of one word."""

from collections.abc import Iterable

from memsvc.domain.vocabulary import Vocabulary, stem_key

_TERMS = sorted(
    ["café", "cafe", "cafés", "run", "running", "runs", "猫狗", "romantic", "romanticism"]
)


def _terms(vocabulary: Vocabulary, ids: Iterable[int]) -> list[str]:
    return sorted(vocabulary.terms[i] for i in ids)


def test_terms_are_found_by_spelling_without_accents() -> None:
    vocabulary = Vocabulary(_TERMS)
    assert _terms(vocabulary, vocabulary.spelled("cafe")) == ["cafe", "café"]
    assert _terms(vocabulary, vocabulary.spelled("café")) == []
    assert _terms(vocabulary, vocabulary.spelled("nothing")) == []


def test_terms_are_found_by_stem() -> None:
    vocabulary = Vocabulary(_TERMS)
    assert _terms(vocabulary, vocabulary.stemmed("run", "en")) == ["run", "running", "runs"]
    assert _terms(vocabulary, vocabulary.stemmed("run", "und")) == ["run"]


def test_term_that_is_the_stem_of_another_word_only_is_left_out() -> None:
    vocabulary = Vocabulary(_TERMS)
    assert stem_key("romanticism", "en") == "romantic" != stem_key("romantic", "en")
    assert _terms(vocabulary, vocabulary.stemmed("romantic", "en")) == ["romanticism"]


def test_characters_have_no_stems() -> None:
    vocabulary = Vocabulary(_TERMS)
    assert stem_key("猫狗", "en") == "猫狗"
    assert _terms(vocabulary, vocabulary.stemmed("猫狗", "en")) == ["猫狗"]


def test_preparing_changes_no_answer_and_takes_memory() -> None:
    fresh, prepared = Vocabulary(_TERMS), Vocabulary(_TERMS)
    prepared.prepare(["en", "pt"])
    assert prepared.nbytes > fresh.nbytes
    assert list(fresh.stemmed("run", "en")) == list(prepared.stemmed("run", "en"))


def test_id_of_a_term_is_its_place() -> None:
    vocabulary = Vocabulary(_TERMS)
    assert [vocabulary.find(term) for term in _TERMS] == list(range(len(_TERMS)))
    assert vocabulary.find("runner") is None
    assert Vocabulary([]).find("run") is None
