"""The one door to litellm: its import, its switches, its errors, and the retries around it."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

import stamina
from pydantic import SecretStr

from memsvc.errors import (
    ConfigurationError,
    EmbedderUnavailableError,
    MemsvcError,
    ProviderUnavailableError,
    UnavailableError,
)

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.5
_REFUSED = frozenset({400, 401, 402, 403, 404, 405, 413, 422})
"""Answers that waiting does not change: the configuration is wrong, or the key."""

_SWITCHES = {
    "telemetry": False,
    "suppress_debug_info": True,
    # Retries are ours; litellm's own would multiply them.
    "DEFAULT_MAX_RETRIES": 0,
    # httpx connections end quietly with the event loop, aiohttp's complain.
    "disable_aiohttp_transport": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEndpoint:
    """Which hosted model is called, where, and how long one request may take."""

    model: str
    """As litellm writes it: ``provider/model``."""
    api_base: str | None
    api_key: SecretStr | None
    """Without one, litellm looks in the provider's own environment variable."""
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSchema:
    """The form that an answer has to have, as JSON Schema."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """What a model has said, and what that took."""

    text: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankReply:
    """How relevant texts are, 0 to 1, in their order, and what that took."""

    relevance: Sequence[float]
    input_tokens: int
    cost_usd: float | None


class ProviderClient:
    """Calls one hosted model. Every failure comes out as an error of ours."""

    def __init__(self, litellm: ModuleType, endpoint: ProviderEndpoint) -> None:
        self._litellm = litellm
        self._endpoint = endpoint

    @classmethod
    async def open(cls, endpoint: ProviderEndpoint) -> Self:
        """Return a client; the first one in a process takes seconds, off the event loop.

        Raises ``ConfigurationError`` when litellm is not installed.
        """
        return cls(await asyncio.to_thread(_import_litellm), endpoint)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, in order, as the provider gave them.

        Tries again what may pass (429, 5xx, unreadable answers) until ``timeout_s`` is used up,
        then raises ``EmbedderUnavailableError``; what waiting cannot mend is a
        ``ConfigurationError`` at once.
        """
        vectors: list[list[float]] = []
        # As a context, not around a function: stamina would log the arguments, which are memories.
        async for attempt in stamina.retry_context(
            on=EmbedderUnavailableError,
            attempts=_ATTEMPTS,
            timeout=self._endpoint.timeout_s,
            wait_initial=_FIRST_PAUSE_S,
        ):
            with attempt:
                vectors = await self._embed_once(texts)
        return vectors

    async def chat(
        self, messages: Sequence[Mapping[str, str]], schema: ResponseSchema, *, most_tokens: int
    ) -> ChatReply:
        """Return the model's answer to ``messages``, asked to hold to ``schema``.

        Tries again what may pass until ``timeout_s`` is used up, then raises
        ``ProviderUnavailableError``; what waiting cannot mend is a ``ConfigurationError`` at once.
        """
        reply = ChatReply(text="", input_tokens=0, output_tokens=0, cost_usd=None)
        async for attempt in stamina.retry_context(
            on=ProviderUnavailableError,
            attempts=_ATTEMPTS,
            timeout=self._endpoint.timeout_s,
            wait_initial=_FIRST_PAUSE_S,
        ):
            with attempt:
                reply = await self._chat_once(messages, schema, most_tokens)
        return reply

    async def _chat_once(
        self, messages: Sequence[Mapping[str, str]], schema: ResponseSchema, most_tokens: int
    ) -> ChatReply:
        form = {"name": schema.name, "schema": dict(schema.schema), "strict": False}
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                response = await self._litellm.acompletion(
                    messages=[dict(each) for each in messages],
                    temperature=0.0,
                    max_tokens=most_tokens,
                    response_format={"type": "json_schema", "json_schema": form},
                    **self._call_options(),
                )
            text = response.choices[0].message.content
            usage = response.usage
            return ChatReply(
                text=text or "",
                input_tokens=int(usage.prompt_tokens),
                output_tokens=int(usage.completion_tokens),
                cost_usd=self._cost(response),
            )
        except Exception as error:
            raise _translated(error, self._endpoint.model, ProviderUnavailableError) from error

    async def rerank(self, question: str, texts: Sequence[str]) -> RerankReply:
        """Return how relevant each text is; not tried again, since somebody waits.

        Raises ``ProviderUnavailableError``, or ``ConfigurationError`` for what waiting cannot mend.
        """
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                response = await self._litellm.arerank(
                    query=question,
                    documents=list(texts),
                    top_n=len(texts),
                    return_documents=False,
                    **self._call_options(),
                )
            scores = {int(e["index"]): float(e["relevance_score"]) for e in response.results}
            relevance = [min(1.0, max(0.0, scores[place])) for place in range(len(texts))]
            tokens = (response.meta or {}).get("tokens") or {}
        except Exception as error:
            raise _translated(error, self._endpoint.model, ProviderUnavailableError) from error
        return RerankReply(
            relevance=relevance,
            input_tokens=int(tokens.get("input_tokens") or 0),
            cost_usd=self._cost(response),
        )

    def _cost(self, response: Any) -> float | None:  # noqa: ANN401 — litellm's own class
        try:
            return float(self._litellm.completion_cost(response))
        except Exception:  # noqa: BLE001 — a model without a price is no failure
            return None

    async def close(self) -> None:
        """Close the connections that litellm keeps for the whole process."""
        await self._litellm.close_litellm_async_clients()
        self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def _embed_once(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                response = await self._litellm.aembedding(
                    input=list(texts), encoding_format="float", **self._call_options()
                )
            vectors = _vectors_in_order(response.data)
        except Exception as error:
            raise _translated(error, self._endpoint.model) from error
        if len(vectors) != len(texts):
            raise EmbedderUnavailableError(
                f"{self._endpoint.model} gave {len(vectors)} vectors for {len(texts)} texts."
            )
        return vectors

    def _call_options(self) -> dict[str, Any]:
        key = self._endpoint.api_key
        return {
            "model": self._endpoint.model,
            "api_base": self._endpoint.api_base,
            "api_key": key.get_secret_value() if key else None,
            "timeout": self._endpoint.timeout_s,
            # Options that a provider does not know are left out instead of refused.
            "drop_params": True,
        }


def _vectors_in_order(data: Sequence[Any]) -> list[list[float]]:
    return [item["embedding"] for item in sorted(data, key=lambda item: int(item["index"]))]


def _translated(
    error: Exception, model: str, unavailable: type[UnavailableError] = EmbedderUnavailableError
) -> MemsvcError:
    """Turn whatever came out of a call into an error of ours.

    The provider's message stays in the cause: it may quote the text or parts of the key.
    """
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    if status in _REFUSED:
        return ConfigurationError(
            f"The provider refuses {model}: {name} ({status}).", provider_status=status
        )
    return unavailable(
        f"{model} did not answer: {name}{f' ({status})' if status else ''}.",
        provider_status=status,
    )


def _import_litellm() -> ModuleType:
    """Import litellm only when a hosted model is used: it costs 2-3 s and 175 MB."""
    # Read at its import; without it litellm fetches a price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # noqa: TID251 - litellm's only switch
    try:
        import litellm  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigurationError(
            "Hosted models need an extra: pip install 'memsvc[llm]'."
        ) from error
    module: ModuleType = litellm
    for name, value in _SWITCHES.items():
        setattr(module, name, value)
    return module
