"""The end of an erasure: its receipt, written and signed."""

import secrets
from collections.abc import Mapping
from datetime import UTC

from memsvc.domain.erasure import Erasure, ErasureId, ErasureState, SearchReport, Subject
from memsvc.domain.memory import BankScope, Json
from memsvc.errors import ErasureIncompleteError
from memsvc.ports import Clock
from memsvc.services.erasing.receipts import ReceiptSigner
from memsvc.store.transactions import Store

_SALT_BYTES = 16


class ErasureReceipts:
    """Closes erasures."""

    def __init__(
        self, store: Store, signer: ReceiptSigner, clock: Clock, *, backup_days: int
    ) -> None:
        """Say that copies in backups last ``backup_days``."""
        self._store = store
        self._signer = signer
        self._clock = clock
        self._backup_days = backup_days

    async def close(
        self, scope: BankScope, erasure_id: ErasureId, subject: Subject, report: SearchReport
    ) -> None:
        """Keep the signed receipt; raises ``ErasureIncompleteError`` if something was found."""
        state = ErasureState.INCOMPLETE if report.leftovers else ErasureState.COMPLETE
        async with self._store.read(scope.tenant_id) as tx:
            erasure = await tx.erasures.get(scope.bank_id, erasure_id)
        receipt = await self._signer.sign(self._document(erasure, subject, state, report))
        async with self._store.write(scope.tenant_id) as tx:
            await tx.erasures.close(scope.bank_id, erasure_id, state, receipt)
        if report.leftovers:
            raise ErasureIncompleteError(
                f"Something is left in {', '.join(sorted(report.leftovers))}; retry the job."
            )

    def _document(
        self, erasure: Erasure, subject: Subject, state: ErasureState, report: SearchReport
    ) -> Mapping[str, Json]:
        salt = secrets.token_hex(_SALT_BYTES)
        return {
            "version": 1,
            "erasure_id": str(erasure.id),
            "bank_id": str(erasure.bank_id),
            "state": state.value,
            "subject": {
                "kind": subject.kind.value,
                "salt": salt,
                "sha256": subject.digest(salt),
            },
            "asked_at": erasure.recorded_at.astimezone(UTC).isoformat(),
            "verified_at": self._clock.now().astimezone(UTC).isoformat(),
            "memories": erasure.memory_count,
            "removed": dict(erasure.counts),
            "verification": {
                "searched": dict(report.searched),
                "leftovers": dict(report.leftovers),
                "pending": dict(report.pending),
                "unsearched": list(report.unsearched),
            },
            "backups": f"Backups made before may hold the data for {self._backup_days} days more.",
        }
