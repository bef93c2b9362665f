"""Broad classes of a text, by the words of a small lexicon."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from memsvc.domain.languages import base_language, stem
from memsvc.domain.organising.tag_lexicon import LEXICON
from memsvc.domain.tokens import fold, split_tokens

_MOST = 4
_UNSPACED = ("zh", "ja")


def tags(text: str, language: str, *, most: int = _MOST) -> tuple[str, ...]:
    """Return the classes that most words of ``text`` speak for, the first named first of equals.

    Words of English count beside those of the text's language: names of things travel.
    """
    found: Counter[str] = Counter()
    for token in split_tokens(text)[0]:
        folded = fold(token)
        for known in dict.fromkeys((base_language(language), "en")):
            for tag in _by_stem(known).get(stem(folded, known), ()):
                found[tag] += 1
    for tag, words in _whole_words().items():
        found[tag] += sum(text.count(word) for word in words)
    return tuple(tag for tag, count in found.most_common() if count)[:most]


@cache
def _by_stem(language: str) -> Mapping[str, tuple[str, ...]]:
    classes: dict[str, tuple[str, ...]] = {}
    for tag, by_language in LEXICON.items():
        for word in _stems(by_language.get(language, "").split(), language):
            classes[word] = (*classes.get(word, ()), tag)
    return classes


def _stems(words: Iterable[str], language: str) -> dict[str, None]:
    return dict.fromkeys(stem(fold(word), language) for word in words)


@cache
def _whole_words() -> Mapping[str, tuple[str, ...]]:
    return {
        tag: tuple(word for each in _UNSPACED for word in by_language.get(each, "").split())
        for tag, by_language in LEXICON.items()
    }
