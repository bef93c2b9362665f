"""Generated conversation turns: real words with natural frequencies, and topics.

Word lengths of turns follow LoCoMo's (log-normal, median 22 words); word frequencies follow
Zipf's law with Mandelbrot's shift. The words are those the built-in encoder knows as one token
each, in the order of its vocabulary, which is the order of frequency in English.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from memsvc.embedding.catalog import ALL_MINILM_L6_V2
from memsvc.embedding.factory import find_model, models_dirs
from memsvc.settings import Settings
from memsvc.store.embedded.folders import default_data_dir

TOPICS = 64
SPEAKERS = ("Ada", "Ben")

_WORDS_OF_TOPIC = 100
_TOPICAL_SHARE = 0.25
_COMMON_WORDS = 300
"""Words of no topic: function words and the most frequent others."""
_ZIPF_SHIFT = 2.7
_NAMES = 5_000
_MEAN_LENGTH = 26.0
"""Words of a turn, of the lengths below."""
_LOG_LENGTH_MEAN, _LOG_LENGTH_DEVIATION = 3.08, 0.61
_LENGTHS = (3, 120)
_QUESTION_LENGTHS = (6, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedTurn:
    """A turn, and what it is about."""

    text: str
    speaker: str
    topic: int
    """0 to ``TOPICS - 1``."""


def read_vocabulary() -> list[str]:
    """Return the English words of the built-in encoder, most frequent first.

    Raises ``ModelNotInstalledError``.
    """
    folder = find_model(ALL_MINILM_L6_V2, installed_models())
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    in_order = sorted(tokens, key=tokens.__getitem__)
    return [token for token in in_order if token.isascii() and token.isalpha() and len(token) > 1]


def installed_models() -> tuple[Path, ...]:
    """Return where models are looked for on this machine."""
    return models_dirs(Settings().data_dir or default_data_dir())


class TextSource:
    """An endless conversation; equal seeds and calls give equal texts.

    With ``names``, so many words of a turn on average are names, as those of LoCoMo have two: words
    with a capital, of 5,000 that are frequent as Zipf's law says.
    """

    def __init__(self, vocabulary: Sequence[str], seed: int, *, names: float = 0.0) -> None:
        self._random = np.random.default_rng(seed)
        self._words = np.array(vocabulary, dtype=object)
        self._name_share = names / _MEAN_LENGTH
        # None of the frequent words: many of those are function words, which name nothing.
        rarer = np.array(vocabulary[len(vocabulary) // 5 :] if names else [], dtype=object)
        named = self._random.permutation(rarer)[:_NAMES] if names else rarer
        self._names = np.array([str(word).capitalize() for word in named], dtype=object)
        self._shares = _zipf(len(vocabulary))
        self._topic_shares = _zipf(_WORDS_OF_TOPIC)
        # A topic's frequent words are anywhere past the common ones.
        self._topic_words = self._random.integers(
            min(_COMMON_WORDS, len(vocabulary) // 2),
            len(vocabulary),
            size=(TOPICS, _WORDS_OF_TOPIC),
        )

    def turns(self, count: int) -> list[GeneratedTurn]:
        """Return the next turns, with the two speakers in turn."""
        lengths = self._random.lognormal(_LOG_LENGTH_MEAN, _LOG_LENGTH_DEVIATION, count)
        topics = self._random.integers(TOPICS, size=count)
        texts = self._texts(np.clip(np.rint(lengths), *_LENGTHS).astype(np.int64), topics)
        return [
            GeneratedTurn(text=text, speaker=SPEAKERS[number % len(SPEAKERS)], topic=int(topic))
            for number, (text, topic) in enumerate(zip(texts, topics, strict=True))
        ]

    def questions(self, count: int) -> list[str]:
        """Return questions about the topics, in words that the turns use too."""
        lengths = self._random.integers(*_QUESTION_LENGTHS, size=count, endpoint=True)
        topics = self._random.integers(TOPICS, size=count)
        return [f"{text}?" for text in self._texts(lengths, topics)]

    def _texts(self, lengths: NDArray[np.int64], topics: NDArray[np.int64]) -> list[str]:
        total = int(lengths.sum())
        drawn = self._random.choice(len(self._words), size=total, p=self._shares)
        own = self._random.choice(_WORDS_OF_TOPIC, size=total, p=self._topic_shares)
        is_topical = self._random.random(total) < _TOPICAL_SHARE
        of_topic = self._topic_words[np.repeat(topics, lengths), own]
        words = self._words[np.where(is_topical, of_topic, drawn)]
        if self._name_share:
            places = np.flatnonzero(self._random.random(total) < self._name_share)
            shares = _zipf(len(self._names))
            words[places] = self._names[
                self._random.choice(len(shares), size=len(places), p=shares)
            ]
        return [" ".join(part) for part in np.split(words, np.cumsum(lengths)[:-1])]


def _zipf(size: int) -> NDArray[np.float64]:
    """Return shares of ranks: Zipf-Mandelbrot with exponent 1."""
    shares = 1.0 / (np.arange(1, size + 1) + _ZIPF_SHIFT)
    normalised: NDArray[np.float64] = shares / shares.sum()
    return normalised
