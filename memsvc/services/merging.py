"""Carrying a merge out, in the caller's transaction: one operation, which undoing takes back."""

from dataclasses import dataclass

from memsvc.domain.identifiers import BankId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Memory, MemoryState, Metadata
from memsvc.domain.operations import (
    NewOperation,
    OperationId,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.domain.thoughts.merging import CARRIED, carried
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import WriteTransaction

_MOST_CARRIED = 200
"""Links that one merge takes over, strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two locked active memories that become one."""

    kept: Memory
    gone: Memory
    score: float
    evidence: Metadata


async def merge_within(
    tx: WriteTransaction, bank_id: BankId, actor: str, merge: Merge, details: Metadata
) -> OperationId:
    """Merge; the links of what goes stay with it, and what stays gets its own of them.

    Returns the operation, which is the entry of the ledger: pair, score and evidence. The caller
    ends with ``settle_facts_anew``.
    """
    kept, gone = merge.kept.id, merge.gone.id
    told = NewLink(
        from_id=gone,
        to_id=kept,
        type=LinkType.MERGED_INTO,
        weight=min(1.0, max(0.01, merge.score)),
        reason="duplicate",
    )
    touching = await tx.links.touching(bank_id, [gone], types=CARRIED, limit=_MOST_CARRIED)
    taken_over = [
        moved for each in touching if (moved := carried(each.link, gone, kept)) is not None
    ]
    added = await tx.links.add(bank_id, [told, *taken_over])
    await tx.memories.set_state(bank_id, gone, MemoryState.MERGED)
    await tx.changes.record(bank_id, sorted((gone, kept)))
    operation = NewOperation(
        kind=OperationKind.MERGE,
        effects=[
            state_effect(gone, MemoryState.ACTIVE, MemoryState.MERGED),
            *(link_effect(each, is_added=True) for each in added),
        ],
        details={
            **details,
            "kept": str(kept),
            "merged": str(gone),
            "score": round(merge.score, 4),
            "evidence": dict(merge.evidence),
        },
    )
    operation_id = await tx.operations.record(bank_id, actor, operation)
    event = AuditEvent(
        operation="memory.merge",
        memory_id=gone,
        details={"operation": str(operation_id), "into": str(kept)},
    )
    await tx.audit.record(bank_id, actor, [event])
    return operation_id
