"""Operations and their effects: recorded in the transaction that carries them out."""

from sqlalchemy import insert

from memsvc.domain.identifiers import BankId, uuid7
from memsvc.domain.operations import NewOperation, OperationId, OperationState
from memsvc.store import tables as t
from memsvc.store.session import Session


class OperationWriter:
    """Appends operations; what was done is never changed, only marked as undone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, bank_id: BankId, actor: str, new: NewOperation) -> OperationId:
        """Record what the transaction has done; its effects keep their order."""
        now = self._session.clock.now()
        operation_id = OperationId(uuid7(now))
        keys: dict[str, object] = {
            "bank_id": bank_id,
            "operation_id": operation_id,
            "tenant_id": self._session.tenant_id,
        }
        await self._session.connection.execute(
            insert(t.operations).values(
                **keys,
                kind=new.kind,
                state=OperationState.APPLIED,
                actor=actor,
                reason=new.reason,
                effect_count=len(new.effects),
                details=None if new.details is None else dict(new.details),
                undoes=new.undoes,
                recorded_at=now,
            )
        )
        if new.effects:
            await self._session.connection.execute(
                insert(t.operation_effects),
                [
                    keys
                    | {
                        "ordinal": ordinal,
                        "aspect": effect.aspect,
                        "target_id": effect.target_id,
                        "before": effect.before,
                        "after": effect.after,
                    }
                    for ordinal, effect in enumerate(new.effects)
                ],
            )
        return operation_id
