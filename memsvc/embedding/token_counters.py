"""Counting the tokens of a text as the model that will read it does.

Which vocabularies are public decides what can be counted exactly: OpenAI's are (tiktoken), and
those of models that come with a ``tokenizer.json``. Where neither is named, the encoder's own
tokenizer answers, held above what byte-level vocabularies make of text that it does not know.
"""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from types import ModuleType

from tokenizers import Tokenizer

from memsvc.errors import ConfigurationError
from memsvc.ports import Embedder, TokenCounter
from memsvc.settings import TokenSettings

ENCODER = "encoder"
_FILE = "file:"
_BYTES_PER_TOKEN = 4
"""Of the fewest that text takes. Measured on English and Chinese chats: with this floor MiniLM's
count is 17 to 38 % above ``o200k_base`` as a whole, and below it for 0.1 to 5 % of the messages."""
_VOCABULARY_URL = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
"""What tiktoken names its copies after; nothing is asked for there."""


class EncoderTokens:
    """``TokenCounter`` by an encoder's tokenizer, for models whose own is not public."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name = f"{ENCODER} ({embedder.model.name})"

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return for each text the encoder's tokens, or a quarter of its UTF-8 bytes if more.

        An encoder has one token for any word that it does not know, however long, and none for
        line breaks; models that write pay for both.
        """
        counted = self._embedder.count_tokens(texts)
        return [
            max(tokens, -(-len(text.encode(errors="replace")) // _BYTES_PER_TOKEN))
            for tokens, text in zip(counted, texts, strict=True)
        ]


class FileTokens:
    """``TokenCounter`` by a ``tokenizer.json``; raises ``ConfigurationError`` if it is none."""

    def __init__(self, path: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise ConfigurationError(f"{path} is not a tokenizer: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.name = f"{_FILE}{path.name}"

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens left out."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]


class TiktokenTokens:
    """``TokenCounter`` by a vocabulary of OpenAI's, named itself or by a model that uses it.

    Nothing is downloaded: raises ``ConfigurationError`` where the vocabulary is not on the machine.
    """

    def __init__(self, model: str) -> None:
        tiktoken = _import_tiktoken()
        self.name = _encoding_of(tiktoken, model)
        folder = _folder_with(self.name)
        if folder is None:
            raise ConfigurationError(
                f"The vocabulary {self.name} is not on this machine: install memsvc[llm], which"
                " brings o200k_base and cl100k_base, or put its file into TIKTOKEN_CACHE_DIR."
            )
        # tiktoken's only way to be told where its files are.
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)  # noqa: TID251 — see above
        self._encoding = tiktoken.get_encoding(self.name)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has; what looks like a special token is text."""
        return [len(ids) for ids in self._encoding.encode_ordinary_batch(list(texts))]


class CachedTokens:
    """Remembers the counts of the last ``most`` texts, by digest; thread-safe."""

    def __init__(self, counter: TokenCounter, most: int) -> None:
        self._counter = counter
        self._most = most
        self._known: dict[bytes, int] = {}
        self._lock = Lock()
        self.name = counter.name

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return what the counter does; texts that were counted lately are not again."""
        digests = [_digest(text) for text in texts]
        with self._lock:
            counts = [self._known.get(digest) for digest in digests]
        missing = [place for place, count in enumerate(counts) if count is None]
        if missing:
            counted = self._counter.count([texts[place] for place in missing])
            self._remember({digests[at]: count for at, count in zip(missing, counted, strict=True)})
            fresh = iter(counted)
            return [next(fresh) if count is None else count for count in counts]
        return [count for count in counts if count is not None]

    def _remember(self, counts: dict[bytes, int]) -> None:
        with self._lock:
            self._known.update(counts)
            for oldest in list(self._known)[: max(0, len(self._known) - self._most)]:
                del self._known[oldest]


def open_token_counter(settings: TokenSettings, embedder: Embedder) -> TokenCounter:
    """Return the counter that budgets are kept by; raises ``ConfigurationError``."""
    return CachedTokens(_counter_of(settings.model, embedder), settings.remembered)


def _counter_of(model: str, embedder: Embedder) -> TokenCounter:
    if model == ENCODER:
        return EncoderTokens(embedder)
    if model.startswith(_FILE):
        return FileTokens(Path(model.removeprefix(_FILE)))
    return TiktokenTokens(model)


def _import_tiktoken() -> ModuleType:
    try:
        import tiktoken  # noqa: PLC0415 — an extra
    except ImportError as error:
        raise ConfigurationError(
            "Counting the tokens of a hosted model needs an extra: pip install 'memsvc[llm]'."
        ) from error
    module: ModuleType = tiktoken
    return module


def _encoding_of(tiktoken: ModuleType, model: str) -> str:
    name = model.rpartition("/")[2]  # as litellm writes it: provider/model
    if name in tiktoken.list_encoding_names():
        return name
    try:
        encoding: str = tiktoken.encoding_name_for_model(name)
    except KeyError as error:
        raise ConfigurationError(
            f"How {model} counts tokens is not known here. MEMSVC_TOKENS__MODEL takes `encoder`, an"
            " OpenAI model or encoding (gpt-4o, o200k_base), or file:/path/to/tokenizer.json."
        ) from error
    return encoding


def _folder_with(encoding: str) -> Path | None:
    """Return the first folder that holds the vocabulary: the user's, litellm's, tiktoken's."""
    name = _VOCABULARY_URL.format(name=encoding)
    file = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    given = os.environ.get("TIKTOKEN_CACHE_DIR")  # noqa: TID251 — tiktoken's, not ours
    litellm = importlib.util.find_spec("litellm")
    folders = [
        None if given is None else Path(given),
        # Found without importing it, which takes seconds.
        None
        if litellm is None or litellm.origin is None
        else Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers",
        Path(tempfile.gettempdir()) / "data-gym-cache",
    ]
    return next((each for each in folders if each is not None and (each / file).is_file()), None)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
