"""How banks judge whether questions are answered."""

from fastapi import APIRouter

from memsvc.api.dependencies import Bank, CalibrationsUseCase, CurrentCaller, IdempotencyKey
from memsvc.api.documentation import problems
from memsvc.api.schemas.calibrations import CalibrationModel, CalibrationResponse
from memsvc.errors import BankNotFoundError, ConflictError

router = APIRouter(prefix="/v1/banks/{bank}", tags=["recall"])


@router.get("/calibration", responses=problems(BankNotFoundError))
async def get_calibration(
    bank: Bank, calibrations: CalibrationsUseCase, caller: CurrentCaller
) -> CalibrationResponse:
    """Read how a bank judges, and what a calibration has to be made for."""
    return CalibrationResponse.of(await calibrations.get(caller, bank))


@router.put("/calibration", responses=problems(BankNotFoundError, ConflictError, changes=True))
async def set_calibration(
    body: CalibrationModel,
    bank: Bank,
    calibrations: CalibrationsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> CalibrationResponse:
    """Have a bank judge by a calibration; one that was made for another ranking is refused."""
    outcome = await calibrations.set(
        caller, bank, body.to_calibration(), body.to_origin(), idempotency.key
    )
    return CalibrationResponse.of(idempotency.settle(outcome))


@router.delete("/calibration", responses=problems(BankNotFoundError, changes=True))
async def clear_calibration(
    bank: Bank,
    calibrations: CalibrationsUseCase,
    caller: CurrentCaller,
    idempotency: IdempotencyKey,
) -> CalibrationResponse:
    """Have a bank judge as the model does."""
    outcome = await calibrations.clear(caller, bank, idempotency.key)
    return CalibrationResponse.of(idempotency.settle(outcome))
