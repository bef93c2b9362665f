"""``python -m bench cost``: what organising asks of a language model, beside what A-MEM asks."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict

from memsvc_client import Episode

from bench.amem_calls import Prompted, amem_calls
from bench.errors import BenchError
from bench.options import OutOption
from bench.organise import UNHURRIED, SetOption
from bench.organising import organise_set
from bench.progress import console, progress
from bench.results import describe_run, write_results
from bench.scripted_model import ReceivedCall, running_model
from bench.service import ServiceOptions, measured_service
from bench.texts import installed_models
from memsvc.cli.evaluation.sets import EvaluationSet, read_set
from memsvc.domain.organising.extraction import WindowItem
from memsvc.embedding.factory import open_embedder
from memsvc.embedding.token_counters import open_token_counter
from memsvc.ports import TokenCounter
from memsvc.settings import Settings

MOST_CALLS_PER_TURN = 0.1
MOST_TOKEN_SHARE = 0.5
_UNDATED = datetime(2024, 1, 1, tzinfo=UTC)


class Bill(TypedDict):
    """What calls of a model have brought to it."""

    calls: int
    calls_per_10_turns: float
    prompt_tokens: int
    """Of the messages."""
    schema_tokens: int
    """Of the answers' schemas, which providers count as prompt too."""
    tokens_per_turn: float
    """Both."""


class CostResult(TypedDict):
    """Ours against two calls a turn."""

    turns: int
    tokenizer: str
    ours: Bill
    amem: Bill
    token_share: float
    """Ours over A-MEM's, schemas included."""
    message_token_share: float
    """The same without schemas."""
    meets: bool
    """At most a call for ten turns, and half the tokens with schemas and without."""


def cost(*, data: SetOption, out: OutOption) -> None:
    """Organise a set with a scripted model, and count what A-MEM would have asked for its turns."""
    loaded = read_set(data)
    if not any(corpus.episodes for corpus in loaded.corpora.values()):
        raise BenchError(f"{data} holds no conversations: there are no turns to count.")
    environment = dict(UNHURRIED)
    with running_model() as model:
        environment |= model.environment()
        with measured_service(ServiceOptions(environment=environment)) as service:
            described = service.describe()
            organise_set(service, loaded, only=["organise"])
    result = asyncio.run(_compared(loaded, model.calls))
    settings = describe_run(command="cost", service=described)
    write_results(out, {"sets": {loaded.name: result}, "settings": settings})
    console.print(
        f"{result['turns']} turns: {result['ours']['calls']} calls and"
        f" {result['ours']['tokens_per_turn']} tokens a turn; A-MEM {result['amem']['calls']} and"
        f" {result['amem']['tokens_per_turn']}; share of tokens {result['token_share']}"
    )


async def _compared(data: EvaluationSet, calls: Sequence[ReceivedCall]) -> CostResult:
    settings = Settings()
    embedder = await open_embedder(settings.embedding, installed_models())
    try:
        tokens = open_token_counter(settings.tokens, embedder)
        theirs = Prompted(calls=0, prompt_tokens=0, schema_tokens=0)
        turns = 0
        with progress("A-MEM's calls", len(data.corpora)) as advance:
            for corpus in data.corpora.values():
                conversation = turns_of(corpus.episodes)
                turns += len(conversation)
                theirs += await amem_calls(conversation, embedder, tokens)
                advance(1)
        ours = brought(calls, tokens)
    finally:
        await embedder.close()
    return compare(turns, tokens.name, ours, theirs)


def turns_of(episodes: Sequence[Episode]) -> list[WindowItem]:
    """Return the turns of a conversation in order, numbered from 1."""
    messages = [message for episode in episodes for message in episode.messages or ()]
    return [
        WindowItem(
            handle=number,
            text=each.text,
            speaker=each.speaker,
            occurred_at=each.occurred_at or _UNDATED,
            language="en",
        )
        for number, each in enumerate(messages, start=1)
    ]


def brought(calls: Sequence[ReceivedCall], tokens: TokenCounter) -> Prompted:
    """Return what the calls have brought, repairs included."""
    messages = tokens.count([text for each in calls for text in each.messages])
    return Prompted(
        calls=len(calls),
        prompt_tokens=sum(messages),
        schema_tokens=sum(tokens.count([each.schema for each in calls])),
    )


def compare(turns: int, tokenizer: str, ours: Prompted, theirs: Prompted) -> CostResult:
    """Return both bills and whether the aims are met."""
    share = ours.all_tokens / theirs.all_tokens
    message_share = ours.prompt_tokens / theirs.prompt_tokens
    return CostResult(
        turns=turns,
        tokenizer=tokenizer,
        ours=_bill(turns, ours),
        amem=_bill(turns, theirs),
        token_share=round(share, 3),
        message_token_share=round(message_share, 3),
        meets=ours.calls <= MOST_CALLS_PER_TURN * turns
        and max(share, message_share) <= MOST_TOKEN_SHARE,
    )


def _bill(turns: int, prompted: Prompted) -> Bill:
    return Bill(
        calls=prompted.calls,
        calls_per_10_turns=round(10 * prompted.calls / turns, 3),
        prompt_tokens=prompted.prompt_tokens,
        schema_tokens=prompted.schema_tokens,
        tokens_per_turn=round(prompted.all_tokens / turns, 1),
    )
