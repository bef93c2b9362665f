import re

import pytest

from memsvc.domain.times.number_words import (
    CHINESE_NUMBER_PATTERN,
    NUMBER_PATTERN,
    read_chinese_number,
    read_number,
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("7", 7),
        ("a", 1),
        ("an", 1),
        ("Three", 3),
        ("twelve", 12),
        ("twenty", 20),
        ("twenty-one", 21),
        ("ninety nine", 99),
        ("a couple", 2),
        ("a couple of", 2),
        ("a dozen", 12),
        ("half a dozen", 6),
        ("one hundred", 100),
    ],
)
def test_english_numbers_are_found_whole_and_read(written: str, number: int) -> None:
    found = re.fullmatch(NUMBER_PATTERN, written, re.IGNORECASE)
    assert found is not None
    assert read_number(written) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("7", 7),
        ("两", 2),
        ("九", 9),
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("二十一", 21),
        ("一百", 100),
        ("一百零五", 105),
        ("三百二十一", 321),
    ],
)
def test_chinese_numbers_are_found_whole_and_read(written: str, number: int) -> None:
    assert re.fullmatch(CHINESE_NUMBER_PATTERN, written) is not None
    assert read_chinese_number(written) == number


@pytest.mark.parametrize("written", ["", "many", "one-two three hundred"])
def test_other_words_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(written)}$"):
        read_number(written)


@pytest.mark.parametrize("written", ["", "十十", "百", "一二", "几"])
def test_other_signs_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(written)}$"):
        read_chinese_number(written)
