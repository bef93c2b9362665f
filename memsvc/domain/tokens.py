"""Text to tokens, the same for every language: words where spaces divide them, else bigrams.

What is a token:

* letters, digits and combining marks of any script in a row, after NFKC and case folding;
* everything else divides: hyphens, apostrophes, points and ``@`` too, so ``anna.meier@example.org``
  is found by ``Anna Meier``, ``3.14`` is ``3 14`` and ``don't`` is ``don t`` on both sides;
* ``c++`` and ``c#`` keep their signs, which are all that tells them apart from ``c``;
* in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) and in Hangul, whose
  particles join the words: every two neighbouring characters, overlapping, so that any part of a
  text shares its tokens. A single character stands alone. Han and Hangul characters, which are
  often words, come singly as well (Nie, Gao, Zhang & Zhou, "On the use of words and n-grams for
  Chinese information retrieval", IRAL 2000: both together beat either).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import chain

LONGEST_TOKEN = 64
"""Longer runs (hashes, encoded data) come in pieces of this many characters."""

_HAN = "\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA = "\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff"
_HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb"
_SOUTH_EAST = (
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    "\u0e81-\u0ece\u0edc-\u0edf"  # Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109f"  # Myanmar
    "\u1780-\u17d3\u17dc\u17dd"  # Khmer
)

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:\+\+(?!\+)|#(?!\w))?")
_CHARACTERWISE = re.compile(f"[{_HAN}{_KANA}]+|[{_HANGUL}]+|[{_SOUTH_EAST}]+")
_HIRAGANA = re.compile("[\u3041-\u3096\u309d\u309e]+")
_WORD_LIKE = re.compile(f"[{_HAN}{_HANGUL}]")
_INVISIBLE = dict.fromkeys((0xAD, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)))


def split_tokens(text: str) -> tuple[list[str], list[str]]:
    """Return the tokens of ``text`` in order, and apart the single Han and Hangul characters.

    The first list is the text's length; the second repeats what the bigrams in it hold already.
    """
    if text.isascii():
        return [piece for word in _ASCII_WORD.findall(text.lower()) for piece in _pieces(word)], []
    tokens: list[str] = []
    singles: list[str] = []
    for word in _word_pattern().findall(_normalised(text)):
        for run, is_characterwise in _runs(word):
            if is_characterwise:
                tokens.extend(_bigrams(run))
                singles.extend(_WORD_LIKE.findall(run) if len(run) > 1 else ())
            else:
                tokens.extend(_pieces(run))
    return tokens, singles


def is_characterwise(token: str) -> bool:
    """Tell whether ``token`` comes from a script that is cut into characters, not words."""
    return not token.isascii() and _CHARACTERWISE.match(token) is not None


def is_hiragana(token: str) -> bool:
    """Tell whether ``token`` is all hiragana, which writes mostly endings and particles."""
    return _HIRAGANA.fullmatch(token) is not None


def fold(token: str) -> str:
    """Return ``token`` without accents, Arabic and Hebrew points, and bars through letters.

    ``é`` → ``e``, ``ł`` → ``l``, ``ё`` → ``е``; the vowel signs of Indic and Thai scripts, which
    are letters to their readers, stay.
    """
    if token.isascii():
        return token
    bare = unicodedata.normalize("NFD", token).translate(_FOLDED)
    return unicodedata.normalize("NFC", bare)


def _normalised(text: str) -> str:
    # Case folding can undo the composition (Unicode Standard §5.18), hence NFKC twice.
    folded = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold()
    return unicodedata.normalize("NFKC", folded)


def _runs(word: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of ``word`` by kind: whether they are cut into characters."""
    if word.isascii():
        yield word, False
        return
    end = 0
    for match in _CHARACTERWISE.finditer(word):
        if match.start() > end:
            yield word[end : match.start()], False
        yield match.group(), True
        end = match.end()
    if end < len(word):
        yield word[end:], False


def _bigrams(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _pieces(word: str) -> list[str]:
    if len(word) <= LONGEST_TOKEN:
        return [word]
    return [word[i : i + LONGEST_TOKEN] for i in range(0, len(word), LONGEST_TOKEN)]


@cache
def _word_pattern() -> re.Pattern[str]:
    # The standard library's \w lacks combining marks, without which Indic words fall apart.
    everything = map(chr, range(0x300, 0x20000))
    marks = "".join(c for c in everything if unicodedata.category(c).startswith("M"))
    return re.compile(rf"[^\W_]+(?:[{marks}]+[^\W_]*)*(?:\+\+(?!\+)|#(?!\w))?")


_MARKS = (range(0x300, 0x370), range(0x591, 0x5C8), (0x640, 0x670), range(0x64B, 0x660))
_BARRED = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "\u0131": "i"}
_JOINED = {"æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
_FOLDED: dict[int, str | None] = dict.fromkeys(chain.from_iterable(_MARKS))
_FOLDED.update((ord(letter), plain) for letter, plain in (_BARRED | _JOINED).items())
