"""What operations had done and somebody has taken back."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func

from memsvc.domain.identifiers import BankId
from memsvc.domain.operations import Aspect, OperationKind, OperationState
from memsvc.store import tables as t
from memsvc.store.joined_effects import joined_effects


def undone_effects(
    bank_id: BankId, kind: OperationKind, aspect: Aspect, targets: Collection[UUID]
) -> Select[Any]:
    """Return the statement of ``target_id`` and ``after`` of undone effects on the targets."""
    effects, operations = t.operation_effects.c, t.operations.c
    return joined_effects(bank_id).where(
        operations.kind == kind,
        operations.state == OperationState.UNDONE,
        effects.aspect == aspect,
        effects.target_id == func.any(list(targets)),
    )
