"""The hosted reranker: any rerank model that litellm can reach, on the tenants' account."""

import asyncio
import math
import time
from collections.abc import Sequence

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import CallEnding, CallOutcome, ModelCallId, NewModelCall
from memsvc.errors import ConfigurationError, ProviderUnavailableError
from memsvc.llm.client import ProviderClient, ProviderEndpoint
from memsvc.llm.ledger import CallLedger

_PURPOSE = "rerank"
_VERSION = 1
"""There is no prompt; the form of the call."""
_BYTES_PER_TOKEN = 2
"""UTF-8 bytes of a token at least, whatever the text: estimates have to be high."""


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
        call_id = await self._reserve(tenant_id, question, texts)
        started = time.perf_counter()
        try:
            reply = await client.rerank(question, texts)
        except (ProviderUnavailableError, ConfigurationError) as error:
            is_refused = isinstance(error, ConfigurationError)
            outcome = CallOutcome.REFUSED if is_refused else CallOutcome.UNAVAILABLE
            await self._settle(tenant_id, call_id, started, CallEnding(outcome=outcome))
            raise
        except asyncio.CancelledError:
            # Whoever waited has no time left; that costs no more than what was sent.
            await self._settle(
                tenant_id, call_id, started, CallEnding(outcome=CallOutcome.UNAVAILABLE)
            )
            raise
        ending = CallEnding(
            outcome=CallOutcome.OK, input_tokens=reply.input_tokens, cost_usd=reply.cost_usd
        )
        await self._settle(tenant_id, call_id, started, ending)
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

    async def _reserve(
        self, tenant_id: TenantId, question: str, texts: Sequence[str]
    ) -> ModelCallId:
        # Every text is read together with the question.
        size = sum(len(text.encode()) for text in texts) + len(texts) * len(question.encode())
        return await self._ledger.reserve(
            tenant_id,
            NewModelCall(
                purpose=_PURPOSE,
                model=self.name,
                prompt_id=_PURPOSE,
                prompt_version=_VERSION,
                most_tokens=math.ceil(size / _BYTES_PER_TOKEN),
            ),
        )

    async def _settle(
        self, tenant_id: TenantId, call_id: ModelCallId, started: float, ending: CallEnding
    ) -> None:
        latency_ms = round((time.perf_counter() - started) * 1000)
        await self._ledger.settle(
            tenant_id,
            call_id,
            CallEnding(
                outcome=ending.outcome,
                input_tokens=ending.input_tokens,
                cost_usd=ending.cost_usd,
                latency_ms=latency_ms,
            ),
        )
