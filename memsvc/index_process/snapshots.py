"""Snapshot files: one for each partition, replaced whole, gone with their bank."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import structlog

from gpu_index import VectorIndex
from gpu_index.errors import VectorIndexError
from memsvc.index_process.partitions import HeldPartition
from memsvc.store.shared_feed import ModelOfBank

_log = structlog.get_logger(__name__)
_SUFFIX = ".vectors"


class Snapshots:
    """A folder of files; ``None`` keeps nothing on disk."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def restore(self, bank: ModelOfBank, index: VectorIndex, source: str) -> bool:
        """Fill the bank's partition from its file; tell whether there was a good one.

        A file that is torn, or of another bank, model or database, fills nothing and goes.
        """
        if self._folder is None or not (path := self._path(bank)).exists():
            return False
        try:
            manifest = index.load(bank.partition, path)
            good = dict(manifest.labels) == _labels(bank, source)
            reason = "it is of another bank, model or database"
        except (VectorIndexError, OSError) as error:
            good, reason = False, str(error)
        if not good:
            index.drop(bank.partition)
            path.unlink(missing_ok=True)
            _log.warning("snapshot.refused", bank_id=str(bank.bank_id), reason=reason)
        return good

    def save(self, held: Iterable[HeldPartition]) -> int:
        """Write the partitions that have changed since they were written; return how many.

        Called where nothing changes them meanwhile. Raises ``OSError``.
        """
        if self._folder is None:
            return 0
        written = 0
        for each in held:
            if not each.is_saved:
                each.index.save(
                    each.bank.partition,
                    self._path(each.bank),
                    _labels(each.bank, each.watermark.source),
                )
                each.is_saved = True
                written += 1
        return written

    def prune(self, banks: Iterable[ModelOfBank]) -> None:
        """Remove the files of partitions that should not be any longer: deleted means gone."""
        if self._folder is None:
            return
        kept = {self._path(bank) for bank in banks}
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def _path(self, bank: ModelOfBank) -> Path:
        assert self._folder is not None  # noqa: S101 — every caller has looked
        # Named by what it holds, so that a clone's files are not mistaken for another's.
        name = hashlib.sha256(f"{bank.bank_id}/{bank.model_id}".encode()).hexdigest()[:16]
        return self._folder / f"{bank.partition}-{name}{_SUFFIX}"


def _labels(bank: ModelOfBank, source: str) -> dict[str, str]:
    return {"bank": str(bank.bank_id), "model": bank.model_id, "source": source}
