"""Keywords and key phrases of a text by rules: runs of words that are neither grammar nor common.

After RAKE (Rose, Engel, Cramer & Cowley, "Automatic keyword extraction from individual
documents", 2010): candidates are what stands between function words. Its scores, by co-occurrence
inside one text, say nothing in a chat turn where every word occurs once; here a word counts by how
rare it is in the bank and whether it is written like a name. Where words are written
without spaces, candidates are runs of characters between those that are grammar.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from memsvc.domain.languages import UNDETERMINED, base_language, stem
from memsvc.domain.organising.common_words import CJK_COMMON, common_stems
from memsvc.domain.organising.extraction import MOST_KEYWORDS, MOST_NAME_CHARACTERS
from memsvc.domain.organising.statistics import TermStatistics
from memsvc.domain.stop_words import function_words
from memsvc.domain.tokens import fold, split_tokens

_SENTENCE_END = re.compile(
    r"[.!?\u2026;:\n\u3002\uff01\uff1f\uff1b\uff1a]+(?:\s+|$)|[()\"\u201c\u201d\[\]]+"
)
_WORD = re.compile(r"[^\W_](?:[\w'\u2019-]*\w)?(?:\+\+|#)?|,")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[\u30a1-\u30fa\u30fc\u30fb]+")
_HANGUL_WORD = re.compile(r"[\uac00-\ud7a3]+")
_KOREAN_ENDINGS = re.compile(
    r"(?:에서는|에서|으로|까지|부터|에게|한테|이랑|하고|은|는|이|가|을|를|에|의|와|과|도|로|랑)$"
)
_KOREAN_VERB = re.compile(r"(?:다|요|니|까|죠|네|어|아|고|서|면|지)$")
_HAN_BREAKS = re.compile(
    "什么|怎么|为什么|因为|所以|但是|如果|我们|你们|他们|她们|这个|那个|没有|可以|已经|还有|"
    "[的了是在有和与也都就不我你您他她它们这那哪吗呢吧啊呀么谁几会能要把被对从到给跟让很还又再着"
    "过得地之一个上下为去来说想看做用里后前最太每次年月日时]"
)

_LONGEST_PHRASE = 3
_LEAST_LETTERS = 3
_LONGEST_HAN = 6
_NAME_BONUS = 0.5
_SECOND_WORD = 0.3
_SAME_WORD_AGAIN = 0.25
_REMEMBERED_TEXTS = 2_000
_LATER = 0.002
"""By how much a phrase counts less for each word that stands before it: the first of equals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    written: str
    term: str
    stem: str
    is_content: bool
    is_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A candidate: as it is written, and the stems that tell it from others."""

    written: str
    stems: tuple[str, ...]
    score: float


def keywords(
    text: str,
    language: str,
    statistics: TermStatistics | None = None,
    *,
    most: int = MOST_KEYWORDS,
) -> tuple[str, ...]:
    """Return up to ``most`` key phrases, most telling first; equal inputs give equal answers."""
    return tuple(each.written for each in key_phrases(text, language, statistics)[:most])


def key_phrases(text: str, language: str, statistics: TermStatistics | None = None) -> list[Phrase]:
    """Return every candidate that no better one contains, best first."""
    known = statistics or TermStatistics()
    base = _stemming(language)
    found = [*_spaced(text, base, known), *_unspaced(text, known)]
    best: dict[tuple[str, ...], Phrase] = {}
    for phrase in found:
        former = best.get(phrase.stems)
        if former is None:
            best[phrase.stems] = phrase
        else:  # said again
            again = former.score + _SAME_WORD_AGAIN
            best[phrase.stems] = Phrase(written=former.written, stems=former.stems, score=again)
    ranked = sorted(best.values(), key=lambda each: -each.score)
    kept: list[Phrase] = []
    for phrase in ranked:
        if not any(_contains(other.stems, phrase.stems) for other in kept):
            kept.append(phrase)
    return kept


@lru_cache(maxsize=_REMEMBERED_TEXTS)
def content_stems(text: str, language: str) -> Mapping[str, str]:
    """Return the stems of a text's telling words, each with its first written form.

    A memory is compared with each of its neighbours: what was found is remembered for a while.
    """
    base = _stemming(language)
    stems: dict[str, str] = {}
    for sentence in _SENTENCE_END.split(text):
        for word in _words(sentence or "", base):
            if word.is_content:
                stems.setdefault(word.stem, word.written)
    for run in _han_runs(text):
        stems.setdefault(run, run)
    return MappingProxyType(stems)


def word_stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of all words of a text; the characters of scripts without spaces."""
    base = _stemming(language)
    tokens, singles = split_tokens(text)
    return frozenset(stem(fold(each), base) for each in (*tokens, *singles))


def _stemming(language: str) -> str:
    """Return the language to stem in; short texts whose language nobody can tell are English."""
    base = base_language(language)
    return "en" if base == UNDETERMINED else base


def _contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    return set(part) <= set(whole)


def _spaced(text: str, language: str, statistics: TermStatistics) -> Iterator[Phrase]:
    place = 0
    for sentence in _SENTENCE_END.split(text):
        run: list[_Word] = []
        for word in [*_words(sentence or "", language), None]:
            place += 1
            if word is not None and word.is_content:
                run.append(word)
            else:
                yield from _phrases(run, statistics, place)
                run = []


def _phrases(run: Sequence[_Word], statistics: TermStatistics, place: int) -> Iterator[Phrase]:
    """Yield a run of content words in pieces of the longest length, its last words together."""
    end = len(run)
    while end > 0:
        start = max(0, end - _LONGEST_PHRASE)
        piece = run[start:end]
        end = start
        written = " ".join(word.written for word in piece)
        if len(written) > MOST_NAME_CHARACTERS:
            continue
        rarest = sorted((statistics.rarity(word.term) for word in piece), reverse=True)
        score = rarest[0] + _SECOND_WORD * sum(rarest[1:])
        score += _NAME_BONUS if any(word.is_name for word in piece) else 0.0
        yield Phrase(
            written=written,
            stems=tuple(word.stem for word in piece),
            score=score - _LATER * (place - len(piece)),
        )


def _words(sentence: str, language: str) -> list[_Word]:
    written = [_POSSESSIVE.sub("", each) for each in _WORD.findall(sentence)]
    tokens = {token for each in written for token in split_tokens(each)[0]}
    grammar = function_words(tokens, dict.fromkeys(["en", language]))
    return [_word(each, no, grammar, language) for no, each in enumerate(written)]


def _word(written: str, no: int, grammar: set[str], language: str) -> _Word:
    tokens = split_tokens(written)[0]
    term = tokens[0] if tokens else ""
    stemmed = stem(fold(term), language)
    letters = sum(map(str.isalpha, written))
    is_name = no > 0 and written[:1].isupper()
    is_content = (
        bool(tokens)
        and not _CJK.search(written)
        and not _HANGUL_WORD.search(written)
        and (letters >= _LEAST_LETTERS or (letters > 1 and written.isupper()))
        and not set(tokens) <= grammar
        and not (is_common(term, language) and not (is_name and letters < len(written)))
    )
    return _Word(
        written=written if is_name or written.isupper() else written.lower(),
        term=term,
        stem=stemmed,
        is_content=is_content,
        is_name=is_name,
    )


def is_common(term: str, language: str) -> bool:
    """Tell whether a word says little in its language, or in English, which gets everywhere."""
    folded = fold(term)
    return any(
        folded in common_stems(each) or stem(folded, each) in common_stems(each)
        for each in dict.fromkeys((language, "en"))
    )


def _unspaced(text: str, statistics: TermStatistics) -> Iterator[Phrase]:
    for run in _han_runs(text):
        bigrams = split_tokens(run)[0]
        rarity = max(map(statistics.rarity, bigrams), default=1.0)
        yield Phrase(written=run, stems=(run,), score=rarity + _SECOND_WORD * min(len(run) - 2, 2))
    for word in _HANGUL_WORD.findall(text):
        bare = _KOREAN_ENDINGS.sub("", word)
        if len(bare) < 2 or (bare == word and _KOREAN_VERB.search(word)):  # noqa: PLR2004
            continue
        if set(split_tokens(bare)[0]) <= function_words(split_tokens(bare)[0], ["ko"]):
            continue
        rarity = max(map(statistics.rarity, split_tokens(bare)[0]), default=1.0)
        yield Phrase(written=bare, stems=(bare,), score=rarity)


def _han_runs(text: str) -> Iterator[str]:
    """Yield what may be words: Han between grammar, katakana as it stands."""
    # Hiragana divides Japanese; the breaks are Chinese, and parts of Japanese words.
    is_japanese = _KANA.search(text) is not None
    for run in _CJK.findall(text):
        for piece in [run] if is_japanese else _HAN_BREAKS.split(run):
            if 2 <= len(piece) <= _LONGEST_HAN and piece not in CJK_COMMON:  # noqa: PLR2004
                yield piece
