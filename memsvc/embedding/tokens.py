"""Text to token ids: the windows of a document, the one window of a query."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tokenizers import Tokenizer

from memsvc.domain.windows import even_windows
from memsvc.errors import ConfigurationError

TokenIds: TypeAlias = Sequence[int]

_OVERLAP_FRACTION = 8
"""Neighbouring windows share an eighth: a sentence or two."""
_CHARACTERS_PER_TOKEN = 32
"""More than any tokenizer averages: what a query has beyond cannot reach its window."""


class WindowTokenizer:
    """Cuts texts into windows of ``window_tokens`` ids, special tokens included.

    Thread-safe. Raises ``ConfigurationError`` when the file is no tokenizer.
    """

    def __init__(self, path: Path, window_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise ConfigurationError(f"{path} is not a tokenizer: {error}") from error
        # The file may ask for padding or cutting to a length of its own.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._head, self._tail = self._special_tokens()
        self._room = window_tokens - len(self._head) - len(self._tail)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens left out."""
        return [len(ids) for ids in self._ids(texts)]

    def query_window(self, text: str, prefix: str) -> TokenIds:
        """Return the ids of a query, cut to one window."""
        (ids,) = self._ids([(prefix + text)[: self._room * _CHARACTERS_PER_TOKEN]])
        return self._window(ids[: self._room])

    def document_windows(self, texts: Sequence[str], prefix: str) -> list[list[TokenIds]]:
        """Return for each text its windows in order, each with the prefix; at least one."""
        (prefix_ids,) = self._ids([prefix])
        whole = self._ids([prefix + text for text in texts])
        return [
            [self._window(ids)] if len(ids) <= self._room else self._cut(text, prefix_ids)
            for text, ids in zip(texts, whole, strict=True)
        ]

    def _cut(self, text: str, prefix_ids: TokenIds) -> list[TokenIds]:
        # The text's own ids: where its first token begins among those of prefix and text together
        # is not always the number of the prefix's ids.
        (ids,) = self._ids([text])
        size = max(1, self._room - len(prefix_ids))
        cuts = even_windows(len(ids), size, size // _OVERLAP_FRACTION)
        return [self._window([*prefix_ids, *ids[cut]]) for cut in cuts]

    def _window(self, ids: TokenIds) -> TokenIds:
        return [*self._head, *ids, *self._tail]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """Return what the tokenizer puts before and after a text, such as [CLS] and [SEP]."""
        encoding = self._tokenizer.encode("a")
        body = [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
        return encoding.ids[: body[0]], encoding.ids[body[-1] + 1 :]
