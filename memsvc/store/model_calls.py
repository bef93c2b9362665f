"""The record of language model calls, which is the account of a tenant's budget as well."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Double, cast, func, insert, select, text, update
from sqlalchemy.types import Date

from memsvc.domain.identifiers import uuid7
from memsvc.domain.model_calls import (
    Budget,
    CallEnding,
    CallOutcome,
    ModelCallId,
    NewModelCall,
    Usage,
)
from memsvc.errors import BudgetExceededError
from memsvc.store import tables as t
from memsvc.store.session import Session

_FAILED = (CallOutcome.INVALID, CallOutcome.UNAVAILABLE, CallOutcome.REFUSED)
_COST = func.coalesce(func.sum(cast(t.model_calls.c.cost_usd, Double)), 0.0)
"""In double precision: a day's sum of single ones would lose what embedding a text costs."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant, 7))")


class ModelCallReader:
    """Sums calls up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def usage(self, since: datetime) -> Sequence[Usage]:
        """Return what was used from ``since`` on, newest day first."""
        columns = t.model_calls.c
        day = cast(func.timezone("UTC", columns.started_at), Date)
        statement = (
            select(
                day.label("day"),
                columns.purpose,
                columns.model,
                func.count().label("calls"),
                func.sum(columns.input_tokens).label("input_tokens"),
                func.sum(columns.output_tokens).label("output_tokens"),
                _COST.label("cost_usd"),
                func.sum(columns.tries).label("tries"),
                func.sum(columns.validation_errors).label("validation_errors"),
                func.count().filter(columns.outcome.in_(_FAILED)).label("failures"),
                func.max(columns.started_at).label("latest_at"),
            )
            .where(columns.tenant_id == self._session.tenant_id, columns.started_at >= since)
            .group_by(day, columns.purpose, columns.model)
            .order_by(day.desc(), columns.purpose, columns.model)
        )
        return [
            Usage(
                day=row.day,
                purpose=row.purpose,
                model=row.model,
                calls=row.calls,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                cost_usd=float(row.cost_usd),
                tries=row.tries,
                validation_errors=row.validation_errors,
                failures=row.failures,
                latest_at=row.latest_at,
            )
            for row in await self._session.connection.execute(statement)
        ]


class ModelCallWriter(ModelCallReader):
    """Takes calls down before they are made, so that no two together exceed a budget."""

    async def reserve(self, new: NewModelCall, budget: Budget) -> ModelCallId:
        """Take down a call that may be made, at its estimate.

        Raises ``BudgetExceededError`` when the day's budget does not cover it. Those who ask at
        once take turns; a call whose process dies keeps counting at its estimate.
        """
        now = self._session.clock.now()
        if budget.is_bounded:
            await self._session.connection.execute(_LOCK, {"tenant": str(self._session.tenant_id)})
            await self._refuse_beyond(budget, new, now)
        call_id = ModelCallId(uuid7(now))
        await self._session.connection.execute(
            insert(t.model_calls).values(
                tenant_id=self._session.tenant_id,
                call_id=call_id,
                purpose=new.purpose,
                model=new.model,
                prompt_id=new.prompt_id,
                prompt_version=new.prompt_version,
                outcome=CallOutcome.RUNNING,
                input_tokens=new.most_tokens,
                output_tokens=0,
                cost_usd=new.most_usd,
                latency_ms=0,
                tries=0,
                validation_errors=0,
                started_at=now,
            )
        )
        return call_id

    async def settle(self, call_id: ModelCallId, ending: CallEnding) -> None:
        """Replace the estimate by what the call has taken, if that is known."""
        columns = t.model_calls.c
        taken = {
            "input_tokens": ending.input_tokens,
            "output_tokens": ending.output_tokens,
            "cost_usd": ending.cost_usd,
        }
        await self._session.connection.execute(
            update(t.model_calls)
            .where(columns.tenant_id == self._session.tenant_id, columns.call_id == call_id)
            .values(
                outcome=ending.outcome,
                latency_ms=ending.latency_ms,
                tries=ending.tries,
                validation_errors=ending.validation_errors,
                **(taken if ending.is_known else {}),
            )
        )

    async def _refuse_beyond(self, budget: Budget, new: NewModelCall, now: datetime) -> None:
        columns = t.model_calls.c
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        statement = select(
            func.coalesce(func.sum(columns.input_tokens + columns.output_tokens), 0),
            _COST,
        ).where(columns.tenant_id == self._session.tenant_id, columns.started_at >= midnight)
        tokens, usd = (await self._session.connection.execute(statement)).one()
        renewed = f"it is renewed at {midnight + timedelta(days=1):%Y-%m-%d %H:%M} UTC"
        if budget.tokens_per_day is not None and tokens + new.most_tokens > budget.tokens_per_day:
            raise BudgetExceededError(
                f"Today's budget of {budget.tokens_per_day} tokens does not cover another call"
                f" of up to {new.most_tokens} ({tokens} are used); {renewed}."
            )
        if budget.usd_per_day is None:
            return
        if new.most_usd is None:
            raise BudgetExceededError(
                f"The price of {new.model} is not known, so that a budget in USD cannot be kept:"
                " state it in the settings, or give a budget in tokens alone."
            )
        if usd + new.most_usd > budget.usd_per_day:
            raise BudgetExceededError(
                f"Today's budget of {budget.usd_per_day} USD does not cover another call of up to"
                f" {new.most_usd:.6f} ({usd:.6f} are used); {renewed}."
            )
