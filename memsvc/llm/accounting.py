"""A call on the account: taken down before it is made, settled whatever comes of it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import CallEnding, CallOutcome, NewModelCall
from memsvc.errors import ConfigurationError, MemsvcError, NeedsReviewError
from memsvc.llm.client import Tries, Used
from memsvc.llm.ledger import CallLedger

_MAYBE_BILLED = (None, 408)
"""Statuses of failures after which a provider may have worked: silence, unreadable answers."""
_UNKNOWN = CallEnding(outcome=CallOutcome.UNAVAILABLE, is_known=False)


@dataclass(slots=True)
class Entry:
    """What a call takes, while it is made."""

    tries: Tries = field(default_factory=Tries)
    ending: CallEnding = _UNKNOWN
    """Set it once there is an answer; until then nobody knows."""


@asynccontextmanager
async def on_account(
    ledger: CallLedger, tenant_id: TenantId, new: NewModelCall
) -> AsyncIterator[Entry]:
    """Take down a call that the block makes, and what came of it.

    Raises ``BudgetExceededError`` before the block. Who leaves it because their time is up cannot
    know what the provider asks for the call: it goes on counting at its estimate.
    """
    call_id = await ledger.reserve(tenant_id, new)
    started = time.perf_counter()
    entry = Entry()
    try:
        yield entry
    except MemsvcError as error:
        entry.ending = _after(error)
        raise
    finally:
        latency_ms = round((time.perf_counter() - started) * 1000)
        taken = replace(entry.ending, latency_ms=latency_ms, tries=entry.tries.made)
        await ledger.settle(tenant_id, call_id, _with_useless(taken, entry.tries))


def answered(new: NewModelCall, used: Used | None) -> CallEnding:
    """Return the ending of a call for numbers; what the provider does not say is as estimated."""
    if used is None:
        used = Used(input_tokens=new.most_tokens, cost_usd=new.most_usd)
    return CallEnding(
        outcome=CallOutcome.OK,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cost_usd=new.most_usd if used.cost_usd is None else used.cost_usd,
    )


def _after(error: MemsvcError) -> CallEnding:
    if isinstance(error, ConfigurationError | NeedsReviewError):
        return CallEnding(outcome=CallOutcome.REFUSED, cost_usd=0.0)
    if error.details.get("provider_status") in _MAYBE_BILLED:
        return _UNKNOWN
    return CallEnding(outcome=CallOutcome.UNAVAILABLE, cost_usd=0.0)


def _with_useless(ending: CallEnding, tries: Tries) -> CallEnding:
    """Add what the answers before have taken; the estimate of an unknown ending covers them."""
    is_priced = ending.cost_usd is not None and tries.cost_usd is not None
    return replace(
        ending,
        input_tokens=ending.input_tokens + tries.input_tokens,
        output_tokens=ending.output_tokens + tries.output_tokens,
        cost_usd=(ending.cost_usd or 0.0) + (tries.cost_usd or 0.0) if is_priced else None,
    )
