"""The folder of index snapshots: what is where, who may write, what has to go.

One folder a bank, in it one a set of indexes, in that a manifest and the files it names. A snapshot
is the manifest: files are written first, under names never used before, and it is put in its
place last. Several processes may share the folder: writers of one bank exclude one another, and a
reader that loses a race with one finds a file missing and does without the snapshot.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from memsvc.domain.identifiers import BankId
from memsvc.domain.index_states import SnapshotState
from memsvc.domain.memory import BankScope
from memsvc.memory_index.marks import decode_mark, encode_mark
from memsvc.ports import FeedRequest, Watermark

_FORMAT = 1
_MANIFEST = "manifest.json"
_GONE = "deleted"


class SnapshotRefusedError(Exception):
    """A snapshot that does not serve: the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLabels:
    """What a snapshot is of; one with other labels is not taken."""

    bank: str
    tenant: str
    model: str | None
    analysis: str | None
    """What the words were made with, ``None`` without words."""
    source: str
    """Which database the watermark is of."""

    @property
    def place(self) -> str:
        """The name of its folder in the bank's: one for every kind of contents."""
        return sha256(repr((self.model, self.analysis is not None)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSnapshot:
    """A snapshot as its manifest has it."""

    watermark: Watermark
    dimension: int | None
    files: Mapping[str, Path]


def labels_of(
    scope: BankScope, request: FeedRequest, *, analysis: str, source: str
) -> SnapshotLabels:
    """Return the labels of a replica's snapshot."""
    return SnapshotLabels(
        bank=str(scope.bank_id),
        tenant=str(scope.tenant_id),
        model=request.model_id,
        analysis=analysis if request.lexical else None,
        source=source,
    )


class SnapshotFolder:
    """Blocking; safe to use from several processes."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        """Use ``root``, which comes into being with the first snapshot."""
        self._root = root
        self._max_bytes = max_bytes

    def find(self, labels: SnapshotLabels) -> SavedSnapshot | None:
        """Return the snapshot, ``None`` if there is none, and note that it was used.

        Raises ``SnapshotRefusedError`` for one that is torn or has other labels.
        """
        folder = self._root / labels.bank / labels.place
        manifest = folder / _MANIFEST
        try:
            text = manifest.read_text(encoding="utf-8")
            os.utime(manifest)
        except FileNotFoundError:
            return None
        try:
            read = json.loads(text)
            found = {key: read[key] for key in asdict(labels)}
            watermark = decode_mark(bytes.fromhex(read["watermark"]))
            files = {name: folder / _plain(file) for name, file in read["files"].items()}
            dimension, format_version = read["dimension"], read["format"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotRefusedError("its manifest cannot be read") from error
        if format_version != _FORMAT:
            raise SnapshotRefusedError(f"its format is {format_version}, not {_FORMAT}")
        if found != asdict(labels):
            other = next(key for key, value in asdict(labels).items() if found[key] != value)
            raise SnapshotRefusedError(f"it is of another {other}")
        return SavedSnapshot(watermark=watermark, dimension=dimension, files=files)

    def write(
        self,
        labels: SnapshotLabels,
        watermark: Watermark,
        dimension: int | None,
        writers: Mapping[str, Callable[[Path], None]],
        may_write: Callable[[], bool],
    ) -> bool:
        """Put a new snapshot in place of the old one; tell whether that was possible.

        It is not while another process writes one of the bank, nor once the bank was forgotten, nor
        if ``may_write`` says no. That is asked while the bank's snapshots are locked: ``clear``,
        which comes after whatever forbids writing, waits for the lock and then finds the files.
        """
        with self._locked(labels.bank, wait=False) as is_mine:
            if not is_mine or self._is_gone(labels.bank) or not may_write():
                return False
            folder = self._root / labels.bank / labels.place
            folder.mkdir(parents=True, exist_ok=True)
            nonce = secrets.token_hex(8)
            names = {name: f"{name}-{nonce}" for name in writers}
            for name, write in writers.items():
                write(folder / names[name])
            manifest = {
                "format": _FORMAT,
                **asdict(labels),
                "dimension": dimension,
                "watermark": encode_mark(watermark).hex(),
                "files": names,
            }
            _put(folder / _MANIFEST, json.dumps(manifest))
            for file in folder.iterdir():
                if file.name not in {_MANIFEST, *names.values()}:
                    file.unlink(missing_ok=True)
        self._make_room(labels.bank)
        return True

    def state(self, labels: SnapshotLabels) -> SnapshotState | None:
        """Return when the snapshot was written and its bytes, ``None`` if there is none."""
        folder = self._root / labels.bank / labels.place
        try:
            # The manifest's own time says when it was last used; its files are written once.
            files = [each.stat() for each in folder.iterdir() if each.name != _MANIFEST]
        except FileNotFoundError:
            return None
        if not files:
            return None
        written = max(each.st_mtime for each in files)
        return SnapshotState(
            written_at=datetime.fromtimestamp(written, UTC),
            nbytes=sum(each.st_size for each in files),
        )

    def discard(self, labels: SnapshotLabels) -> None:
        """Remove a snapshot that was refused."""
        with self._locked(labels.bank, wait=True):
            shutil.rmtree(self._root / labels.bank / labels.place, ignore_errors=True)

    def forget(self, bank_id: BankId) -> None:
        """Remove everything of a bank that is deleted; nothing of it is written from now on."""
        if not self._root.is_dir():
            return
        bank = str(bank_id)
        with self._locked(bank, wait=True):
            (self._root / _GONE).mkdir(parents=True, exist_ok=True)
            (self._root / _GONE / bank).touch()
            shutil.rmtree(self._root / bank, ignore_errors=True)

    def clear(self, bank_id: BankId) -> None:
        """Remove everything of a bank that goes on; its snapshots are written anew."""
        if not self._root.is_dir():
            return
        bank = str(bank_id)
        with self._locked(bank, wait=True):
            shutil.rmtree(self._root / bank, ignore_errors=True)

    def files(self, bank_id: BankId) -> Iterator[Mapping[str, Path]]:
        """Yield the files of each snapshot of the bank by name, whatever its labels."""
        for manifest in (self._root / str(bank_id)).glob(f"*/{_MANIFEST}"):
            try:
                named = json.loads(manifest.read_text(encoding="utf-8"))["files"]
            except FileNotFoundError:
                continue
            yield {name: manifest.parent / _plain(file) for name, file in named.items()}

    def nbytes(self) -> int:
        """Return the bytes of all snapshots."""
        return sum(_size(folder) for folder in self._banks())

    def _is_gone(self, bank: str) -> bool:
        return (self._root / _GONE / bank).exists()

    def _banks(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return [each for each in self._root.iterdir() if each.is_dir() and each.name != _GONE]

    def _make_room(self, kept: str) -> None:
        """Remove banks' snapshots, the longest unused first, until the rest fits."""
        banks = sorted(self._banks(), key=_used_at)
        total = sum(map(_size, banks))
        for folder in banks:
            if total <= self._max_bytes:
                break
            if folder.name != kept:
                with self._locked(folder.name, wait=False) as is_mine:
                    if is_mine:
                        total -= _size(folder)
                        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self, bank: str, *, wait: bool) -> Iterator[bool]:
        """Keep other writers of the bank away; yield whether that was possible."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / f"{bank}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True


def _plain(name: str) -> str:
    if Path(name).name != name:
        raise ValueError(name)
    return name


def _put(path: Path, text: str) -> None:
    staged = path.with_name(f"{path.name}-{secrets.token_hex(8)}")
    with staged.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # another process has just removed it
            continue
    return total


def _used_at(folder: Path) -> float:
    try:
        return max((each.stat().st_mtime for each in folder.glob(f"*/{_MANIFEST}")), default=0.0)
    except FileNotFoundError:
        return 0.0
