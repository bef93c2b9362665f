"""Asking a model for an answer of a form: checked, repaired once, accounted for."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel, JsonValue, ValidationError

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import CallOutcome, NewModelCall
from memsvc.errors import NeedsReviewError
from memsvc.llm.accounting import answered, on_account
from memsvc.llm.client import ChatReply, ProviderClient, ProviderEndpoint, ResponseSchema
from memsvc.llm.estimates import most_tokens
from memsvc.llm.ledger import CallLedger
from memsvc.llm.prompt_files import Prompt

_log = structlog.get_logger(__name__)

_MOST_FAULTS = 20

Answer = TypeVar("Answer", bound=BaseModel)
_Messages = list[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Answer]):
    """A task and its data."""

    prompt: Prompt
    data: JsonValue
    """Goes to the model as one JSON document: no text in it can pass for anything else."""
    answer: type[Answer]


class StructuredModel:
    """Asks one hosted model. Its answers are data: parsed, checked, never evaluated."""

    def __init__(
        self, endpoint: ProviderEndpoint, ledger: CallLedger, *, most_output_tokens: int
    ) -> None:
        """Import and connect to nothing yet: the first question does."""
        self._endpoint = endpoint
        self._ledger = ledger
        self._most_output_tokens = most_output_tokens
        self._client: ProviderClient | None = None
        self._opening = asyncio.Lock()

    @property
    def model(self) -> str:
        """The model as litellm writes it."""
        return self._endpoint.model

    async def ask(self, tenant_id: TenantId, question: Question[Answer]) -> Answer:
        """Return the answer; one that does not hold to its form is sent back once.

        Raises ``NeedsReviewError`` if the second does not either, or if the provider refuses what
        it is sent; ``BudgetExceededError`` before a call that the tenant's budget does not cover,
        ``ProviderUnavailableError`` and ``ConfigurationError``.
        """
        messages: _Messages = [
            {"role": "system", "content": question.prompt.text},
            {"role": "user", "content": json.dumps(question.data, ensure_ascii=False)},
        ]
        first = await self._attempt(tenant_id, question, messages)
        if isinstance(first.parsed, question.answer):
            return first.parsed
        messages += [
            {"role": "assistant", "content": first.reply.text},
            {"role": "user", "content": _complaint(first.faults)},
        ]
        second = await self._attempt(tenant_id, question, messages)
        if isinstance(second.parsed, question.answer):
            return second.parsed
        _log.warning("model.answer_unusable", prompt=question.prompt.id, faults=len(second.faults))
        raise NeedsReviewError(
            f"{self.model} answered the prompt {question.prompt.id} twice in a form that cannot be"
            f" used ({len(second.faults)} faults). Retry the job, or use another model."
        )

    async def close(self) -> None:
        """Close the provider's connections, if there are any."""
        if self._client is not None:
            await self._client.close()

    async def _opened(self) -> ProviderClient:
        async with self._opening:
            if self._client is None:
                self._client = await ProviderClient.open(self._endpoint)
            return self._client

    async def _attempt(
        self, tenant_id: TenantId, question: Question[Answer], messages: Sequence[Mapping[str, str]]
    ) -> "_Attempt":
        client = await self._opened()
        schema = question.answer.model_json_schema()
        new = self._new_call(client, question.prompt, messages, schema)
        async with on_account(self._ledger, tenant_id, new) as entry:
            reply = await client.chat(
                messages,
                ResponseSchema(name=question.prompt.id, schema=schema),
                most_tokens=self._most_output_tokens,
                tries=entry.tries,
            )
            attempt = _read(reply, question.answer)
            entry.ending = replace(
                answered(new, reply.used),
                outcome=CallOutcome.OK if attempt.parsed else CallOutcome.INVALID,
                validation_errors=len(attempt.faults),
            )
        return attempt

    def _new_call(
        self,
        client: ProviderClient,
        prompt: Prompt,
        messages: Sequence[Mapping[str, str]],
        schema: Mapping[str, object],
    ) -> NewModelCall:
        asked = most_tokens(len(json.dumps([*messages, schema], ensure_ascii=False).encode()))
        return NewModelCall(
            purpose=prompt.purpose,
            model=self.model,
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            most_tokens=asked + self._most_output_tokens,
            most_usd=client.pricing.of_chat(asked, self._most_output_tokens),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    reply: ChatReply
    parsed: BaseModel | None
    faults: Sequence[str]
    """Where the answer breaks its form and how, without its text."""


def _read(reply: ChatReply, answer: type[BaseModel]) -> _Attempt:
    try:
        parsed = answer.model_validate_json(_unfenced(reply.text))
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        return _Attempt(reply=reply, parsed=None, faults=faults)
    return _Attempt(reply=reply, parsed=parsed, faults=())


def _unfenced(text: str) -> str:
    """Return the text without the code fence that some models put around JSON."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped.removeprefix("```json").removeprefix("```").removesuffix("```")
    return stripped


def _complaint(faults: Sequence[str]) -> str:
    listed = "\n".join(faults[:_MOST_FAULTS])
    return (
        f"The answer does not hold to the schema. Answer again, whole, with these mended:\n{listed}"
    )
