"""Small whole numbers as they are written out: "twenty-one", "a couple of", 十五."""
# ruff: noqa: RUF001 - 〇 is a numeral.

import re

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = (
    {word: no for no, word in enumerate(_ONES, start=1)}
    | {word: no for no, word in enumerate(_TEENS, start=10)}
    | {word: 10 * no for no, word in enumerate(_TENS, start=2)}
)
_PHRASES = {
    "a": 1,
    "an": 1,
    "a couple": 2,
    "a couple of": 2,
    "half a dozen": 6,
    "a dozen": 12,
    "a hundred": 100,
    "one hundred": 100,
}
_ONE = "|".join(_ONES)
NUMBER_PATTERN = (
    r"(?:\d{1,3}|half\s+a\s+dozen|(?:a|one)\s+hundred|a\s+(?:couple(?:\s+of)?|dozen)"
    rf"|(?:{'|'.join(_TENS)})(?:[\s-](?:{_ONE}))?|{'|'.join(_TEENS)}|{_ONE}|an?)"
)
"""Of a number below a thousand in digits, or written out in English."""

_HAN = {sign: no for no, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
CHINESE_NUMBER_PATTERN = r"(?:\d{1,3}|[零〇一二两兩三四五六七八九十百]{1,6})"
"""Of a number below a thousand in digits, or in Chinese numerals."""
_PLACES = re.compile(
    r"(?:(?P<hundreds>[一二两兩三四五六七八九])百零?)?(?:(?P<tens>[一二三四五六七八九])?(?P<ten>十))?"
    r"(?P<ones>[零〇一二两兩三四五六七八九])?"
)


def read_number(written: str) -> int:
    """Return the number that ``NUMBER_PATTERN`` found; raises ``ValueError`` for anything else."""
    words = " ".join(written.lower().split())
    if words.isdecimal():
        return int(words)
    if words in _PHRASES:
        return _PHRASES[words]
    parts = words.replace("-", " ").split()
    if not parts or any(part not in _WORDS for part in parts):
        raise ValueError(written)
    return sum(_WORDS[part] for part in parts)


def read_chinese_number(written: str) -> int:
    """Return the number that ``CHINESE_NUMBER_PATTERN`` found; raises ``ValueError`` for others."""
    if written.isdecimal():
        return int(written)
    match = _PLACES.fullmatch(written)
    if match is None or not written:
        raise ValueError(written)
    tens = (_HAN[match["tens"]] if match["tens"] else 1) if match["ten"] else 0
    hundreds = _HAN[match["hundreds"]] if match["hundreds"] else 0
    return 100 * hundreds + 10 * tens + (_HAN[match["ones"]] if match["ones"] else 0)
