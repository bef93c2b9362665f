"""One partition in one file: written whole or not at all, read only if every byte is right.

Layout, all numbers little-endian::

    magic (8 bytes) | header length (u32) | CRC-32 of the header (u32) | header (JSON)
    | sections, each at a multiple of 64 bytes

The header names every section with its type, shape, place and CRC-32. Nothing is ever unpickled.
"""

import base64
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from gpu_index.errors import SnapshotError
from gpu_index.protocol import SnapshotManifest

FORMAT_VERSION = 1
_MAGIC = b"GPUIDX\r\n"
_PREFIX = struct.Struct("<8sII")
_ALIGNMENT = 64
_MOST_HEADER_BYTES = 16 * 1024 * 1024
_CHUNK = 1 << 22
_TYPES: Mapping[str, np.dtype[Any]] = {name: np.dtype(name) for name in ("<i8", "<f4", "|u1")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What a file holds."""

    manifest: SnapshotManifest
    ids: NDArray[np.int64]
    """Shape (count,)."""
    vectors: NDArray[np.float32]
    """Shape (count, dimension), unit length."""
    structure: bytes = b""
    """An approximate structure as its backend wrote it, empty for none."""
    structure_facts: Mapping[str, Any] = field(default_factory=dict)
    """What the backend has to know of it, its name first of all."""


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Put the snapshot in place of whatever ``path`` was; raises ``OSError``.

    A reader sees the old file or the new one. The new one is on the disk when this returns.
    """
    arrays = {
        "ids": np.ascontiguousarray(snapshot.ids, "<i8"),
        "vectors": np.ascontiguousarray(snapshot.vectors, "<f4"),
        "structure": np.frombuffer(snapshot.structure, np.uint8),
    }
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(file, _header(snapshot, arrays), arrays)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_snapshot(path: Path, dimension: int) -> Snapshot:
    """Return what the file holds.

    Raises ``SnapshotError`` for one that is absent, torn, altered, of another format version or of
    another dimension.
    """
    with _opened(path) as file, _malformed_refused():
        header = _read_header(file)
        manifest = _manifest(header)
        if manifest.dimension != dimension:
            raise SnapshotError(
                f"{path.name} holds vectors of {manifest.dimension} components, not {dimension}."
            )
        start = file.tell()  # where the header ends
        sections = {
            name: _read_section(file, start, name, section)
            for name, section in header["sections"].items()
        }
    ids, vectors = sections.get("ids"), sections.get("vectors")
    if ids is None or ids.shape != (manifest.count,):
        raise SnapshotError("The ids are not as many as the header says.")
    if vectors is None or vectors.shape != (manifest.count, dimension):
        raise SnapshotError("The vectors are not as many as the header says.")
    structure = sections.get("structure")
    return Snapshot(
        manifest=manifest,
        ids=ids.astype(np.int64, copy=False),
        vectors=vectors.astype(np.float32, copy=False),
        structure=b"" if structure is None else structure.tobytes(),
        structure_facts=header.get("structure") or {},
    )


def read_manifest(path: Path) -> SnapshotManifest:
    """Return what the header says, without reading the rest; raises ``SnapshotError``."""
    with _opened(path) as file, _malformed_refused():
        return _manifest(_read_header(file))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SnapshotError(f"{path.name} cannot be read: {error.strerror}.") from error


@contextmanager
def _malformed_refused() -> Iterator[None]:
    """Refuse a header that was written with the right checksum by something else than us."""
    try:
        yield
    except (KeyError, TypeError, ValueError, MemoryError) as error:
        raise SnapshotError("The header does not say what a snapshot's header says.") from error


def _header(snapshot: Snapshot, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    manifest = snapshot.manifest
    place = 0
    sections = {}
    for name, array in arrays.items():
        sections[name] = {
            "type": array.dtype.str,
            "shape": array.shape,
            "at": place,
            "crc32": _checksum(array),
        }
        place += array.nbytes + -array.nbytes % _ALIGNMENT
    content = {
        "format_version": manifest.format_version,
        "dimension": manifest.dimension,
        "count": manifest.count,
        "mark": base64.b64encode(manifest.mark).decode(),
        "labels": dict(manifest.labels),
        "backend": manifest.backend,
        "structure": dict(snapshot.structure_facts),
        "sections": sections,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    # Blanks after the JSON bring the first section to its place.
    return text + b" " * (-(_PREFIX.size + len(text)) % _ALIGNMENT)


def _write(file: BinaryIO, header: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    file.write(_PREFIX.pack(_MAGIC, len(header), zlib.crc32(header)))
    file.write(header)
    for array in arrays.values():
        file.write(array.data.cast("B") if array.size else b"")
        file.write(b"\0" * (-array.nbytes % _ALIGNMENT))


def _read_header(file: BinaryIO) -> dict[str, Any]:
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size or prefix[:8] != _MAGIC:
        raise SnapshotError("The file is not a snapshot of an index.")
    _, length, checksum = _PREFIX.unpack(prefix)
    if length > _MOST_HEADER_BYTES:
        raise SnapshotError("The header is longer than any that is written.")
    text = file.read(length)
    if len(text) < length:
        raise SnapshotError("The file ends inside its header.")
    if zlib.crc32(text) != checksum:
        raise SnapshotError("The header is not as it was written.")
    header: dict[str, Any] = json.loads(text)
    if header["format_version"] != FORMAT_VERSION:
        raise SnapshotError(
            f"The file has format version {header['format_version']}; this library reads"
            f" {FORMAT_VERSION}."
        )
    return header


def _manifest(header: Mapping[str, Any]) -> SnapshotManifest:
    return SnapshotManifest(
        format_version=header["format_version"],
        dimension=header["dimension"],
        count=header["count"],
        mark=base64.b64decode(header["mark"]),
        labels=header["labels"],
        backend=header["backend"],
    )


def _read_section(
    file: BinaryIO, start: int, name: str, content: Mapping[str, Any]
) -> NDArray[Any]:
    section = _Section.of(content)
    size = section.nbytes
    if start + section.at + size > os.fstat(file.fileno()).st_size:
        raise SnapshotError(f"The file ends inside its section {name!r}.")
    array = np.empty(section.shape, section.dtype)
    file.seek(start + section.at)
    if size and file.readinto(array.data.cast("B")) != size:  # type: ignore[attr-defined]
        raise SnapshotError(f"The file ends inside its section {name!r}.")
    if _checksum(array) != section.crc32:
        raise SnapshotError(f"The section {name!r} is not as it was written.")
    return array


@dataclass(frozen=True, slots=True)
class _Section:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    at: int
    crc32: int

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        return cls(
            _TYPES[content["type"]], tuple(content["shape"]), content["at"], content["crc32"]
        )

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def _checksum(array: NDArray[Any]) -> int:
    if not array.size:
        return 0
    content = array.data.cast("B")
    checksum = 0
    for start in range(0, len(content), _CHUNK):
        checksum = zlib.crc32(content[start : start + _CHUNK], checksum)
    return checksum


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
