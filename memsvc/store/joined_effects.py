"""Effects of a bank's operations, read with the operations that had them."""

from typing import Any

from sqlalchemy import Select, select

from memsvc.domain.identifiers import BankId
from memsvc.store import tables as t


def joined_effects(bank_id: BankId) -> Select[Any]:
    """Return the statement of ``target_id``, ``before`` and ``after``; narrow it as needed."""
    effects, operations = t.operation_effects.c, t.operations.c
    return (
        select(effects.target_id, effects.before, effects.after)
        .join(
            t.operations,
            (operations.bank_id == effects.bank_id)
            & (operations.operation_id == effects.operation_id),
        )
        .where(effects.bank_id == bank_id, operations.bank_id == bank_id)
    )
