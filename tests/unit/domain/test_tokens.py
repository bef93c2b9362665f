"""Text to tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.tokens import LONGEST_TOKEN, fold, is_characterwise, is_hiragana, split_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't worry, Anna!", ["don", "t", "worry", "anna"]),
        ("follow-up snake_case", ["follow", "up", "snake", "case"]),
        ("anna.meier@example.org", ["anna", "meier", "example", "org"]),
        ("v3.14 costs 1,000", ["v3", "14", "costs", "1", "000"]),
        ("C++, C# and a+b, see issue #5", ["c++", "c#", "and", "a", "b", "see", "issue", "5"]),
        ("Straße ﬁne Ⅳ ｆｕｌｌ", ["strasse", "fine", "iv", "full"]),
        ("naïve cafe\u0301", ["naïve", "café"]),
        ("Привет, мир", ["привет", "мир"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cخواهم", ["می", "خواهم"]),
        ("co\u00adoperate", ["cooperate"]),
        ("❤️ 👍", []),
        ("", []),
    ],
)
def test_words_are_cut_where_letters_and_digits_end(text: str, tokens: list[str]) -> None:
    assert split_tokens(text) == (tokens, [])


@pytest.mark.parametrize(
    ("text", "tokens", "singles"),
    [
        ("我喜欢猫", ["我喜", "喜欢", "欢猫"], ["我", "喜", "欢", "猫"]),
        ("猫。狗", ["猫", "狗"], []),
        ("東京タワーで", ["東京", "京タ", "タワ", "ワー", "ーで"], ["東", "京"]),
        ("ﾊﾟｿｺﾝ", ["パソ", "ソコ", "コン"], []),
        ("집에서 물", ["집에", "에서", "물"], ["집", "에", "서"]),
        ("用Python写", ["用", "python", "写"], []),
        ("2023年5月", ["2023", "年", "5", "月"], []),
        ("ไทย", ["ไท", "ทย"], []),
    ],
)
def test_scripts_without_spaces_are_cut_into_overlapping_pairs(
    text: str, tokens: list[str], singles: list[str]
) -> None:
    assert split_tokens(text) == (tokens, singles)


def test_a_very_long_run_comes_in_pieces_that_lose_nothing() -> None:
    run = "0123456789abcdef" * 20
    tokens, _ = split_tokens(run)
    assert "".join(tokens) == run
    assert max(map(len, tokens)) == LONGEST_TOKEN


@given(st.text(), st.text())
def test_tokens_of_two_texts_are_those_of_each_when_a_space_divides_them(
    first: str, second: str
) -> None:
    both = split_tokens(f"{first} {second}")
    assert both == tuple(
        a + b for a, b in zip(split_tokens(first), split_tokens(second), strict=True)
    )


@given(st.text())
def test_tokens_hold_no_white_space_and_are_short(text: str) -> None:
    tokens, singles = split_tokens(text)
    assert all(token and not any(map(str.isspace, token)) for token in tokens + singles)
    assert all(len(token) <= LONGEST_TOKEN for token in tokens)


@pytest.mark.parametrize(
    ("token", "folded"),
    [
        ("café", "cafe"),
        ("łódź", "lodz"),
        ("søren", "soren"),
        ("ılık", "ilik"),
        ("i\u0307stanbul", "istanbul"),
        ("œuvre", "oeuvre"),
        ("ёлка", "елка"),
        ("άνθρωπος", "ανθρωπος"),
        ("كَتَبَ", "كتب"),
        ("أحمد", "احمد"),
        ("हिन्दी", "हिन्दी"),
        ("が", "が"),
        ("집에", "집에"),
    ],
)
def test_folding_takes_accents_but_no_letters(token: str, folded: str) -> None:
    assert fold(token) == folded


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_kinds_of_tokens_are_told_by_script() -> None:
    assert [is_characterwise(t) for t in ("猫", "タワ", "집에", "ไท", "cat", "кот")] == [
        *(True, True, True, True),
        *(False, False),
    ]
    assert is_hiragana("です")
    assert not is_hiragana("東で")
