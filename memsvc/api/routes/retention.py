"""Forgetting: policies, sweeps with their previews, forecasts."""

from fastapi import APIRouter, status

from memsvc.api.dependencies import (
    Bank,
    CurrentCaller,
    DecayReplayUseCase,
    IdempotencyKey,
    RetentionUseCase,
)
from memsvc.api.documentation import problems
from memsvc.api.schemas.decay_replays import DecayReplayRequest, DecayReplayResponse
from memsvc.api.schemas.retention import (
    ForecastRequest,
    ForecastResponse,
    ForecastsResponse,
    PolicyModel,
    PolicyResponse,
    PreviewRequest,
    PreviewResponse,
    SweepRequest,
    SweepResponse,
)
from memsvc.errors import BankNotFoundError, NoRetentionPolicyError

router = APIRouter(prefix="/v1/banks/{bank}", tags=["forgetting"])
_CHANGE_PROBLEMS = problems(BankNotFoundError, changes=True)
_LOOK_PROBLEMS = problems(BankNotFoundError, NoRetentionPolicyError)


@router.get("/retention-policy", responses=problems(BankNotFoundError))
async def get_retention_policy(
    bank: Bank, retention: RetentionUseCase, caller: CurrentCaller
) -> PolicyResponse:
    """Read the policy of a bank; without one nothing of it fades."""
    return PolicyResponse.of(await retention.policy(caller, bank))


@router.put("/retention-policy", responses=_CHANGE_PROBLEMS)
async def set_retention_policy(
    body: PolicyModel,
    bank: Bank,
    retention: RetentionUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> PolicyResponse:
    """Have a policy hold from now on; the bank is swept by it every hour."""
    outcome = await retention.set_policy(caller, bank, body.to_policy(), idempotency.key)
    return PolicyResponse.of(idempotency.settle(outcome).stored)


@router.delete("/retention-policy", responses=_CHANGE_PROBLEMS)
async def clear_retention_policy(
    bank: Bank,
    retention: RetentionUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> PolicyResponse:
    """Have nothing of a bank fade from now on; what is archived stays archived."""
    outcome = await retention.set_policy(caller, bank, None, idempotency.key)
    return PolicyResponse.of(idempotency.settle(outcome).stored)


@router.post("/prune:preview", responses=_LOOK_PROBLEMS)
async def preview_prune(
    body: PreviewRequest, bank: Bank, retention: RetentionUseCase, caller: CurrentCaller
) -> PreviewResponse:
    """List what a sweep would archive, and why; changes nothing."""
    plan = await retention.preview(caller, bank, body.to_policy(), body.now)
    return PreviewResponse.of(plan, body.start(), body.limit)


@router.post(
    "/prune",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BankNotFoundError, NoRetentionPolicyError, changes=True),
)
async def prune_bank(
    body: SweepRequest,
    bank: Bank,
    retention: RetentionUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> SweepResponse:
    """Archive what has faded: one operation, carried out by a job, undone as a whole."""
    outcome = await retention.sweep(caller, bank, body.to_policy(), body.now, idempotency.key)
    return SweepResponse.of(idempotency.settle(outcome))


@router.post("/decay:forecast", responses=_LOOK_PROBLEMS)
async def forecast_decay(
    body: ForecastRequest, bank: Bank, retention: RetentionUseCase, caller: CurrentCaller
) -> ForecastsResponse:
    """Say what will fade when, under the bank's policy or others."""
    found = await retention.foresee(
        caller, bank, body.to_policies(), days=body.days, listed=body.listed
    )
    return ForecastsResponse(forecasts=[ForecastResponse.of(each) for each in found])


@router.post("/decay:replay", responses=_LOOK_PROBLEMS)
async def replay_decay(
    body: DecayReplayRequest, bank: Bank, replay: DecayReplayUseCase, caller: CurrentCaller
) -> DecayReplayResponse:
    """Say which recorded answers would have lost hits under a policy; nothing is changed."""
    past = await replay(caller, bank, body.to_policy(), body.recalls)
    return DecayReplayResponse.of(past, body.listed)
