"""The one door to litellm: its import, its switches, its errors, and the retries around it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self, TypeVar

import stamina
from pydantic import SecretStr

from memsvc.errors import (
    ConfigurationError,
    ContentRefusedError,
    EmbedderUnavailableError,
    MemsvcError,
    ProviderUnavailableError,
    RequestRefusedError,
    UnavailableError,
)
from memsvc.llm.pricing import Pricing, TokenPrice

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.5
_REFUSED = frozenset({400, 401, 402, 403, 404, 405, 413, 422})
"""Answers that waiting does not change: the configuration is wrong, the key, or the request."""
_REQUEST_REFUSED = frozenset({400, 413, 422})
"""Of these, the answers that may be about what this one request says."""
_ANSWERED = 200
"""The status of answers that say what they took, though nothing can be done with them."""
_CONTENT_REFUSED = frozenset({"ContentPolicyViolationError", "ContextWindowExceededError"})
"""litellm's names of what providers say of a text: that it is not allowed, or too long."""

_SWITCHES = {
    "telemetry": False,
    "suppress_debug_info": True,
    # Retries are ours, where they are counted; litellm's own would multiply them. Embeddings go by
    # this, chats by the option of each call.
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
    price: TokenPrice | None = None
    """Without one, litellm's list says what calls cost."""


@dataclass(slots=True)
class Tries:
    """How often a provider was asked for one answer, and what its answers of no use took."""

    made: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """``None`` where the model's price is not known."""

    def add_useless(self, used: "Used") -> None:
        """Count what an answer has taken that nothing can be done with: it is billed, too."""
        self.input_tokens += used.input_tokens
        self.output_tokens += used.output_tokens
        is_known = self.cost_usd is not None and used.cost_usd is not None
        self.cost_usd = (self.cost_usd or 0.0) + (used.cost_usd or 0.0) if is_known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the provider says that an answer has taken."""

    input_tokens: int
    output_tokens: int = 0
    cost_usd: float | None
    """``None`` where the model's price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSchema:
    """The form that an answer has to have, as JSON Schema."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """What a model has said, and what that took."""

    text: str
    used: Used | None
    """``None`` where the provider does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedReply:
    """One vector for each text, in their order, and what that took."""

    vectors: Sequence[Sequence[float]]
    used: Used | None
    """``None`` where the provider does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankReply:
    """How relevant texts are, 0 to 1, in their order, and what that took."""

    relevance: Sequence[float]
    used: Used | None
    """``None`` where the provider does not say."""


Reply = TypeVar("Reply")


class ProviderClient:
    """Calls one hosted model. Every failure comes out as an error of ours."""

    def __init__(self, litellm: ModuleType, endpoint: ProviderEndpoint) -> None:
        self._litellm = litellm
        self._endpoint = endpoint
        self.pricing = Pricing(litellm, endpoint.model, endpoint.price)

    @classmethod
    async def open(cls, endpoint: ProviderEndpoint) -> Self:
        """Return a client; the first one in a process takes seconds, off the event loop.

        Raises ``ConfigurationError`` when litellm is not installed.
        """
        return cls(await asyncio.to_thread(_import_litellm), endpoint)

    async def embed(self, texts: Sequence[str], tries: Tries | None = None) -> EmbedReply:
        """Return one vector per text, in order, as the provider gave them.

        Tries again what may pass (429, 5xx, unreadable answers) until ``timeout_s`` is used up,
        then raises ``EmbedderUnavailableError``; what waiting cannot mend is a
        ``ConfigurationError`` at once.
        """
        counted = tries or Tries()
        return await self._patiently(
            lambda: self._embed_once(texts, counted), EmbedderUnavailableError, counted
        )

    async def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        schema: ResponseSchema,
        *,
        most_tokens: int,
        tries: Tries | None = None,
    ) -> ChatReply:
        """Return the model's answer to ``messages``, asked to hold to ``schema``.

        Tries again what may pass until ``timeout_s`` is used up, then raises
        ``ProviderUnavailableError``. What waiting cannot mend is raised at once:
        ``ContentRefusedError`` if the provider says that it is about the text,
        ``RequestRefusedError`` if it may be, else ``ConfigurationError``.
        """
        counted = tries or Tries()
        return await self._patiently(
            lambda: self._chat_once(messages, schema, most_tokens, counted),
            ProviderUnavailableError,
            counted,
        )

    async def rerank(
        self, question: str, texts: Sequence[str], tries: Tries | None = None
    ) -> RerankReply:
        """Return how relevant each text is; not tried again, since somebody waits.

        Raises ``ProviderUnavailableError``, or ``ConfigurationError`` for what waiting cannot mend.
        """
        counted = tries or Tries()
        counted.made += 1
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
            said = (response.meta or {}).get("tokens") or {}
            tokens = int(said.get("input_tokens") or 0)
        except Exception as error:
            raise _translated(error, self._endpoint.model, ProviderUnavailableError) from error
        cost = self.pricing.of_reranking(tokens, len(texts))
        used = Used(input_tokens=tokens, cost_usd=cost) if tokens else None
        if not scores.keys() >= set(range(len(texts))):
            told = f"scored {len(scores)} of {len(texts)} texts"
            raise self._useless(told, ProviderUnavailableError, counted, used)
        relevance = [min(1.0, max(0.0, scores[place])) for place in range(len(texts))]
        return RerankReply(relevance=relevance, used=used)

    async def close(self) -> None:
        """Close the connections that litellm keeps for the whole process."""
        await self._litellm.close_litellm_async_clients()
        self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def _patiently(
        self,
        once: Callable[[], Awaitable[Reply]],
        passing: type[UnavailableError],
        tries: Tries,
    ) -> Reply:
        # As a context, not around a function: stamina would log the arguments, which are memories.
        async for attempt in stamina.retry_context(
            on=passing,
            attempts=_ATTEMPTS,
            timeout=self._endpoint.timeout_s,
            wait_initial=_FIRST_PAUSE_S,
        ):
            with attempt:
                tries.made += 1
                return await once()
        raise AssertionError  # pragma: no cover — the last failure is raised by stamina

    async def _chat_once(
        self,
        messages: Sequence[Mapping[str, str]],
        schema: ResponseSchema,
        most_tokens: int,
        tries: Tries,
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
            said = int(response.usage.prompt_tokens), int(response.usage.completion_tokens)
            texts = [each.message.content or "" for each in response.choices]
        except Exception as error:
            raise _translated_of_chat(error, self._endpoint.model) from error
        cost = self.pricing.of_response(response, lambda: self.pricing.of_chat(*said))
        # litellm says 0 for what the provider does not say.
        used = (
            Used(input_tokens=said[0], output_tokens=said[1], cost_usd=cost) if any(said) else None
        )
        if not texts:
            raise self._useless("gave no answer", ProviderUnavailableError, tries, used)
        return ChatReply(text=texts[0], used=used)

    async def _embed_once(self, texts: Sequence[str], tries: Tries) -> EmbedReply:
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                response = await self._litellm.aembedding(
                    input=list(texts), encoding_format="float", **self._call_options()
                )
            vectors = _vectors_in_order(response.data)
            said = response.usage
            tokens = 0 if said is None else int(said.prompt_tokens or said.total_tokens or 0)
        except Exception as error:
            raise _translated(error, self._endpoint.model) from error
        cost = self.pricing.of_response(response, lambda: self.pricing.of_embedding(tokens))
        used = Used(input_tokens=tokens, cost_usd=cost) if tokens else None
        if len(vectors) != len(texts):
            told = f"gave {len(vectors)} vectors for {len(texts)} texts"
            raise self._useless(told, EmbedderUnavailableError, tries, used)
        return EmbedReply(vectors=vectors, used=used)

    def _useless(
        self, told: str, error: type[UnavailableError], tries: Tries, used: Used | None
    ) -> UnavailableError:
        """Return the error about an answer of no use, and count what it took."""
        if used is not None:
            tries.add_useless(used)
        status = None if used is None else _ANSWERED
        return error(f"{self._endpoint.model} {told}.", provider_status=status)

    def _call_options(self) -> dict[str, Any]:
        key = self._endpoint.api_key
        return {
            "model": self._endpoint.model,
            "api_base": self._endpoint.api_base,
            "api_key": key.get_secret_value() if key else None,
            "timeout": self._endpoint.timeout_s,
            "max_retries": 0,  # see _SWITCHES
            # Options that a provider does not know are left out instead of refused.
            "drop_params": True,
        }


def _vectors_in_order(data: Sequence[Any]) -> list[list[float]]:
    """Return the vectors that there are; an item may lack its own."""
    ordered = sorted(data, key=lambda item: int(item["index"]))
    return [item["embedding"] for item in ordered if item["embedding"] is not None]


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


def _translated_of_chat(error: Exception, model: str) -> MemsvcError:
    """Translate as for every call, but tell what may be about the texts that were sent."""
    status, name = getattr(error, "status_code", None), type(error).__name__
    if status not in _REQUEST_REFUSED:
        return _translated(error, model, ProviderUnavailableError)
    kind = ContentRefusedError if name in _CONTENT_REFUSED else RequestRefusedError
    return kind(
        f"The provider refuses what {model} was sent: {name} ({status}).", provider_status=status
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
