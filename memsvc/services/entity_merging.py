"""Merging entities in the caller's transaction: one operation each, which undoing takes back."""

from memsvc.domain.graph.entities import StoredEntity
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Metadata
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    OperationId,
    OperationKind,
)
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import WriteTransaction


async def merge_entities_within(  # noqa: PLR0913 — what the ledger holds
    tx: WriteTransaction,
    bank_id: BankId,
    actor: str,
    *,
    kept: StoredEntity,
    gone: StoredEntity,
    score: float,
    evidence: Metadata,
    details: Metadata,
) -> OperationId:
    """Have ``gone`` be ``kept``; memories keep the names they have, and are read anew.

    The caller has locked the bank's entities; neither is merged yet. Returns the operation, which
    is the entry of the ledger: pair, score and evidence, never names.
    """
    await tx.entities.merge(bank_id, gone.id, kept.id)
    effect = Effect(aspect=Aspect.ENTITY, target_id=gone.id, before=None, after=str(kept.id))
    operation = NewOperation(
        kind=OperationKind.MERGE,
        effects=[effect],
        details={
            **details,
            "of": "entities",
            "kept": str(kept.id),
            "merged": str(gone.id),
            "score": round(score, 4),
            "evidence": dict(evidence),
        },
    )
    operation_id = await tx.operations.record(bank_id, actor, operation)
    await tx.changes.record(bank_id, await tx.entities.mentioning(bank_id, [gone.form]))
    event = AuditEvent(operation="entity.merge", details={"operation": str(operation_id)})
    await tx.audit.record(bank_id, actor, [event])
    return operation_id
