"""The checks of `memsvc doctor`: each looks on its own, also when others have failed."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import gpu_index
import numpy as np
from memsvc_client import AsyncClient, MemsvcError as ClientError

from memsvc.bootstrap import data_dir_of
from memsvc.embedding.factory import load_embedder, models_dirs
from memsvc.errors import MemsvcError
from memsvc.llm.client import LiteLLMEmbedder
from memsvc.ports import Embedder
from memsvc.settings import Settings
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


def _model(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    if settings.embedding.provider == "litellm":
        embedder: Embedder = LiteLLMEmbedder(settings.embedding)
        installed = f"{settings.embedding.model}, hosted"
    else:
        # Compares every file with its checksum.
        embedder = load_embedder(settings.embedding, models_dirs(data_dir))
        installed = f"{embedder.model.name}, its files are intact"
    yield _of("model", "installed", installed, ok=True)
    vector = asyncio.run(_embed_sample(embedder))
    is_unit = vector.shape == (embedder.model.dimension,) and bool(
        np.isclose(np.linalg.norm(vector), 1.0, atol=1e-3)
    )
    told = f"{embedder.model.dimension} dimensions, {embedder.model.window_tokens} tokens a window"
    remedy = "a sample text got no unit vector; run `memsvc models install` with an empty folder"
    yield _of("model", "embedding", told if is_unit else remedy, ok=is_unit)


async def _embed_sample(embedder: Embedder) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    try:
        return await embedder.embed_query(_SAMPLE)
    finally:
        await embedder.close()


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
