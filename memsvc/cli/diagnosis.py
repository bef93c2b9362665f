"""The checks of `memsvc doctor`: each looks on its own, also when others have failed."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from memsvc_client import AsyncClient
from memsvc_client import MemsvcError as ClientError

import gpu_index
from memsvc.bootstrap import data_dir_of, opened_embedder
from memsvc.errors import MemsvcError
from memsvc.ports import EmbeddingModel, Vector
from memsvc.settings import EmbeddingSettings, Settings
from memsvc.store.inspection import existing_database, inspect_database

_LEAST_FREE_BYTES = 1024**3
_SAMPLE = "The quick brown fox jumps over the lazy dog."


class Status(StrEnum):
    """How one check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check."""

    area: str
    check: str
    status: Status
    detail: str
    """What was found or, after a failure, what to do."""


def examine_installation(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of everything that a service with these settings stands on."""
    data_dir = data_dir_of(settings)
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "data folder": lambda: _data_folder(settings, data_dir),
        "database": lambda: _database(settings, data_dir),
        "model": lambda: _model(settings, data_dir),
        "index": lambda: _index(settings),
    }
    for area, check in checks.items():
        yield from _guarded(area, check)


def examine_service(url: str, api_key: str | None) -> list[Finding]:
    """Return what a running service says of itself."""
    return asyncio.run(_examine_service(url, api_key))


async def _examine_service(url: str, api_key: str | None) -> list[Finding]:
    found: list[Finding] = []
    async with AsyncClient(url, api_key=api_key, timeout_s=10.0, max_retries=0) as client:
        try:
            version = await client.version()
            told = f"memsvc {version.version}, API {version.api}"
            found.append(_of("service", url, told, ok=True))
            readiness = await client.ready()
        except ClientError as error:
            return [*found, _of("service", url, str(error), ok=False)]
    return found + [
        _of("service", part, check.detail or "", ok=check.ok)
        for part, check in readiness.checks.items()
    ]


def _guarded(area: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except MemsvcError as error:
        yield _of(area, area, error.message, ok=False)
    except Exception as error:  # noqa: BLE001 — one broken part must not hide the others
        yield _of(area, area, f"{type(error).__name__}: {error}", ok=False)


def _data_folder(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    area = "data folder"
    if settings.database_url is not None:
        yield _skipped(area, "space", "a configured database keeps the data")
        return
    existing = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    writable = os.access(existing, os.W_OK | os.X_OK)
    described = str(data_dir) if existing == data_dir else f"{data_dir}, to be made"
    remedy = f"{existing} cannot be written to; set MEMSVC_DATA_DIR to a folder that can"
    yield _of(area, "writable", described if writable else remedy, ok=writable)
    free = shutil.disk_usage(existing).free
    enough = free >= _LEAST_FREE_BYTES
    told = f"{free / 1e9:.1f} GB free"
    remedy = f"only {told}; make room, or set MEMSVC_DATA_DIR to another disk"
    yield _of(area, "space", told if enough else remedy, ok=enough)


def _database(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    with existing_database(settings, data_dir) as urls:
        if urls is None:
            yield _skipped("database", "server", "embedded; the first start creates it")
            return
        for found in inspect_database(urls):
            yield _of("database", found.name, found.detail, ok=found.ok)


def _model(settings: Settings, data_dir: Path) -> list[Finding]:
    return asyncio.run(_examine_model(settings.embedding, data_dir))


async def _examine_model(settings: EmbeddingSettings, data_dir: Path) -> list[Finding]:
    kind = "hosted" if settings.provider == "litellm" else "files intact"
    async with opened_embedder(settings, data_dir) as embedder:
        found = [_of("model", "installed", f"{embedder.model.name}, {kind}", ok=True)]
        try:
            vector = await embedder.embed_query(_SAMPLE)
        except MemsvcError as error:
            return [*found, _of("model", "embedding", error.message, ok=False)]
        return [*found, _embedding_finding(vector, embedder.model)]


def _embedding_finding(vector: Vector, model: EmbeddingModel) -> Finding:
    has_length = vector.shape == (model.dimension,)
    if has_length and np.isclose(np.linalg.norm(vector), 1.0, atol=1e-3):
        told = f"{model.dimension} dimensions, {model.window_tokens} tokens a window"
        return _of("model", "embedding", told, ok=True)
    told = f"a sample text got {vector.shape} instead of a unit vector of {model.dimension}"
    return _of("model", "embedding", told, ok=False)


def _index(settings: Settings) -> Iterator[Finding]:
    chosen = settings.index.backend
    if chosen == "pgvector":
        yield _of("index", chosen, "in use; searched in the database", ok=True)
    for name, availability in gpu_index.available().items():
        if name == chosen:
            gpu_index.open_index(name, 8)
            yield _of("index", name, "in use", ok=True)
        else:
            told = "not in use" if availability.usable else f"not in use. {availability.reason}"
            yield _skipped("index", name, told)


def _of(area: str, check: str, detail: str, *, ok: bool) -> Finding:
    status = Status.OK if ok else Status.FAILED
    return Finding(area=area, check=check, status=status, detail=detail)


def _skipped(area: str, check: str, detail: str) -> Finding:
    return Finding(area=area, check=check, status=Status.SKIPPED, detail=detail)
