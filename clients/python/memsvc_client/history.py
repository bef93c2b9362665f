"""What was done to a bank: records, and the calls that ask for them."""

from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.models import Page
from memsvc_client.records import Record


class Operation(Record):
    """Something that was done to a bank in one go."""

    id: UUID
    kind: str
    """Such as ``archive``, ``sweep`` or ``merge``."""
    state: str
    """``applied`` or ``undone``."""
    actor: str
    reason: str | None = None
    effect_count: int
    details: dict[str, JsonValue] | None = None
    undoes: UUID | None = None
    """The operation that this one took back."""
    undone_by: UUID | None = None
    recorded_at: AwareDatetime


class Effect(Record):
    """One aspect of one thing, before and after an operation."""

    aspect: str
    target_id: UUID
    before: JsonValue = None
    after: JsonValue = None


def list_operations(
    bank: Reference, *, kind: str | None = None, memory_id: Reference | None = None
) -> Call[Page[Operation]]:
    """Describe the listing of what was done to a bank."""
    params = listing(kind=kind, memory_id=None if memory_id is None else str(memory_id))
    return Call(
        method="GET", path=f"{bank_path(bank)}/operations", result=Page[Operation], params=params
    )


def get_operation(bank: Reference, operation_id: Reference) -> Call[Operation]:
    """Describe the reading of one operation."""
    return Call(method="GET", path=_path(bank, operation_id), result=Operation)


def list_effects(bank: Reference, operation_id: Reference) -> Call[Page[Effect]]:
    """Describe the listing of what an operation changed."""
    path = f"{_path(bank, operation_id)}/effects"
    return Call(method="GET", path=path, result=Page[Effect], params=listing())


def undo_operation(bank: Reference, operation_id: Reference) -> Call[Operation]:
    """Describe the undoing of an operation."""
    path = f"{_path(bank, operation_id)}/undo"
    return Call(method="POST", path=path, result=Operation, mutates=True)


def _path(bank: Reference, operation_id: Reference) -> str:
    return f"{bank_path(bank)}/operations/{segment(operation_id)}"
