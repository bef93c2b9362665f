"""The list of an installed model's files with their checksums, written last and checked first."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from memsvc.errors import ModelNotInstalledError

MANIFEST = "manifest.json"
_FORMAT = 1
"""Raised when folders installed by an older version must be installed afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an installed model consists of."""

    origin: str
    """Where it was downloaded from."""
    weights: tuple[str, ...]
    """The files that hold what was learnt; the others can be built from them."""
    digests: Mapping[str, str]
    """sha256 by file name, relative to the folder."""


def digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, *, origin: str, weights: Iterable[str]) -> None:
    """Record every file that ``folder`` holds now."""
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    content = {
        "format": _FORMAT,
        "origin": origin,
        "weights": sorted(weights),
        "files": {name: digest(folder / name) for name in names},
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def verified_manifest(folder: Path) -> Manifest:
    """Return the manifest of ``folder`` after comparing every file with it.

    Raises ``ModelNotInstalledError`` when there is none, or a file is missing or altered.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelNotInstalledError
    try:
        content = json.loads(path.read_bytes())
        is_current = content["format"] == _FORMAT
        manifest = Manifest(
            origin=content["origin"],
            weights=tuple(content["weights"]),
            digests=dict(content["files"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not is_current:
        raise ModelNotInstalledError(
            f"{folder} was installed by another version; run `memsvc models install`."
        )
    for name, expected in manifest.digests.items():
        if not (folder / name).is_file() or digest(folder / name) != expected:
            raise _damaged(folder / name)
    return manifest


def _damaged(path: Path) -> ModelNotInstalledError:
    return ModelNotInstalledError(
        f"The installed model is damaged ({path} is missing or altered);"
        " run `memsvc models install`."
    )
