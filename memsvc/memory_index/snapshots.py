"""Snapshots of banks held in memory: a restart resumes from them and catches up."""

import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from gpu_index import VectorIndexError
from memsvc.domain.bm25 import Bm25
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_keys
from memsvc.domain.index_states import SnapshotState
from memsvc.domain.memory import BankScope
from memsvc.domain.segment_arrays import analysis_stamp, from_arrays, to_arrays
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.memory_index.snapshot_folder import (
    SavedSnapshot,
    SnapshotFolder,
    SnapshotLabels,
    SnapshotRefusedError,
    labels_of,
)
from memsvc.ports import FeedRequest, Watermark

_log = structlog.get_logger(__name__)

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    zipfile.BadZipFile,
    VectorIndexError,
    IndexUnavailableError,
)
"""What reading a file that is torn, altered or gone ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A bank's contents as a snapshot had them."""

    contents: BankContents
    watermark: Watermark


class Snapshots:
    """Writes and reads the contents of replicas. Blocking; safe to use from any thread."""

    def __init__(self, folder: SnapshotFolder, ranking: Bm25 | None) -> None:
        """Keep snapshots in ``folder``; indexes read from it rank by ``ranking``."""
        self._folder = folder
        self._ranking = ranking
        self._analysis = analysis_stamp()

    def labels(self, scope: BankScope, request: FeedRequest, source: str) -> SnapshotLabels:
        """Return the labels of a replica's snapshot."""
        return labels_of(scope, request, analysis=self._analysis, source=source)

    def resume(self, labels: SnapshotLabels, empty: BankContents) -> Resumed | None:
        """Return what the snapshot holds, ``None`` without one that serves.

        One that is torn, foreign or of another release is removed, and the log says why.
        """
        try:
            saved = self._folder.find(labels)
            if saved is None:
                return None
            return Resumed(contents=self._read(saved, empty), watermark=saved.watermark)
        except SnapshotRefusedError as refused:
            reason = str(refused)
        except _UNREADABLE as error:
            reason = f"a file cannot be read ({type(error).__name__})"
        _log.warning("snapshot.refused", bank_id=labels.bank, reason=reason)
        self._folder.discard(labels)
        return None

    def save(
        self,
        labels: SnapshotLabels,
        contents: BankContents,
        watermark: Watermark,
        may_write: Callable[[], bool],
    ) -> bool:
        """Write the contents: all that ``watermark`` stands for, and perhaps more.

        They may be changed meanwhile: what the files have already comes once more at the next start
        and does no harm. Nothing is written if ``may_write`` says no, which is asked at last.
        """
        writers = {}
        dimension = None
        if contents.lexical is not None:
            writers["words"] = partial(_write_arrays, to_arrays(contents.lexical.segments))
        if (vectors := contents.vectors) is not None and vectors.dimension is not None:
            dimension = vectors.dimension
            ids, keys = vectors.owners()
            writers["owners"] = partial(_write_arrays, {"ids": ids, "keys": keys})
            marks = {"bank": labels.bank, "model": labels.model or ""}
            writers["vectors"] = partial(_write_vectors, vectors, marks)
        return self._folder.write(labels, watermark, dimension, writers, may_write)

    def state(self, labels: SnapshotLabels) -> SnapshotState | None:
        """Return when a snapshot was written and how large it is, ``None`` without one."""
        return self._folder.state(labels)

    def discard(self, labels: SnapshotLabels) -> None:
        """Remove a snapshot that serves no more."""
        self._folder.discard(labels)

    def clear(self, scope: BankScope) -> None:
        """Remove everything of a bank that goes on."""
        self._folder.clear(scope.bank_id)

    def forget(self, scope: BankScope) -> None:
        """Remove everything of a bank that is deleted."""
        self._folder.forget(scope.bank_id)

    def naming(self, scope: BankScope, memory_ids: Sequence[UUID]) -> tuple[int, int]:
        """Return how many snapshots there are of the bank, and how many name one of the memories.

        One that cannot be read counts as naming them.
        """
        wanted = memory_keys(map(MemoryId, memory_ids))
        there, naming = 0, 0
        for files in self._folder.files(scope.bank_id):
            there += 1
            try:
                naming += any(
                    np.isin(keys, wanted).any()
                    for name, member in (("words", "/d/keys"), ("owners", "keys"))
                    if name in files
                    for part, keys in _read_arrays(files[name]).items()
                    if part.endswith(member)
                )
            except _UNREADABLE:
                naming += 1
        return there, naming

    def _read(self, saved: SavedSnapshot, empty: BankContents) -> BankContents:
        lexical = empty.lexical
        if lexical is not None:
            lexical = from_arrays(_read_arrays(saved.files["words"]), self._ranking)
        if empty.vectors is not None and saved.dimension is not None:
            owners = _read_arrays(saved.files["owners"])
            empty.vectors.restore(
                (owners["ids"], owners["keys"]), saved.dimension, saved.files["vectors"]
            )
        return BankContents(lexical=lexical, vectors=empty.vectors)


def _write_arrays(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    with path.open("wb") as file:
        # A zip archive: each member bears a checksum, and a file cut short has no directory.
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())


def _write_vectors(vectors: MemoryVectors, labels: dict[str, str], path: Path) -> None:
    vectors.save(path, labels)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
