"""Budgets hold before a call is made: in tokens and in money, for every tenant its own."""

import asyncio
from uuid import UUID

import pytest

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import Budget, Budgets, CallEnding, CallOutcome, NewModelCall
from memsvc.errors import BudgetExceededError
from memsvc.llm.pricing import TokenPrice
from memsvc.services.commands import Caller
from memsvc.services.model_calls import ModelCalls
from memsvc.services.organising.assembly import budgets_of
from memsvc.settings import LanguageModelSettings
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.openai_server import Reply, chat
from tests.fixtures.scripted_model import Build
from tests.integration.llm.test_organising_model import WINDOW

OTHER_TENANT = TenantId(UUID("00000000-0000-7000-8000-000000000002"))
PRICE = TokenPrice(input=1.0, output=1_000.0)
"""500 tokens of an answer cost 0.5 USD, and its question next to nothing."""
ANSWER = '{"items": []}'


def priced(usd: float | None, *, tokens: int = 100) -> NewModelCall:
    return NewModelCall(
        purpose="test",
        model="m",
        prompt_id="p",
        prompt_version=1,
        most_tokens=tokens,
        most_usd=usd,
    )


def calls_within(store: Store, budget: Budget, **own: Budget) -> ModelCalls:
    tenants = {OTHER_TENANT: own["other"]} if own else {}
    return ModelCalls(store, SystemClock(), Budgets(everybody=budget, own=tenants))


async def test_a_call_that_could_overrun_the_money_is_not_made(scripted_model: Build) -> None:
    scripted = scripted_model(Budgets(everybody=Budget(usd_per_day=0.4)), PRICE)

    with pytest.raises(BudgetExceededError, match=r"does not cover another call of up to 0\.50"):
        await scripted.extractor.extract(DEFAULT_TENANT, WINDOW)

    assert scripted.server.requests == []
    assert await scripted.usage() == []


async def test_what_a_call_did_not_take_is_free_again(scripted_model: Build) -> None:
    scripted = scripted_model(Budgets(everybody=Budget(usd_per_day=0.6)), PRICE)
    scripted.server.script.extend([chat(ANSWER, tokens=(1_000, 20))] * 3)

    for _ in range(3):
        await scripted.extractor.extract(DEFAULT_TENANT, WINDOW)

    [usage] = await scripted.usage()
    assert usage.cost_usd == pytest.approx(3 * (0.001 + 0.02), rel=1e-5)
    assert (usage.input_tokens, usage.output_tokens) == (3_000, 60)


async def test_calls_at_once_do_not_overrun_the_money_together(scripted_model: Build) -> None:
    scripted = scripted_model(Budgets(everybody=Budget(usd_per_day=1.2)), PRICE)
    answer = chat(ANSWER, tokens=(1_000, 400))
    slow = Reply(body=answer.body, delay_s=0.5)
    scripted.server.script.extend([slow] * 5)

    outcomes = await asyncio.gather(
        *(scripted.extractor.extract(DEFAULT_TENANT, WINDOW) for _ in range(5)),
        return_exceptions=True,
    )

    refused = [each for each in outcomes if isinstance(each, BudgetExceededError)]
    assert (len(refused), len(scripted.server.requests)) == (3, 2)
    [usage] = await scripted.usage()
    assert usage.cost_usd == pytest.approx(2 * 0.401, rel=1e-5)


async def test_a_model_of_unknown_price_is_not_called_on_a_budget_in_money(
    scripted_model: Build,
) -> None:
    scripted = scripted_model(Budgets(everybody=Budget(usd_per_day=1_000.0)))
    with pytest.raises(BudgetExceededError, match="price of openai/scripted is not known"):
        await scripted.extractor.extract(DEFAULT_TENANT, WINDOW)
    assert scripted.server.requests == []

    free = scripted_model(Budgets(everybody=Budget(tokens_per_day=100_000)))
    free.server.script.append(chat(ANSWER))
    await free.extractor.extract(DEFAULT_TENANT, WINDOW)
    [usage] = await free.usage()
    assert (usage.calls, usage.cost_usd) == (1, 0.0)


async def test_a_call_whose_process_dies_counts_at_its_estimate(store: Store) -> None:
    calls = calls_within(store, Budget(usd_per_day=1.0))
    await calls.reserve(DEFAULT_TENANT, priced(0.7))

    with pytest.raises(BudgetExceededError, match=r"0\.700000 are used"):
        await calls.reserve(DEFAULT_TENANT, priced(0.7))


async def test_an_ending_that_nobody_knows_leaves_the_estimate(store: Store) -> None:
    calls = calls_within(store, Budget(usd_per_day=1.0))
    call_id = await calls.reserve(DEFAULT_TENANT, priced(0.7))
    ending = CallEnding(outcome=CallOutcome.UNAVAILABLE, is_known=False, tries=2)
    await calls.settle(DEFAULT_TENANT, call_id, ending)

    [usage] = await calls.usage(Caller(tenant_id=DEFAULT_TENANT, actor="test"), 1)
    assert (usage.input_tokens, usage.tries, usage.failures) == (100, 2, 1)
    assert usage.cost_usd == pytest.approx(0.7)


async def test_thousands_of_small_costs_add_up(store: Store) -> None:
    calls = calls_within(store, Budget(usd_per_day=100.0001))
    await calls.reserve(DEFAULT_TENANT, priced(100.0))
    for _ in range(9):
        await calls.reserve(DEFAULT_TENANT, priced(1e-5))
    with pytest.raises(BudgetExceededError):
        await calls.reserve(DEFAULT_TENANT, priced(2e-5))


async def test_a_tenant_is_held_to_its_own_budget_and_to_nobody_elses(store: Store) -> None:
    calls = calls_within(
        store, Budget(tokens_per_day=150), other=Budget(tokens_per_day=250, usd_per_day=1.0)
    )
    for tenant_id, fitting in ((DEFAULT_TENANT, 1), (OTHER_TENANT, 2)):
        for _ in range(fitting):
            await calls.reserve(tenant_id, priced(0.1))
        with pytest.raises(BudgetExceededError):
            await calls.reserve(tenant_id, priced(0.1))
    assert calls.budget_of(OTHER_TENANT).usd_per_day == 1.0


def test_budgets_of_tenants_take_what_they_do_not_say_from_everybodys() -> None:
    settings = LanguageModelSettings.model_validate(
        {
            "tokens_per_day": 1_000,
            "usd_per_day": 2.0,
            "tenants": {
                OTHER_TENANT.hex: {"tokens_per_day": 5},
                str(DEFAULT_TENANT): {"usd_per_day": None},
            },
        }
    )

    budgets = budgets_of(settings)

    assert budgets.of(OTHER_TENANT) == Budget(tokens_per_day=5, usd_per_day=2.0)
    assert budgets.of(DEFAULT_TENANT) == Budget(tokens_per_day=1_000, usd_per_day=None)
    assert budgets.of(TenantId(UUID(int=3))) == Budget(tokens_per_day=1_000, usd_per_day=2.0)
