"""Languages of texts, and stems of words."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from memsvc.domain.languages import RECOGNISED, base_language, has_stems, recognise_language, stem


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What did Caroline do for her birthday last year?", "en"),
        ("Gestern habe ich mit meiner Schwester das neue Museum besucht.", "de"),
        ("Ontem visitei o museu novo com a minha irmã.", "pt"),
        ("Вчера мы с сестрой ходили в новый музей.", "ru"),
        ("昨天我和妹妹去了新的博物馆。", "zh"),
        ("昨日、妹と新しい博物館に行きました。", "ja"),
        ("어제 여동생과 새 박물관에 갔다.", "ko"),
        ("Χθες πήγα στο νέο μουσείο.", "el"),
        ("我用 Python 写了代码", "zh"),
    ],
)
def test_language_is_recognised_by_script_or_model(text: str, language: str) -> None:
    assert recognise_language(text) == language


@pytest.mark.parametrize("text", ["", "12:30", "❤️", "ok", "Haus", "LGBTQ"])
def test_language_is_undetermined_when_there_is_too_little_to_tell(text: str) -> None:
    assert recognise_language(text) == "und"


def test_vietnamese_is_recognised_so_that_no_stemmer_cuts_it() -> None:
    language = recognise_language("Hôm qua tôi đã đi thăm bảo tàng mới với chị gái.")
    assert language == "vi"
    assert not has_stems(language)
    assert stem("tàng", language) == "tàng"


@pytest.mark.parametrize(
    ("forms", "language"),
    [
        (["run", "runs", "running"], "en"),
        (["haus", "hauses", "häuser"], "de"),
        (["informação", "informações"], "pt"),
        (["книга", "книги", "книгу"], "ru"),
    ],
)
def test_forms_of_a_word_share_a_stem(forms: list[str], language: str) -> None:
    assert len({stem(form, language) for form in forms}) == 1


def test_numbers_and_unknown_languages_have_no_stems() -> None:
    assert stem("2023s", "en") == "2023s"
    assert stem("houses", "xx") == "houses"
    assert not has_stems("zh")


def test_every_language_with_stems_can_be_recognised() -> None:
    assert {code for code in RECOGNISED if has_stems(code)} >= {"en", "de", "fr", "es", "pt", "ru"}


def test_stems_are_right_when_many_threads_ask() -> None:
    words = [f"walk{suffix}" for suffix in ("", "s", "ed", "ing")] * 50
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        stems = set(pool.map(lambda word: stem(word, "en"), words))
    assert stems == {"walk"}


@pytest.mark.parametrize(
    ("code", "language"),
    [("pt-BR", "pt"), ("EN", "en"), ("nb", "no"), ("nn-NO", "no"), ("zh-Hant", "zh"), ("xx", "xx")],
)
def test_regions_and_variants_share_a_language(code: str, language: str) -> None:
    assert base_language(code) == language
