"""What the lexical arm stores of a text, and what it asks with a question."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.content import parts_of_joined_names
from memsvc.domain.languages import base_language, recognise_language
from memsvc.domain.tokens import split_tokens

ANALYZER_VERSION = 1
"""Rises with every change of the stored forms, so that forms of two kinds are never compared."""

ANY_LANGUAGE = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalForm:
    """The terms of a text as the lexical arm sees them: whole words, neither cut nor folded.

    Stems, accents and function words are the question's business (``memsvc.domain.vocabulary``).
    A bank's texts together tell its languages far better than one short text tells its own, and
    a text taken for the wrong language loses nothing.
    """

    terms: Sequence[str]
    """Distinct terms."""
    counts: Sequence[int]
    """How often each occurs, in the order of ``terms``."""
    length: int
    """How many tokens the text has: what BM25 normalises by. Single Han and Hangul characters,
    which repeat what pairs of them hold, are terms but do not add to it."""
    language: str
    """ISO 639-1 code, or ``und``."""


def analyze_text(text: str, language: str = ANY_LANGUAGE) -> LexicalForm:
    """Return the lexical form of ``text``; its language is recognised unless given."""
    tokens, singles = split_tokens(text)
    counted = Counter(tokens)
    counted.update(singles)
    return LexicalForm(
        terms=tuple(counted),
        counts=tuple(counted.values()),
        length=len(tokens),
        language=recognise_language(text) if language == ANY_LANGUAGE else base_language(language),
    )


def question_tokens(text: str) -> list[str]:
    """Return the distinct tokens of a question, in order; of joined names the parts as well."""
    tokens, singles = split_tokens(" ".join((text, *parts_of_joined_names(text))))
    return list(dict.fromkeys(tokens + singles))
