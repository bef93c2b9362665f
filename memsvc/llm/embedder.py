"""The hosted embedder: any embedding model that litellm can reach."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
from typing import Self

import numpy as np

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import NewModelCall
from memsvc.domain.vectors import unit_rows
from memsvc.domain.windows import even_windows
from memsvc.errors import BudgetExceededError, ConfigurationError, EmbeddingBudgetExceededError
from memsvc.llm.accounting import answered, on_account
from memsvc.llm.client import ProviderClient, ProviderEndpoint
from memsvc.llm.estimates import most_tokens
from memsvc.llm.ledger import CallLedger
from memsvc.llm.pricing import stated_price
from memsvc.ports import Embedder, EmbeddingModel, Matrix, Vector
from memsvc.settings import EmbeddingSettings

_BYTES_PER_TOKEN = 3
"""UTF-8 bytes of a token, rounded down from prose (about 4) so that budgets are kept."""
_DENSE_BYTES_PER_TOKEN = 2
"""The same for text that tokenizes badly (base64, rare scripts): no window may overflow."""
_OVERLAP_FRACTION = 8
_TEXTS_PER_REQUEST = 128
_BYTES_PER_REQUEST = 256 * 1024
"""Below the 300,000 tokens that OpenAI takes in one request, whatever the text."""
_BLANK = "."
"""Sent for a text without content, which providers refuse."""
_PROMPT = "embed"
_VERSION = 1
"""There is no prompt; the form of the call."""


class EmbedPurpose(StrEnum):
    """What a hosted model embeds, as the account calls it."""

    DOCUMENTS = "embed"
    QUERY = "embed_query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose calls they are, and where they are taken down."""

    ledger: CallLedger
    tenant_id: TenantId


class LiteLLMEmbedder:
    """``Embedder`` over a hosted model.

    No tokenizer of the model is at hand, so windows are cut and tokens counted by UTF-8 bytes.
    Its identity is the hash of the model string, the dimension, the window and the prefixes, not
    of the address: a provider that changes the weights behind a name is beyond what we can see.
    """

    def __init__(
        self, client: ProviderClient, settings: EmbeddingSettings, account: Account | None = None
    ) -> None:
        """Without an account nobody pays: for trials of the model, never for a tenant's texts."""
        if settings.dimension is None:
            raise ConfigurationError(
                f"Set MEMSVC_EMBEDDING__DIMENSION: how long the vectors of {settings.model} are."
            )
        self._client = client
        self._settings = settings
        self._account = account
        self._query_prefix = settings.query_prefix
        self._document_prefix = settings.document_prefix
        self._window_bytes = settings.window_tokens * _DENSE_BYTES_PER_TOKEN
        self._model = EmbeddingModel(
            id=_identity(settings),
            name=settings.model,
            dimension=settings.dimension,
            window_tokens=settings.window_tokens,
        )

    @classmethod
    async def open(cls, settings: EmbeddingSettings) -> Self:
        """Import litellm and return the embedder. Nothing is sent yet."""
        endpoint = ProviderEndpoint(
            model=settings.model,
            api_base=settings.api_base,
            api_key=settings.api_key,
            timeout_s=settings.timeout_s,
            price=stated_price(settings.usd_per_million_tokens),
        )
        return cls(await ProviderClient.open(endpoint), settings)

    def paid_from(self, account: Account) -> "LiteLLMEmbedder":
        """Return the same embedder for one tenant, whose budget every call of it has to fit.

        Beyond it raises ``EmbeddingBudgetExceededError``: for whoever asks, the provider is away.
        """
        return LiteLLMEmbedder(self._client, self._settings, account)

    @property
    def model(self) -> EmbeddingModel:
        """The space the vectors live in."""
        return self._model

    async def embed_query(self, text: str) -> Vector:
        """Return the unit vector of the query's first window."""
        first = self._windows(text, self._query_prefix)[0]
        vector: Vector = (await self._embed([first], EmbedPurpose.QUERY))[0]
        return vector

    async def embed_documents(
        self,
        texts: Sequence[str],
        *,
        in_background: bool = False,  # noqa: ARG002 — the provider serves all alike
    ) -> list[Matrix]:
        """Return each text's unit vectors in order: one per window, at least one."""
        windows = [self._windows(text, self._document_prefix) for text in texts]
        every = list(chain.from_iterable(windows))
        vectors = await self._embed(every, EmbedPurpose.DOCUMENTS)
        ends = np.cumsum([0, *map(len, windows)])
        return [vectors[start:end] for start, end in pairwise(ends)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return an estimate of how many tokens each text has, more likely high than low."""
        return [math.ceil(len(text.encode()) / _BYTES_PER_TOKEN) for text in texts]

    async def close(self) -> None:
        """Close the provider's connections."""
        await self._client.close()

    async def _embed(self, windows: Sequence[str], purpose: EmbedPurpose) -> Matrix:
        answers = [self._checked(await self._asked(part, purpose)) for part in _requests(windows)]
        nothing = np.empty((0, self._model.dimension), dtype=np.float32)
        return np.concatenate([nothing, *answers])

    async def _asked(
        self, texts: Sequence[str], purpose: EmbedPurpose
    ) -> Sequence[Sequence[float]]:
        account = self._account
        if account is None:
            return (await self._client.embed(texts)).vectors
        new = self._new_call(texts, purpose)
        try:
            async with on_account(account.ledger, account.tenant_id, new) as entry:
                reply = await self._client.embed(texts, entry.tries)
                entry.ending = answered(new, reply.used)
        except BudgetExceededError as error:
            # Whoever embeds knows what to do without an embedder: words are found, vectors follow.
            raise EmbeddingBudgetExceededError(error.message) from error
        return reply.vectors

    def _new_call(self, texts: Sequence[str], purpose: EmbedPurpose) -> NewModelCall:
        tokens = most_tokens(sum(len(text.encode()) for text in texts))
        return NewModelCall(
            purpose=purpose,
            model=self._model.name,
            prompt_id=_PROMPT,
            prompt_version=_VERSION,
            most_tokens=tokens,
            most_usd=self._client.pricing.of_embedding(tokens),
        )

    def _checked(self, vectors: Sequence[Sequence[float]]) -> Matrix:
        expected = self._model.dimension
        if wrong := {len(vector) for vector in vectors} - {expected}:
            raise ConfigurationError(
                f"{self._model.name} gives vectors of {min(wrong)} numbers, but"
                f" MEMSVC_EMBEDDING__DIMENSION is {expected}."
            )
        return unit_rows(np.array(vectors, dtype=np.float32))

    def _windows(self, text: str, prefix: str) -> list[str]:
        """Cut by bytes; a character on a cut is whole in the window that overlaps it there."""
        content = text.encode() if text.strip() else _BLANK.encode()
        size = max(_OVERLAP_FRACTION * 4, self._window_bytes - len(prefix.encode()))
        cuts = even_windows(len(content), size, size // _OVERLAP_FRACTION)
        return [prefix + content[cut].decode(errors="ignore") for cut in cuts]


def charging(ledger: CallLedger) -> Callable[[Embedder, TenantId], Embedder]:
    """Return what has tenants pay for the calls of hosted embedders; local ones cost nothing."""

    def charged(embedder: Embedder, tenant_id: TenantId) -> Embedder:
        if not isinstance(embedder, LiteLLMEmbedder):
            return embedder
        return embedder.paid_from(Account(ledger=ledger, tenant_id=tenant_id))

    return charged


def _requests(windows: Sequence[str]) -> Iterator[list[str]]:
    """Group neighbours into requests that a provider accepts."""
    request: list[str] = []
    size = 0
    for window in windows:
        length = len(window.encode())
        if request and (len(request) == _TEXTS_PER_REQUEST or size + length > _BYTES_PER_REQUEST):
            yield request
            request, size = [], 0
        request.append(window)
        size += length
    if request:
        yield request


def _identity(settings: EmbeddingSettings) -> str:
    parts = {
        "provider_model": settings.model,
        "dimension": settings.dimension,
        "normalisation": "l2",
        "window_tokens": settings.window_tokens,
        "query_prefix": settings.query_prefix,
        "document_prefix": settings.document_prefix,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
