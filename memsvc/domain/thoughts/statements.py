"""What a statement says that no merging may lose: numbers, dates, negation, names, the words."""
# ruff: noqa: RUF001 - a typographic apostrophe is one.

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from memsvc.domain.languages import stem
from memsvc.domain.stop_words import function_words
from memsvc.domain.thoughts.telling_words import (
    ARTICLES,
    CALENDAR,
    CAPITALISED_MONTHS,
    EMPTY_CHARACTERS,
    NEGATION,
    NUMBER_WORDS,
    TELLING,
    WRITTEN_NEGATION,
)
from memsvc.domain.times.named_times import named_times
from memsvc.domain.tokens import fold, is_characterwise, split_tokens

_NUMBER = re.compile(
    r"(?:(?<!\S)[-\u2212])?\d+(?:[.,:]\d+)*"
    r"|[一二三四五六七八九十百千两]+(?=[个個只隻本位次年月天日点點歳歲岁人回匹枚台杯分元円块時时])"
)
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?:]\s*$")
_CONTENT_CHARACTER = re.compile(r"[\u3400-\u9fff\u30a1-\u30fa\uac00-\ud7a3]")
_TELLING_SIGNS = frozenset({"Sc", "Sm", "So"})
_SOME_DAY = datetime(2000, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A text, who says it, and when: relative dates depend on it."""

    text: str
    language: str
    speaker: str | None = None
    said_at: datetime | None = None

    @cached_property
    def normal(self) -> str:
        """The text without what writing varies: case, widths, punctuation, spaces."""
        return " ".join(split_tokens(self.text)[0]) or "".join(self.text.split())

    @cached_property
    def numbers(self) -> Counter[str]:
        """Every number, in digits: ``1,000``, ``1000`` and, where it is a word, ``three``."""
        written = unicodedata.normalize("NFKC", self.text)
        found = [_THOUSANDS.sub("", each) for each in _NUMBER.findall(written)]
        spelled = NUMBER_WORDS.get(self.language, {})
        found += [spelled[word] for word in self._folded if word in spelled]
        return Counter(_DIGITS.get(each, each) for each in found)

    @cached_property
    def signs(self) -> frozenset[str]:
        """Signs that tell: currencies, mathematics, pictures, and whether it is a question."""
        written = unicodedata.normalize("NFKC", self.text)
        return frozenset(
            each for each in written if each == "?" or unicodedata.category(each) in _TELLING_SIGNS
        )

    @cached_property
    def dates(self) -> frozenset[str]:
        """Dates that the text names, and days and months that no date is made of."""
        times = {each.iso for each in named_times(self.text, self.said_at or _SOME_DAY)}
        words = {CALENDAR[word] for word in self._folded if word in CALENDAR}
        words |= {
            CAPITALISED_MONTHS[each.group()]
            for each in _WORD.finditer(self.text)
            if each.group() in CAPITALISED_MONTHS
        }
        written = {
            name
            for sign, name in CALENDAR.items()
            if not sign.isascii() and len(sign) > 1 and is_characterwise(sign) and sign in self.text
        }
        return frozenset(times | words | written)

    @cached_property
    def negated(self) -> frozenset[str]:
        """The word after each negation, or what is nearest to it; empty where nothing is denied."""
        found = set()
        words = self._folded
        for place, word in enumerate(words):
            if word.endswith("n't") or not NEGATION.isdisjoint((word, word.split("'")[0])):
                rest = [each for each in words[place + 1 :] if each in self._content_words]
                found.add(self._stemmed(rest[0]) if rest else "")
        for sign in WRITTEN_NEGATION:
            found.update(self.text[m.end() : m.end() + 1] for m in re.finditer(sign, self.text))
        return frozenset(found)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Words that are written like names, in their order, without accents."""
        return tuple(fold(word.casefold()) for word in self._capitalised)

    @cached_property
    def content(self) -> tuple[str, ...]:
        """The words that say something, as stems in their order; single Han and kana characters."""
        found: list[str] = []
        for match in _WORD.finditer(self.text):
            word = match.group()
            if word in CAPITALISED_MONTHS:
                continue  # a date
            if is_characterwise(word):
                found += _telling_characters(word)
            else:
                found += [
                    self._stemmed(piece)
                    for piece in re.split("['’]", word.casefold())
                    if piece in self._content_words
                ]
        return tuple(found)

    @cached_property
    def _folded(self) -> list[str]:
        return [each.group().casefold().replace("’", "'") for each in _WORD.finditer(self.text)]

    @cached_property
    def _content_words(self) -> frozenset[str]:
        pieces = {piece for word in self._folded for piece in word.split("'")}
        empty = function_words(pieces, [self.language]) - TELLING
        numbers = NUMBER_WORDS.get(self.language, {}).keys()
        return frozenset(pieces - empty - NEGATION - ARTICLES - numbers - _PIECES - CALENDAR.keys())

    @cached_property
    def _capitalised(self) -> list[str]:
        found = []
        for match in _WORD.finditer(self.text):
            word, before = match.group(), self.text[: match.start()]
            if not word[0].isupper() or word.casefold() in CALENDAR or word in CAPITALISED_MONTHS:
                continue
            previous = before.split()[-1].casefold() if before.split() else ""
            if word.casefold() not in self._content_words:
                continue
            if self.language == "de" and (previous in ARTICLES or previous.endswith(_INFLECTED)):
                continue  # nouns are capitalised as well
            found.append(word)
        return found

    def word_before(self, name: str) -> str:
        """Return the function word before a name, which says what its part is; else nothing."""
        words = [fold(each) for each in self._folded]
        place = words.index(name) if name in words else 0
        before = self._folded[place - 1] if place else ""
        return "" if before in self._content_words else before

    def starts_sentence(self, name: str) -> bool:
        """Tell whether a name-like word stands only where every word is capitalised."""
        return all(
            not self.text[: each.start()].strip()
            or _SENTENCE_END.search(self.text[: each.start()]) is not None
            for each in _WORD.finditer(self.text)
            if fold(each.group().casefold()) == name
        )

    def _stemmed(self, word: str) -> str:
        stemmed = fold(stem(word, self.language))
        ending = _KEPT_ENDINGS.get(self.language)
        return f"{stemmed}-{ending[1]}" if ending and ending[0].search(word) else stemmed


def _telling_characters(word: str) -> list[str]:
    """Return Han and katakana characters; in Japanese, what a particle makes of the last one."""
    found: list[str] = []
    for run in _RUN.finditer(word):
        telling = [each for each in run["signs"] if each not in EMPTY_CHARACTERS]
        if telling and run["particle"]:
            telling[-1] += run["particle"].replace("が", "は")
        found += telling
    return found


_RUN = re.compile(
    f"(?P<signs>{_CONTENT_CHARACTER.pattern}+)(?:さん|くん|ちゃん)?(?P<particle>[はがをにへ](?!な))?"
)
_KEPT_ENDINGS = {
    "en": (re.compile("[^aeiou]ed$"), "ed"),
    **{code: (re.compile("as?$"), "a") for code in ("es", "it", "pt")},
}
"""Endings that stemming takes and that tell: *liked* is no longer *likes*, *hermana* a sister."""
_INFLECTED = ("en", "es", "er", "em", "ne", "ue")
_PIECES = frozenset({"t", "s", "m", "ve", "re", "ll", "d", "l", "j", "c", "qu"})
"""What apostrophes leave of small words."""
_DIGITS = {sign: str(no) for no, sign in enumerate("一二三四五六七八九十", start=1)} | {"两": "2"}
