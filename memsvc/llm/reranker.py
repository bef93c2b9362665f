"""The hosted reranker: any rerank model that litellm can reach, on the tenants' account."""

import asyncio
from collections.abc import Sequence

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import NewModelCall
from memsvc.llm.accounting import answered, on_account
from memsvc.llm.client import ProviderClient, ProviderEndpoint
from memsvc.llm.estimates import most_tokens
from memsvc.llm.ledger import CallLedger

_PURPOSE = "rerank"
_VERSION = 1
"""There is no prompt; the form of the call."""


class LiteLLMReranker:
    """``Reranker`` over a hosted model."""

    def __init__(self, endpoint: ProviderEndpoint, ledger: CallLedger) -> None:
        """Import and connect to nothing yet: the first question does."""
        self._endpoint = endpoint
        self._ledger = ledger
        self._client: ProviderClient | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        """The model as litellm writes it."""
        return self._endpoint.model

    async def relevance(
        self, tenant_id: TenantId, question: str, texts: Sequence[str]
    ) -> Sequence[float]:
        """Return the relevance of each text; raises as the port says."""
        if not texts:
            return []
        client = await self._opened()
        new = self._new_call(client, question, texts)
        async with on_account(self._ledger, tenant_id, new) as entry:
            reply = await client.rerank(question, texts, entry.tries)
            entry.ending = answered(new, reply.used)
        return reply.relevance

    async def close(self) -> None:
        """Close the provider's connections, if there are any."""
        if self._client is not None:
            await self._client.close()

    async def _opened(self) -> ProviderClient:
        async with self._opening:
            if self._client is None:
                self._client = await ProviderClient.open(self._endpoint)
            return self._client

    def _new_call(
        self, client: ProviderClient, question: str, texts: Sequence[str]
    ) -> NewModelCall:
        # Every text is read together with the question.
        size = sum(len(text.encode()) for text in texts) + len(texts) * len(question.encode())
        tokens = most_tokens(size)
        return NewModelCall(
            purpose=_PURPOSE,
            model=self.name,
            prompt_id=_PURPOSE,
            prompt_version=_VERSION,
            most_tokens=tokens,
            most_usd=client.pricing.of_reranking(tokens, len(texts)),
        )
