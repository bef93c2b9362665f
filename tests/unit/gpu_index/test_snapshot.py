"""A snapshot file is whole or refused."""

import json
import multiprocessing
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from gpu_index.errors import SnapshotError
from gpu_index.protocol import SnapshotManifest
from gpu_index.snapshot import (
    FORMAT_VERSION,
    Snapshot,
    read_manifest,
    read_snapshot,
    write_snapshot,
)

DIMENSION = 16
COUNT = 50


def snapshot(seed: int = 0) -> Snapshot:
    values = np.random.default_rng(seed).standard_normal((COUNT, DIMENSION)).astype(np.float32)
    return Snapshot(
        manifest=SnapshotManifest(
            format_version=FORMAT_VERSION,
            dimension=DIMENSION,
            count=COUNT,
            mark=bytes(range(256)),
            labels={"model": "sha256:å", "bank": "1"},
            backend="exact",
        ),
        ids=np.arange(COUNT, dtype=np.int64) * 3 + seed,
        vectors=values / np.linalg.norm(values, axis=1, keepdims=True),
        structure=b"structure" * 20,
        structure_facts={"name": "lists", "probes": 8},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_snapshot(tmp_path / "one.snapshot", snapshot())
    return tmp_path / "one.snapshot"


def test_what_was_written_is_read(path: Path) -> None:
    written, read = snapshot(), read_snapshot(path, DIMENSION)
    assert read.manifest == written.manifest == read_manifest(path)
    assert read.ids.tolist() == written.ids.tolist()
    assert read.vectors.tobytes() == written.vectors.tobytes()
    assert (read.structure, read.structure_facts) == (written.structure, written.structure_facts)


def test_sections_lie_at_multiples_of_64_bytes(path: Path) -> None:
    assert path.read_bytes().index(snapshot().ids.tobytes()) % 64 == 0
    assert path.read_bytes().index(snapshot().vectors.tobytes()) % 64 == 0


def test_an_empty_partition_is_written_and_read(tmp_path: Path) -> None:
    manifest = SnapshotManifest(
        format_version=FORMAT_VERSION,
        dimension=DIMENSION,
        count=0,
        mark=b"",
        labels={},
        backend="exact",
    )
    nothing = Snapshot(
        manifest=manifest,
        ids=np.empty(0, np.int64),
        vectors=np.empty((0, DIMENSION), np.float32),
    )
    write_snapshot(tmp_path / "empty", nothing)
    assert read_snapshot(tmp_path / "empty", DIMENSION).manifest == manifest


def test_any_altered_byte_that_means_something_is_refused(path: Path) -> None:
    content = path.read_bytes()
    wanted = read_snapshot(path, DIMENSION)
    for place in range(0, len(content), 7):
        altered = bytearray(content)
        altered[place] ^= 0x10
        path.write_bytes(altered)
        try:
            read = read_snapshot(path, DIMENSION)
        except SnapshotError:
            continue
        # Only the zeros between sections may differ unnoticed.
        assert content[place] == 0
        assert read.vectors.tobytes() == wanted.vectors.tobytes()
        assert (read.ids == wanted.ids).all()
        assert read.manifest == wanted.manifest


def test_a_file_cut_off_anywhere_in_its_content_is_refused(path: Path) -> None:
    content = path.read_bytes()
    used = content.rindex(b"structure") + len(b"structure")
    for length in [0, 1, 7, 15, *range(16, used, 97), used - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(SnapshotError):
            read_snapshot(path, DIMENSION)


def test_another_dimension_is_refused(path: Path) -> None:
    with pytest.raises(SnapshotError, match="16 components, not 8"):
        read_snapshot(path, 8)


def test_another_format_version_is_refused(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[8:12], "little")
    header = json.loads(content[16 : 16 + length])
    header["format_version"] = FORMAT_VERSION + 1
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode().ljust(length)
    path.write_bytes(
        content[:12] + zlib.crc32(text).to_bytes(4, "little") + text + content[16 + length :]
    )
    with pytest.raises(SnapshotError, match=f"format version {FORMAT_VERSION + 1}"):
        read_snapshot(path, DIMENSION)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a NumPy archive", b"\x80\x05pickle" * 9])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)
    with pytest.raises(SnapshotError):
        read_snapshot(tmp_path / "foreign", DIMENSION)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="No such file"):
        read_snapshot(tmp_path / "absent", DIMENSION)


def write_until_killed(path: Path) -> None:
    original = os.fsync

    def die(descriptor: int) -> None:
        original(descriptor)
        os._exit(9)

    os.fsync = die  # type: ignore[assignment]
    write_snapshot(path, snapshot(seed=1))


def test_a_writer_that_dies_leaves_the_old_file(path: Path) -> None:
    before = path.read_bytes()
    writer = multiprocessing.get_context("spawn").Process(target=write_until_killed, args=(path,))
    writer.start()
    writer.join(60)
    assert writer.exitcode == 9
    assert path.read_bytes() == before
    read_snapshot(path, DIMENSION)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "content").touch()
    with pytest.raises(OSError, match="a folder"):
        write_snapshot(tmp_path / "a folder", snapshot())
    assert [each.name for each in tmp_path.iterdir()] == ["a folder"]
