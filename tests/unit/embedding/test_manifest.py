import json
from pathlib import Path

import pytest

from memsvc.embedding.manifest import MANIFEST, digest, verified_manifest, write_manifest
from memsvc.errors import ModelNotInstalledError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "weights").write_bytes(b"learnt")
    (tmp_path / "sub" / "config").write_bytes(b"{}")
    write_manifest(tmp_path, origin="somewhere", weights=["weights"])
    return tmp_path


def test_untouched_folder_is_described_by_its_manifest(folder: Path) -> None:
    manifest = verified_manifest(folder)

    assert manifest.origin == "somewhere"
    assert manifest.weights == ("weights",)
    assert manifest.digests == {name: digest(folder / name) for name in ("weights", "sub/config")}


@pytest.mark.parametrize("name", ["weights", "sub/config"])
def test_altered_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"other")

    with pytest.raises(ModelNotInstalledError, match=name):
        verified_manifest(folder)


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "weights").unlink()

    with pytest.raises(ModelNotInstalledError, match="weights"):
        verified_manifest(folder)


def test_folder_without_manifest_is_no_install(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError):
        verified_manifest(tmp_path)


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"format": 1}'])
def test_unreadable_manifest_is_a_damaged_install(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content)

    with pytest.raises(ModelNotInstalledError, match="damaged"):
        verified_manifest(folder)


def test_install_of_another_version_is_to_be_repeated(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**content, "format": 0}))

    with pytest.raises(ModelNotInstalledError, match="another version"):
        verified_manifest(folder)
